{{- /* The namespace of a path with its root, and what a user may do there. */ -}}

SELECT
    n.path, n.default_branch_protection, root.id, root.path, root.owner_id, root.allowed_ips,
    root.protocols, root.require_ssh_certificates,
    CASE WHEN n.owner_id = {{.Arg "user"}} THEN 50 ELSE (
        SELECT coalesce(max(level), 0) FROM (
            SELECT m.level AS level
            FROM namespace_closure c JOIN members m ON m.holder = c.ancestor_id
            WHERE c.descendant_id = n.id AND m.user_id = {{.Arg "user"}}
                AND m.state = 'active' AND (m.expires_at IS NULL OR m.expires_at > {{.Arg "today"}})
            UNION ALL
            SELECT CASE WHEN s.level < m.level THEN s.level ELSE m.level END
            FROM namespace_closure c
            JOIN shares s ON s.holder = c.ancestor_id AND (s.expires_at IS NULL OR s.expires_at > {{.Arg "today"}})
            JOIN namespace_closure w ON w.descendant_id = s.with_id
            JOIN members m ON m.holder = w.ancestor_id
            WHERE c.descendant_id = n.id AND m.user_id = {{.Arg "user"}}
                AND m.state = 'active' AND (m.expires_at IS NULL OR m.expires_at > {{.Arg "today"}})
        ) levels
    ) END
FROM namespaces n JOIN namespaces root ON root.id = coalesce(n.root_id, n.id)
WHERE lower(n.path) = {{.Arg "path"}} AND NOT n.hidden
