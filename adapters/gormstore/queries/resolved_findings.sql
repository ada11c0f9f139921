{{- /* Resolves the active findings of a scan but for those whose uuids are given as
       JSON. What follows NOT IN is looked up in a table that is hashed, on either
       database. */ -}}

UPDATE findings SET state = 'resolved', resolved_on_default_branch = true
WHERE agent_id = {{.Arg "agent"}} AND project_id = {{.Arg "project"}} AND report_type = {{.Arg "report_type"}}
    AND state IN ('detected', 'confirmed')
    AND uuid NOT IN (
{{- if .Postgres}}
        SELECT json_array_elements_text({{.Arg "keep"}}::json)
{{- else}}
        SELECT value FROM json_each({{.Arg "keep"}})
{{- end}}
    )
