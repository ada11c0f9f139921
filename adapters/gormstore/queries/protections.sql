{{- /* Every protection with a row for each of its entries. */ -}}

SELECT pr.id, p.path, pr.kind, pr.pattern, pr.allow_force_push, e.verb, e.level, u.username, g.path, e.key_id
FROM protections pr JOIN projects p ON p.id = pr.project_id
LEFT JOIN protection_entries e ON e.protection_id = pr.id
LEFT JOIN users u ON u.id = e.user_id
LEFT JOIN namespaces g ON g.id = e.group_id
ORDER BY pr.id, e.id
