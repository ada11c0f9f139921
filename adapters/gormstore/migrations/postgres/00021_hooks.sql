-- +goose Up

-- What the management API changes in hooks. A holder may have several with one URL.
-- Schema 19 knows none of it, and goes on writing rows: each column has a default or may be
-- NULL, where the time of creation stands in for that of the last change.
-- All at once, so that no statement of a program that serves meanwhile holds one of them
-- while it waits for another.
LOCK TABLE hooks;
ALTER TABLE hooks
    ADD COLUMN updated_at timestamptz,
    -- Sealed, as the headers are; empty for none.
    ADD COLUMN variables  text NOT NULL DEFAULT '';
CREATE INDEX hooks_of_holder ON hooks (holder, url_digest);
DROP INDEX hooks_holder;

-- Programs that may run on the schema before may run on this one.
INSERT INTO schema_compatibility (version, oldest) SELECT 21, max(oldest) FROM schema_compatibility;

-- +goose Down
DELETE FROM schema_compatibility WHERE version = 21;
LOCK TABLE hooks;
DELETE FROM hooks WHERE id NOT IN (SELECT min(id) FROM hooks GROUP BY holder, coalesce(url_digest, id::text));
CREATE UNIQUE INDEX hooks_holder ON hooks (holder, url_digest);
DROP INDEX hooks_of_holder;
ALTER TABLE hooks DROP COLUMN updated_at, DROP COLUMN variables;
