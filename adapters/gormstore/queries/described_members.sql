{{- /* Every membership, those in groups first. */ -}}

SELECT m.*, u.username, g.path AS group_path, p.path AS project_path, c.username AS creator
FROM members m JOIN users u ON u.id = m.user_id
LEFT JOIN namespaces g ON g.id = m.group_id
LEFT JOIN projects p ON p.id = m.project_id
LEFT JOIN users c ON c.id = m.created_by
ORDER BY m.group_id IS NULL, m.group_id, m.project_id, m.user_id
