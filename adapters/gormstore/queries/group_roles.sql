{{- /* The groups in which a user has a role, and the highest one: as a member of the group
       or of one above, or by a share of one of these. It begins with what the user is a
       member of, so that its work grows with that and not with the number of groups.
       See "role", which asks for one group. */ -}}

SELECT id, max(level) AS level FROM (
    SELECT c.descendant_id AS id, m.level
    FROM members m {{.Join}} namespace_closure c ON c.ancestor_id = m.group_id
    WHERE m.user_id = {{.Arg "user"}} AND m.level > {{.Arg "above"}} AND {{template "active member" .}}
    UNION ALL
    SELECT c.descendant_id, CASE WHEN s.level < m.level THEN s.level ELSE m.level END
    FROM members m
    {{.Join}} namespace_closure w ON w.ancestor_id = m.group_id
    {{.Join}} shares s ON s.with_id = w.descendant_id
    {{.Join}} namespace_closure c ON c.ancestor_id = s.group_id
    WHERE m.user_id = {{.Arg "user"}} AND m.level > {{.Arg "above"}} AND s.level > {{.Arg "above"}}
        AND {{template "active member" .}} AND {{template "valid share" .}}
) reached
GROUP BY id
