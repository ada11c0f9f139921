-- +goose Up

-- What the management API knows of users, groups, projects and all that belongs to
-- them. Schema 15 knows none of it, and goes on writing rows: each column has a default
-- or may be NULL. No time of creation is known of the rows that are there.
-- All at once, so that no statement of a program that serves meanwhile holds one of them
-- while it waits for another.
LOCK TABLE users, namespaces, projects, members, shares, keys, protections, access_tokens, agents, agent_tokens, hooks;

ALTER TABLE users
    ADD COLUMN created_at       timestamptz,
    ADD COLUMN updated_at       timestamptz,
    ADD COLUMN can_create_group boolean NOT NULL DEFAULT true,
    ADD COLUMN projects_limit   integer NOT NULL DEFAULT 100000,
    ADD COLUMN note             text NOT NULL DEFAULT '',
    -- JSON.
    ADD COLUMN settings         text NOT NULL DEFAULT '{}',
    ADD COLUMN last_activity_on date,
    ADD COLUMN created_by       bigint REFERENCES users ON DELETE SET NULL;
CREATE INDEX users_created_by ON users (created_by) WHERE created_by IS NOT NULL;
-- Of letters only A to Z are the same in either case.
CREATE UNIQUE INDEX users_email ON users (lower(email COLLATE "C")) WHERE email <> '';

ALTER TABLE namespaces
    ADD COLUMN name               text NOT NULL DEFAULT '',
    ADD COLUMN description        text NOT NULL DEFAULT '',
    ADD COLUMN created_at         timestamptz,
    -- NULL where the namespace above decides, or at the top the instance.
    ADD COLUMN lfs                boolean,
    ADD COLUMN project_creation   text NOT NULL DEFAULT 'developer',
    ADD COLUMN subgroup_creation  text NOT NULL DEFAULT 'maintainer',
    ADD COLUMN share_lock         boolean NOT NULL DEFAULT false,
    ADD COLUMN membership_lock    boolean NOT NULL DEFAULT false,
    ADD COLUMN require_two_factor boolean NOT NULL DEFAULT false,
    -- JSON.
    ADD COLUMN settings           text NOT NULL DEFAULT '{}',
    ADD COLUMN deleted_at         timestamptz;

ALTER TABLE projects
    ADD COLUMN name          text NOT NULL DEFAULT '',
    ADD COLUMN description   text NOT NULL DEFAULT '',
    ADD COLUMN creator_id    bigint REFERENCES users ON DELETE SET NULL,
    ADD COLUMN created_at    timestamptz,
    ADD COLUMN updated_at    timestamptz,
    -- JSON.
    ADD COLUMN settings      text NOT NULL DEFAULT '{}',
    -- A JSON list.
    ADD COLUMN topics        text NOT NULL DEFAULT '[]',
    ADD COLUMN deleted_at    timestamptz,
    ADD COLUMN object_format text NOT NULL DEFAULT 'sha1';
CREATE INDEX projects_creator ON projects (creator_id) WHERE creator_id IS NOT NULL;

ALTER TABLE members
    ADD COLUMN created_at timestamptz,
    ADD COLUMN created_by bigint REFERENCES users ON DELETE SET NULL;
CREATE INDEX members_created_by ON members (created_by) WHERE created_by IS NOT NULL;

ALTER TABLE shares
    ADD COLUMN created_at timestamptz,
    ADD COLUMN created_by bigint REFERENCES users ON DELETE SET NULL;
CREATE INDEX shares_created_by ON shares (created_by) WHERE created_by IS NOT NULL;

ALTER TABLE keys ADD COLUMN public boolean NOT NULL DEFAULT false;

-- Letter case counts.
CREATE UNIQUE INDEX protections_pattern ON protections (project_id, kind, pattern);
DROP INDEX protections_project;

ALTER TABLE access_tokens
    ADD COLUMN description text NOT NULL DEFAULT '',
    ADD COLUMN kind        text NOT NULL DEFAULT 'personal',
    -- The number of the first token of a chain in which each one was rotated into the
    -- next.
    ADD COLUMN family_id   bigint;

