-- +goose Up

-- The address of a user that webhooks are told; empty for none.
ALTER TABLE users ADD COLUMN public_email text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE users DROP COLUMN public_email;
