-- +goose Up

-- Names and paths are ASCII. They are compared as bytes, in lower case.
-- AUTOINCREMENT keeps the number of a row that is gone from coming back.

CREATE TABLE users (
    id                  integer PRIMARY KEY AUTOINCREMENT,
    username            text NOT NULL,
    name                text NOT NULL,
    email               text NOT NULL,
    state               text NOT NULL,
    type                text NOT NULL,
    admin               boolean NOT NULL,
    external            boolean NOT NULL,
    terms_accepted      boolean NOT NULL,
    email_confirmed     boolean NOT NULL,
    password_expires_at timestamp
);
CREATE UNIQUE INDEX users_username ON users (lower(username));
CREATE INDEX users_ghost ON users (id) WHERE type = 'ghost';

-- Groups, and one personal namespace for each user (owner_id).
CREATE TABLE namespaces (
    id                        integer PRIMARY KEY AUTOINCREMENT,
    path                      text NOT NULL,
    parent_id                 integer REFERENCES namespaces ON DELETE CASCADE,
    -- The top of the tree; null for a namespace that is the top itself.
    root_id                   integer REFERENCES namespaces ON DELETE CASCADE,
    owner_id                  integer UNIQUE REFERENCES users ON DELETE CASCADE,
    visibility                text NOT NULL,
    -- A JSON list of prefixes.
    allowed_ips               text NOT NULL,
    protocols                 text NOT NULL,
    require_ssh_certificates  boolean NOT NULL,
    default_branch_protection integer,
    pending_delete            boolean NOT NULL,
    -- Whether this namespace or one above is pending_delete.
    hidden                    boolean NOT NULL,
    CHECK (owner_id IS NULL OR parent_id IS NULL)
);
CREATE UNIQUE INDEX namespaces_path ON namespaces (lower(path));
CREATE INDEX namespaces_parent ON namespaces (parent_id);
CREATE INDEX namespaces_root ON namespaces (root_id);

-- Every namespace with all that are above it, itself included: what a project
-- inherits is found without recursion, however deep it lies.
CREATE TABLE namespace_closure (
    descendant_id integer NOT NULL REFERENCES namespaces ON DELETE CASCADE,
    ancestor_id   integer NOT NULL REFERENCES namespaces ON DELETE CASCADE,
    PRIMARY KEY (descendant_id, ancestor_id)
);
CREATE INDEX namespace_closure_ancestor ON namespace_closure (ancestor_id);

CREATE TABLE projects (
    id             integer PRIMARY KEY AUTOINCREMENT,
    namespace_id   integer NOT NULL REFERENCES namespaces ON DELETE CASCADE,
    path           text NOT NULL,
    visibility     text NOT NULL,
    archived       boolean NOT NULL,
    read_only      boolean NOT NULL,
    repository     text NOT NULL,
    wiki           text NOT NULL,
    lfs            boolean NOT NULL,
    default_branch text NOT NULL,
    empty          boolean NOT NULL,
    storage        text NOT NULL,
    legacy_path    text NOT NULL,
    pending_delete boolean NOT NULL
);
CREATE UNIQUE INDEX projects_path ON projects (lower(path));
CREATE INDEX projects_namespace ON projects (namespace_id);

-- Paths of the past, in lower case.
CREATE TABLE redirects (
    path       text PRIMARY KEY,
    project_id integer NOT NULL REFERENCES projects ON DELETE CASCADE
);
CREATE INDEX redirects_project ON redirects (project_id);

