-- +goose Up

-- Which programs may run on each schema: oldest is the schema that the oldest of them
-- needs. Every later migration adds its row, and its way down deletes it.
CREATE TABLE schema_compatibility (
    version bigint PRIMARY KEY,
    oldest  bigint NOT NULL CHECK (oldest BETWEEN 1 AND version)
);
INSERT INTO schema_compatibility (version, oldest) VALUES (15, 15);

-- +goose Down
DROP TABLE schema_compatibility;
