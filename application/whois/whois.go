// Package whois answers who is behind a key, a number or a name.
package whois

import (
	"context"
	"errors"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// KeyCard is a key with the name that goes with it.
type KeyCard struct {
	Key identity.Key
	// Name is the owner's; empty where there is none.
	Name string
}

// People knows keys and the people behind them.
type People interface {
	// KeyByFingerprint returns the key, or domain.NotFound. A key for signing
	// only is not found; one that has expired, or whose owner is blocked, is.
	KeyByFingerprint(ctx context.Context, print identity.Fingerprint) (KeyCard, error)
	// Actor returns who stands behind the claim; the zero Actor if nobody
	// does. A deploy key stands for its creator, or for the ghost user; a key
	// for signing only for nobody.
	Actor(ctx context.Context, claim identity.Claim) (identity.Actor, error)
}

// Register answers questions about people. It is safe for concurrent use.
type Register struct{ people People }

// patience is how long a question may take: gitlab-sshd drops a login after
// ten seconds.
const patience = 8 * time.Second

// New makes a Register.
func New(people People) *Register { return &Register{people} }

// Key returns the key that an SSH daemon was shown, in any of the forms that
// identity.ParseBlob reads, or a Refusal: domain.NotFound for a key that is
// not known or is none, domain.Unavailable if nobody can tell.
func (r *Register) Key(ctx context.Context, blob string) (KeyCard, error) {
	print, ok := identity.ParseBlob(blob)
	if !ok {
		return KeyCard{}, errNoKey
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	card, err := r.people.KeyByFingerprint(ctx, print)
	switch {
	case errors.Is(err, domain.NotFound):
		return KeyCard{}, errNoKey
	case err != nil:
		return KeyCard{}, errUnavailable.Because(err)
	}
	return card, nil
}

// User returns the user behind the claim, in whatever state; the zero User if
// there is none. A Refusal of kind domain.Unavailable means nobody can tell.
func (r *Register) User(ctx context.Context, claim identity.Claim) (identity.User, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	actor, err := r.people.Actor(ctx, claim)
	if err != nil {
		return identity.User{}, errUnavailable.Because(err)
	}
	return actor.User, nil
}

var (
	errNoKey       = domain.Refuse(domain.NotFound, "Key Not Found")
	errUnavailable = domain.Refuse(domain.Unavailable, "Keys and users cannot be looked up at the moment. Try again later.")
)
