-- +goose Up

-- Dropped first: no other transaction writes a path before this one ends.
DROP INDEX namespaces_path;
DROP INDEX projects_path;

-- The paths of all groups, personal namespaces and projects, in lower case. No two
-- have the same.
CREATE TABLE routes (
    path         text COLLATE "C" PRIMARY KEY,
    namespace_id bigint UNIQUE REFERENCES namespaces ON DELETE CASCADE,
    project_id   bigint UNIQUE REFERENCES projects ON DELETE CASCADE,
    CHECK (num_nonnulls(namespace_id, project_id) = 1)
);
INSERT INTO routes (path, namespace_id) SELECT lower(path), id FROM namespaces;
INSERT INTO routes (path, project_id) SELECT lower(path), id FROM projects;

-- +goose Down
CREATE UNIQUE INDEX namespaces_path ON namespaces (lower(path));
CREATE UNIQUE INDEX projects_path ON projects (lower(path));
DROP TABLE routes;
