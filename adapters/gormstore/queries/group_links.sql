{{- /* The shares of a group that count, with the other group and what a user may do there. */ -}}

SELECT w.id, w.name, w.path, w.visibility, s.level, s.expires_at,
    coalesce({{template "role" .With "user" (.Arg "user") "group" "w.id"}}, 0)
FROM shares s
JOIN namespaces w ON w.id = s.with_id
WHERE s.holder = {{.Arg "group"}} AND {{template "valid share" .}} AND NOT w.hidden
ORDER BY s.id
