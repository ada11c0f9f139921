{{- /* A user's membership of the highest role in the groups above a group, or in that
       of a project and above. Of several the lowest group's counts. */ -}}

SELECT n.id, n.path, n.name, m.level, m.expires_at
FROM namespace_closure c
{{.Join}} members m ON m.user_id = {{.Arg "user"}} AND m.holder = c.ancestor_id
{{.Join}} namespaces n ON n.id = c.ancestor_id
WHERE c.descendant_id = coalesce((SELECT p.namespace_id FROM projects p WHERE p.id = {{.Arg "project"}}), {{.Arg "group"}})
    AND c.ancestor_id <> {{.Arg "group"}} AND m.level > 5 AND {{template "active member" .}}
ORDER BY m.level DESC, length(n.path) DESC
LIMIT 1
