{{- /* The jobs in River's table. Its states are finer than an operator needs. */ -}}

SELECT
    id, kind,
    {{if .Postgres}}(args->>'subject')::bigint{{else}}json_extract(CAST(args AS text), '$.subject'){{end}},
    CASE
        WHEN state IN ('running', 'completed') THEN CAST(state AS text)
        WHEN state IN ('discarded', 'cancelled') THEN 'discarded'
        ELSE 'waiting'
    END,
    attempt, scheduled_at,
    {{if .Postgres}}errors[array_upper(errors, 1)]->>'error'{{else}}json_extract(CAST(errors AS text), '$[#-1].error'){{end}}
FROM river_job
