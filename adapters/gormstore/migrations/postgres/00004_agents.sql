-- +goose Up

-- What agents reported as counted: numbers, and members of sets.
CREATE TABLE usage_counters (
    name  text COLLATE "C" PRIMARY KEY,
    value bigint NOT NULL
);

CREATE TABLE usage_members (
    name   text COLLATE "C" NOT NULL,
    member bigint NOT NULL,
    PRIMARY KEY (name, member)
);

-- Whom the configuration of an agent lets in. Paths are in lower case, whether
-- or not anything is there.
CREATE TABLE agent_authorizations (
    agent_id bigint NOT NULL REFERENCES agents ON DELETE CASCADE,
    access   text NOT NULL,
    holder   text NOT NULL,
    path     text COLLATE "C" NOT NULL,
    PRIMARY KEY (agent_id, access, holder, path)
);

-- What agents found. Identifiers and links are JSON lists, a location is JSON.
CREATE TABLE findings (
    uuid                       text COLLATE "C" PRIMARY KEY,
    project_id                 bigint NOT NULL REFERENCES projects ON DELETE CASCADE,
    agent_id                   bigint NOT NULL REFERENCES agents ON DELETE CASCADE,
    author_id                  bigint REFERENCES users ON DELETE SET NULL,
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
    detected_at                timestamptz NOT NULL
);
CREATE INDEX findings_project ON findings (project_id);
CREATE INDEX findings_author ON findings (author_id);
CREATE INDEX findings_agent ON findings (agent_id);

-- +goose Down
DROP TABLE findings, agent_authorizations, usage_members, usage_counters;
