{{- /* What a user may do in a group, or in a project of that group: see
       role.postgres.sql, of which this is the same for a planner that knows no
       LATERAL. CROSS JOIN fixes the order of the loops. It is 0 for none. */ -}}

{{define "active member"}}m.state = 'active' AND (m.expires_at IS NULL OR m.expires_at > {{.Arg "today"}}){{end}}
{{define "valid share"}}(s.expires_at IS NULL OR s.expires_at > {{.Arg "today"}}){{end}}

{{define "role"}}max(
{{- if .Has "project"}}
        -- in the project
        coalesce((
            SELECT m.level FROM members m
            WHERE m.user_id = {{.Get "user"}} AND m.holder = -{{.Get "project"}} AND {{template "active member" .}}), 0),
        -- in the groups that the project is shared with, and above those
        coalesce((
            SELECT max(min(s.level, m.level))
            FROM shares s
            CROSS JOIN namespace_closure w ON w.descendant_id = s.with_id
            CROSS JOIN members m ON m.user_id = {{.Get "user"}} AND m.holder = w.ancestor_id
            WHERE s.holder = -{{.Get "project"}} AND {{template "valid share" .}} AND {{template "active member" .}}), 0),
{{- end}}
        -- in the group and the groups above it
        coalesce((
            SELECT max(m.level)
            FROM namespace_closure c
            CROSS JOIN members m ON m.user_id = {{.Get "user"}} AND m.holder = c.ancestor_id
            WHERE c.descendant_id = {{.Get "group"}} AND {{template "active member" .}}), 0),
        -- in the groups that one of these is shared with, and above those
        coalesce((
            SELECT max(min(s.level, m.level))
            FROM namespace_closure c
            CROSS JOIN shares s ON s.holder = c.ancestor_id
            CROSS JOIN namespace_closure w ON w.descendant_id = s.with_id
            CROSS JOIN members m ON m.user_id = {{.Get "user"}} AND m.holder = w.ancestor_id
            WHERE c.descendant_id = {{.Get "group"}} AND {{template "valid share" .}} AND {{template "active member" .}}), 0)
    ){{end}}
