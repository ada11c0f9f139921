-- +goose Up

-- When protections, and what deploy keys may do in projects, were changed last. Schema 19
-- does not know these columns: NULL stands for long ago. Entries of protections have the
-- verb unprotect, too, which schema 19 passes over; without one it is for maintainers.
-- All at once, so that no statement of a program that serves meanwhile holds one of them
-- while it waits for another.
LOCK TABLE keys, deploy_key_projects, protections;
-- What stood behind the line of a deploy key: clients compare it.
ALTER TABLE keys ADD COLUMN comment text NOT NULL DEFAULT '';
ALTER TABLE protections ADD COLUMN updated_at timestamptz;
ALTER TABLE deploy_key_projects ADD COLUMN updated_at timestamptz;

INSERT INTO schema_compatibility (version, oldest) VALUES (20, 15);

-- +goose Down
DELETE FROM schema_compatibility WHERE version = 20;
LOCK TABLE keys, deploy_key_projects, protections;
DELETE FROM protection_entries WHERE verb = 'unprotect';
ALTER TABLE keys DROP COLUMN comment;
ALTER TABLE deploy_key_projects DROP COLUMN updated_at;
ALTER TABLE protections DROP COLUMN updated_at;
