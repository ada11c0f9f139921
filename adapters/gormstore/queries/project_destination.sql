{{- /* The namespace of a path with its root, and what a user may do there. */ -}}

SELECT
    n.path, n.default_branch_protection, root.id, root.path, root.owner_id, root.allowed_ips,
    root.protocols, root.require_ssh_certificates,
    CASE WHEN n.owner_id = {{.Arg "user"}} THEN 50
        ELSE coalesce({{template "role" .With "user" (.Arg "user") "group" "n.id"}}, 0) END
FROM routes r
JOIN namespaces n ON n.id = r.namespace_id
JOIN namespaces root ON root.id = coalesce(n.root_id, n.id)
WHERE r.path = {{.Arg "path"}} AND NOT n.hidden
