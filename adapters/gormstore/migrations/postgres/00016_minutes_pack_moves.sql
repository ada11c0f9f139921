-- +goose Up

-- Namespaces that a minutes pack was moved away from. A purchase that one of them
-- repeats is known. Nothing is known of the moves of earlier releases.
CREATE TABLE minutes_pack_moves (
    pack_id      bigint NOT NULL REFERENCES minutes_packs ON DELETE CASCADE,
    namespace_id bigint NOT NULL REFERENCES namespaces ON DELETE CASCADE,
    PRIMARY KEY (pack_id, namespace_id)
);
CREATE INDEX minutes_pack_moves_namespace ON minutes_pack_moves (namespace_id);

-- Schema 15 knows nothing of moves, and its packs stay right.
INSERT INTO schema_compatibility (version, oldest) VALUES (16, 15);

-- +goose Down
DELETE FROM schema_compatibility WHERE version = 16;
DROP TABLE minutes_pack_moves;
