{{- /* A page of the protections of a project with a row for each of their entries and its
       name, or how many protections there are. */ -}}

{{define "picked protections"}}
FROM protections pr
WHERE pr.project_id = {{.Arg "project"}} AND pr.kind = {{.Arg "kind"}}
{{- if .Has "pattern"}} AND pr.pattern = {{.Arg "pattern"}}{{end}}
{{- if .Has "search"}} AND {{.Contains "pr.pattern" "search"}}{{end}}
{{- end}}

{{- if .Counting}}
SELECT count(*) FROM (SELECT 1 {{template "picked protections" .}} LIMIT {{.Limit}}) counted
{{- else}}
SELECT page.id, page.kind, page.pattern, page.allow_force_push, page.updated_at,
    e.id, e.verb, e.level, e.user_id, e.group_id, e.key_id, coalesce(u.name, g.name, k.title), g.path
FROM (SELECT pr.* {{template "picked protections" .}} ORDER BY pr.id {{.Direction}} LIMIT {{.Limit}} OFFSET {{.Offset}}) page
LEFT JOIN protection_entries e ON e.protection_id = page.id
LEFT JOIN users u ON u.id = e.user_id
LEFT JOIN namespaces g ON g.id = e.group_id
LEFT JOIN keys k ON k.id = e.key_id
ORDER BY page.id {{.Direction}}, e.id
{{- end}}
