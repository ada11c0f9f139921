{{- /* Why a user has a role in a project, or in the namespace at a path: a row for
       each membership in one of these and in the groups above, and for each
       membership by which a share of one of these counts. See "role", which finds the
       highest of them. CROSS JOIN fixes the order of SQLite's loops. */ -}}

WITH place AS (
    SELECT p.namespace_id AS id FROM projects p WHERE p.id = {{.Arg "project"}}
    UNION ALL
    SELECT r.namespace_id FROM routes r WHERE r.path = {{.Arg "namespace"}} AND r.namespace_id IS NOT NULL
), here AS (
    SELECT -p.id AS holder, p.path FROM projects p WHERE p.id = {{.Arg "project"}}
    UNION ALL
    SELECT n.id, n.path
    FROM place CROSS JOIN namespace_closure c CROSS JOIN namespaces n
    WHERE c.descendant_id = place.id AND n.id = c.ancestor_id
)
-- The columns of the first part have types; the others' NULLs take them.
SELECT
    'share', m.group_id, m.project_id, g.path, m.level, m.state, m.expires_at,
    s.group_id, s.project_id, here.path, w.path, s.level, s.expires_at
FROM here
CROSS JOIN shares s
CROSS JOIN namespaces w
CROSS JOIN namespace_closure c
CROSS JOIN members m
CROSS JOIN namespaces g
WHERE s.holder = here.holder AND w.id = s.with_id AND c.descendant_id = s.with_id
    AND m.user_id = {{.Arg "user"}} AND m.holder = c.ancestor_id AND g.id = c.ancestor_id
UNION ALL
SELECT 'membership', m.group_id, m.project_id, here.path, m.level, m.state, m.expires_at, NULL, NULL, NULL, NULL, NULL, NULL
FROM here CROSS JOIN members m
WHERE m.user_id = {{.Arg "user"}} AND m.holder = here.holder
UNION ALL
SELECT 'ownership', n.id, NULL, n.path, 50, 'active', NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM place CROSS JOIN namespaces n
WHERE n.id = place.id AND n.owner_id = {{.Arg "user"}}
