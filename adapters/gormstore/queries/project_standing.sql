{{- /* A project, and what a user may do there. It is found by its path, or by its number
       if no path leads to it. */ -}}

SELECT p.id, p.path, p.visibility, coalesce(n.owner_id, 0), p.repository, {{template "membership lock" .}},
    CASE WHEN n.owner_id = {{.Arg "user"}} THEN 50
        ELSE coalesce({{template "role" .With "user" (.Arg "user") "group" "n.id" "project" "p.id"}}, 0) END
FROM projects p
JOIN namespaces n ON n.id = p.namespace_id
WHERE p.id = coalesce((SELECT r.project_id FROM routes r WHERE r.path = {{.Arg "path"}}), {{.Arg "id"}})
    AND NOT p.pending_delete AND NOT n.hidden
