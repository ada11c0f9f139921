-- Projects that have the path of a namespace.
SELECT count(*) OVER (), p.id, p.path, n.id, coalesce(n.owner_id, 0)
FROM projects p JOIN namespaces n ON lower(n.path) = lower(p.path)
ORDER BY p.id
LIMIT {{.Arg "limit"}}
