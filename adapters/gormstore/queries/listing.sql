{{- /* What lists of the management API have in common. */ -}}

{{- /* The columns of a user. */ -}}
{{define "user columns"}}
{{- $u := .Get "user" -}}
{{$u}}.id, {{$u}}.username, {{$u}}.name, {{$u}}.email, {{$u}}.public_email, {{$u}}.state, {{$u}}.type,
    {{$u}}.admin, {{$u}}.external, {{$u}}.terms_accepted, {{$u}}.email_confirmed, {{$u}}.password_expires_at, {{$u}}.credential_version, {{$u}}.two_factor
{{- end}}

{{- /* Whether a number is in a list, which is JSON. */ -}}
{{define "one of"}}
{{- if .Postgres}}{{.Get "column"}} = ANY (ARRAY(SELECT json_array_elements_text(CAST({{.Get "list"}} AS text)::json)::bigint))
{{- else}}{{.Get "column"}} IN (SELECT value FROM json_each({{.Get "list"}}))
{{- end}}
{{- end}}

{{- /* The texts of a list, which is JSON, as rows with a value. */ -}}
{{define "texts"}}
{{- if .Postgres}}json_array_elements_text(CAST({{.Get "list"}} AS text)::json) AS {{.Get "name"}}(value)
{{- else}}json_each({{.Get "list"}}) AS {{.Get "name"}}
{{- end}}
{{- end}}

{{- /* The names and paths of a namespace and those above it, the top one first: JSON. */ -}}
{{define "names"}}(
        SELECT {{if .Postgres}}json_agg(json_build_array{{else}}json_group_array(json_array{{end}}(a.name, a.path) ORDER BY length(a.path))
        FROM namespace_closure c {{.Join}} namespaces a ON a.id = c.ancestor_id
        WHERE c.descendant_id = {{.Get "namespace"}})
{{- end}}

{{- /* The groups that a project is shared with, in the order of their numbers, and what the user may do in each: JSON. */ -}}
{{define "shares"}}(
        SELECT {{if .Postgres}}json_agg(json_build_object{{else}}json_group_array(json_object{{end}}(
            'id', g.id, 'path', g.path, 'parent', coalesce(g.parent_id, 0), 'visibility', g.visibility,
            'names', {{if .Postgres}}{{template "names" .With "namespace" "g.id"}}{{else}}json({{template "names" .With "namespace" "g.id"}}){{end}},
            'role', coalesce({{template "role" .With "user" (.Arg "user") "group" "g.id"}}, 0), 'lent', s.level, 'expires_at', s.expires_at
        ) ORDER BY g.id)
        FROM shares s {{.Join}} namespaces g ON g.id = s.with_id
        WHERE s.holder = -{{.Get "project"}} AND NOT g.hidden AND {{template "valid share" .}})
{{- end}}

{{- /* Whether a user is a maintainer, or more, of a project p in the namespace n. */ -}}
{{define "maintained by"}}(coalesce(n.owner_id, 0) = {{.Get "user"}} OR coalesce({{template "role" .With "user" (.Get "user") "group" "n.id" "project" "p.id"}}, 0) >= 40){{end}}
