{{- /* Who stands behind a claim: one row, whose columns are null where there
       is nobody. A condition that nothing meets names an indexed column, since
       SQLite would look at every row to find one that is false. */ -}}

{{define "actor columns"}}
    k.id, k.kind, k.title, coalesce(k.user_id, k.creator_id), k.line, k.fingerprint, k.usage,
    k.created_at, k.expires_at, k.last_used_at,
    u.id, u.username, u.name, u.email, u.public_email, u.state, u.type, u.admin, u.external,
    u.terms_accepted, u.email_confirmed, u.password_expires_at, u.credential_version, u.two_factor
{{end}}

{{define "actor"}}
(SELECT 1) one
{{- if .ByKey}}
-- A key for signing only is no key. Behind a deploy key, which is rare, stands its
-- creator, or else the ghost user.
LEFT JOIN keys k ON k.id = {{.Arg "claim"}} AND k.usage <> 'signing'
LEFT JOIN users u ON u.id = {{if .Rare}}coalesce(k.user_id, k.creator_id, CASE WHEN k.kind = 'deploy_key' THEN
    (SELECT ghost.id FROM users ghost WHERE ghost.type = 'ghost' ORDER BY ghost.id LIMIT 1) END)
{{- else}}k.user_id{{end}}
{{- else if .ByUser}}
LEFT JOIN keys k ON k.id = NULL
LEFT JOIN users u ON u.id = {{.Arg "claim"}}
{{- else if .ByName}}
LEFT JOIN keys k ON k.id = NULL
LEFT JOIN users u ON lower(u.username) = {{.Arg "claim"}}
{{- else}}
LEFT JOIN keys k ON k.id = NULL
LEFT JOIN users u ON u.id = NULL
{{- end}}
{{end}}

SELECT {{.Open}}{{template "actor columns" .}}{{.Close}} FROM {{template "actor" .}}
