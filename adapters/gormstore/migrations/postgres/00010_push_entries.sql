-- +goose Up

-- Tells a push from all others, so that one which is recorded again is recorded once.
-- Those of earlier releases have none.
ALTER TABLE pushes ADD COLUMN entry_id text COLLATE "C";
CREATE UNIQUE INDEX pushes_entry_id ON pushes (entry_id) WHERE entry_id IS NOT NULL;

-- +goose Down
DROP INDEX pushes_entry_id;
ALTER TABLE pushes DROP COLUMN entry_id;
