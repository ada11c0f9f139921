package gormstore

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/auditlog"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/credentials"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
)

const (
	addToken = `
		INSERT INTO access_tokens (user_id, name, scopes, digest, expires_at, revoked, created_at)
		VALUES (?, ?, ?, ?, ?, false, ?) RETURNING id`
	bearer = `
		SELECT t.id, t.name, t.scopes, t.expires_at, t.revoked, t.created_at, t.last_used_at, ` + personColumns + `
		FROM access_tokens t JOIN users u ON u.id = t.user_id JOIN namespaces n ON n.owner_id = u.id
		WHERE t.digest = $1`
)

// AccessTokens keeps personal access tokens.
type AccessTokens struct {
	db     *database.DB
	stamps *KeyUses
}

// Add implements credentials.Tokens.
func (tokens *AccessTokens) Add(ctx context.Context, t identity.AccessToken, event audit.Event) (id int64, err error) {
	err = tokens.db.Atomically(ctx, fmt.Sprintf("access token %q of user %d", t.Name, t.User), func(tx *gorm.DB) error {
		err := tx.Raw(addToken, int64(t.User), t.Name, scopeTexts(t.Scopes), string(t.Digest), database.ToInstant(t.ExpiresAt), database.ToInstant(t.CreatedAt)).Scan(&id).Error
		if err != nil {
			return err
		}
		event.Target.ID = id
		return auditlog.Append(ctx, tx, event)
	})
	return id, err
}

func scopeTexts(scopes []identity.Scope) database.Texts {
	out := database.Texts{}
	for _, scope := range scopes {
		out = append(out, string(scope))
	}
	return out
}

// Bearer implements credentials.Tokens.
func (tokens *AccessTokens) Bearer(ctx context.Context, digest identity.TokenDigest) (credentials.Bearer, error) {
	var b credentials.Bearer
	var scopes database.Texts
	t := &b.Token
	columns := append([]any{
		&t.ID, &t.Name, &scopes, database.Time(&t.ExpiresAt), &t.Revoked, database.Time(&t.CreatedAt), database.Time(&t.LastUsedAt),
	}, scanPerson(&b.User)...)
	stmt, err := tokens.db.Prepare(ctx, bearer)
	if err == nil {
		err = stmt.QueryRowContext(ctx, string(digest)).Scan(columns...)
	}
	if err != nil {
		return credentials.Bearer{}, database.Fault(err, "access token")
	}
	t.User, t.Digest, t.Scopes = b.User.ID, digest, identity.SplitScopes(scopes)
	return b, nil
}

// TokenUsed implements credentials.Tokens.
func (tokens *AccessTokens) TokenUsed(t identity.AccessToken, now time.Time) {
	tokens.stamps.add(stamped{accessTokenTable, t.ID}, now)
	tokens.stamps.UserActive(t.User, now)
}
