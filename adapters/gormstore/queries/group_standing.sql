{{- /* A group, and what a user may do there. It is found by its path, or by its number if
       no path leads to it. */ -}}

{{- /* Whether a namespace or one above allows no members of single projects. */ -}}
{{define "membership lock"}}EXISTS (
        SELECT 1 FROM namespace_closure c {{.Join}} namespaces above ON above.id = c.ancestor_id
        WHERE c.descendant_id = n.id AND above.membership_lock){{end}}

SELECT n.id, n.path, n.visibility, n.project_creation, n.subgroup_creation, {{template "membership lock" .}},
    coalesce({{template "role" .With "user" (.Arg "user") "group" "n.id"}}, 0)
FROM namespaces n
WHERE n.id = coalesce((SELECT r.namespace_id FROM routes r WHERE r.path = {{.Arg "path"}}), {{.Arg "id"}})
    AND n.owner_id IS NULL AND NOT n.hidden
