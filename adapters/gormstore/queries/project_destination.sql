{{- /* The namespace of a path with its root, what a new project there begins with, what a
       user may do there, how many projects its user has and may have, and whether the path of
       the new project is taken. */ -}}

{{- /* Whether a namespace or one above forbids to share its projects. */ -}}
{{define "share lock"}}EXISTS (
        SELECT 1 FROM namespace_closure c {{.Join}} namespaces above ON above.id = c.ancestor_id
        WHERE c.descendant_id = n.id AND above.share_lock){{end}}

SELECT
    n.id, n.path, n.visibility, coalesce(n.owner_id, 0), {{template "share lock" .}}, {{template "branch protection"}}, {{template "branch defaults"}}, root.id, root.path, root.owner_id, root.allowed_ips,
    root.protocols, root.require_ssh_certificates, n.project_creation,
    coalesce((
        SELECT a.lfs FROM namespace_closure c JOIN namespaces a ON a.id = c.ancestor_id
        WHERE c.descendant_id = n.id AND a.lfs IS NOT NULL
        ORDER BY length(a.path) DESC LIMIT 1), true),
    CASE WHEN n.owner_id = {{.Arg "user"}} THEN 50
        ELSE coalesce({{template "role" .With "user" (.Arg "user") "group" "n.id"}}, 0) END,
    u.projects_limit, CASE WHEN n.owner_id IS NOT NULL THEN (SELECT count(*) FROM projects p WHERE p.namespace_id = n.id) END,
    EXISTS (
        SELECT 1 FROM routes t LEFT JOIN projects p ON p.id = t.project_id
        WHERE t.path = {{.Arg "whole_path"}} AND (t.namespace_id IS NOT NULL OR p.pending_delete))
FROM routes r
JOIN namespaces n ON n.id = r.namespace_id
JOIN namespaces root ON root.id = coalesce(n.root_id, n.id)
LEFT JOIN users u ON u.id = n.owner_id
WHERE r.path = {{.Arg "path"}} AND NOT n.hidden
