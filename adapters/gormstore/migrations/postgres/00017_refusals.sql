-- +goose Up

-- Refusals are asked for by time: without it in the index, a few of them among many
-- other events were found by reading all.
DROP INDEX audit_events_refused;
CREATE INDEX audit_events_refused ON audit_events (at, id) WHERE outcome = 'refused';

-- Indexes are no matter of programs.
INSERT INTO schema_compatibility (version, oldest) VALUES (17, 15);

-- +goose Down
DELETE FROM schema_compatibility WHERE version = 17;
DROP INDEX audit_events_refused;
CREATE INDEX audit_events_refused ON audit_events (id) WHERE outcome = 'refused';
