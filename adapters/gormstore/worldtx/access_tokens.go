package worldtx

import (
	"context"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
)

type accessTokenRow struct {
	ID         int64
	UserID     int64
	Name       string
	Scopes     database.Texts
	Digest     string
	ExpiresAt  database.Instant
	Revoked    bool
	CreatedAt  database.Instant `gorm:"autoCreateTime:false"`
	LastUsedAt database.Instant
	// Kind is personal, impersonation, project or group.
	Kind        string
	Description string
	FamilyID    database.Ref
}

// TableName is gorm's name for the table.
func (accessTokenRow) TableName() string { return accessTokens }

// PutAccessToken implements worldimport.Credentials.
func (w *writer) PutAccessToken(ctx context.Context, user identity.UserID, t worldimport.AccessToken) error {
	if err := w.personExists(ctx, user); err != nil {
		return err
	}
	row := accessTokenRow{
		UserID: int64(user), Name: t.Name, Scopes: t.Scopes, Digest: string(t.Digest),
		ExpiresAt: database.ToInstant(t.ExpiresAt), Revoked: t.Revoked, Kind: personalToken, Description: t.Description, CreatedAt: database.ToInstant(t.CreatedAt),
	}
	onConflict := database.UpsertClause([]string{"digest"}, []string{"user_id", "name", "scopes", "expires_at", "revoked", "description", "created_at"})
	return database.Fault(upsert(ctx, w, &row, onConflict), "access token %q", t.Name)
}

// AccessToken implements worldimport.Credentials.
func (w *writer) AccessToken(ctx context.Context, digest identity.TokenDigest) (identity.AccessToken, error) {
	row, err := found(database.Find[accessTokenRow](ctx, w.tx, "digest = ?", string(digest)))
	if err != nil {
		return identity.AccessToken{}, database.Fault(err, "access token")
	}
	return row.token(), nil
}

// personalToken is the kind of a personal access token.
const personalToken = "personal"

func (row accessTokenRow) token() identity.AccessToken {
	return identity.AccessToken{
		ID: row.ID, User: identity.UserID(row.UserID), Name: row.Name, Scopes: identity.SplitScopes(row.Scopes), Digest: identity.TokenDigest(row.Digest),
		ExpiresAt: row.ExpiresAt.Time, Revoked: row.Revoked, CreatedAt: row.CreatedAt.Time, LastUsedAt: row.LastUsedAt.Time,
		Description: row.Description, Family: int64(row.FamilyID),
	}
}
