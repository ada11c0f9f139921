{{- /* Projects as the management API shows them, or how many there are. What costs more
       than a look at a row is done for the rows of the page alone. */ -}}

{{- /* The namespaces in which a user has a role, as their owner, as a member or by a share,
       and the projects in which the user has one beside that. The closure table has all
       that is below; neither depends on how many other groups there are. Some may be there
       twice. PostgreSQL plans for any user, and so for few memberships: an array of numbers
       is looked up in one go, where a join would go through it row by row. */ -}}

{{define "groups of user"}}SELECT m.group_id FROM members m WHERE m.user_id = {{.Arg "user"}} AND m.holder > 0 AND m.level >= {{.Arg "least"}} AND {{template "active member" .}}{{end}}

{{define "reach"}}
mine AS (
    SELECT c.descendant_id AS id
{{- if .Postgres}}
    FROM namespace_closure c WHERE c.ancestor_id = ANY (ARRAY({{template "groups of user" .}}))
{{- else}}
    FROM ({{template "groups of user" .}}) own {{.Join}} namespace_closure c ON c.ancestor_id = own.group_id
{{- end}}
), lent AS (
    SELECT s.group_id, s.project_id
    FROM mine {{.Join}} shares s ON s.with_id = mine.id
    WHERE s.level >= {{.Arg "least"}} AND {{template "valid share" .}}
), within AS (
    SELECT id FROM mine
    UNION ALL
    SELECT c.descendant_id
{{- if .Postgres}}
    FROM namespace_closure c WHERE c.ancestor_id = ANY (ARRAY(SELECT group_id FROM lent))
{{- else}}
    FROM lent {{.Join}} namespace_closure c ON c.ancestor_id = lent.group_id
{{- end}}
    UNION ALL
    SELECT n.id FROM namespaces n WHERE n.owner_id = {{.Arg "user"}}
), singly AS (
    SELECT m.project_id AS id
    FROM members m
    WHERE m.user_id = {{.Arg "user"}} AND m.holder < 0 AND m.level >= {{.Arg "least"}} AND {{template "active member" .}}
    UNION ALL
    SELECT lent.project_id FROM lent WHERE lent.project_id IS NOT NULL
), {{end}}

{{define "reached"}}p.namespace_id IN (SELECT id FROM within) OR p.id IN (SELECT id FROM singly){{end}}

{{define "scope"}}
    SELECT 0 AS id
{{- if .In.Own}}
    UNION
    SELECT p.id FROM projects p WHERE p.namespace_id = {{.Arg "namespace"}}
{{- end}}
{{- if and .In.Own .In.Below}}
    UNION
    SELECT p.id FROM namespace_closure c {{.Join}} projects p ON p.namespace_id = c.descendant_id WHERE c.ancestor_id = {{.Arg "namespace"}}
{{- end}}
{{- if and .In.Own .In.Above}}
    UNION
    SELECT p.id FROM namespace_closure c {{.Join}} projects p ON p.namespace_id = c.ancestor_id WHERE c.descendant_id = {{.Arg "namespace"}}
{{- end}}
{{- if .In.Shared}}
    UNION
    SELECT s.project_id FROM {{if .In.Below}}namespace_closure c {{.Join}} shares s ON s.with_id = c.descendant_id{{else}}shares s{{end}}
    WHERE {{if .In.Below}}c.ancestor_id{{else}}s.with_id{{end}} = {{.Arg "namespace"}} AND s.project_id IS NOT NULL AND {{template "valid share" .}}
{{- end}}
{{- end}}

