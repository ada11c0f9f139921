{{- /* The memberships of a user in a group or project, and in all that is below the group
       if there is one in "below". */ -}}

SELECT m.id, coalesce(m.group_id, 0), coalesce(m.project_id, 0), coalesce(g.path, p.path), m.level, m.state, m.expires_at
FROM members m
LEFT JOIN namespaces g ON g.id = m.group_id
LEFT JOIN projects p ON p.id = m.project_id
WHERE m.user_id = {{.Arg "user"}} AND (m.holder = {{.Arg "holder"}} OR EXISTS (
    SELECT 1 FROM namespace_closure c
    WHERE c.descendant_id = coalesce(m.group_id, p.namespace_id) AND c.ancestor_id = {{.Arg "below"}}))
