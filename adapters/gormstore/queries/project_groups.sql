{{- /* The groups above a project, the top one first, and those that it is shared with, each
       with what a user may do there. */ -}}

SELECT
    (
        SELECT {{if .Postgres}}json_agg(json_build_object{{else}}json_group_array(json_object{{end}}(
            'id', g.id, 'path', g.path, 'parent', coalesce(g.parent_id, 0), 'visibility', g.visibility,
            'names', {{if .Postgres}}{{template "names" .With "namespace" "g.id"}}{{else}}json({{template "names" .With "namespace" "g.id"}}){{end}},
            'role', coalesce({{template "role" .With "user" (.Arg "user") "group" "g.id"}}, 0), 'lent', 0, 'expires_at', NULL
        ) ORDER BY length(g.path))
        FROM namespace_closure above {{.Join}} namespaces g ON g.id = above.ancestor_id
        WHERE above.descendant_id = p.namespace_id AND g.owner_id IS NULL
    ),
    {{template "shares" .With "project" "p.id"}}
FROM projects p
WHERE p.id = {{.Arg "project"}}
