{{- /* What a user may do in a group; 0 for nothing. */ -}}

SELECT coalesce(max(level), 0) FROM (
    SELECT m.level FROM namespace_closure c JOIN members m ON m.user_id = {{.Arg "user"}} AND m.holder = c.ancestor_id
    WHERE c.descendant_id = {{.Arg "group"}}
        AND m.state = 'active' AND (m.expires_at IS NULL OR m.expires_at > {{.Arg "today"}})
    UNION ALL
    SELECT CASE WHEN s.level < m.level THEN s.level ELSE m.level END
    FROM namespace_closure c JOIN shares s ON s.holder = c.ancestor_id
    JOIN namespace_closure w ON w.descendant_id = s.with_id
    JOIN members m ON m.user_id = {{.Arg "user"}} AND m.holder = w.ancestor_id
    WHERE c.descendant_id = {{.Arg "group"}} AND (s.expires_at IS NULL OR s.expires_at > {{.Arg "today"}})
        AND m.state = 'active' AND (m.expires_at IS NULL OR m.expires_at > {{.Arg "today"}})
) roles
