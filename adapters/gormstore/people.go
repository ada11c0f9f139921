package gormstore

import (
	"context"

	"gatehouse/application/whois"
	"gatehouse/domain/identity"
)

// keyColumns scan a key, userColumns a user and actorColumns an actor, in the
// order of the queries.
func keyColumns(k *identity.Key) []any {
	return []any{
		maybe[int64]{(*int64)(&k.ID)}, maybe[string]{(*string)(&k.Kind)}, maybe[string]{&k.Title},
		maybe[int64]{(*int64)(&k.Owner)}, maybe[string]{&k.Line}, maybe[string]{(*string)(&k.Fingerprint)},
		maybe[string]{(*string)(&k.Usage)}, moment{&k.CreatedAt}, moment{&k.ExpiresAt}, moment{&k.LastUsedAt},
	}
}

func actorColumns(a *identity.Actor) []any {
	return append(keyColumns(&a.Key), userColumns(&a.User)...)
}

func userColumns(u *identity.User) []any {
	return []any{
		maybe[int64]{(*int64)(&u.ID)}, maybe[string]{&u.Username}, maybe[string]{&u.Name}, maybe[string]{&u.Email},
		maybe[string]{(*string)(&u.State)}, maybe[string]{(*string)(&u.Type)}, maybe[bool]{&u.Admin}, maybe[bool]{&u.External},
		maybe[bool]{&u.TermsAccepted}, maybe[bool]{&u.EmailConfirmed}, moment{&u.PasswordExpiresAt},
		maybe[int64]{&u.CredentialVersion}, maybe[bool]{&u.TwoFactor},
	}
}

// KeyByFingerprint implements whois.Actors.
func (s *Store) KeyByFingerprint(ctx context.Context, print identity.Fingerprint) (whois.KeyAndUser, error) {
	if !storable(string(print)) {
		return whois.KeyAndUser{}, missing("key %q", print)
	}
	var card whois.KeyAndUser
	stmt, err := s.shaped(ctx, shape{query: "key"})
	if err == nil {
		err = stmt.QueryRowContext(ctx, string(print)).Scan(append(keyColumns(&card.Key), maybe[string]{&card.Name})...)
	}
	if err != nil {
		return whois.KeyAndUser{}, fault(err, "key %q", print)
	}
	return card, nil
}

// Actor implements whois.Actors.
func (s *Store) Actor(ctx context.Context, claim identity.Claim) (identity.Actor, error) {
	var actor identity.Actor
	if err := s.ask(ctx, "actor", asked{claim: claim}, false, actorColumns(&actor)); err != nil {
		return identity.Actor{}, fault(err, "actor %s", claim)
	}
	return actor, nil
}

// ask runs a query about a claim and a target, which has one row.
func (s *Store) ask(ctx context.Context, query string, a asked, refs bool, columns []any) error {
	sh := a.shape(query)
	sh.refs = refs
	stmt, err := s.shaped(ctx, sh)
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(ctx, a.values(stmt.args)...).Scan(columns...)
}
