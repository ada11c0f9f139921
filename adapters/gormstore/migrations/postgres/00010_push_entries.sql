-- +goose Up

-- Tells a push from all others, so that one which is recorded again is recorded once.
-- Those of earlier releases have none.
ALTER TABLE pushes ADD COLUMN entry_id text COLLATE "C";
CREATE UNIQUE INDEX pushes_entry_id ON pushes (entry_id) WHERE entry_id IS NOT NULL;

-- Pushes that waited to be recorded, and whose counter has been decreased. It counts
-- once, until the counter has expired anyway.
CREATE TABLE decreased_entries (
    entry_id   text COLLATE "C" PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX decreased_entries_expires_at ON decreased_entries (expires_at);

-- +goose Down
DROP TABLE decreased_entries;
DROP INDEX pushes_entry_id;
ALTER TABLE pushes DROP COLUMN entry_id;
