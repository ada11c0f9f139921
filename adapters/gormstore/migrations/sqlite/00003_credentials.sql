-- +goose Up

-- The secret of one-time passwords is sealed; otp_last_step is the time step of
-- the code that was accepted last.
ALTER TABLE users ADD COLUMN credential_version integer NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN two_factor boolean NOT NULL DEFAULT false;
ALTER TABLE users ADD COLUMN totp_secret text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN otp_last_step integer NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN otp_failures integer NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN otp_locked_until timestamp;

ALTER TABLE access_tokens ADD COLUMN created_at timestamp;

CREATE TABLE recovery_codes (
    user_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
    digest  text NOT NULL,
    PRIMARY KEY (user_id, digest)
);

-- Who has shown a second factor lately; key_id is 0 for a login without a key.
CREATE TABLE otp_sessions (
    user_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
    key_id     integer NOT NULL,
    expires_at timestamp NOT NULL,
    PRIMARY KEY (user_id, key_id)
);

-- What was done with Git. Rows are never changed, and outlive what they name.
-- Texts that callers make up are bytes: they may hold any.
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

-- What the instance has to remember of itself.
CREATE TABLE instance_notes (
    name  text PRIMARY KEY,
    value text NOT NULL
);

-- +goose Down
DROP TABLE instance_notes;
DROP TABLE audit_events;
DROP TABLE otp_sessions;
DROP TABLE recovery_codes;
ALTER TABLE access_tokens DROP COLUMN created_at;
ALTER TABLE users DROP COLUMN credential_version;
ALTER TABLE users DROP COLUMN two_factor;
ALTER TABLE users DROP COLUMN totp_secret;
ALTER TABLE users DROP COLUMN otp_last_step;
ALTER TABLE users DROP COLUMN otp_failures;
ALTER TABLE users DROP COLUMN otp_locked_until;
