{{- /* Records a push unless one of its entry is recorded: with its job, which is as
       jobs.Queue would enqueue it, and its project. It decreases the counter unless that
       is missing, zero or expired, and tells whether it should have but has not. */ -}}

WITH push AS (
    INSERT INTO pushes (repository, identifier, changes, options, received_at, entry_id)
    VALUES ({{.Arg "repository"}}, {{.Arg "identifier"}}, {{.Arg "changes"}}, {{.Arg "options"}}, {{.Arg "received_at"}}, {{.Arg "entry_id"}})
    ON CONFLICT (entry_id) WHERE entry_id IS NOT NULL DO NOTHING
    RETURNING id
), job AS (
    INSERT INTO river_job (args, kind, max_attempts)
    SELECT jsonb_build_object('subject', push.id), {{.Arg "kind"}}, {{.Arg "attempts"}}::smallint FROM push
), filled AS (
    UPDATE projects SET empty = false WHERE id = {{.Arg "project"}} AND empty AND EXISTS (SELECT 1 FROM push)
), decreased AS (
    UPDATE reference_counters SET value = value - 1
    WHERE repository = {{.Arg "repository"}} AND value > 0 AND expires_at > {{.Arg "decrease_at"}} AND EXISTS (SELECT 1 FROM push)
    RETURNING 1
)
SELECT {{.Arg "decrease_at"}} IS NOT NULL AND EXISTS (SELECT 1 FROM push) AND NOT EXISTS (SELECT 1 FROM decreased)
