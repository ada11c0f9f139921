-- +goose Up

-- What namespaces have subscribed to. plan is a code, empty for none: the plans
-- themselves are configuration.
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

-- What subscriptions were until they were changed. Rows are never changed, and
-- outlive what they name.
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
CREATE INDEX subscription_history_namespace ON subscription_history (namespace_id);

-- Compute minutes that were bought. The portal's name for a purchase is unique
-- over all namespaces, to the byte.
CREATE TABLE minutes_packs (
    id                integer PRIMARY KEY AUTOINCREMENT,
    namespace_id      integer NOT NULL REFERENCES namespaces ON DELETE CASCADE,
    purchase_xid      text NOT NULL UNIQUE,
    number_of_minutes integer NOT NULL,
    expires_at        date NOT NULL
);
CREATE INDEX minutes_packs_namespace ON minutes_packs (namespace_id);

CREATE TABLE upcoming_reconciliations (
    namespace_id             integer PRIMARY KEY REFERENCES namespaces ON DELETE CASCADE,
    next_reconciliation_date date NOT NULL,
    display_alert_from       date NOT NULL,
    created_at               timestamp NOT NULL,
    updated_at               timestamp NOT NULL
);

-- +goose Down
DROP TABLE upcoming_reconciliations;
DROP TABLE minutes_packs;
DROP TABLE subscription_history;
DROP TABLE subscriptions;
