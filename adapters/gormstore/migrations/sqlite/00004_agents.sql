-- +goose Up

-- What agents reported as counted: numbers, and members of sets.
CREATE TABLE usage_counters (
    name  text PRIMARY KEY,
    value integer NOT NULL
);

CREATE TABLE usage_members (
    name   text NOT NULL,
    member integer NOT NULL,
    PRIMARY KEY (name, member)
);

-- Whom the configuration of an agent lets in. Paths are in lower case, whether
-- or not anything is there.
CREATE TABLE agent_authorizations (
    agent_id integer NOT NULL REFERENCES agents ON DELETE CASCADE,
    access   text NOT NULL,
    holder   text NOT NULL,
    path     text NOT NULL,
    PRIMARY KEY (agent_id, access, holder, path)
);

-- What agents found. Identifiers and links are JSON lists, a location is JSON.
CREATE TABLE findings (
    uuid                       text PRIMARY KEY,
    project_id                 integer NOT NULL REFERENCES projects ON DELETE CASCADE,
    agent_id                   integer NOT NULL REFERENCES agents ON DELETE CASCADE,
    author_id                  integer REFERENCES users ON DELETE SET NULL,
    report_type                text NOT NULL,
    state                      text NOT NULL,
    title                      text NOT NULL,
    severity                   text NOT NULL,
    confidence                 text,
    message                    text NOT NULL,
    description                text NOT NULL,
    solution                   text NOT NULL,
    location                   text NOT NULL,
    identifiers                text NOT NULL,
    links                      text NOT NULL,
    scanner_id                 text NOT NULL,
    scanner_name               text NOT NULL,
    scanner_vendor             text NOT NULL,
    resolved_on_default_branch boolean NOT NULL,
    detected_at                timestamp NOT NULL
);
CREATE INDEX findings_project ON findings (project_id);
CREATE INDEX findings_author ON findings (author_id);
CREATE INDEX findings_agent ON findings (agent_id);

-- +goose Down
DROP TABLE findings;
DROP TABLE agent_authorizations;
DROP TABLE usage_members;
DROP TABLE usage_counters;
