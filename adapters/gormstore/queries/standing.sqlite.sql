{{- /* All facts for one decision, in one row: see standing.postgres.sql, of
       which this is the same for a planner that knows no LATERAL. CROSS JOIN
       fixes the order of the loops. */ -}}

SELECT {{.Open}}{{template "actor columns" .}},
    p.way, p.id, p.path, p.visibility, p.archived, p.read_only, p.repository, p.wiki, p.lfs,
    p.default_branch, p.empty, p.storage, p.legacy_path, p.default_branch_protection, p.branch_defaults,
    p.root_id, p.root_path, p.root_owner_id, p.allowed_ips, p.protocols, p.require_ssh_certificates,
{{- if .Rare}}
    enabled.can_push,
    EXISTS (SELECT 1 FROM otp_sessions o
        WHERE o.user_id = u.id AND o.key_id = coalesce(k.id, 0) AND o.expires_at > {{.Arg "now"}}),
{{- else}}
    NULL, 0,
{{- end}}
    CASE WHEN p.root_owner_id = u.id THEN 50 ELSE {{template "role" .With "user" "u.id" "group" "p.namespace_id" "project" "p.id"}} END
{{- if .Refs}},
    (
        SELECT json_group_array(json_object(
            'id', pr.id, 'kind', pr.kind, 'pattern', pr.pattern, 'force', json(iif(pr.allow_force_push, 'true', 'false')),
            'verb', e.verb, 'level', e.level, 'user', e.user_id, 'group', e.group_id, 'key', e.key_id,
            'member', json(iif(EXISTS (
                SELECT 1
                FROM namespace_closure c
                CROSS JOIN members m ON m.user_id = u.id AND m.holder = c.ancestor_id
                WHERE c.descendant_id = e.group_id AND m.level > 5 AND {{template "active member" .}}
            ), 'true', 'false'))
        ) ORDER BY pr.id, e.id)
        FROM protections pr LEFT JOIN protection_entries e ON e.protection_id = pr.id AND e.verb <> 'unprotect'
        WHERE pr.project_id = p.id
    )
{{- end}}
{{.Close}} FROM {{template "actor" .}}
{{template "place" .}}
{{- if .Rare}}
LEFT JOIN deploy_key_projects enabled ON enabled.key_id = k.id AND enabled.project_id = p.id
{{- end}}
