-- +goose Up

-- When groups and memberships were changed last. Schema 18 does not know these columns:
-- NULL stands for the time of creation.
ALTER TABLE namespaces ADD COLUMN updated_at timestamp;
ALTER TABLE members ADD COLUMN updated_at timestamp;

INSERT INTO schema_compatibility (version, oldest) VALUES (19, 15);

-- +goose Down
DELETE FROM schema_compatibility WHERE version = 19;
ALTER TABLE members DROP COLUMN updated_at;
ALTER TABLE namespaces DROP COLUMN updated_at;
