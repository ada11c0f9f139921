-- +goose Up

-- What the management API knows of users, groups, projects and all that belongs to
-- them. Schema 15 knows none of it, and goes on writing rows: each column has a default
-- or may be NULL. No time of creation is known of the rows that are there.
ALTER TABLE users ADD COLUMN created_at timestamp;
ALTER TABLE users ADD COLUMN updated_at timestamp;
ALTER TABLE users ADD COLUMN can_create_group boolean NOT NULL DEFAULT true;
ALTER TABLE users ADD COLUMN projects_limit integer NOT NULL DEFAULT 100000;
ALTER TABLE users ADD COLUMN note text NOT NULL DEFAULT '';
-- JSON.
ALTER TABLE users ADD COLUMN settings text NOT NULL DEFAULT '{}';
ALTER TABLE users ADD COLUMN last_activity_on date;
ALTER TABLE users ADD COLUMN created_by integer REFERENCES users ON DELETE SET NULL;
CREATE INDEX users_created_by ON users (created_by) WHERE created_by IS NOT NULL;
-- Of letters only A to Z are the same in either case.
CREATE UNIQUE INDEX users_email ON users (lower(email)) WHERE email <> '';

ALTER TABLE namespaces ADD COLUMN name text NOT NULL DEFAULT '';
ALTER TABLE namespaces ADD COLUMN description text NOT NULL DEFAULT '';
ALTER TABLE namespaces ADD COLUMN created_at timestamp;
-- NULL where the namespace above decides, or at the top the instance.
ALTER TABLE namespaces ADD COLUMN lfs boolean;
ALTER TABLE namespaces ADD COLUMN project_creation text NOT NULL DEFAULT 'developer';
ALTER TABLE namespaces ADD COLUMN subgroup_creation text NOT NULL DEFAULT 'maintainer';
ALTER TABLE namespaces ADD COLUMN share_lock boolean NOT NULL DEFAULT false;
ALTER TABLE namespaces ADD COLUMN membership_lock boolean NOT NULL DEFAULT false;
ALTER TABLE namespaces ADD COLUMN require_two_factor boolean NOT NULL DEFAULT false;
-- JSON.
ALTER TABLE namespaces ADD COLUMN settings text NOT NULL DEFAULT '{}';
ALTER TABLE namespaces ADD COLUMN deleted_at timestamp;

ALTER TABLE projects ADD COLUMN name text NOT NULL DEFAULT '';
ALTER TABLE projects ADD COLUMN description text NOT NULL DEFAULT '';
ALTER TABLE projects ADD COLUMN creator_id integer REFERENCES users ON DELETE SET NULL;
ALTER TABLE projects ADD COLUMN created_at timestamp;
ALTER TABLE projects ADD COLUMN updated_at timestamp;
-- JSON.
ALTER TABLE projects ADD COLUMN settings text NOT NULL DEFAULT '{}';
-- A JSON list.
ALTER TABLE projects ADD COLUMN topics text NOT NULL DEFAULT '[]';
ALTER TABLE projects ADD COLUMN deleted_at timestamp;
ALTER TABLE projects ADD COLUMN object_format text NOT NULL DEFAULT 'sha1';
CREATE INDEX projects_creator ON projects (creator_id) WHERE creator_id IS NOT NULL;

ALTER TABLE members ADD COLUMN created_at timestamp;
ALTER TABLE members ADD COLUMN created_by integer REFERENCES users ON DELETE SET NULL;
CREATE INDEX members_created_by ON members (created_by) WHERE created_by IS NOT NULL;

ALTER TABLE shares ADD COLUMN created_at timestamp;
ALTER TABLE shares ADD COLUMN created_by integer REFERENCES users ON DELETE SET NULL;
CREATE INDEX shares_created_by ON shares (created_by) WHERE created_by IS NOT NULL;

ALTER TABLE keys ADD COLUMN public boolean NOT NULL DEFAULT false;

-- Letter case counts.
CREATE UNIQUE INDEX protections_pattern ON protections (project_id, kind, pattern);
DROP INDEX protections_project;

ALTER TABLE access_tokens ADD COLUMN description text NOT NULL DEFAULT '';
ALTER TABLE access_tokens ADD COLUMN kind text NOT NULL DEFAULT 'personal';
-- The number of the first token of a chain in which each one was rotated into the
-- next.
ALTER TABLE access_tokens ADD COLUMN family_id integer;

ALTER TABLE agents ADD COLUMN created_at timestamp;

ALTER TABLE agent_tokens ADD COLUMN description text NOT NULL DEFAULT '';
ALTER TABLE agent_tokens ADD COLUMN created_at timestamp;
ALTER TABLE agent_tokens ADD COLUMN creator_id integer REFERENCES users ON DELETE SET NULL;
CREATE INDEX agent_tokens_creator ON agent_tokens (creator_id) WHERE creator_id IS NOT NULL;