-- A user's place in a group or in a project. It ends with the beginning of
-- the day expires_at. The holder is the group, or the project with a minus
-- sign: one index answers for both.
CREATE TABLE members (
    id         integer PRIMARY KEY AUTOINCREMENT,
    user_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
    group_id   integer REFERENCES namespaces ON DELETE CASCADE,
    project_id integer REFERENCES projects ON DELETE CASCADE,
    holder     integer GENERATED ALWAYS AS (coalesce(group_id, -project_id)) STORED,
    level      integer NOT NULL,
    state      text NOT NULL,
    expires_at date,
    CHECK ((group_id IS NULL) <> (project_id IS NULL))
);
CREATE UNIQUE INDEX members_user_holder ON members (user_id, holder);
CREATE INDEX members_group ON members (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX members_project ON members (project_id) WHERE project_id IS NOT NULL;

-- What a group's members get in another group or in a project: level at most.
CREATE TABLE shares (
    id         integer PRIMARY KEY AUTOINCREMENT,
    group_id   integer REFERENCES namespaces ON DELETE CASCADE,
    project_id integer REFERENCES projects ON DELETE CASCADE,
    holder     integer GENERATED ALWAYS AS (coalesce(group_id, -project_id)) STORED,
    with_id    integer NOT NULL REFERENCES namespaces ON DELETE CASCADE,
    level      integer NOT NULL,
    expires_at date,
    CHECK ((group_id IS NULL) <> (project_id IS NULL))
);
CREATE UNIQUE INDEX shares_holder ON shares (holder, with_id);
CREATE INDEX shares_group ON shares (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX shares_project ON shares (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX shares_with ON shares (with_id);

-- Users' keys go with their user, deploy keys outlive their creator.
CREATE TABLE keys (
    id           integer PRIMARY KEY AUTOINCREMENT,
    kind         text NOT NULL,
    user_id      integer REFERENCES users ON DELETE CASCADE,
    creator_id   integer REFERENCES users ON DELETE SET NULL,
    title        text NOT NULL,
    line         text NOT NULL,
    fingerprint  text NOT NULL UNIQUE,
    usage        text NOT NULL,
    created_at   timestamp,
    expires_at   timestamp,
    last_used_at timestamp,
    CHECK (kind = 'key' AND user_id IS NOT NULL AND creator_id IS NULL OR kind = 'deploy_key' AND user_id IS NULL)
);
CREATE INDEX keys_user ON keys (user_id);
CREATE INDEX keys_creator ON keys (creator_id);

CREATE TABLE deploy_key_projects (
    key_id     integer NOT NULL REFERENCES keys ON DELETE CASCADE,
    project_id integer NOT NULL REFERENCES projects ON DELETE CASCADE,
    can_push   boolean NOT NULL,
    PRIMARY KEY (key_id, project_id)
);
CREATE INDEX deploy_key_projects_project ON deploy_key_projects (project_id);

-- Protected branches and tags; kind is branch or tag.
CREATE TABLE protections (
    id               integer PRIMARY KEY AUTOINCREMENT,
    project_id       integer NOT NULL REFERENCES projects ON DELETE CASCADE,
    kind             text NOT NULL,
    pattern          text NOT NULL,
    allow_force_push boolean NOT NULL
);
CREATE INDEX protections_project ON protections (project_id);

-- What opens a protected ref; verb is push, merge or create. A role counts
-- where nobody is named.
CREATE TABLE protection_entries (
    id            integer PRIMARY KEY AUTOINCREMENT,
    protection_id integer NOT NULL REFERENCES protections ON DELETE CASCADE,
    verb          text NOT NULL,
    level         integer NOT NULL,
    user_id       integer REFERENCES users ON DELETE CASCADE,
    group_id      integer REFERENCES namespaces ON DELETE CASCADE,
    key_id        integer REFERENCES keys ON DELETE CASCADE,
    CHECK ((user_id IS NOT NULL) + (group_id IS NOT NULL) + (key_id IS NOT NULL) <= 1)
);
CREATE INDEX protection_entries_protection ON protection_entries (protection_id);
CREATE INDEX protection_entries_user ON protection_entries (user_id);
CREATE INDEX protection_entries_group ON protection_entries (group_id);
CREATE INDEX protection_entries_key ON protection_entries (key_id);

-- Of tokens only the digest is kept. Scopes are a JSON list.
CREATE TABLE access_tokens (
    id           integer PRIMARY KEY AUTOINCREMENT,
    user_id      integer NOT NULL REFERENCES users ON DELETE CASCADE,
    name         text NOT NULL,
    scopes       text NOT NULL,
    digest       text NOT NULL UNIQUE,
    expires_at   timestamp,
    revoked      boolean NOT NULL,
    last_used_at timestamp
);
CREATE INDEX access_tokens_user ON access_tokens (user_id);

CREATE TABLE agents (
    id                  integer PRIMARY KEY AUTOINCREMENT,
    project_id          integer NOT NULL REFERENCES projects ON DELETE CASCADE,
    name                text NOT NULL,
    creator_id          integer REFERENCES users ON DELETE SET NULL,
    has_vulnerabilities boolean NOT NULL
);
CREATE UNIQUE INDEX agents_name ON agents (project_id, lower(name));
CREATE INDEX agents_creator ON agents (creator_id);

CREATE TABLE agent_tokens (
    id           integer PRIMARY KEY AUTOINCREMENT,
    agent_id     integer NOT NULL REFERENCES agents ON DELETE CASCADE,
    name         text NOT NULL,
    digest       text NOT NULL UNIQUE,
    revoked      boolean NOT NULL,
    last_used_at timestamp
);
CREATE INDEX agent_tokens_agent ON agent_tokens (agent_id);

CREATE TABLE broadcasts (
    id          integer PRIMARY KEY AUTOINCREMENT,
    message     text NOT NULL,
    type        text NOT NULL,
    starts_at   timestamp,
    ends_at     timestamp,
    target_path text NOT NULL,
    show_in_git boolean NOT NULL
);

-- +goose Down
DROP TABLE broadcasts;
DROP TABLE agent_tokens;
DROP TABLE agents;
DROP TABLE access_tokens;
DROP TABLE protection_entries;
DROP TABLE protections;
DROP TABLE deploy_key_projects;
DROP TABLE keys;
DROP TABLE shares;
DROP TABLE members;
DROP TABLE redirects;
DROP TABLE projects;
DROP TABLE namespace_closure;
DROP TABLE namespaces;
DROP TABLE users;
