{{- /* The protections of the projects whose numbers are in a range, with a row for each
       of their entries. */ -}}

SELECT pr.id, pr.project_id, pr.kind, pr.pattern, pr.allow_force_push,
    coalesce(e.verb, '') AS verb, coalesce(e.level, 0) AS level, u.username, g.path AS group_path, e.key_id
FROM protections pr
LEFT JOIN protection_entries e ON e.protection_id = pr.id
LEFT JOIN users u ON u.id = e.user_id
LEFT JOIN namespaces g ON g.id = e.group_id
WHERE pr.project_id BETWEEN {{.Arg "first"}} AND {{.Arg "last"}}
ORDER BY pr.project_id, pr.id, e.id
