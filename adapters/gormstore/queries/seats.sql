{{- /* How many users have a role above one in a tree of groups. Users that a share
       lets in have no more than it allows. */ -}}

WITH tree AS (SELECT descendant_id AS id FROM namespace_closure WHERE ancestor_id = {{.Arg "group"}}),
lent AS (
    SELECT s.with_id, s.level FROM tree JOIN shares s ON s.group_id = tree.id WHERE {{template "valid share" .}}
    UNION ALL
    SELECT s.with_id, s.level
    FROM tree JOIN projects p ON p.namespace_id = tree.id JOIN shares s ON s.project_id = p.id
    WHERE {{template "valid share" .}}
),
roles AS (
    SELECT m.user_id, m.level, m.state, m.expires_at FROM tree JOIN members m ON m.group_id = tree.id
    UNION ALL
    SELECT m.user_id, m.level, m.state, m.expires_at
    FROM tree JOIN projects p ON p.namespace_id = tree.id JOIN members m ON m.project_id = p.id
    UNION ALL
    SELECT m.user_id, CASE WHEN lent.level < m.level THEN lent.level ELSE m.level END, m.state, m.expires_at
    FROM lent JOIN namespace_closure c ON c.descendant_id = lent.with_id JOIN members m ON m.group_id = c.ancestor_id
)
SELECT count(DISTINCT m.user_id) FROM roles m JOIN users u ON u.id = m.user_id
WHERE {{template "active member" .}} AND u.state = 'active' AND u.type = 'human' AND m.level > {{.Arg "above"}}
