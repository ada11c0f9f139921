package gormstore

import (
	"context"

	"gatehouse/application/audit"
	"gatehouse/application/credentials"
	"gatehouse/domain/identity"
)

const (
	mint = `
		INSERT INTO access_tokens (user_id, name, scopes, digest, expires_at, revoked, created_at)
		VALUES ($1, $2, $3, $4, $5, false, $6) RETURNING id`
	bearer = `
		SELECT t.id, t.name, t.scopes, t.expires_at, t.revoked, t.created_at, t.last_used_at,
			u.id, u.username, u.name, u.email, u.state, u.type, u.admin, u.external,
			u.terms_accepted, u.email_confirmed, u.password_expires_at, u.credential_version, u.two_factor
		FROM access_tokens t JOIN users u ON u.id = t.user_id
		WHERE t.digest = $1`
)

// AddToken implements credentials.Tokens.
func (s *Store) AddToken(ctx context.Context, t identity.AccessToken) (id int64, err error) {
	done, err := s.turn(ctx)
	if err != nil {
		return 0, fault(err, "access token %q of user %d", t.Name, t.User)
	}
	defer done()
	stmt, err := s.plain(ctx, mint)
	if err == nil {
		err = stmt.QueryRowContext(ctx, int64(t.User), t.Name, scopeTexts(t.Scopes), string(t.Digest), at(t.ExpiresAt), at(t.CreatedAt)).Scan(&id)
	}
	return id, fault(err, "access token %q of user %d", t.Name, t.User)
}

func scopeTexts(scopes []identity.Scope) texts {
	out := texts{}
	for _, scope := range scopes {
		out = append(out, string(scope))
	}
	return out
}

// Bearer implements credentials.Tokens.
func (s *Store) Bearer(ctx context.Context, digest identity.TokenDigest) (credentials.Bearer, error) {
	var b credentials.Bearer
	var actor identity.Actor
	var scopes texts
	t := &b.Token
	columns := append([]any{
		&t.ID, &t.Name, &scopes, moment{&t.ExpiresAt}, &t.Revoked, moment{&t.CreatedAt}, moment{&t.LastUsedAt},
	}, userColumns(&actor.User)...)
	stmt, err := s.plain(ctx, bearer)
	if err == nil {
		err = stmt.QueryRowContext(ctx, string(digest)).Scan(columns...)
	}
	if err != nil {
		return credentials.Bearer{}, fault(err, "access token")
	}
	t.User, t.Digest, t.Scopes, b.User = actor.User.ID, digest, identity.SplitScopes(scopes), actor.User
	return b, nil
}

const appendEvent = `
	INSERT INTO audit_events (at, action, verb, protocol, repository, user_id, username, key_id, key_kind, address,
		wants, haves, payload_size, written_bytes, received_bytes)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`

// Append implements audit.Log.
func (s *Store) Append(ctx context.Context, e audit.Event) error {
	_, err := s.exec(ctx, appendEvent, at(e.At), string(e.Action), string(e.Verb), []byte(e.Protocol), []byte(e.Repository),
		ref(e.User), orNull([]byte(e.Username)), ref(e.Key), string(e.KeyType), orNull([]byte(e.Address)),
		e.Stats.Wants, e.Stats.Haves, e.Stats.PayloadSize, e.Stats.WrittenBytes, e.Stats.ReceivedBytes)
	return fault(err, "audit event in %q", e.Repository)
}

// orNull is NULL for a text that is empty.
func orNull(text []byte) any {
	if len(text) == 0 {
		return nil
	}
	return text
}
