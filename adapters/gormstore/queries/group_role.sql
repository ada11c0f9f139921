{{- /* What a user may do in a group; 0 for nothing. */ -}}

SELECT coalesce({{template "role" .With "user" (.Arg "user") "group" (.Arg "group")}}, 0)
