// Package credentials creates and checks what users log in with besides SSH
// keys: access tokens, recovery codes and one-time passwords.
package credentials

import (
	"context"
	"time"

	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Account is an actor with their second factor.
type Account struct {
	Actor  identity.Actor
	Factor identity.TwoFactor
}

// Accounts knows people and their second factors.
type Accounts interface {
	// Account returns the account behind the claim; the zero Account if there
	// is none. A deploy key stands for its creator, or for the ghost user. The factor
	// comes without its secret.
	Account(ctx context.Context, claim identity.Claim) (Account, error)
	// Person returns the user behind a claim by number or by name; the zero Person if
	// there is none.
	Person(ctx context.Context, claim identity.Claim) (Person, error)
	// UpdateTwoFactor replaces the user's second factor by what change makes of
	// it and, if change returns one, starts that session in place of the one
	// that is there for the same user and key. Concurrent updates of one
	// factor take turns. It may call change more than once. A user without a
	// factor is domain.NotFound. It fails if the secret cannot be read.
	UpdateTwoFactor(ctx context.Context, user identity.UserID, change func(identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession)) error
}

// RecoveryCodes keeps the digests of recovery codes.
type RecoveryCodes interface {
	// Replace makes the digests the only ones the user has, and keeps the event in the
	// same transaction. Of concurrent calls one wins whole.
	Replace(ctx context.Context, user identity.UserID, digests []identity.TokenDigest, event audit.Event) error
	// Spend removes the digest from the user's, or returns
	// domain.NotFound. Of concurrent calls for one digest one succeeds.
	Spend(ctx context.Context, user identity.UserID, digest identity.TokenDigest) error
}

// Tokens keeps access tokens.
type Tokens interface {
	// Add keeps a new token and returns its number. In the same transaction it keeps
	// the event, whose target gets that number. A digest that is there already is
	// domain.Conflict.
	Add(ctx context.Context, t identity.AccessToken, event audit.Event) (int64, error)
	// Bearer returns the token of that digest and its user in one round trip,
	// or domain.NotFound. It also returns expired and revoked tokens.
	Bearer(ctx context.Context, digest identity.TokenDigest) (Bearer, error)
	// TokenUsed notes that a token was used at now, and that its user was active on that
	// day in UTC. It returns at once and never fails: a stamp may be late or lost.
	TokenUsed(t identity.AccessToken, now time.Time)
}

// Bearer is an access token and its user.
type Bearer struct {
	Token identity.AccessToken
	User  Person
}

// Person is a user with the number of the personal namespace. Of the Account it has the
// User, CanCreateGroup and ProjectsLimit.
type Person struct {
	identity.Account
	Namespace source.NamespaceID
}

// Authenticator checks one-time passwords.
type Authenticator interface {
	// Step returns the time step, at or next to now, whose code is code; ok
	// is false if there is none. It takes as long for a wrong code as for the
	// right one. A secret that is not base32 is an error.
	Step(secret, code string, now time.Time) (step int64, ok bool, err error)
}
