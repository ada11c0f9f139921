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

const addToken = `
	INSERT INTO access_tokens (user_id, name, scopes, digest, expires_at, revoked, created_at)
	VALUES (?, ?, ?, ?, ?, false, ?) RETURNING id`

// AccessTokens keeps personal access tokens.
type AccessTokens struct {
	db      *database.DB
	stamps  *KeyUses
	bearers *database.Lookup[credentials.Bearer]
}

func newAccessTokens(db *database.DB, stamps *KeyUses) *AccessTokens {
	return &AccessTokens{db, stamps, database.MustLookup(db, bearer, readBearer)}
}

// bearer is the query for a token and its user.
func bearer(t *database.Text) string {
	return "SELECT " + t.Open() + "t.id, t.name, t.scopes, t.expires_at, t.revoked, t.created_at, t.last_used_at, " + personColumns + t.Close() + `
		FROM access_tokens t JOIN users u ON u.id = t.user_id JOIN namespaces n ON n.owner_id = u.id
		WHERE t.digest = ` + t.Arg("digest")
}

func readBearer(r *database.Row) (b credentials.Bearer) {
	t := &b.Token
	t.ID, t.Name = r.Int(), r.Text()
	t.Scopes, t.ExpiresAt, t.Revoked = identity.SplitScopes(database.ReadJSON[database.Texts](r)), r.Time(), r.Bool()
	t.CreatedAt, t.LastUsedAt = r.Time(), r.Time()
	b.User = readPerson(r)
	t.User = b.User.ID
	return b
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
	b, err := tokens.bearers.Ask(ctx, string(digest))
	if err != nil {
		return credentials.Bearer{}, database.Fault(err, "access token")
	}
	b.Token.Digest = digest
	return b, nil
}

// TokenUsed implements credentials.Tokens.
func (tokens *AccessTokens) TokenUsed(t identity.AccessToken, now time.Time) {
	tokens.stamps.add(stamped{accessTokenTable, t.ID}, now)
	tokens.stamps.UserActive(t.User, now)
}
