-- +goose Up

-- When groups and memberships were changed last. Schema 18 does not know these columns:
-- NULL stands for the time of creation.
-- Both at once, so that no statement of a program that serves meanwhile holds one of them
-- while it waits for the other.
LOCK TABLE namespaces, members;
ALTER TABLE namespaces ADD COLUMN updated_at timestamptz;
ALTER TABLE members ADD COLUMN updated_at timestamptz;

INSERT INTO schema_compatibility (version, oldest) VALUES (19, 15);

-- +goose Down
DELETE FROM schema_compatibility WHERE version = 19;
LOCK TABLE namespaces, members;
ALTER TABLE members DROP COLUMN updated_at;
ALTER TABLE namespaces DROP COLUMN updated_at;
