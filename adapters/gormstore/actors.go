package gormstore

import (
	"context"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application/whois"
	"gatehouse/domain/identity"
)

// readKey reads a key, readUser a user and readActor an actor, in the order of the
// queries.
func readKey(r *database.Row) identity.Key {
	return identity.Key{
		ID: identity.KeyID(r.Int()), Kind: identity.KeyKind(r.Text()), Title: r.Text(),
		Owner: identity.UserID(r.Int()), Line: r.Text(), Fingerprint: identity.Fingerprint(r.Text()),
		Usage: identity.Usage(r.Text()), CreatedAt: r.Time(), ExpiresAt: r.Time(), LastUsedAt: r.Time(),
	}
}

func readUser(r *database.Row) identity.User {
	return identity.User{
		ID: identity.UserID(r.Int()), Username: r.Text(), Name: r.Text(), Email: r.Text(), PublicEmail: r.Text(),
		State: identity.State(r.Text()), Type: identity.UserType(r.Text()), Admin: r.Bool(), External: r.Bool(),
		TermsAccepted: r.Bool(), EmailConfirmed: r.Bool(), PasswordExpiresAt: r.Time(),
		CredentialVersion: r.Int(), TwoFactor: r.Bool(),
	}
}

func readActor(r *database.Row) identity.Actor {
	return identity.Actor{Key: readKey(r), User: readUser(r)}
}

// Actors finds who is behind a claim.
type Actors struct {
	actors *variants[identity.Actor]
	keys   *database.Lookup[whois.KeyAndUser]
}

func newActors(db *database.DB) *Actors {
	return &Actors{
		actors: &variants[identity.Actor]{db: db, query: "actor", read: func(r *database.Row, _ parts) identity.Actor { return readActor(r) }},
		keys: queries.Lookup(db, "key", func(r *database.Row) whois.KeyAndUser {
			return whois.KeyAndUser{Key: readKey(r), Name: r.Text()}
		}),
	}
}

// KeyByFingerprint implements whois.Actors.
func (a *Actors) KeyByFingerprint(ctx context.Context, print identity.Fingerprint) (whois.KeyAndUser, error) {
	found, err := a.keys.Ask(ctx, string(print))
	if err != nil {
		return whois.KeyAndUser{}, database.Fault(err, "key %q", print)
	}
	return found, nil
}

// Actor implements whois.Actors.
func (a *Actors) Actor(ctx context.Context, claim identity.Claim) (identity.Actor, error) {
	actor, err := a.actors.ask(ctx, question{claim: claim}, parts{rare: true})
	if err != nil {
		return identity.Actor{}, database.Fault(err, "actor %s", claim)
	}
	return actor, nil
}
