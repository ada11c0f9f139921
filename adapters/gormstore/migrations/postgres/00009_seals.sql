-- +goose Up

-- The URL of a hook is sealed, as its token is. A digest takes its place in the index,
-- and what may be shown lies beside it. Both are NULL, and the URL is as it was, until
-- the next program that opens the instance key seals it.
ALTER TABLE hooks ADD COLUMN url_digest text COLLATE "C", ADD COLUMN url_shown text;
DROP INDEX hooks_holder;
CREATE UNIQUE INDEX hooks_holder ON hooks (holder, url_digest);

-- By the beginnings of sealed texts those are found that are to be sealed again.
CREATE INDEX hooks_sealed ON hooks (substr(url, 1, 16), id);
ALTER TABLE users ALTER COLUMN totp_secret TYPE text COLLATE "C";
CREATE INDEX users_sealed ON users (substr(totp_secret, 1, 16), id) WHERE totp_secret <> '';

-- +goose Down
-- Nothing is opened here. Hooks with a sealed URL go; secrets of one-time passwords
-- stay, but earlier releases read only those that they sealed.
DELETE FROM hooks WHERE url LIKE 'v2:%';
DROP INDEX users_sealed;
ALTER TABLE users ALTER COLUMN totp_secret TYPE text COLLATE "default";
DROP INDEX hooks_sealed;
DROP INDEX hooks_holder;
CREATE UNIQUE INDEX hooks_holder ON hooks (holder, url);
ALTER TABLE hooks DROP COLUMN url_digest, DROP COLUMN url_shown;
