-- +goose Up

-- Pushes under way by repository, named as the caller names it. Texts that
-- callers make up are bytes here, as they are on PostgreSQL.
CREATE TABLE reference_counters (
    repository blob PRIMARY KEY,
    value      integer NOT NULL,
    expires_at timestamp NOT NULL
);

-- What users have to be told once. They are short-lived, and may as well be
-- kept in another store, so they refer to nothing.
CREATE TABLE notices (
    user_id    integer NOT NULL,
    repository text NOT NULL,
    old_path   text NOT NULL,
    protocol   text NOT NULL,
    expires_at timestamp NOT NULL,
    PRIMARY KEY (user_id, repository)
);
CREATE INDEX notices_expires_at ON notices (expires_at);

-- Pushes that landed. Options are quoted as Go does, one a line.
CREATE TABLE pushes (
    id          integer PRIMARY KEY AUTOINCREMENT,
    repository  blob NOT NULL,
    identifier  blob NOT NULL,
    changes     blob NOT NULL,
    options     text NOT NULL,
    received_at timestamp NOT NULL
);

-- +goose Down
DROP TABLE pushes;
DROP TABLE notices;
DROP TABLE reference_counters;
