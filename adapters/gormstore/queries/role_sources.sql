{{- /* Why a user has a role in a project, or in the namespace at a path: a row for
       each membership in one of these and in the groups above, and for each
       membership by which a share of one of these counts. See "role", which finds the
       highest of them. */ -}}

WITH place AS (
    SELECT p.namespace_id AS id FROM projects p WHERE p.id = {{.Arg "project"}}
    UNION ALL
    SELECT r.namespace_id FROM routes r WHERE r.path = {{.Arg "namespace"}} AND r.namespace_id IS NOT NULL
), here AS (
    SELECT -p.id AS holder, p.path FROM projects p WHERE p.id = {{.Arg "project"}}
    UNION ALL
    SELECT n.id, n.path
    FROM place JOIN namespace_closure c ON c.descendant_id = place.id JOIN namespaces n ON n.id = c.ancestor_id
)
-- The columns of the first part have types; the others' NULLs take them.
SELECT
    'share', m.group_id, m.project_id, g.path, m.level, m.state, m.expires_at,
    s.group_id, s.project_id, here.path, w.path, s.level, s.expires_at
FROM here
JOIN shares s ON s.holder = here.holder
JOIN namespaces w ON w.id = s.with_id
JOIN namespace_closure c ON c.descendant_id = s.with_id
JOIN namespaces g ON g.id = c.ancestor_id
JOIN members m ON m.user_id = {{.Arg "user"}} AND m.holder = g.id
UNION ALL
SELECT 'membership', m.group_id, m.project_id, here.path, m.level, m.state, m.expires_at, NULL, NULL, NULL, NULL, NULL, NULL
FROM here JOIN members m ON m.user_id = {{.Arg "user"}} AND m.holder = here.holder
UNION ALL
SELECT 'ownership', n.id, NULL, n.path, 50, 'active', NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM place JOIN namespaces n ON n.id = place.id
WHERE n.owner_id = {{.Arg "user"}}
