-- +goose Up

-- Jobs are found by what they are about.
CREATE INDEX river_job_subject ON river_job (kind, ((args->>'subject')::bigint));

-- The first push of a repository that is still to be processed. What clients send may
-- be too long for an index.
CREATE INDEX pushes_unsettled ON pushes (substr(repository, 1, 200), id) WHERE settled_at IS NULL;

-- Events of one ref of a project are sent to a hook in order. A delivery that is
-- released, and was not tried yet, takes one of the hook's places. A passed one was
-- given up before a later one arrived.
ALTER TABLE hook_deliveries
    ADD COLUMN project_id bigint,
    ADD COLUMN ref        bytea,
    ADD COLUMN released   boolean NOT NULL DEFAULT false,
    ADD COLUMN passed     boolean NOT NULL DEFAULT false;
CREATE INDEX hook_deliveries_order ON hook_deliveries (hook_id, project_id, substr(ref, 1, 200), id);
CREATE INDEX hook_deliveries_released ON hook_deliveries (hook_id) WHERE released;
DROP INDEX hook_deliveries_hook;
CREATE INDEX hook_deliveries_hook ON hook_deliveries (hook_id, id);

-- Earlier releases wrote two forms of events. PostgreSQL reads no U+0000, which a
-- commit message may have.
UPDATE hook_deliveries d SET project_id = e.project_id, ref = convert_to(e.prefix || e.name, 'UTF8')
FROM (
    SELECT id,
        coalesce(event->'project'->>'id', event->'Project'->>'ID')::bigint AS project_id,
        CASE coalesce(event->'change'->'ref'->>'kind', event->'Change'->'Ref'->>'Kind') WHEN '1' THEN 'refs/heads/' WHEN '2' THEN 'refs/tags/' ELSE '' END AS prefix,
        coalesce(event->'change'->'ref'->>'name', event->'Change'->'Ref'->>'Name') AS name
    FROM (
        SELECT id, replace(convert_from(event, 'UTF8'), '\u0000', '\ufffd')::json AS event FROM hook_deliveries
    ) readable
) e
WHERE d.id = e.id;

-- What no server has begun waits for its turn.
UPDATE river_job SET state = 'pending', queue = 'webhooks'
WHERE kind = 'deliver_webhook' AND state IN ('available', 'scheduled')
    AND (args->>'subject')::bigint IN (SELECT id FROM hook_deliveries WHERE ref IS NOT NULL);

-- +goose Down
UPDATE river_job SET state = 'available' WHERE kind = 'deliver_webhook' AND state = 'pending';
UPDATE river_job SET queue = 'default' WHERE queue = 'webhooks';
ALTER TABLE hook_deliveries DROP COLUMN project_id, DROP COLUMN ref, DROP COLUMN released, DROP COLUMN passed;
DROP INDEX hook_deliveries_hook;
CREATE INDEX hook_deliveries_hook ON hook_deliveries (hook_id);
DROP INDEX pushes_unsettled;
DROP INDEX river_job_subject;
