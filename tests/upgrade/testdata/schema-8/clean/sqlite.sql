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
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (1,0,1,'2026-11-28 21:36:36');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (2,1,1,'2026-11-28 21:36:36');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (3,2,1,'2026-11-28 21:36:37');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (4,3,1,'2026-11-28 21:36:37');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (5,4,1,'2026-11-28 21:36:37');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (6,5,1,'2026-11-28 21:36:37');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (7,7,1,'2026-11-28 21:36:37');
INSERT INTO "goose_db_version" ("id","version_id","is_applied","tstamp") VALUES (8,8,1,'2026-11-28 21:36:37');
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (1,'root','Administrator','root@example.com','active','human',1,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (2,'own','Ona Owner','own@example.com','active','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (3,'maint','Mia Maintainer','Mia@Example.com','active','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (4,'dev','Dédé','dev@example.com','active','human',0,0,0,1,NULL,1,1,'v1:IoV/bl2dLf81Z7Em5gfGiCULY/l91jJ4FvxF+7bCYSyHS+A+jniDFcfJSss',0,1,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (5,'rep','Rep Reporter','','active','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (6,'sam','sam','','active','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (7,'otto','Otto','otto@example.com','active','human',0,0,0,1,NULL,1,1,'v1:r/wNyVB4RzlGqJRPN5q09rrGhtOz7R4+v+20Zu1Q59+DrzyTwf+qp8LtoZKAvAAdIKTg+0dwh/3Uv3RH',59863393,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (8,'wanda','Wanda','wanda@example.com','active','human',0,0,0,1,NULL,3,1,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (9,'ext','Ext','','active','human',0,1,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (10,'Camel.Case','Line
Break','camel@example.com','active','human',0,0,1,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (11,'lara','Lara','','active','human',0,0,0,1,NULL,1,1,'v1:HCeJn2ROn97jR1+IXKblaTubdGpaVBeqAE4D5q9CYeW7hVNzd3KmRrb4IUdKfrqyeONq8TPXb+2gb1Tv',0,0,'2026-11-28 21:46:38.208473+00:00');
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (20,'blocked','blocked','blocked@example.com','blocked','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (21,'banned','banned','','banned','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (22,'dormant','dormant','','deactivated','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (23,'pending','pending','','blocked_pending_approval','human',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (24,'unconfirmed','unconfirmed','unconfirmed@example.com','active','human',0,0,0,0,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (25,'stale','stale','','active','human',0,0,0,1,'2020-01-01 00:00:00+00:00',1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (26,'robot','robot','','active','service_account',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "users" ("id","username","name","email","state","type","admin","external","terms_accepted","email_confirmed","password_expires_at","credential_version","two_factor","totp_secret","otp_last_step","otp_failures","otp_locked_until") VALUES (27,'ghost','Ghost User','','active','ghost',0,0,0,1,NULL,1,0,'',0,0,NULL);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (1,'root',NULL,NULL,1,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (2,'own',NULL,NULL,2,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (3,'maint',NULL,NULL,3,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (4,'dev',NULL,NULL,4,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (5,'rep',NULL,NULL,5,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (6,'sam',NULL,NULL,6,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (7,'otto',NULL,NULL,7,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (8,'wanda',NULL,NULL,8,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (9,'ext',NULL,NULL,9,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (10,'Camel.Case',NULL,NULL,10,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (11,'lara',NULL,NULL,11,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (20,'blocked',NULL,NULL,20,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (21,'banned',NULL,NULL,21,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (22,'dormant',NULL,NULL,22,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (23,'pending',NULL,NULL,23,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (24,'unconfirmed',NULL,NULL,24,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (25,'stale',NULL,NULL,25,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (26,'robot',NULL,NULL,26,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (50,'acme',NULL,NULL,NULL,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (51,'acme/tools',50,50,NULL,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (52,'fortress',NULL,NULL,NULL,'public','["192.0.2.0/24","2001:db8::/32"]','ssh',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (53,'doomed',NULL,NULL,NULL,'public','[]','all',0,NULL,1,1);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (54,'partners',NULL,NULL,NULL,'internal','[]','all',0,4,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (55,'Mixed',NULL,NULL,NULL,'public','[]','all',0,NULL,0,0);
INSERT INTO "namespaces" ("id","path","parent_id","root_id","owner_id","visibility","allowed_ips","protocols","require_ssh_certificates","default_branch_protection","pending_delete","hidden") VALUES (56,'ghost',NULL,NULL,27,'private','[]','all',0,NULL,0,0);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (50,50);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (52,52);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (53,53);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (54,54);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (55,55);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (51,51);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (51,50);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (1,1);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (2,2);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (3,3);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (4,4);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (5,5);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (6,6);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (7,7);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (8,8);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (9,9);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (10,10);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (11,11);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (20,20);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (21,21);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (22,22);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (23,23);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (24,24);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (25,25);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (26,26);
INSERT INTO "namespace_closure" ("descendant_id","ancestor_id") VALUES (56,56);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (60,51,'acme/tools/cli','private',0,0,'enabled','enabled',1,'main',0,'default','',0,'2026-11-28 21:36:37.39103+00:00');
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (61,51,'acme/tools/lib','internal',0,0,'enabled','enabled',1,'trunk',0,'default','',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (62,51,'acme/tools/site','public',0,0,'enabled','enabled',1,'main',0,'default','',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (63,51,'acme/tools/done','public',1,0,'enabled','enabled',1,'',0,'default','',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (64,51,'acme/tools/moving','public',0,1,'enabled','enabled',1,'',0,'default','',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (65,51,'acme/tools/gone','public',0,0,'enabled','enabled',1,'',0,'default','',1,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (66,52,'fortress/keep','public',0,0,'enabled','enabled',1,'',0,'default','',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (67,51,'acme/tools/small','public',0,0,'enabled','disabled',0,'',0,'default','',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (68,51,'acme/tools/legacy','private',0,0,'enabled','enabled',1,'',0,'default','acme/tools/legacy',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (69,4,'dev/own','private',0,0,'enabled','enabled',1,'',0,'default','',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (70,54,'partners/fresh','private',0,0,'enabled','enabled',1,'',1,'default','',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (71,53,'doomed/all','public',0,0,'enabled','enabled',1,'',0,'default','',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (72,55,'Mixed/Case','public',0,0,'private','private',1,'',0,'second','',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (73,4,'dev/sketch','private',0,0,'enabled','enabled',1,'',1,'default','',0,NULL);
INSERT INTO "projects" ("id","namespace_id","path","visibility","archived","read_only","repository","wiki","lfs","default_branch","empty","storage","legacy_path","pending_delete","last_activity_at") VALUES (74,4,'dev/scrap','private',0,0,'enabled','enabled',1,'',1,'default','',0,NULL);
INSERT INTO "redirects" ("path","project_id") VALUES ('old/cli',60);
INSERT INTO "redirects" ("path","project_id") VALUES ('older/cli',60);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (1,2,50,NULL,50,'active',NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (2,3,51,NULL,40,'active',NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (3,4,51,NULL,30,'active',NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (4,5,51,NULL,20,'active',NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (5,7,51,NULL,30,'active',NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (6,8,NULL,60,10,'active',NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (7,9,NULL,61,30,'active','2020-01-01');
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (8,10,54,NULL,40,'active','2199-12-31');
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (9,20,51,NULL,30,'active',NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (10,21,51,NULL,30,'active',NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (11,22,51,NULL,30,'active',NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (12,25,51,NULL,30,'active',NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (13,26,51,NULL,30,'active',NULL);
INSERT INTO "members" ("id","user_id","group_id","project_id","level","state","expires_at") VALUES (14,6,NULL,62,30,'requested',NULL);
INSERT INTO "shares" ("id","group_id","project_id","with_id","level","expires_at") VALUES (1,51,NULL,54,30,NULL);
INSERT INTO "shares" ("id","group_id","project_id","with_id","level","expires_at") VALUES (2,NULL,68,55,20,'2199-12-31');
INSERT INTO "shares" ("id","group_id","project_id","with_id","level","expires_at") VALUES (3,NULL,62,54,40,'2020-01-01');
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (101,'key',1,NULL,'root''s','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEy1q/atefv1q7zK/MJp2FzSZR7UuIW1hp8kGu3wpbop','mXhe4VT8IZgX1fUCWPH5SZ3xupG1AvwouipH1zOKCA0','auth_and_signing','2024-01-02 03:04:05.678+00:00',NULL,NULL);
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (102,'key',4,NULL,'laptop','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQiuYh1mAaOMsREipSa2ykND041ueAbDuXxoeYA/iZ0','r3iiNRXIdlSVBezAaA0zSYWm4nb/0n7xonM1qm6qiOQ','auth_and_signing','2024-01-02 00:00:00+00:00',NULL,'2026-11-28 21:36:37.943589+00:00');
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (103,'key',4,NULL,'seal','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPOBYm5B5wJ+pDG/4wCelL3SWnRr7sRolI1sPHxdyaVL','BEX3O+cF6MFz2KetzzzRxhZbIipFFWUMrV7D1iY6l14','signing','2026-11-28 21:36:37.081658+00:00',NULL,NULL);
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (104,'key',4,NULL,'expired','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP1QuOOxROokT793N/VQvI3QwmULvBqtqDPKF/+NvzKb','OfYDO31n91ZPDW/v/WYjD0L0Y0vy70W+k07Q1qhLOfQ','auth_and_signing','2026-11-28 21:36:37.081658+00:00','2020-01-01 00:00:00+00:00',NULL);
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (105,'key',20,NULL,'blocked''s','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP3k+6AwrQAvfC99TDMfSdE/sOx0fs7r7GNPH/TLyp3v','Dx3307m9+EwTwHQvYaVEv0jdEWowOn7rJgmbUeKRpHw','auth_and_signing','2026-11-28 21:36:37.081658+00:00',NULL,NULL);
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (106,'key',5,NULL,'login','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILTJKvs7pX86uVn/5tMZyYSEohVaD0xlssNwEf/Rl7B1','LTCqEMQN+q7jDT6lkL+6vkqnl3Ga40TMPEHcqeZpbq8','auth','2026-11-28 21:36:37.081658+00:00','2199-12-31 00:00:00+00:00','2026-11-28 21:36:37.93988+00:00');
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (107,'key',7,NULL,'otto''s','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdUAwQyiMx80RDGpKcOyhN7brpbuM/ACKQM37PkU8Ke','kDmiuFtV7metOcfQE7VVgCRrGaNg4E8UwA9A5OtdCr8','auth_and_signing','2026-11-28 21:36:37.081658+00:00',NULL,NULL);
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (108,'key',10,NULL,'','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILkqqnyNshE5qn1+wNqo1+YlGdbuRqRTTgdkTGg6AIOR','HQfWJiiotgQjIieY+vIp5FvMn+O/eOUi+vjsqeETbvM','auth_and_signing','2026-11-28 21:36:37.081658+00:00',NULL,NULL);
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (201,'deploy_key',NULL,3,'reader','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOq6Ou97blpQV0CCwEhEYAicipXd1jF+ojc2diiEWUz','8eGELe/RF5/F8kTLlEMHuVjV9d9CuemGclN2Q8gID5Q','auth_and_signing','2026-11-28 21:36:37.081658+00:00',NULL,NULL);
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (202,'deploy_key',NULL,3,'writer','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBJivG1UCKPE4CWqDBXmT2kZfNs4kRvlrTRKlJd53z2m','SeHdxwlox49Up5O+sigmTMBIlEm99dEXKd9touYUokQ','auth_and_signing','2026-11-28 21:36:37.081658+00:00',NULL,NULL);
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (204,'deploy_key',NULL,NULL,'orphan','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJA13RPEyes9j3Gt+c/WKau8toSaTY7J7XcplqrquPpl','LRYmY8ASyJtU57qiEWrttq9pO0LVJEf2JCo2hQx3jjc','auth_and_signing','2026-11-28 21:36:37.081658+00:00',NULL,NULL);
INSERT INTO "keys" ("id","kind","user_id","creator_id","title","line","fingerprint","usage","created_at","expires_at","last_used_at") VALUES (206,'deploy_key',NULL,3,'too old','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE8qWe3INn3rQAR86D7n9c5xGlfZOrvanRzoWIxWo86I','UNabbkD+BMXPEgRrTkSGXJwzx9GytRVy7wbnWvh8LBU','auth_and_signing','2026-11-28 21:36:37.081658+00:00','2020-01-01 00:00:00+00:00',NULL);
INSERT INTO "deploy_key_projects" ("key_id","project_id","can_push") VALUES (201,60,0);
INSERT INTO "deploy_key_projects" ("key_id","project_id","can_push") VALUES (201,68,0);
INSERT INTO "deploy_key_projects" ("key_id","project_id","can_push") VALUES (202,60,1);
INSERT INTO "deploy_key_projects" ("key_id","project_id","can_push") VALUES (204,60,1);
INSERT INTO "deploy_key_projects" ("key_id","project_id","can_push") VALUES (206,60,1);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (1,60,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (2,60,'branch','release/*',1);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (3,60,'branch','locked',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (4,60,'branch','admins',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (5,60,'tag','v*',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (6,60,'tag','nightly-*',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (7,61,'branch','trunk',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (8,62,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (9,63,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (10,64,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (11,65,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (12,66,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (13,67,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (14,68,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (15,69,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (16,70,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (17,71,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (18,72,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (19,73,'branch','main',0);
INSERT INTO "protections" ("id","project_id","kind","pattern","allow_force_push") VALUES (20,74,'branch','main',0);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (1,1,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (2,1,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (3,2,'push',0,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (4,2,'push',0,4,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (5,2,'push',0,NULL,54,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (6,2,'push',0,NULL,NULL,202);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (7,2,'merge',30,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (8,3,'push',0,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (9,3,'merge',0,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (10,4,'push',60,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (11,4,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (12,5,'create',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (13,6,'create',0,4,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (14,6,'create',0,NULL,NULL,202);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (15,7,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (16,7,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (17,8,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (18,8,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (19,9,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (20,9,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (21,10,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (22,10,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (23,11,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (24,11,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (25,12,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (26,12,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (27,13,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (28,13,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (29,14,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (30,14,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (31,15,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (32,15,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (33,16,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (34,16,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (35,17,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (36,17,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (37,18,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (38,18,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (39,19,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (40,19,'merge',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (41,20,'push',40,NULL,NULL,NULL);
INSERT INTO "protection_entries" ("id","protection_id","verb","level","user_id","group_id","key_id") VALUES (42,20,'merge',40,NULL,NULL,NULL);
INSERT INTO "access_tokens" ("id","user_id","name","scopes","digest","expires_at","revoked","last_used_at","created_at") VALUES (1,1,'portal','["api","sudo"]','xTaG0M7NhVBs9yG6xEIfeDateerIzI2+SD+qDK8XBK8=',NULL,0,'2026-11-28 21:36:38.09412+00:00','2026-11-28 21:36:37.194791162+00:00');
INSERT INTO "access_tokens" ("id","user_id","name","scopes","digest","expires_at","revoked","last_used_at","created_at") VALUES (2,2,'owner','["api"]','jvSBb2BWdFhVHWXrdNeIMNvArcRtZPDJqEd6QHKWT1k=','2199-12-31 00:00:00+00:00',0,NULL,'2026-11-28 21:36:37.194971036+00:00');
INSERT INTO "access_tokens" ("id","user_id","name","scopes","digest","expires_at","revoked","last_used_at","created_at") VALUES (3,1,'old','["api"]','Nia/wQ5w5R9WJDoS2CsxBzvCkoD6NXXrqpz4/i+78+w=','2020-01-01 00:00:00+00:00',0,NULL,'2026-11-28 21:36:37.195166781+00:00');
INSERT INTO "access_tokens" ("id","user_id","name","scopes","digest","expires_at","revoked","last_used_at","created_at") VALUES (4,1,'lost','["api"]','Oml2g1sA++GowHI8RjI69DL4AjY/dsVfeJ1SlopsR+0=',NULL,1,NULL,'2026-11-28 21:36:37.195372925+00:00');
INSERT INTO "access_tokens" ("id","user_id","name","scopes","digest","expires_at","revoked","last_used_at","created_at") VALUES (5,4,'reader','["read_user","read_repository"]','uQpt3sFbHkLje8qd3KFeeOSNuYo/0srmBy1b/WXEr3w=',NULL,0,NULL,'2026-11-28 21:36:37.195738897+00:00');
INSERT INTO "access_tokens" ("id","user_id","name","scopes","digest","expires_at","revoked","last_used_at","created_at") VALUES (6,1,'command line','["api"]','GqdeO1hk5bKad8c7Pd5q10r97GJsuHruNEa1x3zNZng=',NULL,0,NULL,'2026-11-28 21:36:37.246759+00:00');
INSERT INTO "access_tokens" ("id","user_id","name","scopes","digest","expires_at","revoked","last_used_at","created_at") VALUES (7,1,'over SSH','["api"]','HS63euDDHZYjg6T8u1UoP/XfuqteuoYU77fWDymdUiU=','2199-07-24 00:00:00+00:00',0,NULL,'2026-11-28 21:36:37.981251+00:00');
INSERT INTO "agents" ("id","project_id","name","creator_id","has_vulnerabilities") VALUES (1,60,'prod',3,1);
INSERT INTO "agents" ("id","project_id","name","creator_id","has_vulnerabilities") VALUES (2,62,'staging',1,0);
INSERT INTO "agents" ("id","project_id","name","creator_id","has_vulnerabilities") VALUES (3,61,'orphan',NULL,0);
INSERT INTO "agent_tokens" ("id","agent_id","name","digest","revoked","last_used_at") VALUES (1,1,'default','NI/CWe4FvQJrCtYFAQi3Va61bC7U5hfoba2YJJs96ao=',0,'2026-11-28 21:36:38.043746+00:00');
INSERT INTO "agent_tokens" ("id","agent_id","name","digest","revoked","last_used_at") VALUES (2,1,'lost','+PalXl0iB+ayZVBGAG4a9dFUMMG+j64myyJgu065w/Q=',1,NULL);
INSERT INTO "agent_tokens" ("id","agent_id","name","digest","revoked","last_used_at") VALUES (3,2,'default','hLuTPFDMPTllrIp/iF8d0d6oIOB2uJ0tihhtAKj/9+g=',0,NULL);
INSERT INTO "agent_tokens" ("id","agent_id","name","digest","revoked","last_used_at") VALUES (4,3,'default','+V+zL7isV4t4y0bNDvSr0+Jc7wxjZUEKUZPWbgDCS8Y=',0,NULL);
INSERT INTO "agent_tokens" ("id","agent_id","name","digest","revoked","last_used_at") VALUES (5,1,'second','9VCDtP+Mv1hUKerEx/n6nue6EYUNEj6rrHrtTL9dBsc=',0,NULL);
INSERT INTO "broadcasts" ("id","message","type","starts_at","ends_at","target_path","show_in_git") VALUES (1,'Hello from post-receive','banner',NULL,NULL,'',1);
INSERT INTO "broadcasts" ("id","message","type","starts_at","ends_at","target_path","show_in_git") VALUES (2,'For acme only','banner','2020-01-01 00:00:00+00:00','2199-12-31 00:00:00+00:00','acme/*',1);
INSERT INTO "broadcasts" ("id","message","type","starts_at","ends_at","target_path","show_in_git") VALUES (3,'Long over','notification',NULL,'2020-01-01 00:00:00+00:00','',1);
INSERT INTO "reference_counters" ("repository","value","expires_at") VALUES (X'70726F6A6563742D3630',1,'2036-11-25 21:36:37.873247+00:00');
INSERT INTO "reference_counters" ("repository","value","expires_at") VALUES (X'77696B692D3630',1,'2036-11-25 21:36:37.87519+00:00');
INSERT INTO "reference_counters" ("repository","value","expires_at") VALUES (X'70726F6A6563742D3632',0,'2036-11-25 21:36:37.876524+00:00');
INSERT INTO "notices" ("user_id","repository","old_path","protocol","expires_at") VALUES (4,'project-60','old/cli','ssh','2026-11-28 21:41:37.902916+00:00');
INSERT INTO "notices" ("user_id","repository","old_path","protocol","expires_at") VALUES (4,'project-73','','ssh','2026-11-28 21:41:38.158662+00:00');
INSERT INTO "notices" ("user_id","repository","old_path","protocol","expires_at") VALUES (4,'project-74','','ssh','2026-11-28 21:41:38.183653+00:00');
INSERT INTO "pushes" ("id","repository","identifier","changes","options","received_at","settled_at") VALUES (1,X'70726F6A6563742D3630',X'6B65792D313032',X'31313131313131313131313131313131313131313131313131313131313131313131313131313131203232323232323232323232323232323232323232323232323232323232323232323232323232323220726566732F68656164732F6D61696E0A30303030303030303030303030303030303030303030303030303030303030303030303030303030203232323232323232323232323232323232323232323232323232323232323232323232323232323220726566732F746167732F76310A','"ci.skip"
"ci.variable=A=1"
"ci.variable=B=\n"
','2026-11-28 21:36:37.386713+00:00','2026-11-28 21:36:37.4691+00:00');
INSERT INTO "pushes" ("id","repository","identifier","changes","options","received_at","settled_at") VALUES (2,X'70726F6A6563742D3630',X'6B65792D313032',X'30303030303030303030303030303030303030303030303030303030303030303030303030303030203232323232323232323232323232323232323232323232323232323232323232323232323232323220726566732F68656164732F636166EFBFBD0A','','2026-11-28 21:36:37.39103+00:00','2026-11-28 21:36:37.463587+00:00');
INSERT INTO "pushes" ("id","repository","identifier","changes","options","received_at","settled_at") VALUES (3,X'70726F6A6563742D3632',X'757365722D32',X'30303030303030303030303030303030303030303030303030303030303030303030303030303030203232323232323232323232323232323232323232323232323232323232323232323232323232323220726566732F746167732F76320A','','2026-11-28 21:36:37.87785+00:00',NULL);
INSERT INTO "pushes" ("id","repository","identifier","changes","options","received_at","settled_at") VALUES (4,X'70726F6A6563742D3630',X'6B65792D313031',X'31313131313131313131313131313131313131313131313131313131313131313131313131313131203030303030303030303030303030303030303030303030303030303030303030303030303030303020726566732F68656164732F6F6C640A30303030303030303030303030303030303030303030303030303030303030303030303030303030203232323232323232323232323232323232323232323232323232323232323232323232323232323220726566732F68656164732FC3BC0A','"mr.create"
','2026-11-28 21:36:37.885629+00:00',NULL);
INSERT INTO "recovery_codes" ("user_id","digest") VALUES (7,'lQix4/vdCvOl8HEXDJ0yroiQzGhdAQZ5ni/H+PpcwfE=');
INSERT INTO "recovery_codes" ("user_id","digest") VALUES (7,'FrKJ5PICwh249NsZKnzJ5j6s6/reD3ey7eSN3b1vwKI=');
INSERT INTO "recovery_codes" ("user_id","digest") VALUES (7,'qHazhzue7c8X+ukco0z2tT3TcBXm7cwcOSVeUA4cj30=');
INSERT INTO "recovery_codes" ("user_id","digest") VALUES (7,'Y1hP0HrQ4WWSoq/Hzne7HippiviCtfkIVbi8uR4+9KQ=');
INSERT INTO "recovery_codes" ("user_id","digest") VALUES (7,'+M2jpl96viDv1jm5Xe3IlkQTTnNsuGjh2COzpIz6dPI=');
INSERT INTO "recovery_codes" ("user_id","digest") VALUES (7,'Jb2qA+gn39Tv9223KrMD4mZZrY29MR9TcrFqSB90URc=');
INSERT INTO "recovery_codes" ("user_id","digest") VALUES (7,'/PdfdwrUluDFL34VfqSy1l/kj7czMyNbhi8G3Z+mDH4=');
INSERT INTO "recovery_codes" ("user_id","digest") VALUES (7,'qpR0vpnf3Et56Pm3Q8h1vtUCHpswhoJXutjzbsTP74k=');
INSERT INTO "recovery_codes" ("user_id","digest") VALUES (7,'p2eK75uvqXBP6WU8takEWxsI7tnIIl51psf8rbugTMk=');
INSERT INTO "recovery_codes" ("user_id","digest") VALUES (7,'YHAXt+/WbvzkfpIsould1z85QmnV39RyDGDU+kTlmLc=');
INSERT INTO "otp_sessions" ("user_id","key_id","expires_at") VALUES (7,107,'2036-11-25 21:36:37.909442+00:00');
INSERT INTO "audit_events" ("id","at","action","verb","protocol","repository","user_id","username","key_id","key_kind","address","wants","haves","payload_size","written_bytes","received_bytes") VALUES (1,'2026-11-28 21:36:37.944994+00:00','git-upload-pack','pull',X'737368',X'70726F6A6563742D3630',4,X'646576',102,'key',X'3139382E35312E3130302E37',3,2,0,0,0);
INSERT INTO "audit_events" ("id","at","action","verb","protocol","repository","user_id","username","key_id","key_kind","address","wants","haves","payload_size","written_bytes","received_bytes") VALUES (2,'2026-11-28 21:36:37.96321+00:00','git-receive-pack','push',X'737368',X'70726F6A6563742D3630',7,X'6F74746F',107,'key',X'3139382E35312E3130302E37',3,2,0,0,0);
INSERT INTO "instance_notes" ("name","value") VALUES ('instance key','v1:ewlBmp/rdqunK8gSvLsd7+5kgdqv4mGtOY7ict7oHYXtRKMpKvmNOA');
INSERT INTO "usage_counters" ("name","value") VALUES ('kubernetes_agent_gitops_sync',7);
INSERT INTO "usage_counters" ("name","value") VALUES ('kubernetes_agent_k8s_api_proxy_request',4);
INSERT INTO "usage_members" ("name","member") VALUES ('agent_users_using_ci_tunnel',4);
INSERT INTO "usage_members" ("name","member") VALUES ('agent_users_using_ci_tunnel',5);
INSERT INTO "usage_members" ("name","member") VALUES ('agent_users_using_ci_tunnel',6);
INSERT INTO "usage_members" ("name","member") VALUES ('k8s_api_proxy_requests_unique_users_via_ci_access',4);
INSERT INTO "usage_members" ("name","member") VALUES ('k8s_api_proxy_requests_unique_users_via_ci_access',5);
INSERT INTO "agent_authorizations" ("agent_id","access","holder","path") VALUES (1,'ci_access','project','acme/tools/lib');
INSERT INTO "agent_authorizations" ("agent_id","access","holder","path") VALUES (1,'ci_access','group','acme');
INSERT INTO "agent_authorizations" ("agent_id","access","holder","path") VALUES (1,'user_access','project','acme/tools/cli');
INSERT INTO "findings" ("uuid","project_id","agent_id","author_id","report_type","state","title","severity","confidence","message","description","solution","location","identifiers","links","scanner_id","scanner_name","scanner_vendor","resolved_on_default_branch","detected_at") VALUES ('c04244f0-81ea-5f11-be6c-5b8b86d545e0',60,1,3,'cluster_image_scanning','detected','CVE-1 in libc','high','unknown','m
ü','d','s','{"image":"i","kubernetes_resource":{"container_name":"nginx","kind":"deployment","name":"nginx","namespace":"production"}}','[{"Type":"cve","Name":"CVE-1 \u003c\u0026\u003e é","Value":"CVE-1","URL":"https://example.com/?a=1\u0026b=CVE-1"},{"Type":"cwe","Name":"CWE-1 \u003c\u0026\u003e é","Value":"CWE-1","URL":"https://example.com/?a=1\u0026b=CWE-1"}]','[{"url":"https://example.com/CVE-1 in libc"}]','starboard_trivy','Trivy','GitLab',0,'2026-11-28 21:36:38.025307+00:00');
INSERT INTO "findings" ("uuid","project_id","agent_id","author_id","report_type","state","title","severity","confidence","message","description","solution","location","identifiers","links","scanner_id","scanner_name","scanner_vendor","resolved_on_default_branch","detected_at") VALUES ('2574da93-3f6e-5823-80ba-a7fa3adde19b',60,1,3,'cluster_image_scanning','resolved','CVE-2 in libssl','high','unknown','m
ü','d','s','{"image":"i","kubernetes_resource":{"container_name":"nginx","kind":"deployment","name":"nginx","namespace":"production"}}','[{"Type":"cve","Name":"CVE-2 \u003c\u0026\u003e é","Value":"CVE-2","URL":"https://example.com/?a=1\u0026b=CVE-2"}]','[{"url":"https://example.com/CVE-2 in libssl"}]','starboard_trivy','Trivy','GitLab',1,'2026-11-28 21:36:38.027464+00:00');
INSERT INTO "findings" ("uuid","project_id","agent_id","author_id","report_type","state","title","severity","confidence","message","description","solution","location","identifiers","links","scanner_id","scanner_name","scanner_vendor","resolved_on_default_branch","detected_at") VALUES ('4770967e-b1ce-5fae-9b91-56c3fd2f9530',60,1,3,'cluster_image_scanning','resolved','CVE-3','high','unknown','m
ü','d','s','{"image":"i","kubernetes_resource":{"container_name":"nginx","kind":"deployment","name":"nginx","namespace":"production"}}','[{"Type":"cve","Name":"CVE-3 \u003c\u0026\u003e é","Value":"CVE-3","URL":"https://example.com/?a=1\u0026b=CVE-3"}]','[{"url":"https://example.com/CVE-3"}]','starboard_trivy','Trivy','GitLab',1,'2026-11-28 21:36:38.029951+00:00');
INSERT INTO "findings" ("uuid","project_id","agent_id","author_id","report_type","state","title","severity","confidence","message","description","solution","location","identifiers","links","scanner_id","scanner_name","scanner_vendor","resolved_on_default_branch","detected_at") VALUES ('21dc8cea-7c83-545b-84ac-14947926f1d7',60,1,3,'cluster_image_scanning','detected','CVE-4','high','unknown','m
ü','d','s','{"image":"i","kubernetes_resource":{"container_name":"nginx","kind":"deployment","name":"nginx","namespace":"production"}}','[{"Type":"cve","Name":"CVE-4 \u003c\u0026\u003e é","Value":"CVE-4","URL":"https://example.com/?a=1\u0026b=CVE-4"}]','[{"url":"https://example.com/CVE-4"}]','starboard_trivy','Trivy','GitLab',0,'2026-11-28 21:36:38.044006+00:00');
INSERT INTO "subscriptions" ("id","namespace_id","plan","start_date","end_date","seats","max_seats_used","seats_in_use","seats_owed","auto_renew","trial","trial_starts_on","trial_ends_on","trial_extension_type","max_seats_used_changed_at","created_at","updated_at") VALUES (1,50,'premium','2020-07-15','2199-07-15',90,95,82,2,1,0,NULL,NULL,0,'2026-11-28 21:36:38.052808+00:00','2026-11-28 21:36:37.081658+00:00','2026-11-28 21:36:38.052808+00:00');
INSERT INTO "subscriptions" ("id","namespace_id","plan","start_date","end_date","seats","max_seats_used","seats_in_use","seats_owed","auto_renew","trial","trial_starts_on","trial_ends_on","trial_extension_type","max_seats_used_changed_at","created_at","updated_at") VALUES (2,52,'ultimate_trial','2020-07-15',NULL,0,0,0,0,NULL,1,'2020-07-15','2199-08-15',1,NULL,'2026-11-28 21:36:37.081658+00:00','2026-11-28 21:36:37.081658+00:00');
INSERT INTO "subscriptions" ("id","namespace_id","plan","start_date","end_date","seats","max_seats_used","seats_in_use","seats_owed","auto_renew","trial","trial_starts_on","trial_ends_on","trial_extension_type","max_seats_used_changed_at","created_at","updated_at") VALUES (3,4,'free','2020-01-01',NULL,0,0,0,0,NULL,0,NULL,NULL,0,NULL,'2026-11-28 21:36:37.081658+00:00','2026-11-28 21:36:37.081658+00:00');
INSERT INTO "subscriptions" ("id","namespace_id","plan","start_date","end_date","seats","max_seats_used","seats_in_use","seats_owed","auto_renew","trial","trial_starts_on","trial_ends_on","trial_extension_type","max_seats_used_changed_at","created_at","updated_at") VALUES (4,54,'premium','2020-02-01','2199-02-01',7,0,1,0,NULL,0,NULL,NULL,0,NULL,'2026-11-28 21:36:38.057601+00:00','2026-11-28 21:36:38.062474+00:00');
INSERT INTO "subscription_history" ("id","changed_at","subscription_id","namespace_id","plan","start_date","end_date","seats","max_seats_used","seats_in_use","seats_owed","auto_renew","trial","trial_starts_on","trial_ends_on","trial_extension_type","max_seats_used_changed_at","created_at","updated_at") VALUES (1,'2026-11-28 21:36:38.052808+00:00',1,50,'premium','2020-07-15','2199-07-15',80,82,82,2,1,0,NULL,NULL,0,NULL,'2026-11-28 21:36:37.081658+00:00','2026-11-28 21:36:37.081658+00:00');
INSERT INTO "subscription_history" ("id","changed_at","subscription_id","namespace_id","plan","start_date","end_date","seats","max_seats_used","seats_in_use","seats_owed","auto_renew","trial","trial_starts_on","trial_ends_on","trial_extension_type","max_seats_used_changed_at","created_at","updated_at") VALUES (2,'2026-11-28 21:36:38.062474+00:00',4,54,'ultimate','2020-02-01','2199-02-01',7,0,1,0,NULL,0,NULL,NULL,0,NULL,'2026-11-28 21:36:38.057601+00:00','2026-11-28 21:36:38.057601+00:00');
INSERT INTO "minutes_packs" ("id","namespace_id","purchase_xid","number_of_minutes","expires_at") VALUES (1,50,'pack-of-the-world',1000,'2199-01-01');
INSERT INTO "minutes_packs" ("id","namespace_id","purchase_xid","number_of_minutes","expires_at") VALUES (2,54,'pack-of-partners',500,'2199-02-01');
INSERT INTO "minutes_packs" ("id","namespace_id","purchase_xid","number_of_minutes","expires_at") VALUES (3,55,'pack-of-mixed',500,'2199-02-01');
INSERT INTO "upcoming_reconciliations" ("namespace_id","next_reconciliation_date","display_alert_from","created_at","updated_at") VALUES (50,'2199-06-13','2199-06-06','2026-11-28 21:36:37.081658+00:00','2026-11-28 21:36:37.081658+00:00');
INSERT INTO "upcoming_reconciliations" ("namespace_id","next_reconciliation_date","display_alert_from","created_at","updated_at") VALUES (52,'2020-06-13','2020-06-06','2026-11-28 21:36:37.081658+00:00','2026-11-28 21:36:37.081658+00:00');
INSERT INTO "upcoming_reconciliations" ("namespace_id","next_reconciliation_date","display_alert_from","created_at","updated_at") VALUES (54,'2199-08-13','2199-08-06','2026-11-28 21:36:38.094594+00:00','2026-11-28 21:36:38.094594+00:00');
INSERT INTO "river_queue" ("name","created_at","metadata","paused_at","updated_at") VALUES ('default','2026-11-28 21:36:37.376','{}',NULL,'2026-11-28 21:36:37.376');
INSERT INTO "river_migration" ("line","version","created_at") VALUES ('main',1,'2026-11-28 21:36:37');
INSERT INTO "river_migration" ("line","version","created_at") VALUES ('main',2,'2026-11-28 21:36:37');
INSERT INTO "river_migration" ("line","version","created_at") VALUES ('main',3,'2026-11-28 21:36:37');
INSERT INTO "river_migration" ("line","version","created_at") VALUES ('main',4,'2026-11-28 21:36:37');
INSERT INTO "river_migration" ("line","version","created_at") VALUES ('main',5,'2026-11-28 21:36:37');
INSERT INTO "river_migration" ("line","version","created_at") VALUES ('main',6,'2026-11-28 21:36:37');
INSERT INTO "river_job" ("id","args","attempt","attempted_at","attempted_by","created_at","errors","finalized_at","kind","max_attempts","metadata","priority","queue","state","scheduled_at","tags","unique_key","unique_states") VALUES (1,X'7B227375626A656374223A317D',1,'2026-11-28 21:36:37.446','["db2ca866-b7de-4db3-8bec-f9b26e06131b"]','2026-11-28 21:36:37.387',NULL,'2026-11-28 21:36:37.472665427+00:00','push_received',25,'{"river:unique_nonce":"8ed342e4b51fd147"}',1,'default','completed','2026-11-28 21:36:37.387','[]',NULL,NULL);
INSERT INTO "river_job" ("id","args","attempt","attempted_at","attempted_by","created_at","errors","finalized_at","kind","max_attempts","metadata","priority","queue","state","scheduled_at","tags","unique_key","unique_states") VALUES (2,X'7B227375626A656374223A327D',1,'2026-11-28 21:36:37.446','["db2ca866-b7de-4db3-8bec-f9b26e06131b"]','2026-11-28 21:36:37.391',NULL,'2026-11-28 21:36:37.468726428+00:00','push_received',25,'{"river:unique_nonce":"c5154c43134f71ca"}',1,'default','completed','2026-11-28 21:36:37.391','[]',NULL,NULL);
INSERT INTO "river_job" ("id","args","attempt","attempted_at","attempted_by","created_at","errors","finalized_at","kind","max_attempts","metadata","priority","queue","state","scheduled_at","tags","unique_key","unique_states") VALUES (3,X'7B227375626A656374223A317D',1,'2026-11-28 21:36:37.496','["db2ca866-b7de-4db3-8bec-f9b26e06131b"]','2026-11-28 21:36:37.464','[{"at":"2026-11-28T21:36:37.497819241Z","attempt":1,"error":"hook 31: no answer: dial tcp 127.0.0.1:9: connect: connection refused","trace":""}]',NULL,'deliver_webhook',25,'{"river:unique_nonce":"bb220c1cf0c8cea0"}',1,'default','retryable','2026-11-28 22:36:37.517754808+00:00','[]',NULL,NULL);
INSERT INTO "river_job" ("id","args","attempt","attempted_at","attempted_by","created_at","errors","finalized_at","kind","max_attempts","metadata","priority","queue","state","scheduled_at","tags","unique_key","unique_states") VALUES (4,X'7B227375626A656374223A327D',1,'2026-11-28 21:36:37.496','["db2ca866-b7de-4db3-8bec-f9b26e06131b"]','2026-11-28 21:36:37.470','[{"at":"2026-11-28T21:36:37.497745705Z","attempt":1,"error":"hook 31: no answer: dial tcp 127.0.0.1:9: connect: connection refused","trace":""}]',NULL,'deliver_webhook',25,'{"river:unique_nonce":"9deadb706d3b6be1"}',1,'default','retryable','2026-11-28 22:36:37.511591816+00:00','[]',NULL,NULL);
INSERT INTO "river_job" ("id","args","attempt","attempted_at","attempted_by","created_at","errors","finalized_at","kind","max_attempts","metadata","priority","queue","state","scheduled_at","tags","unique_key","unique_states") VALUES (5,X'7B227375626A656374223A337D',1,'2026-11-28 21:36:37.551','["db2ca866-b7de-4db3-8bec-f9b26e06131b"]','2026-11-28 21:36:37.470','[{"at":"2026-11-28T21:36:37.573458549Z","attempt":1,"error":"hook 32: no answer: dial tcp 127.0.0.1:9: connect: connection refused","trace":""}]',NULL,'deliver_webhook',25,'{"river:unique_nonce":"0940932126856715"}',1,'default','retryable','2026-11-28 22:36:37.592173928+00:00','[]',NULL,NULL);
INSERT INTO "river_job" ("id","args","attempt","attempted_at","attempted_by","created_at","errors","finalized_at","kind","max_attempts","metadata","priority","queue","state","scheduled_at","tags","unique_key","unique_states") VALUES (6,X'7B227375626A656374223A347D',1,'2026-11-28 21:36:37.551','["db2ca866-b7de-4db3-8bec-f9b26e06131b"]','2026-11-28 21:36:37.471','[{"at":"2026-11-28T21:36:37.567788171Z","attempt":1,"error":"hook 31: no answer: dial tcp 127.0.0.1:9: connect: connection refused","trace":""}]',NULL,'deliver_webhook',25,'{"river:unique_nonce":"3bd04a95f6e48b76"}',1,'default','retryable','2026-11-28 22:36:37.574263284+00:00','[]',NULL,NULL);
INSERT INTO "river_job" ("id","args","attempt","attempted_at","attempted_by","created_at","errors","finalized_at","kind","max_attempts","metadata","priority","queue","state","scheduled_at","tags","unique_key","unique_states") VALUES (7,X'7B227375626A656374223A337D',0,NULL,NULL,'2026-11-28 21:36:37.878',NULL,NULL,'push_received',25,'{"river:unique_nonce":"a05199ef4946a315"}',1,'default','available','2026-11-28 21:36:37.878','[]',NULL,NULL);
INSERT INTO "river_job" ("id","args","attempt","attempted_at","attempted_by","created_at","errors","finalized_at","kind","max_attempts","metadata","priority","queue","state","scheduled_at","tags","unique_key","unique_states") VALUES (8,X'7B227375626A656374223A347D',0,NULL,NULL,'2026-11-28 21:36:37.886',NULL,NULL,'push_received',25,'{"river:unique_nonce":"a7d675f8f4f6bc61"}',1,'default','available','2026-11-28 21:36:37.886','[]',NULL,NULL);
INSERT INTO "river_job" ("id","args","attempt","attempted_at","attempted_by","created_at","errors","finalized_at","kind","max_attempts","metadata","priority","queue","state","scheduled_at","tags","unique_key","unique_states") VALUES (9,X'7B227375626A656374223A37337D',0,NULL,NULL,'2026-11-28 21:36:38.166',NULL,NULL,'create_repository',25,'{"river:unique_nonce":"5ae2aff821542701"}',1,'default','available','2026-11-28 21:36:38.166','[]',NULL,NULL);
INSERT INTO "river_job" ("id","args","attempt","attempted_at","attempted_by","created_at","errors","finalized_at","kind","max_attempts","metadata","priority","queue","state","scheduled_at","tags","unique_key","unique_states") VALUES (10,X'7B227375626A656374223A37347D',0,NULL,NULL,'2026-11-28 21:36:38.185',NULL,'2026-11-28 21:36:38.273','create_repository',25,'{"river:unique_nonce":"ca2e904839d1b0bd","cancel_attempted_at":"2026-11-28T21:36:38.273447335Z"}',1,'default','cancelled','2026-11-28 21:36:38.185','[]',NULL,NULL);
INSERT INTO "hooks" ("id","group_id","project_id","url","token","push","tag_push","branches","trusting","failures","paused_until","disabled","status","last_at") VALUES (31,NULL,60,'http://127.0.0.1:9/cli?x=1','v1:DpnfReUI7BW8WrS5RU5/CrW3ktL/nao7z1p6Pg9gJTOUp0Y1uxxYRl3tD6w',1,1,'',0,3,NULL,0,0,'2026-11-28 21:36:37.568836+00:00');
INSERT INTO "hooks" ("id","group_id","project_id","url","token","push","tag_push","branches","trusting","failures","paused_until","disabled","status","last_at") VALUES (32,50,NULL,'http://127.0.0.1:9/acme','',1,0,'main',0,1,NULL,0,0,'2026-11-28 21:36:37.574896+00:00');
INSERT INTO "hooks" ("id","group_id","project_id","url","token","push","tag_push","branches","trusting","failures","paused_until","disabled","status","last_at") VALUES (33,NULL,62,'http://127.0.0.1:9/site','',0,1,'',1,0,NULL,0,0,NULL);
INSERT INTO "hooks" ("id","group_id","project_id","url","token","push","tag_push","branches","trusting","failures","paused_until","disabled","status","last_at") VALUES (34,NULL,72,'http://127.0.0.1:9/disabled','',1,0,'',0,40,NULL,1,500,'2024-01-02 03:04:05.678+00:00');
INSERT INTO "hooks" ("id","group_id","project_id","url","token","push","tag_push","branches","trusting","failures","paused_until","disabled","status","last_at") VALUES (35,NULL,66,'http://127.0.0.1:9/paused','',1,0,'',0,4,'2126-01-02 03:04:05+00:00',0,404,'2024-01-02 03:04:05+00:00');
INSERT INTO "hook_deliveries" ("id","hook_id","event_id","key","event","created_at") VALUES (1,31,'3c0803e0-30b9-42b4-bc9f-556120785710','71f3172a-2e53-4ab7-8c9a-8f7c7686781b',X'7B224368616E6765223A7B224F6C64223A2230303030303030303030303030303030303030303030303030303030303030303030303030303030222C224E6577223A2232323232323232323232323232323232323232323232323232323232323232323232323232323232222C22526566223A7B224B696E64223A312C224E616D65223A22636166EFBFBD227D7D2C2250726F746563746564223A66616C73652C22436865636B6F7574223A2232323232323232323232323232323232323232323232323232323232323232323232323232323232222C2255736572223A7B224944223A342C22557365726E616D65223A22646576222C224E616D65223A2244C3A964C3A9222C22456D61696C223A22646576406578616D706C652E636F6D222C225374617465223A22616374697665222C2254797065223A2268756D616E222C2241646D696E223A66616C73652C2245787465726E616C223A66616C73652C225465726D734163636570746564223A66616C73652C22456D61696C436F6E6669726D6564223A747275652C2250617373776F7264457870697265734174223A22303030312D30312D30315430303A30303A30305A222C2243726564656E7469616C56657273696F6E223A312C2254776F466163746F72223A747275657D2C2250726F6A656374223A7B224944223A36302C22506C616E6E6564223A66616C73652C2250617468223A2261636D652F746F6F6C732F636C69222C22526F6F74223A7B224944223A35302C2250617468223A2261636D65222C22506572736F6E616C223A66616C73652C22416C6C6F776564495073223A6E756C6C2C2250726F746F636F6C73223A22616C6C222C2252657175697265535348436572746966696361746573223A66616C73657D2C225669736962696C697479223A2270726976617465222C224172636869766564223A66616C73652C22526561644F6E6C79223A66616C73652C225265706F7369746F7279223A22656E61626C6564222C2257696B69223A22656E61626C6564222C224C4653223A747275652C2244656661756C744272616E6368223A226D61696E222C22456D707479223A66616C73652C2244656661756C744272616E636850726F74656374696F6E223A6E756C6C2C2253746F72616765223A2264656661756C74222C224C656761637950617468223A22222C2250726F74656374696F6E73223A6E756C6C7D2C22436F6D6D697473223A5B5D2C22546F74616C223A302C224F7074696F6E73223A5B5D7D','2026-11-28 21:36:37.463587+00:00');
INSERT INTO "hook_deliveries" ("id","hook_id","event_id","key","event","created_at") VALUES (2,31,'3bf1d38b-e008-48e8-b30a-d6ddc7e63eb1','51decdca-67f5-4ce3-9d09-55f63cc485bd',X'7B224368616E6765223A7B224F6C64223A2231313131313131313131313131313131313131313131313131313131313131313131313131313131222C224E6577223A2232323232323232323232323232323232323232323232323232323232323232323232323232323232222C22526566223A7B224B696E64223A312C224E616D65223A226D61696E227D7D2C2250726F746563746564223A747275652C22436865636B6F7574223A2232323232323232323232323232323232323232323232323232323232323232323232323232323232222C2255736572223A7B224944223A342C22557365726E616D65223A22646576222C224E616D65223A2244C3A964C3A9222C22456D61696C223A22646576406578616D706C652E636F6D222C225374617465223A22616374697665222C2254797065223A2268756D616E222C2241646D696E223A66616C73652C2245787465726E616C223A66616C73652C225465726D734163636570746564223A66616C73652C22456D61696C436F6E6669726D6564223A747275652C2250617373776F7264457870697265734174223A22303030312D30312D30315430303A30303A30305A222C2243726564656E7469616C56657273696F6E223A312C2254776F466163746F72223A747275657D2C2250726F6A656374223A7B224944223A36302C22506C616E6E6564223A66616C73652C2250617468223A2261636D652F746F6F6C732F636C69222C22526F6F74223A7B224944223A35302C2250617468223A2261636D65222C22506572736F6E616C223A66616C73652C22416C6C6F776564495073223A6E756C6C2C2250726F746F636F6C73223A22616C6C222C2252657175697265535348436572746966696361746573223A66616C73657D2C225669736962696C697479223A2270726976617465222C224172636869766564223A66616C73652C22526561644F6E6C79223A66616C73652C225265706F7369746F7279223A22656E61626C6564222C2257696B69223A22656E61626C6564222C224C4653223A747275652C2244656661756C744272616E6368223A226D61696E222C22456D707479223A66616C73652C2244656661756C744272616E636850726F74656374696F6E223A6E756C6C2C2253746F72616765223A2264656661756C74222C224C656761637950617468223A22222C2250726F74656374696F6E73223A6E756C6C7D2C22436F6D6D697473223A5B7B224944223A2232323232323232323232323232323232323232323232323232323232323232323232323232323232222C225469746C65223A226E657874205C75303033635C75303032365C7530303365222C224D657373616765223A226E657874205C75303033635C75303032365C75303033655C6E5C6EC3BC20636166EFBFBD5C7530303031222C224174223A22323032342D30332D30315430373A33333A30342B30353A3330222C22417574686F724E616D65223A2244C3A964C3A9222C22417574686F72456D61696C223A22646576406578616D706C652E636F6D222C224164646564223A5B22612062222C22636166EFBFBD225D2C224D6F646966696564223A5B22C3A9225D2C2252656D6F766564223A5B225C5C225D7D5D2C22546F74616C223A312C224F7074696F6E73223A5B2263692E736B6970222C2263692E7661726961626C653D413D31222C2263692E7661726961626C653D423D5C6E225D7D','2026-11-28 21:36:37.4691+00:00');
INSERT INTO "hook_deliveries" ("id","hook_id","event_id","key","event","created_at") VALUES (3,32,'3bf1d38b-e008-48e8-b30a-d6ddc7e63eb1','ec000bde-7d4a-47b0-b50b-00fe1903a24e',X'7B224368616E6765223A7B224F6C64223A2231313131313131313131313131313131313131313131313131313131313131313131313131313131222C224E6577223A2232323232323232323232323232323232323232323232323232323232323232323232323232323232222C22526566223A7B224B696E64223A312C224E616D65223A226D61696E227D7D2C2250726F746563746564223A747275652C22436865636B6F7574223A2232323232323232323232323232323232323232323232323232323232323232323232323232323232222C2255736572223A7B224944223A342C22557365726E616D65223A22646576222C224E616D65223A2244C3A964C3A9222C22456D61696C223A22646576406578616D706C652E636F6D222C225374617465223A22616374697665222C2254797065223A2268756D616E222C2241646D696E223A66616C73652C2245787465726E616C223A66616C73652C225465726D734163636570746564223A66616C73652C22456D61696C436F6E6669726D6564223A747275652C2250617373776F7264457870697265734174223A22303030312D30312D30315430303A30303A30305A222C2243726564656E7469616C56657273696F6E223A312C2254776F466163746F72223A747275657D2C2250726F6A656374223A7B224944223A36302C22506C616E6E6564223A66616C73652C2250617468223A2261636D652F746F6F6C732F636C69222C22526F6F74223A7B224944223A35302C2250617468223A2261636D65222C22506572736F6E616C223A66616C73652C22416C6C6F776564495073223A6E756C6C2C2250726F746F636F6C73223A22616C6C222C2252657175697265535348436572746966696361746573223A66616C73657D2C225669736962696C697479223A2270726976617465222C224172636869766564223A66616C73652C22526561644F6E6C79223A66616C73652C225265706F7369746F7279223A22656E61626C6564222C2257696B69223A22656E61626C6564222C224C4653223A747275652C2244656661756C744272616E6368223A226D61696E222C22456D707479223A66616C73652C2244656661756C744272616E636850726F74656374696F6E223A6E756C6C2C2253746F72616765223A2264656661756C74222C224C656761637950617468223A22222C2250726F74656374696F6E73223A6E756C6C7D2C22436F6D6D697473223A5B7B224944223A2232323232323232323232323232323232323232323232323232323232323232323232323232323232222C225469746C65223A226E657874205C75303033635C75303032365C7530303365222C224D657373616765223A226E657874205C75303033635C75303032365C75303033655C6E5C6EC3BC20636166EFBFBD5C7530303031222C224174223A22323032342D30332D30315430373A33333A30342B30353A3330222C22417574686F724E616D65223A2244C3A964C3A9222C22417574686F72456D61696C223A22646576406578616D706C652E636F6D222C224164646564223A5B22612062222C22636166EFBFBD225D2C224D6F646966696564223A5B22C3A9225D2C2252656D6F766564223A5B225C5C225D7D5D2C22546F74616C223A312C224F7074696F6E73223A5B2263692E736B6970222C2263692E7661726961626C653D413D31222C2263692E7661726961626C653D423D5C6E225D7D','2026-11-28 21:36:37.4691+00:00');
INSERT INTO "hook_deliveries" ("id","hook_id","event_id","key","event","created_at") VALUES (4,31,'22bee836-105e-41a7-a5c1-258ec383d19f','8a4573d4-dda4-4a80-855f-7dfac9a2c100',X'7B224368616E6765223A7B224F6C64223A2230303030303030303030303030303030303030303030303030303030303030303030303030303030222C224E6577223A2232323232323232323232323232323232323232323232323232323232323232323232323232323232222C22526566223A7B224B696E64223A322C224E616D65223A227631227D7D2C2250726F746563746564223A747275652C22436865636B6F7574223A2232323232323232323232323232323232323232323232323232323232323232323232323232323232222C2255736572223A7B224944223A342C22557365726E616D65223A22646576222C224E616D65223A2244C3A964C3A9222C22456D61696C223A22646576406578616D706C652E636F6D222C225374617465223A22616374697665222C2254797065223A2268756D616E222C2241646D696E223A66616C73652C2245787465726E616C223A66616C73652C225465726D734163636570746564223A66616C73652C22456D61696C436F6E6669726D6564223A747275652C2250617373776F7264457870697265734174223A22303030312D30312D30315430303A30303A30305A222C2243726564656E7469616C56657273696F6E223A312C2254776F466163746F72223A747275657D2C2250726F6A656374223A7B224944223A36302C22506C616E6E6564223A66616C73652C2250617468223A2261636D652F746F6F6C732F636C69222C22526F6F74223A7B224944223A35302C2250617468223A2261636D65222C22506572736F6E616C223A66616C73652C22416C6C6F776564495073223A6E756C6C2C2250726F746F636F6C73223A22616C6C222C2252657175697265535348436572746966696361746573223A66616C73657D2C225669736962696C697479223A2270726976617465222C224172636869766564223A66616C73652C22526561644F6E6C79223A66616C73652C225265706F7369746F7279223A22656E61626C6564222C2257696B69223A22656E61626C6564222C224C4653223A747275652C2244656661756C744272616E6368223A226D61696E222C22456D707479223A66616C73652C2244656661756C744272616E636850726F74656374696F6E223A6E756C6C2C2253746F72616765223A2264656661756C74222C224C656761637950617468223A22222C2250726F74656374696F6E73223A6E756C6C7D2C22436F6D6D697473223A5B7B224944223A2232323232323232323232323232323232323232323232323232323232323232323232323232323232222C225469746C65223A226E657874205C75303033635C75303032365C7530303365222C224D657373616765223A226E657874205C75303033635C75303032365C75303033655C6E5C6EC3BC20636166EFBFBD5C7530303031222C224174223A22323032342D30332D30315430373A33333A30342B30353A3330222C22417574686F724E616D65223A2244C3A964C3A9222C22417574686F72456D61696C223A22646576406578616D706C652E636F6D222C224164646564223A5B22612062222C22636166EFBFBD225D2C224D6F646966696564223A5B22C3A9225D2C2252656D6F766564223A5B225C5C225D7D5D2C22546F74616C223A312C224F7074696F6E73223A5B2263692E736B6970222C2263692E7661726961626C653D413D31222C2263692E7661726961626C653D423D5C6E225D7D','2026-11-28 21:36:37.4691+00:00');
DELETE FROM sqlite_sequence;
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('goose_db_version',8);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('namespaces',56);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('users',27);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('projects',74);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('keys',206);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('protections',20);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('protection_entries',42);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('members',14);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('shares',3);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('access_tokens',7);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('agents',3);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('agent_tokens',5);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('broadcasts',3);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('hooks',35);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('subscriptions',4);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('minutes_packs',3);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('pushes',4);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('hook_deliveries',4);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('audit_events',2);
INSERT INTO "sqlite_sequence" ("name","seq") VALUES ('subscription_history',2);
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
