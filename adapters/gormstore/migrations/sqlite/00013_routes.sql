-- +goose Up

DROP INDEX namespaces_path;
DROP INDEX projects_path;

-- The paths of all groups, personal namespaces and projects, in lower case. No two
-- have the same.
CREATE TABLE routes (
    path         text PRIMARY KEY NOT NULL,
    namespace_id integer UNIQUE REFERENCES namespaces ON DELETE CASCADE,
    project_id   integer UNIQUE REFERENCES projects ON DELETE CASCADE,
    CHECK ((namespace_id IS NULL) <> (project_id IS NULL))
) WITHOUT ROWID;
INSERT INTO routes (path, namespace_id) SELECT lower(path), id FROM namespaces;
INSERT INTO routes (path, project_id) SELECT lower(path), id FROM projects;

-- +goose Down
CREATE UNIQUE INDEX namespaces_path ON namespaces (lower(path));
CREATE UNIQUE INDEX projects_path ON projects (lower(path));
DROP TABLE routes;
