package gormstore

import (
	"context"
	"database/sql"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application/whois"
	"gatehouse/domain/identity"
)

// keyColumns scan a key, userColumns a user and actorColumns an actor, in the
// order of the queries.
func keyColumns(k *identity.Key) []any {
	return []any{
		database.Null((*int64)(&k.ID)), database.Null((*string)(&k.Kind)), database.Null(&k.Title),
		database.Null((*int64)(&k.Owner)), database.Null(&k.Line), database.Null((*string)(&k.Fingerprint)),
		database.Null((*string)(&k.Usage)), database.Time(&k.CreatedAt), database.Time(&k.ExpiresAt), database.Time(&k.LastUsedAt),
	}
}

func actorColumns(a *identity.Actor) []any {
	user := userColumns(&a.User)
	return append(keyColumns(&a.Key), user[:]...)
}

// userColumns returns an array, which needs no memory of its own.
func userColumns(u *identity.User) [14]any {
	return [...]any{
		database.Null((*int64)(&u.ID)), database.Null(&u.Username), database.Null(&u.Name), database.Null(&u.Email), database.Null(&u.PublicEmail),
		database.Null((*string)(&u.State)), database.Null((*string)(&u.Type)), database.Null(&u.Admin), database.Null(&u.External),
		database.Null(&u.TermsAccepted), database.Null(&u.EmailConfirmed), database.Time(&u.PasswordExpiresAt),
		database.Null(&u.CredentialVersion), database.Null(&u.TwoFactor),
	}
}

// Actors finds who is behind a claim.
type Actors struct{ db *database.DB }

var keyQuery = queries.Query("key")

// KeyByFingerprint implements whois.Actors.
func (a *Actors) KeyByFingerprint(ctx context.Context, print identity.Fingerprint) (whois.KeyAndUser, error) {
	if !database.Storable(string(print)) {
		return whois.KeyAndUser{}, database.NotFound("key %q", print)
	}
	var found whois.KeyAndUser
	columns := append(keyColumns(&found.Key), database.Null(&found.Name))
	if err := a.db.ScanRow(ctx, keyQuery, columns, sql.Named("fingerprint", string(print))); err != nil {
		return whois.KeyAndUser{}, database.Fault(err, "key %q", print)
	}
	return found, nil
}

// Actor implements whois.Actors.
func (a *Actors) Actor(ctx context.Context, claim identity.Claim) (identity.Actor, error) {
	var actor identity.Actor
	if err := (question{claim: claim}).scanRow(ctx, a.db, "actor", false, actorColumns(&actor)); err != nil {
		return identity.Actor{}, database.Fault(err, "actor %s", claim)
	}
	return actor, nil
}
