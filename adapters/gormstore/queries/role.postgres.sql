{{- /* What a user may do in a group, or in a project of that group. */ -}}

{{define "active member"}}m.state = 'active' AND (m.expires_at IS NULL OR m.expires_at > {{.Arg "today"}}){{end}}
{{define "valid share"}}(s.expires_at IS NULL OR s.expires_at > {{.Arg "today"}}){{end}}

{{- /* The role is the highest of all that the user has in the project, if one is
       given, in the group and the groups above it, and, up to what each share
       allows, in the groups that any of these is shared with and in the groups
       above those. It is null for none.

       Parameters: user, group, project. */ -}}

{{define "role"}}(
    SELECT max((
        SELECT least(source.cap, m.level) FROM members m
        WHERE m.user_id = {{.Get "user"}} AND m.holder = source.holder AND {{template "active member" .}}
    )) AS level
    FROM (
{{- if .Has "project"}}
        SELECT -{{.Get "project"}} AS holder
        UNION ALL
{{- end}}
        SELECT c.ancestor_id AS holder FROM namespace_closure c WHERE c.descendant_id = {{.Get "group"}}
    ) here
    CROSS JOIN LATERAL (
        SELECT here.holder, 50::smallint AS cap
        UNION ALL
        SELECT c.ancestor_id, s.level
        FROM shares s JOIN namespace_closure c ON c.descendant_id = s.with_id
        WHERE s.holder = here.holder AND {{template "valid share" .}}
    ) source
){{end}}
