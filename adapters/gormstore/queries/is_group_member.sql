{{- /* Whether a user has more than minimal access to a group by a membership in it or above. */ -}}

SELECT EXISTS (
    SELECT 1
    FROM namespace_closure c
    {{.Join}} members m ON m.user_id = {{.Arg "user"}} AND m.holder = c.ancestor_id
    WHERE c.descendant_id = {{.Arg "group"}} AND m.level > 5 AND {{template "active member" .}}
)
