BEGIN;
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
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
, credential_version integer NOT NULL DEFAULT 1, two_factor boolean NOT NULL DEFAULT false, totp_secret text NOT NULL DEFAULT '', otp_last_step integer NOT NULL DEFAULT 0, otp_failures integer NOT NULL DEFAULT 0, otp_locked_until timestamp);
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
CREATE TABLE namespace_closure (
    descendant_id integer NOT NULL REFERENCES namespaces ON DELETE CASCADE,
    ancestor_id   integer NOT NULL REFERENCES namespaces ON DELETE CASCADE,
    PRIMARY KEY (descendant_id, ancestor_id)
);
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
, last_activity_at timestamp);
CREATE TABLE redirects (
    path       text PRIMARY KEY,
    project_id integer NOT NULL REFERENCES projects ON DELETE CASCADE
);
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
CREATE TABLE deploy_key_projects (
    key_id     integer NOT NULL REFERENCES keys ON DELETE CASCADE,
    project_id integer NOT NULL REFERENCES projects ON DELETE CASCADE,
    can_push   boolean NOT NULL,
    PRIMARY KEY (key_id, project_id)
);
CREATE TABLE protections (
    id               integer PRIMARY KEY AUTOINCREMENT,
    project_id       integer NOT NULL REFERENCES projects ON DELETE CASCADE,
    kind             text NOT NULL,
    pattern          text NOT NULL,
    allow_force_push boolean NOT NULL
);
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
CREATE TABLE access_tokens (
    id           integer PRIMARY KEY AUTOINCREMENT,
    user_id      integer NOT NULL REFERENCES users ON DELETE CASCADE,
    name         text NOT NULL,
    scopes       text NOT NULL,
    digest       text NOT NULL UNIQUE,
    expires_at   timestamp,
    revoked      boolean NOT NULL,
    last_used_at timestamp
, created_at timestamp);
CREATE TABLE agents (
    id                  integer PRIMARY KEY AUTOINCREMENT,
    project_id          integer NOT NULL REFERENCES projects ON DELETE CASCADE,
    name                text NOT NULL,
    creator_id          integer REFERENCES users ON DELETE SET NULL,
    has_vulnerabilities boolean NOT NULL
);
CREATE TABLE agent_tokens (
    id           integer PRIMARY KEY AUTOINCREMENT,
    agent_id     integer NOT NULL REFERENCES agents ON DELETE CASCADE,
    name         text NOT NULL,
    digest       text NOT NULL UNIQUE,
    revoked      boolean NOT NULL,
    last_used_at timestamp
);
CREATE TABLE broadcasts (
    id          integer PRIMARY KEY AUTOINCREMENT,
    message     text NOT NULL,
    type        text NOT NULL,
    starts_at   timestamp,
    ends_at     timestamp,
    target_path text NOT NULL,
    show_in_git boolean NOT NULL
);
CREATE TABLE reference_counters (
    repository blob PRIMARY KEY,
    value      integer NOT NULL,
    expires_at timestamp NOT NULL
);
CREATE TABLE notices (
    user_id    integer NOT NULL,
    repository text NOT NULL,
    old_path   text NOT NULL,
    protocol   text NOT NULL,
    expires_at timestamp NOT NULL,
    PRIMARY KEY (user_id, repository)
);
CREATE TABLE pushes (
    id          integer PRIMARY KEY AUTOINCREMENT,
    repository  blob NOT NULL,
    identifier  blob NOT NULL,
    changes     blob NOT NULL,
    options     text NOT NULL,
    received_at timestamp NOT NULL
, settled_at timestamp);
CREATE TABLE recovery_codes (
    user_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
    digest  text NOT NULL,
    PRIMARY KEY (user_id, digest)
);
CREATE TABLE otp_sessions (
    user_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
    key_id     integer NOT NULL,
    expires_at timestamp NOT NULL,
    PRIMARY KEY (user_id, key_id)
);
CREATE TABLE audit_events (
    id             integer PRIMARY KEY AUTOINCREMENT,
    at             timestamp NOT NULL,
    action         text NOT NULL,
    verb           text NOT NULL,
    protocol       blob NOT NULL,
    repository     blob NOT NULL,
    user_id        integer,
    username       blob,
    key_id         integer,
    key_kind       text NOT NULL,
    address        blob,
    wants          integer NOT NULL,
    haves          integer NOT NULL,
    payload_size   integer NOT NULL,
    written_bytes  integer NOT NULL,
    received_bytes integer NOT NULL
);
CREATE TABLE instance_notes (
    name  text PRIMARY KEY,
    value text NOT NULL
);
CREATE TABLE usage_counters (
    name  text PRIMARY KEY,
    value integer NOT NULL
);
CREATE TABLE usage_members (
    name   text NOT NULL,
    member integer NOT NULL,
    PRIMARY KEY (name, member)
);
CREATE TABLE agent_authorizations (
    agent_id integer NOT NULL REFERENCES agents ON DELETE CASCADE,
    access   text NOT NULL,
    holder   text NOT NULL,
    path     text NOT NULL,
    PRIMARY KEY (agent_id, access, holder, path)
);
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
CREATE TABLE subscriptions (
    id                        integer PRIMARY KEY AUTOINCREMENT,
    namespace_id              integer NOT NULL UNIQUE REFERENCES namespaces ON DELETE CASCADE,
    plan                      text NOT NULL,
    start_date                date NOT NULL,
    end_date                  date,
    seats                     integer NOT NULL,
    max_seats_used            integer NOT NULL,
    seats_in_use              integer NOT NULL,
    seats_owed                integer NOT NULL,
    auto_renew                boolean,
    trial                     boolean NOT NULL,
    trial_starts_on           date,
    trial_ends_on             date,
    trial_extension_type      integer NOT NULL,
    max_seats_used_changed_at timestamp,
    created_at                timestamp NOT NULL,
    updated_at                timestamp NOT NULL
);
CREATE TABLE subscription_history (
    id                        integer PRIMARY KEY AUTOINCREMENT,
    changed_at                timestamp NOT NULL,
    subscription_id           integer NOT NULL,
    namespace_id              integer NOT NULL,
    plan                      text NOT NULL,
    start_date                date NOT NULL,
    end_date                  date,
    seats                     integer NOT NULL,
    max_seats_used            integer NOT NULL,
    seats_in_use              integer NOT NULL,
    seats_owed                integer NOT NULL,
    auto_renew                boolean,
    trial                     boolean NOT NULL,
    trial_starts_on           date,
    trial_ends_on             date,
    trial_extension_type      integer NOT NULL,
    max_seats_used_changed_at timestamp,
    created_at                timestamp NOT NULL,
    updated_at                timestamp NOT NULL
);
CREATE TABLE minutes_packs (
    id                integer PRIMARY KEY AUTOINCREMENT,
    namespace_id      integer NOT NULL REFERENCES namespaces ON DELETE CASCADE,
    purchase_xid      text NOT NULL UNIQUE,
    number_of_minutes integer NOT NULL,
    expires_at        date NOT NULL
);
CREATE TABLE upcoming_reconciliations (
    namespace_id             integer PRIMARY KEY REFERENCES namespaces ON DELETE CASCADE,
    next_reconciliation_date date NOT NULL,
    display_alert_from       date NOT NULL,
    created_at               timestamp NOT NULL,
    updated_at               timestamp NOT NULL
);
CREATE TABLE river_queue (
    name text PRIMARY KEY NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    metadata blob NOT NULL DEFAULT (json('{}')),
    paused_at timestamp,
    updated_at timestamp NOT NULL
);
CREATE TABLE river_leader (
    elected_at timestamp NOT NULL,
    expires_at timestamp NOT NULL,
    leader_id text NOT NULL,
    name text PRIMARY KEY NOT NULL DEFAULT 'default' CHECK (name = 'default'),
    CONSTRAINT name_length CHECK (length(name) > 0 AND length(name) < 128),
    CONSTRAINT leader_id_length CHECK (length(leader_id) > 0 AND length(leader_id) < 128)
);
CREATE TABLE river_migration (
    line text NOT NULL,
    version integer NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT line_length CHECK (length(line) > 0 AND length(line) < 128),
    CONSTRAINT version_gte_1 CHECK (version >= 1),
    PRIMARY KEY (line, version)
);
CREATE TABLE river_client (
    id text PRIMARY KEY NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    metadata blob NOT NULL DEFAULT (json('{}')),
    paused_at timestamp,
    updated_at timestamp NOT NULL,
    CONSTRAINT name_length CHECK (length(id) > 0 AND length(id) < 128)
);
CREATE TABLE river_client_queue (
    river_client_id text NOT NULL REFERENCES river_client (id) ON DELETE CASCADE,
    name text NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    max_workers integer NOT NULL DEFAULT 0,
    metadata blob NOT NULL DEFAULT (json('{}')),
    num_jobs_completed integer NOT NULL DEFAULT 0,
    num_jobs_running integer NOT NULL DEFAULT 0,
    updated_at timestamp NOT NULL,
    PRIMARY KEY (river_client_id, name),
    CONSTRAINT name_length CHECK (length(name) > 0 AND length(name) < 128),
    CONSTRAINT num_jobs_completed_zero_or_positive CHECK (num_jobs_completed >= 0),
    CONSTRAINT num_jobs_running_zero_or_positive CHECK (num_jobs_running >= 0)
);
CREATE TABLE river_job (
    id integer PRIMARY KEY, -- SQLite makes this autoincrementing automatically
    args blob NOT NULL DEFAULT '{}',
    attempt integer NOT NULL DEFAULT 0,
    attempted_at timestamp,
    attempted_by blob, -- json
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    errors blob, -- json
    finalized_at timestamp,
    kind text NOT NULL,
    max_attempts integer NOT NULL,
    metadata blob NOT NULL DEFAULT (json('{}')),
    priority integer NOT NULL DEFAULT 1,
    queue text NOT NULL DEFAULT 'default',
    state text NOT NULL DEFAULT 'available',
    scheduled_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    tags blob NOT NULL DEFAULT (json('[]')),
    unique_key blob,
    unique_states integer,
    CONSTRAINT finalized_or_finalized_at_null CHECK (
        (finalized_at IS NULL AND state NOT IN ('cancelled', 'completed', 'discarded')) OR
        (finalized_at IS NOT NULL AND state IN ('cancelled', 'completed', 'discarded'))
    ),
    CONSTRAINT priority_in_range CHECK (priority >= 1 AND priority <= 4),
    CONSTRAINT queue_length CHECK (length(queue) > 0 AND length(queue) < 128),
    CONSTRAINT kind_length CHECK (length(kind) > 0 AND length(kind) < 128),
    CONSTRAINT state_valid CHECK (state IN ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled'))
);
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
CREATE TABLE hook_deliveries (
    id         integer PRIMARY KEY AUTOINCREMENT,
    hook_id    integer NOT NULL REFERENCES hooks ON DELETE CASCADE,
    event_id   text NOT NULL,
    key        text NOT NULL,
    -- JSON, as bytes, as it is on PostgreSQL.
    event      blob NOT NULL,
    created_at timestamp NOT NULL
);
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (1,0,1,'2026-11-28 20:33:38');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (2,1,1,'2026-11-28 20:33:38');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (3,2,1,'2026-11-28 20:33:38');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (4,3,1,'2026-11-28 20:33:38');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (5,4,1,'2026-11-28 20:33:38');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (6,5,1,'2026-11-28 20:33:38');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (7,7,1,'2026-11-28 20:33:38');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (8,8,1,'2026-11-28 20:33:38');
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (1,'root','root','root@example.com','active','human',1,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (2,'one','One','same@example.com','active','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (3,'two','Two','same@example.com','active','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (4,'three','Three','Same@Example.com','active','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (5,'four','four','','active','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (6,'five','five','','active','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (1,'root',NULL,NULL,1,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (2,'one',NULL,NULL,2,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (3,'two',NULL,NULL,3,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (4,'three',NULL,NULL,4,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (5,'four',NULL,NULL,5,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (6,'five',NULL,NULL,6,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (50,'acme',NULL,NULL,NULL,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (50,50);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (1,1);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (2,2);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (3,3);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (4,4);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (5,5);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (6,6);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (60,50,'acme/cli','private',0,0,'enabled','enabled',1,'main',0,'default','',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (61,50,'acme/lib','private',0,0,'enabled','enabled',1,'main',0,'default','',0,NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (1,2,50,NULL,30,'active',NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (2,3,50,NULL,40,'active',NULL);
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (102,'key',2,NULL,'laptop','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQiuYh1mAaOMsREipSa2ykND041ueAbDuXxoeYA/iZ0','r3iiNRXIdlSVBezAaA0zSYWm4nb/0n7xonM1qm6qiOQ','auth_and_signing','2026-11-28 20:33:38.595004+00:00',NULL,NULL);
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (103,'key',3,NULL,'laptop','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEy1q/atefv1q7zK/MJp2FzSZR7UuIW1hp8kGu3wpbop','mXhe4VT8IZgX1fUCWPH5SZ3xupG1AvwouipH1zOKCA0','auth_and_signing','2026-11-28 20:33:38.595004+00:00',NULL,NULL);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (1,60,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (2,60,'branch','release/*',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (3,60,'tag','v*',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (4,61,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (5,60,'branch','main',1);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (6,60,'tag','v*',0);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (1,1,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (2,1,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (3,2,'push',30,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (4,2,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (5,3,'create',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (6,4,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (7,4,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (8,5,'push',30,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (9,6,'create',30,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (10,2,'push',30,NULL,NULL,NULL);
INSERT INTO "access_tokens" ("id","user_id","name","scopes","digest","expires_at","revoked","last_used_at","created_at") VALUES (1,1,'same','["api"]','uESmC6ro9vZOYwDk6Wz3GYadPa5BHGi9Zj/TNe12NGg=',NULL,0,NULL,'2026-11-28 20:33:38.61113783+00:00');
INSERT INTO "access_tokens" ("id","user_id","name","scopes","digest","expires_at","revoked","last_used_at","created_at") VALUES (2,1,'same','["api"]','Z+qX4pVMffO6+K3j3LkXypu4G97W19Ibz6ahgutR7QY=',NULL,0,NULL,'2026-11-28 20:33:38.611262843+00:00');
INSERT INTO "agents" ("id","project_id","name","creator_id","has_vulnerabilities") VALUES (1,60,'prod',3,0);
INSERT INTO "agent_tokens" ("id","agent_id","name","digest","revoked","last_used_at") VALUES (1,1,'same','uU8a75Iwe/oNr/2PgiU5l79HIQiLXowGp/DmfJBMvRY=',0,NULL);
INSERT INTO "agent_tokens" ("id","agent_id","name","digest","revoked","last_used_at") VALUES (2,1,'same','yp6KQiEw5mnDx/H8U3bhRliESUmeOBE4WZ1Ip1+llNY=',0,NULL);
INSERT INTO "broadcasts" ("id","message","type","starts_at","ends_at","target_path","show_in_git") VALUES (1,'Same','banner',NULL,NULL,'',1);
INSERT INTO "broadcasts" ("id","message","type","starts_at","ends_at","target_path","show_in_git") VALUES (2,'Same','banner',NULL,NULL,'',1);
INSERT INTO "river_migration" ("line","version","created_at") VALUES ('main',1,'2026-11-28 20:33:38');
INSERT INTO "river_migration" ("line","version","created_at") VALUES ('main',2,'2026-11-28 20:33:38');
INSERT INTO "river_migration" ("line","version","created_at") VALUES ('main',3,'2026-11-28 20:33:38');
INSERT INTO "river_migration" ("line","version","created_at") VALUES ('main',4,'2026-11-28 20:33:38');
INSERT INTO "river_migration" ("line","version","created_at") VALUES ('main',5,'2026-11-28 20:33:38');
INSERT INTO "river_migration" ("line","version","created_at") VALUES ('main',6,'2026-11-28 20:33:38');
DELETE FROM sqlite_sequence;
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('goose_db_version',8);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('namespaces',50);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('users',6);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('projects',61);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('keys',103);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('protections',6);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('protection_entries',10);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('members',2);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('access_tokens',2);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('agents',1);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('agent_tokens',2);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('broadcasts',2);
CREATE UNIQUE INDEX users_username ON users (lower(username));
CREATE INDEX users_ghost ON users (id) WHERE type = 'ghost';
CREATE UNIQUE INDEX namespaces_path ON namespaces (lower(path));
CREATE INDEX namespaces_parent ON namespaces (parent_id);
CREATE INDEX namespaces_root ON namespaces (root_id);
CREATE INDEX namespace_closure_ancestor ON namespace_closure (ancestor_id);
CREATE UNIQUE INDEX projects_path ON projects (lower(path));
CREATE INDEX projects_namespace ON projects (namespace_id);
CREATE INDEX redirects_project ON redirects (project_id);
CREATE UNIQUE INDEX members_user_holder ON members (user_id, holder);
CREATE INDEX members_group ON members (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX members_project ON members (project_id) WHERE project_id IS NOT NULL;
CREATE UNIQUE INDEX shares_holder ON shares (holder, with_id);
CREATE INDEX shares_group ON shares (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX shares_project ON shares (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX shares_with ON shares (with_id);
CREATE INDEX keys_user ON keys (user_id);
CREATE INDEX keys_creator ON keys (creator_id);
CREATE INDEX deploy_key_projects_project ON deploy_key_projects (project_id);
CREATE INDEX protections_project ON protections (project_id);
CREATE INDEX protection_entries_protection ON protection_entries (protection_id);
CREATE INDEX protection_entries_user ON protection_entries (user_id);
CREATE INDEX protection_entries_group ON protection_entries (group_id);
CREATE INDEX protection_entries_key ON protection_entries (key_id);
CREATE INDEX access_tokens_user ON access_tokens (user_id);
CREATE UNIQUE INDEX agents_name ON agents (project_id, lower(name));
CREATE INDEX agents_creator ON agents (creator_id);
CREATE INDEX agent_tokens_agent ON agent_tokens (agent_id);
CREATE INDEX notices_expires_at ON notices (expires_at);
CREATE INDEX findings_project ON findings (project_id);
CREATE INDEX findings_author ON findings (author_id);
CREATE INDEX findings_agent ON findings (agent_id);
CREATE INDEX subscription_history_namespace ON subscription_history (namespace_id);
CREATE INDEX minutes_packs_namespace ON minutes_packs (namespace_id);
CREATE INDEX river_job_kind ON river_job (kind);
CREATE INDEX river_job_state_and_finalized_at_index ON river_job (state, finalized_at) WHERE finalized_at IS NOT NULL;
CREATE INDEX river_job_prioritized_fetching_index ON river_job (state, queue, priority, scheduled_at, id);
CREATE UNIQUE INDEX river_job_unique_idx ON river_job (unique_key)
    WHERE unique_key IS NOT NULL
        AND unique_states IS NOT NULL
        AND CASE state
            WHEN 'available' THEN unique_states & (1 << 0)
            WHEN 'cancelled' THEN unique_states & (1 << 1)
            WHEN 'completed' THEN unique_states & (1 << 2)
            WHEN 'discarded' THEN unique_states & (1 << 3)
            WHEN 'pending'   THEN unique_states & (1 << 4)
            WHEN 'retryable' THEN unique_states & (1 << 5)
            WHEN 'running'   THEN unique_states & (1 << 6)
            WHEN 'scheduled' THEN unique_states & (1 << 7)
            ELSE 0
        END >= 1;
CREATE UNIQUE INDEX hooks_holder ON hooks (holder, url);
CREATE INDEX hooks_group ON hooks (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX hooks_project ON hooks (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX hook_deliveries_hook ON hook_deliveries (hook_id);
CREATE INDEX hook_deliveries_created_at ON hook_deliveries (created_at);
COMMIT;