{{define "found"}}
{{- if .In}}
FROM ({{template "scope" .}}) chosen {{.Join}} projects p ON p.id = chosen.id
{{- else if .Least}}
{{- if .Postgres}}
FROM (
    SELECT p.* FROM projects p WHERE p.namespace_id = ANY (ARRAY(SELECT id FROM within))
    UNION ALL
    SELECT p.* FROM projects p WHERE p.id = ANY (ARRAY(SELECT id FROM singly)) AND p.namespace_id NOT IN (SELECT id FROM within)
) p
{{- else}}
FROM (SELECT p.id FROM within {{.Join}} projects p ON p.namespace_id = within.id UNION SELECT id FROM singly) chosen {{.Join}} projects p ON p.id = chosen.id
{{- end}}
{{- else}}
FROM projects p
{{- end}}{{if .NeedsNamespace}}
{{.Join}} namespaces n ON n.id = p.namespace_id
{{- end}}
WHERE {{if .PendingDelete}}true{{else}}NOT p.pending_delete AND p.namespace_id NOT IN (SELECT h.id FROM namespaces h WHERE h.hidden){{end}}
{{- if .Has "id"}} AND p.id = {{.Arg "id"}}{{end}}
{{- if .Least}}{{if .In}} AND ({{template "reached" .}}){{end}}
{{- else if not .All}} AND ({{range .Open}}p.visibility = '{{.}}' OR {{end}}{{if .User}}{{template "reached" .}}{{else}}false{{end}}){{end}}
{{- if .Has "search"}} AND {{.Contains "(p.name || p.description || p.path)" "search"}} AND ({{.Contains "p.name" "search"}} OR {{.Contains "p.description" "search"}} OR
    {{- if .SearchPaths}} {{.Contains "p.path" "search"}}{{else}} {{.Contains .LastPart "search"}}{{end}}){{end}}
{{- if .Has "visibility"}} AND p.visibility = {{.Arg "visibility"}}{{end}}
{{- if .Has "storage"}} AND p.storage = {{.Arg "storage"}}{{end}}
{{- if .Has "archived"}} AND p.archived = {{.Arg "archived"}}{{end}}
{{- if .Has "topics"}} AND NOT EXISTS (
    SELECT 1 FROM {{template "texts" .With "list" (.Arg "topics") "name" "wanted"}}
    WHERE NOT EXISTS (SELECT 1 FROM {{template "texts" .With "list" "p.topics" "name" "topic"}} WHERE {{.Dialect.Lower "topic.value"}} = wanted.value)){{end}}
{{- if .Has "id_after"}} AND p.id > {{.Arg "id_after"}}{{end}}
{{- if .Has "id_before"}} AND p.id < {{.Arg "id_before"}}{{end}}
{{- if .Has "active_after"}} AND coalesce(p.last_activity_at, p.created_at) > {{.Arg "active_after"}}{{end}}
{{- if .Has "active_before"}} AND coalesce(p.last_activity_at, p.created_at) < {{.Arg "active_before"}}{{end}}
{{- if .Has "updated_after"}} AND coalesce(p.updated_at, p.created_at) > {{.Arg "updated_after"}}{{end}}
{{- if .Has "updated_before"}} AND coalesce(p.updated_at, p.created_at) < {{.Arg "updated_before"}}{{end}}
{{- range .Features}} AND coalesce({{$.Member "p.settings" .Name}}, '{{.Default}}') <> 'disabled'{{end}}
{{- end}}

WITH {{if or .User .Least}}{{template "reach" .}}{{end -}}
{{- if .Counting}}
counted AS (SELECT 1 {{- template "found" .}} LIMIT {{.Limit}})
SELECT count(*) FROM counted
{{- else}}
{{- if .AtOnce}}
found AS MATERIALIZED (
    SELECT p.id, {{.Order}} AS place {{- template "found" .}}
), page AS (
    SELECT found.id FROM found
    ORDER BY found.place {{.Direction}}, found.id {{.Direction}}
    LIMIT {{.Limit}} OFFSET {{.Offset}}
)
{{- else}}
page AS (
    SELECT p.id {{- template "found" .}}
    ORDER BY {{.Order}} {{.Direction}}, p.id {{.Direction}}
    LIMIT {{.Limit}} OFFSET {{.Offset}}
)
{{- end}}
SELECT
    p.id, p.path, p.visibility, p.archived, p.read_only, p.repository, p.wiki, p.lfs, p.default_branch, p.empty, p.storage, p.legacy_path,
    p.name, p.description, p.creator_id, p.topics, p.settings, p.object_format, p.created_at, p.updated_at,
    coalesce(p.last_activity_at, p.created_at),
    n.id, n.path, n.parent_id, {{template "names" .With "namespace" "n.id"}},
    CASE WHEN n.owner_id = {{.Arg "user"}} THEN 50
        ELSE coalesce({{template "role" .With "user" (.Arg "user") "group" "n.id" "project" "p.id"}}, 0) END,
    CASE WHEN n.owner_id = {{.Arg "user"}} THEN 50
        ELSE coalesce((SELECT m.level FROM members m WHERE m.user_id = {{.Arg "user"}} AND m.holder = -p.id AND {{template "active member" .}}), 0) END,
    coalesce((
        SELECT max(m.level)
        FROM namespace_closure c {{.Join}} members m ON m.user_id = {{.Arg "user"}} AND m.holder = c.ancestor_id
        WHERE c.descendant_id = n.id AND {{template "active member" .}}), 0),
    {{template "shares" .With "project" "p.id"}},
    {{template "user columns" .With "user" "o"}}
    {{- if .AtOnce}}, (SELECT count(*) FROM found){{end}}
FROM page {{.Join}} projects p ON p.id = page.id {{.Join}} namespaces n ON n.id = p.namespace_id LEFT JOIN users o ON o.id = n.owner_id
ORDER BY {{.Order}} {{.Direction}}, p.id {{.Direction}}
{{- end}}
