{{- /* The projects on which deploy keys are enabled. */ -}}

SELECT e.key_id, e.can_push, p.id, p.path, p.name, p.description, p.created_at, n.id, n.path, {{template "names" .With "namespace" "n.id"}}, u.name
FROM deploy_key_projects e
JOIN projects p ON p.id = e.project_id
JOIN namespaces n ON n.id = p.namespace_id
LEFT JOIN users u ON u.id = n.owner_id
WHERE {{template "one of" .With "column" "e.key_id" "list" (.Arg "keys")}} AND NOT p.pending_delete AND NOT n.hidden
ORDER BY e.key_id, p.id
