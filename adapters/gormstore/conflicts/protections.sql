-- Protections of which the project has another one of the same kind and pattern, those
-- of one pattern together, with their entries.
WITH doubles AS (
    SELECT project_id, kind, pattern, min(id) AS lowest, count(*) AS size
    FROM protections
    GROUP BY 1, 2, 3 HAVING count(*) > 1
), listed AS (
    SELECT project_id, kind, pattern, lowest, size, (SELECT count(*) FROM doubles) AS all_doubles
    FROM doubles ORDER BY lowest LIMIT {{.Arg "limit"}}
)
SELECT listed.all_doubles, listed.lowest, listed.size, p.id, p.project_id, projects.path, p.kind, p.pattern, p.allow_force_push,
    coalesce(e.verb, ''), coalesce(e.level, 0), coalesce(e.user_id, 0), coalesce(e.group_id, 0), coalesce(e.key_id, 0)
FROM listed
JOIN protections p ON p.project_id = listed.project_id AND p.kind = listed.kind AND p.pattern = listed.pattern
JOIN projects ON projects.id = p.project_id
LEFT JOIN protection_entries e ON e.protection_id = p.id
ORDER BY listed.lowest, p.id, e.id
