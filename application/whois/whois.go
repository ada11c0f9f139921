// Package whois looks up keys and users by fingerprint, number or name.
package whois

import (
	"context"
	"errors"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// KeyAndUser is a key with the name that goes with it.
type KeyAndUser struct {
	Key identity.Key
	// Name is the owner's; empty where there is none.
	Name string
}

// Actors knows keys and the people behind them.
type Actors interface {
	// KeyByFingerprint returns the key, or domain.NotFound. A key for signing
	// only is not found; one that has expired, or whose owner is blocked, is.
	KeyByFingerprint(ctx context.Context, print identity.Fingerprint) (KeyAndUser, error)
	// Actor returns the actor behind the claim; the zero Actor if there is
	// none. A deploy key stands for its creator, or for the ghost user; a key
	// for signing only is no actor.
	Actor(ctx context.Context, claim identity.Claim) (identity.Actor, error)
}

// Service looks up keys and users. It is safe for concurrent use.
type Service struct{ actors Actors }

// timeout is how long a question may take: gitlab-sshd drops a login after
// ten seconds.
const timeout = 8 * time.Second

// New makes a Service.
func New(actors Actors) *Service { return &Service{actors} }

// Key returns the key that an SSH daemon was shown, in any of the forms that
// identity.ParseBlob reads, or a Refusal: domain.NotFound for a key that is not
// known or is none, domain.Unavailable if the store fails.
func (s *Service) Key(ctx context.Context, blob string) (KeyAndUser, error) {
	print, ok := identity.ParseBlob(blob)
	if !ok {
		return KeyAndUser{}, errNoKey
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	found, err := s.actors.KeyByFingerprint(ctx, print)
	switch {
	case errors.Is(err, domain.NotFound):
		return KeyAndUser{}, errNoKey
	case err != nil:
		return KeyAndUser{}, errUnavailable.Because(err)
	}
	return found, nil
}

// User returns the user behind the claim, in whatever state; the zero User if
// there is none. It returns a Refusal of kind domain.Unavailable if the store
// fails.
func (s *Service) User(ctx context.Context, claim identity.Claim) (identity.User, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	actor, err := s.actors.Actor(ctx, claim)
	if err != nil {
		return identity.User{}, errUnavailable.Because(err)
	}
	return actor.User, nil
}

var (
	errNoKey       = domain.Refuse(domain.NotFound, "Key Not Found")
	errUnavailable = domain.Refuse(domain.Unavailable, "Keys and users cannot be looked up at the moment. Try again later.")
)