ALTER TABLE agents ADD COLUMN created_at timestamptz;

ALTER TABLE agent_tokens
    ADD COLUMN description text NOT NULL DEFAULT '',
    ADD COLUMN created_at  timestamptz,
    ADD COLUMN creator_id  bigint REFERENCES users ON DELETE SET NULL;
CREATE INDEX agent_tokens_creator ON agent_tokens (creator_id) WHERE creator_id IS NOT NULL;

ALTER TABLE hooks
    ADD COLUMN name          text NOT NULL DEFAULT '',
    ADD COLUMN description   text NOT NULL DEFAULT '',
    ADD COLUMN created_at    timestamptz,
    ADD COLUMN strategy      text NOT NULL DEFAULT 'wildcard',
    -- These three are empty for none.
    ADD COLUMN headers       text NOT NULL DEFAULT '',
    ADD COLUMN template      text NOT NULL DEFAULT '',
    ADD COLUMN signing_token text NOT NULL DEFAULT '',
    -- JSON.
    ADD COLUMN settings      text NOT NULL DEFAULT '{}';

-- Names of the rows that are there. Rows that schema 15 writes from now on have an empty
-- one, which stands for the same. A table that is written anew takes half the time of an
-- UPDATE of each row, and has no room to regain afterwards.
CREATE FUNCTION migration_owner_name(bigint) RETURNS text LANGUAGE sql STABLE AS 'SELECT name FROM users WHERE id = $1';
ALTER TABLE namespaces ALTER COLUMN name TYPE text USING coalesce(migration_owner_name(owner_id), substring(path FROM '[^/]*$'));
ALTER TABLE projects ALTER COLUMN name TYPE text USING substring(path FROM '[^/]*$');
DROP FUNCTION migration_owner_name(bigint);

-- Where the repositories of deleted projects lie, until a job has removed them.
CREATE TABLE removed_repositories (
    project_id  bigint PRIMARY KEY,
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
ALTER TABLE hooks
    DROP COLUMN name, DROP COLUMN description, DROP COLUMN created_at, DROP COLUMN strategy,
    DROP COLUMN headers, DROP COLUMN template, DROP COLUMN signing_token, DROP COLUMN settings;
ALTER TABLE agent_tokens DROP COLUMN description, DROP COLUMN created_at, DROP COLUMN creator_id;
ALTER TABLE agents DROP COLUMN created_at;
ALTER TABLE access_tokens DROP COLUMN description, DROP COLUMN kind, DROP COLUMN family_id;
CREATE INDEX protections_project ON protections (project_id);
DROP INDEX protections_pattern;
ALTER TABLE keys DROP COLUMN public;
ALTER TABLE shares DROP COLUMN created_at, DROP COLUMN created_by;
ALTER TABLE members DROP COLUMN created_at, DROP COLUMN created_by;
ALTER TABLE projects
    DROP COLUMN name, DROP COLUMN description, DROP COLUMN creator_id, DROP COLUMN created_at, DROP COLUMN updated_at,
    DROP COLUMN settings, DROP COLUMN topics, DROP COLUMN deleted_at, DROP COLUMN object_format;
ALTER TABLE namespaces
    DROP COLUMN name, DROP COLUMN description, DROP COLUMN created_at, DROP COLUMN lfs, DROP COLUMN project_creation,
    DROP COLUMN subgroup_creation, DROP COLUMN share_lock, DROP COLUMN membership_lock, DROP COLUMN require_two_factor,
    DROP COLUMN settings, DROP COLUMN deleted_at;
DROP INDEX users_email;
ALTER TABLE users
    DROP COLUMN created_at, DROP COLUMN updated_at, DROP COLUMN can_create_group, DROP COLUMN projects_limit,
    DROP COLUMN note, DROP COLUMN settings, DROP COLUMN last_activity_on, DROP COLUMN created_by;
