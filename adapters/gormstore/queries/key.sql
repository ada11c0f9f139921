{{- /* The key with a fingerprint, and the name that goes with it. */ -}}

SELECT {{.Open}}
    k.id, k.kind, k.title, coalesce(k.user_id, k.creator_id), k.line, k.fingerprint, k.usage,
    k.created_at, k.expires_at, k.last_used_at, u.name
{{.Close}} FROM keys k LEFT JOIN users u ON u.id = coalesce(k.user_id, k.creator_id)
WHERE k.fingerprint = {{.Arg "fingerprint"}} AND k.usage <> 'signing'
