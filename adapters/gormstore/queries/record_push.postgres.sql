{{- /* Records a push unless one of its entry is recorded: with its job, and what else
       changes with it. The job is as jobs.Queue would enqueue it. */ -}}

WITH push AS (
    INSERT INTO pushes (repository, identifier, changes, options, received_at, entry_id)
    VALUES ({{.Arg "repository"}}, {{.Arg "identifier"}}, {{.Arg "changes"}}, {{.Arg "options"}}, {{.Arg "received_at"}}, {{.Arg "entry_id"}})
    ON CONFLICT (entry_id) WHERE entry_id IS NOT NULL DO NOTHING
    RETURNING id
), job AS (
    INSERT INTO river_job (args, kind, max_attempts)
    SELECT jsonb_build_object('subject', push.id), {{.Arg "kind"}}, {{.Arg "attempts"}}::smallint FROM push
)
UPDATE projects SET empty = false WHERE id = {{.Arg "project"}} AND empty AND EXISTS (SELECT 1 FROM push)
