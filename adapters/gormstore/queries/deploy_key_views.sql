{{- /* Deploy keys, and what they may do in a project if one is given, or how many there are. */ -}}

{{define "picked deploy keys"}}
FROM keys k
{{- if .Has "project"}} {{.Join}} deploy_key_projects here ON here.key_id = k.id AND here.project_id = {{.Arg "project"}}{{end}}
WHERE k.kind = 'deploy_key'
{{- if .Has "id"}} AND k.id = {{.Arg "id"}}{{end}}
{{- if .Public}} AND k.public{{end}}
{{- if .Has "maintainers"}} AND EXISTS (
    SELECT 1
    FROM deploy_key_projects e
    {{.Join}} projects p ON p.id = e.project_id
    {{.Join}} namespaces n ON n.id = p.namespace_id
    WHERE e.key_id = k.id AND NOT p.pending_delete AND NOT n.hidden AND NOT EXISTS (
        SELECT 1 FROM {{template "texts" .With "list" (.Arg "maintainers") "name" "one"}}
        WHERE NOT {{template "maintained by" .With "user" "CAST(one.value AS bigint)"}}))
{{- end}}
{{- end}}

{{- if .Counting}}
SELECT count(*) FROM (SELECT 1 {{template "picked deploy keys" .}} LIMIT {{.Limit}}) counted
{{- else}}
SELECT k.id, k.kind, coalesce(k.creator_id, 0), k.title, k.line, k.fingerprint, k.usage, k.created_at, k.expires_at, k.last_used_at, k.public, k.comment,
    {{if .Has "project"}}here.can_push{{else}}NULL{{end}}
{{- template "picked deploy keys" .}}
ORDER BY k.id {{.Direction}}
LIMIT {{.Limit}} OFFSET {{.Offset}}
{{- end}}
