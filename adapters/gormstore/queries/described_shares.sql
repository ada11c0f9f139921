{{- /* Every share, those of groups first. */ -}}

SELECT s.*, w.path AS with_path, g.path AS group_path, p.path AS project_path, c.username AS creator
FROM shares s JOIN namespaces w ON w.id = s.with_id
LEFT JOIN namespaces g ON g.id = s.group_id
LEFT JOIN projects p ON p.id = s.project_id
LEFT JOIN users c ON c.id = s.created_by
ORDER BY s.group_id IS NULL, s.group_id, s.project_id, s.with_id
