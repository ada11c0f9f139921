{{- /* Whether a user other than this one, who can act, owns a group: in it or above. */ -}}

SELECT EXISTS (
    SELECT 1
    FROM namespace_closure c
    {{.Join}} members m ON m.group_id = c.ancestor_id
    {{.Join}} users u ON u.id = m.user_id
    WHERE c.descendant_id = {{.Arg "group"}} AND m.user_id <> {{.Arg "user"}} AND m.level = 50 AND {{template "active member" .}}
        AND u.state = 'active' AND u.type IN ('human', 'service_account')
)
