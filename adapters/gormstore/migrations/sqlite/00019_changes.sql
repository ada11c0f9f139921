-- +goose Up

-- When groups and memberships were changed last. Schema 18 does not know these columns:
-- NULL stands for the time of creation.
ALTER TABLE namespaces ADD COLUMN updated_at timestamp;
ALTER TABLE members ADD COLUMN updated_at timestamp;

-- A token that is used again after its rotation takes its whole family along.
CREATE INDEX access_tokens_family ON access_tokens (family_id) WHERE family_id IS NOT NULL;

-- Lists of projects leave out what lies in the few hidden ones.
CREATE INDEX namespaces_hidden ON namespaces (id) WHERE hidden;

-- The secondary e-mails of users. No user has one that is the primary one of another: what
-- writes either looks at both.
CREATE TABLE user_emails (
    id           integer PRIMARY KEY AUTOINCREMENT,
    user_id      integer NOT NULL REFERENCES users ON DELETE CASCADE,
    email        text NOT NULL,
    -- NULL until it is confirmed.
    confirmed_at timestamp,
    created_at   timestamp
);
CREATE INDEX user_emails_user ON user_emails (user_id);
-- Of letters only A to Z are the same in either case.
CREATE UNIQUE INDEX user_emails_email ON user_emails (lower(email));

INSERT INTO schema_compatibility (version, oldest) VALUES (19, 15);

-- +goose Down
DELETE FROM schema_compatibility WHERE version = 19;
DROP TABLE user_emails;
DROP INDEX namespaces_hidden;
DROP INDEX access_tokens_family;
ALTER TABLE members DROP COLUMN updated_at;
ALTER TABLE namespaces DROP COLUMN updated_at;
