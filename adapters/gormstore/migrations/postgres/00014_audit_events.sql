-- +goose Up

-- One table for Git commands, decisions and writes. All columns may be NULL: those of
-- rows that earlier releases have written, or still write, are. Such a row is a Git
-- command of a user, or of a deploy key by its key_kind. details is JSON.
ALTER TABLE audit_events
    ADD COLUMN actor_kind     text,
    ADD COLUMN sudo_id        bigint,
    ADD COLUMN sudo_name      bytea,
    ADD COLUMN token_id       bigint,
    ADD COLUMN correlation_id bytea,
    ADD COLUMN outcome        text COLLATE "C",
    ADD COLUMN entity_kind    text COLLATE "C",
    ADD COLUMN entity_id      bigint,
    ADD COLUMN entity_path    bytea,
    ADD COLUMN target_kind    text,
    ADD COLUMN target_id      bigint,
    ADD COLUMN target_path    bytea,
    ADD COLUMN rule           text,
    ADD COLUMN ref            bytea,
    ADD COLUMN details        text;

-- Each index finds events by one of the questions. What callers send may be too long
-- for an index.
CREATE INDEX audit_events_at ON audit_events (at, id);
CREATE INDEX audit_events_user ON audit_events (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_events_sudo ON audit_events (sudo_id, id) WHERE sudo_id IS NOT NULL;
CREATE INDEX audit_events_username ON audit_events (substr(username, 1, 200), id) WHERE username IS NOT NULL;
CREATE INDEX audit_events_sudo_name ON audit_events (substr(sudo_name, 1, 200), id) WHERE sudo_name IS NOT NULL;
CREATE INDEX audit_events_repository ON audit_events (substr(repository, 1, 200), id);
CREATE INDEX audit_events_entity ON audit_events (entity_kind, entity_id, id) WHERE entity_kind IS NOT NULL;
CREATE INDEX audit_events_entity_path ON audit_events (substr(entity_path, 1, 200), id) WHERE entity_path IS NOT NULL;
CREATE INDEX audit_events_refused ON audit_events (id) WHERE outcome = 'refused';

-- +goose Down
-- What only this release knows goes: to earlier ones it would be a Git command.
DROP INDEX audit_events_refused;
DELETE FROM audit_events WHERE details IS NOT NULL;
DROP INDEX audit_events_entity_path;
DROP INDEX audit_events_entity;
DROP INDEX audit_events_repository;
DROP INDEX audit_events_sudo_name;
DROP INDEX audit_events_username;
DROP INDEX audit_events_sudo;
DROP INDEX audit_events_user;
DROP INDEX audit_events_at;
ALTER TABLE audit_events
    DROP COLUMN actor_kind, DROP COLUMN sudo_id, DROP COLUMN sudo_name, DROP COLUMN token_id, DROP COLUMN correlation_id,
    DROP COLUMN outcome, DROP COLUMN entity_kind, DROP COLUMN entity_id, DROP COLUMN entity_path,
    DROP COLUMN target_kind, DROP COLUMN target_id, DROP COLUMN target_path,
    DROP COLUMN rule, DROP COLUMN ref, DROP COLUMN details;
