{{- /* How many groups and projects a user has direct memberships in that count. */ -}}

SELECT count(m.group_id), count(m.project_id)
FROM members m
WHERE m.user_id = {{.Arg "user"}} AND m.level > 5 AND {{template "active member" .}}