ALTER TABLE hooks ADD COLUMN name text NOT NULL DEFAULT '';
ALTER TABLE hooks ADD COLUMN description text NOT NULL DEFAULT '';
ALTER TABLE hooks ADD COLUMN created_at timestamp;
ALTER TABLE hooks ADD COLUMN strategy text NOT NULL DEFAULT 'wildcard';
-- These three are empty for none.
ALTER TABLE hooks ADD COLUMN headers text NOT NULL DEFAULT '';
ALTER TABLE hooks ADD COLUMN template text NOT NULL DEFAULT '';
ALTER TABLE hooks ADD COLUMN signing_token text NOT NULL DEFAULT '';
-- JSON.
ALTER TABLE hooks ADD COLUMN settings text NOT NULL DEFAULT '{}';

-- Names of the rows that are there. Rows that schema 15 writes from now on have an empty
-- one, which stands for the same. What rtrim leaves of a path ends with the last slash.
UPDATE namespaces SET name = coalesce(
    (SELECT u.name FROM users u WHERE u.id = namespaces.owner_id),
    substr(path, length(rtrim(path, replace(path, '/', ''))) + 1));
UPDATE projects SET name = substr(path, length(rtrim(path, replace(path, '/', ''))) + 1);

-- Where the repositories of deleted projects lie, until a job has removed them.
CREATE TABLE removed_repositories (
    project_id  integer PRIMARY KEY,
    storage     text NOT NULL,
    legacy_path text NOT NULL
);

-- The start of a server asks whether there is one.
CREATE INDEX users_admin ON users (id) WHERE admin;

INSERT INTO schema_compatibility (version, oldest) VALUES (18, 15);

-- +goose Down
DELETE FROM schema_compatibility WHERE version = 18;
DROP INDEX users_admin;
DROP TABLE removed_repositories;
ALTER TABLE hooks DROP COLUMN name;
ALTER TABLE hooks DROP COLUMN description;
ALTER TABLE hooks DROP COLUMN created_at;
ALTER TABLE hooks DROP COLUMN strategy;
ALTER TABLE hooks DROP COLUMN headers;
ALTER TABLE hooks DROP COLUMN template;
ALTER TABLE hooks DROP COLUMN signing_token;
ALTER TABLE hooks DROP COLUMN settings;
DROP INDEX agent_tokens_creator;
ALTER TABLE agent_tokens DROP COLUMN description;
ALTER TABLE agent_tokens DROP COLUMN created_at;
ALTER TABLE agent_tokens DROP COLUMN creator_id;
ALTER TABLE agents DROP COLUMN created_at;
ALTER TABLE access_tokens DROP COLUMN description;
ALTER TABLE access_tokens DROP COLUMN kind;
ALTER TABLE access_tokens DROP COLUMN family_id;
CREATE INDEX protections_project ON protections (project_id);
DROP INDEX protections_pattern;
ALTER TABLE keys DROP COLUMN public;
DROP INDEX shares_created_by;
ALTER TABLE shares DROP COLUMN created_at;
ALTER TABLE shares DROP COLUMN created_by;
DROP INDEX members_created_by;
ALTER TABLE members DROP COLUMN created_at;
ALTER TABLE members DROP COLUMN created_by;
DROP INDEX projects_creator;
ALTER TABLE projects DROP COLUMN name;
ALTER TABLE projects DROP COLUMN description;
ALTER TABLE projects DROP COLUMN creator_id;
ALTER TABLE projects DROP COLUMN created_at;
ALTER TABLE projects DROP COLUMN updated_at;
ALTER TABLE projects DROP COLUMN settings;
ALTER TABLE projects DROP COLUMN topics;
ALTER TABLE projects DROP COLUMN deleted_at;
ALTER TABLE projects DROP COLUMN object_format;
ALTER TABLE namespaces DROP COLUMN name;
ALTER TABLE namespaces DROP COLUMN description;
ALTER TABLE namespaces DROP COLUMN created_at;
ALTER TABLE namespaces DROP COLUMN lfs;
ALTER TABLE namespaces DROP COLUMN project_creation;
ALTER TABLE namespaces DROP COLUMN subgroup_creation;
ALTER TABLE namespaces DROP COLUMN share_lock;
ALTER TABLE namespaces DROP COLUMN membership_lock;
ALTER TABLE namespaces DROP COLUMN require_two_factor;
ALTER TABLE namespaces DROP COLUMN settings;
ALTER TABLE namespaces DROP COLUMN deleted_at;
DROP INDEX users_email;
DROP INDEX users_created_by;
ALTER TABLE users DROP COLUMN created_at;
ALTER TABLE users DROP COLUMN updated_at;
ALTER TABLE users DROP COLUMN can_create_group;
ALTER TABLE users DROP COLUMN projects_limit;
ALTER TABLE users DROP COLUMN note;
ALTER TABLE users DROP COLUMN settings;
ALTER TABLE users DROP COLUMN last_activity_on;
ALTER TABLE users DROP COLUMN created_by;
