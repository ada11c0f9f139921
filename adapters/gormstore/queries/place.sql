{{- /* What stands at the target: at most one row. A project that is going to be
       deleted, itself or with a group above it, is there for nobody. */ -}}

{{define "place"}}
LEFT JOIN (
    SELECT
        {{if not .ByPath}}0 AS way{{else if .Rare}}t.way{{else}}1 AS way{{end}},
        p.id, p.path, p.visibility, p.archived, p.read_only, p.repository, p.wiki, p.lfs,
        p.default_branch, p.empty, p.storage, p.legacy_path, p.namespace_id, {{template "branch protection"}} AS default_branch_protection,
        {{template "branch defaults"}} AS branch_defaults,
        root.id AS root_id, root.path AS root_path, root.owner_id AS root_owner_id, root.allowed_ips,
        root.protocols, root.require_ssh_certificates
    FROM
{{- if not .ByPath}} projects p
{{- else if not .Rare}} routes t {{.Join}} projects p ON p.id = t.project_id
{{- else}} (
        -- In this order: as the path of a project and as that of a project
        -- whose wiki or designs are meant; then both as paths of the past.
        SELECT project_id AS id, 1 AS way FROM routes WHERE path = {{.Arg "path"}}
        UNION ALL SELECT project_id, 2 FROM routes WHERE path = {{.Arg "stem"}}
        UNION ALL SELECT project_id, 3 FROM redirects WHERE path = {{.Arg "path"}}
        UNION ALL SELECT project_id, 4 FROM redirects WHERE path = {{.Arg "stem"}}
    ) t {{.Join}} projects p ON p.id = t.id
{{- end}}
    {{.Join}} namespaces n ON n.id = p.namespace_id
    {{.Join}} namespaces root ON root.id = coalesce(n.root_id, n.id)
    WHERE NOT p.pending_delete AND NOT n.hidden
{{- if .ByNumber}} AND p.id = {{.Arg "project"}}
{{- else if .ByPath}}{{if .Rare}} ORDER BY t.way LIMIT 1{{else}} AND t.path = {{.Arg "path"}}{{end}}
{{- else}} AND p.id = NULL
{{- end}}
) p ON true
{{end}}

{{- /* The level by which a namespace protects default branches: its own, or else that of the
       instance; null where neither is set. */ -}}

{{define "branch protection"}}coalesce(n.default_branch_protection, (SELECT CAST(s.value AS bigint) FROM instance_notes s WHERE s.name = 'settings.default_branch_protection')){{end}}

{{- /* The settings of a namespace that may have branch defaults among them; for all others,
       which are nearly all, there is nothing to read. */ -}}

{{define "branch defaults"}}CASE WHEN n.settings LIKE '%"default_branch_protection_defaults"%' THEN n.settings END{{end}}
