-- +goose Up

-- When protections, and what deploy keys may do in projects, were changed last. Schema 19
-- does not know these columns: NULL stands for long ago. Entries of protections have the
-- verb unprotect, too, which schema 19 passes over; without one it is for maintainers.
-- What stood behind the line of a deploy key: clients compare it.
ALTER TABLE keys ADD COLUMN comment text NOT NULL DEFAULT '';
ALTER TABLE protections ADD COLUMN updated_at timestamp;
ALTER TABLE deploy_key_projects ADD COLUMN updated_at timestamp;

INSERT INTO schema_compatibility (version, oldest) VALUES (20, 15);

-- +goose Down
DELETE FROM schema_compatibility WHERE version = 20;
DELETE FROM protection_entries WHERE verb = 'unprotect';
ALTER TABLE keys DROP COLUMN comment;
ALTER TABLE deploy_key_projects DROP COLUMN updated_at;
ALTER TABLE protections DROP COLUMN updated_at;
