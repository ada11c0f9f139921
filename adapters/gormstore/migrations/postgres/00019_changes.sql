-- +goose Up

-- When groups and memberships were changed last. Schema 18 does not know these columns:
-- NULL stands for the time of creation.
-- All at once, so that no statement of a program that serves meanwhile holds one of them
-- while it waits for another.
LOCK TABLE namespaces, members, access_tokens;
ALTER TABLE namespaces ADD COLUMN updated_at timestamptz;
ALTER TABLE members ADD COLUMN updated_at timestamptz;

-- A token that is used again after its rotation takes its whole family along.
CREATE INDEX access_tokens_family ON access_tokens (family_id) WHERE family_id IS NOT NULL;

-- Lists of projects leave out what lies in the few hidden ones.
CREATE INDEX namespaces_hidden ON namespaces (id) WHERE hidden;

INSERT INTO schema_compatibility (version, oldest) VALUES (19, 15);

-- +goose Down
DELETE FROM schema_compatibility WHERE version = 19;
LOCK TABLE namespaces, members, access_tokens;
DROP INDEX namespaces_hidden;
DROP INDEX access_tokens_family;
ALTER TABLE members DROP COLUMN updated_at;
ALTER TABLE namespaces DROP COLUMN updated_at;
