{{- /* The members of a group or project, or how many they are, one row for each user.
       Members of groups above and by shares are among them if they are Inherited. */ -}}

{{define "members of group"}}m.{{if .Users}}holder{{else}}group_id{{end}}{{end}}
{{define "member columns"}}m.id, m.user_id, m.expires_at, m.created_at, m.created_by{{end}}
{{define "picked member"}}{{template "active member" .}}{{if .Users}} AND {{template "one of" .With "column" "m.user_id" "list" (.Arg "users")}}{{end}}{{end}}

{{define "members"}}
{{- if .Inherited}}
WITH place AS (
{{- if .OfProject}}
    SELECT p.namespace_id AS id FROM projects p WHERE p.id = {{.Arg "project"}}
{{- else}}
    SELECT n.id FROM namespaces n WHERE n.id = {{.Arg "group"}}
{{- end}}
), here AS (
    SELECT c.ancestor_id AS id, 50 AS cap
    FROM place {{.Join}} namespace_closure c ON c.descendant_id = place.id
    WHERE c.ancestor_id <> {{.Arg "group"}}
    UNION ALL
    SELECT w.ancestor_id, s.level
    FROM place
    {{.Join}} namespace_closure c ON c.descendant_id = place.id
    {{.Join}} shares s ON s.holder = c.ancestor_id
    {{.Join}} namespace_closure w ON w.descendant_id = s.with_id
    WHERE s.level > 5 AND {{template "valid share" .}}
{{- if .OfProject}}
    UNION ALL
    SELECT w.ancestor_id, s.level
    FROM shares s {{.Join}} namespace_closure w ON w.descendant_id = s.with_id
    WHERE s.holder = {{.Arg "holder"}} AND s.level > 5 AND {{template "valid share" .}}
{{- end}}
), granted AS (
{{- else}}
WITH granted AS (
{{- end}}
    SELECT {{template "member columns"}}, m.level
    FROM members m
    WHERE {{if .OfProject}}m.project_id = {{.Arg "project"}}{{else}}{{template "members of group" .}} = {{.Arg "group"}}{{end}} AND {{template "picked member" .}}
{{- if .OfProject}}
    UNION ALL
    SELECT 0, n.owner_id, NULL, p.created_at, NULL, 50
    FROM projects p {{.Join}} namespaces n ON n.id = p.namespace_id
    WHERE p.id = {{.Arg "project"}} AND n.owner_id IS NOT NULL
{{- if .Users}} AND {{template "one of" .With "column" "n.owner_id" "list" (.Arg "users")}}{{end}}
{{- end}}
{{- if .Inherited}}
    UNION ALL
    SELECT {{template "member columns"}}, CASE WHEN here.cap < m.level THEN here.cap ELSE m.level END
    FROM here {{.Join}} members m ON {{template "members of group" .}} = here.id
    WHERE m.level > 5 AND {{template "picked member" .}}
{{- end}}
), best AS (
    SELECT granted.*, row_number() OVER (
        PARTITION BY user_id
        ORDER BY level DESC, CASE WHEN expires_at IS NULL THEN 0 ELSE 1 END, expires_at DESC,
            CASE WHEN created_at IS NULL THEN 0 ELSE 1 END, created_at, id) AS place
    FROM granted
)
{{- end}}

{{define "member filter"}}
FROM best JOIN users u ON u.id = best.user_id
{{- if not .Counting}} LEFT JOIN users c ON c.id = best.created_by{{end}}
WHERE best.place = 1
{{- if .Search}} AND ({{.Contains "u.name" "search"}} OR {{.Contains "u.username" "search"}}){{end}}
{{- if .Skip}} AND NOT ({{template "one of" .With "column" "u.id" "list" (.Arg "skip")}}){{end}}
{{- end}}

{{- template "members" .}}
{{- if .Counting}}
SELECT count(*) FROM (SELECT 1 {{template "member filter" .}} LIMIT {{.Limit}}) counted
{{- else}}
SELECT best.level, best.expires_at, best.created_at, best.created_by,
    {{template "user columns" .With "user" "u"}},
    {{template "user columns" .With "user" "c"}}
{{template "member filter" .}}
ORDER BY u.id {{.Direction}}
LIMIT {{.Limit}} OFFSET {{.Offset}}
{{- end}}
