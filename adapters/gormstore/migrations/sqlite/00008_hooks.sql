-- +goose Up

ALTER TABLE projects ADD COLUMN last_activity_at timestamp;
-- Set once what the push entails was kept.
ALTER TABLE pushes ADD COLUMN settled_at timestamp;

-- Where events are sent. The token is sealed. The holder is the group, or the
-- project with a minus sign.
CREATE TABLE hooks (
    id           integer PRIMARY KEY AUTOINCREMENT,
    group_id     integer REFERENCES namespaces ON DELETE CASCADE,
    project_id   integer REFERENCES projects ON DELETE CASCADE,
    holder       integer GENERATED ALWAYS AS (coalesce(group_id, -project_id)) STORED,
    url          text NOT NULL,
    token        text NOT NULL,
    push         boolean NOT NULL,
    tag_push     boolean NOT NULL,
    branches     text NOT NULL,
    trusting     boolean NOT NULL,
    -- Failures in a row, and what came of the last attempt.
    failures     integer NOT NULL DEFAULT 0,
    paused_until timestamp,
    disabled     boolean NOT NULL DEFAULT false,
    status       integer NOT NULL DEFAULT 0,
    last_at      timestamp,
    CHECK ((group_id IS NULL) <> (project_id IS NULL))
);
CREATE UNIQUE INDEX hooks_holder ON hooks (holder, url);
CREATE INDEX hooks_group ON hooks (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX hooks_project ON hooks (project_id) WHERE project_id IS NOT NULL;

-- Events on their way. They are removed when they have arrived.
CREATE TABLE hook_deliveries (
    id         integer PRIMARY KEY AUTOINCREMENT,
    hook_id    integer NOT NULL REFERENCES hooks ON DELETE CASCADE,
    event_id   text NOT NULL,
    key        text NOT NULL,
    -- JSON, as bytes, as it is on PostgreSQL.
    event      blob NOT NULL,
    created_at timestamp NOT NULL
);
CREATE INDEX hook_deliveries_hook ON hook_deliveries (hook_id);
CREATE INDEX hook_deliveries_created_at ON hook_deliveries (created_at);

-- +goose Down
DROP TABLE hook_deliveries;
DROP TABLE hooks;
ALTER TABLE pushes DROP COLUMN settled_at;
ALTER TABLE projects DROP COLUMN last_activity_at;
