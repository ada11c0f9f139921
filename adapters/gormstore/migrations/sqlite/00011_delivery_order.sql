-- +goose Up

-- Jobs are found by what they are about.
CREATE INDEX river_job_subject ON river_job (kind, json_extract(CAST(args AS text), '$.subject'));

-- The first push of a repository that is still to be processed. What clients send may
-- be too long for an index.
CREATE INDEX pushes_unsettled ON pushes (substr(repository, 1, 200), id) WHERE settled_at IS NULL;

-- Events of one ref of a project are sent to a hook in order. A delivery that is
-- released, and was not tried yet, takes one of the hook's places. A passed one was
-- given up before a later one arrived.
ALTER TABLE hook_deliveries ADD COLUMN project_id integer;
ALTER TABLE hook_deliveries ADD COLUMN ref blob;
ALTER TABLE hook_deliveries ADD COLUMN released boolean NOT NULL DEFAULT false;
ALTER TABLE hook_deliveries ADD COLUMN passed boolean NOT NULL DEFAULT false;
CREATE INDEX hook_deliveries_order ON hook_deliveries (hook_id, project_id, substr(ref, 1, 200), id);
CREATE INDEX hook_deliveries_released ON hook_deliveries (hook_id) WHERE released;

-- Earlier releases wrote two forms of events.
UPDATE hook_deliveries SET
    project_id = coalesce(json_extract(CAST(event AS text), '$.project.id'), json_extract(CAST(event AS text), '$.Project.ID')),
    ref = CAST(
        CASE coalesce(json_extract(CAST(event AS text), '$.change.ref.kind'), json_extract(CAST(event AS text), '$.Change.Ref.Kind'))
            WHEN 1 THEN 'refs/heads/' WHEN 2 THEN 'refs/tags/' ELSE '' END
        || coalesce(json_extract(CAST(event AS text), '$.change.ref.name'), json_extract(CAST(event AS text), '$.Change.Ref.Name')) AS blob)
WHERE json_valid(CAST(event AS text));

-- What no server has begun waits for its turn.
UPDATE river_job SET state = 'pending', queue = 'webhooks'
WHERE kind = 'deliver_webhook' AND state IN ('available', 'scheduled')
    AND json_extract(CAST(args AS text), '$.subject') IN (SELECT id FROM hook_deliveries WHERE ref IS NOT NULL);

-- +goose Down
UPDATE river_job SET state = 'available' WHERE kind = 'deliver_webhook' AND state = 'pending';
UPDATE river_job SET queue = 'default' WHERE queue = 'webhooks';
DROP INDEX hook_deliveries_order;
DROP INDEX hook_deliveries_released;
ALTER TABLE hook_deliveries DROP COLUMN project_id;
ALTER TABLE hook_deliveries DROP COLUMN ref;
ALTER TABLE hook_deliveries DROP COLUMN released;
ALTER TABLE hook_deliveries DROP COLUMN passed;
DROP INDEX pushes_unsettled;
DROP INDEX river_job_subject;
