// Package lfsaccess issues credentials for Git LFS and verifies them.
package lfsaccess

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/lfs"
	"gatehouse/domain/source"
)

// Directory knows actors, projects and the roles of the ones in the others.
type Directory interface {
	// Standing returns all facts about the actor and the target in one round
	// trip. Who or what does not exist is unknown in the answer.
	Standing(ctx context.Context, q source.Inquiry) (source.Standing, error)
}

// KeyUses records that keys were used and users were active. Its methods return at once.
type KeyUses interface {
	// Record notes that a key was used at now.
	Record(id identity.KeyID, now time.Time)
	// UserActive notes that a user was active on the day of now, in UTC.
	UserActive(id identity.UserID, now time.Time)
}

// Tokens turns tokens into text and back.
type Tokens interface {
	// Sign signs the token with key.
	Sign(t lfs.Token, key []byte) (string, error)
	// ParseUnverified returns the content of text without checking its
	// signature, or domain.Invalid.
	ParseUnverified(text string) (lfs.Token, error)
	// Verify says whether text was signed with key; it takes as long for a
	// wrong key as for the right one.
	Verify(text string, key []byte) bool
}

// Rules are the instance's settings for LFS.
type Rules struct {
	Settings source.Settings
	Keys     identity.Policy
	// Lifetime is how long a credential lasts.
	Lifetime time.Duration
	// InstanceKey returns the key from which all others are derived.
	InstanceKey func() []byte
	// NewID returns a random UUID for a token.
	NewID func() string
}

// Service issues and verifies credentials. It is safe for concurrent use.
type Service struct {
	directory Directory
	stamps    KeyUses
	tokens    Tokens
	rules     Rules
	now       application.Clock
}

// New makes a Service.
func New(directory Directory, stamps KeyUses, tokens Tokens, rules Rules, now application.Clock) *Service {
	return &Service{directory, stamps, tokens, rules, now}
}

// Credential is what git-lfs logs in with.
type Credential struct {
	Username string
	Token    string
	// Path is the repository's full path, ".wiki" included.
	Path      string
	ExpiresIn time.Duration
}

// timeout is how long a look-up may take.
const timeout = 10 * time.Second

var errNotFound = &domain.Refusal{Kind: domain.NotFound}

// Authenticate returns a credential for the claimed actor and the repository,
// or a Refusal. GitLab issues one to every actor and lets the LFS server check;
// here reading the project and downloading from it are asked for first. For an
// upload no more is asked: the credential does not say what it is for.
func (s *Service) Authenticate(ctx context.Context, claim identity.Claim, target source.Target) (Credential, error) {
	now := s.now()
	standing, err := s.standing(ctx, claim, target, s.rules.Settings, now)
	if err != nil {
		return Credential{}, err
	}
	if key := standing.Actor.Key; key.Known() {
		s.stamps.Record(key.ID, now)
	}
	if person := standing.Actor.Person(); person.Known() {
		s.stamps.UserActive(person.ID, now)
	}
	token := lfs.Token{
		ID: s.rules.NewID(), Username: lfs.ActorName(standing.Actor), Repository: standing.Repository,
		IssuedAt: now, ExpiresAt: now.Add(s.rules.Lifetime),
	}
	text, err := s.tokens.Sign(token, lfs.SigningKey(s.rules.InstanceKey(), standing.Actor))
	if err != nil {
		return Credential{}, fmt.Errorf("sign an LFS token: %w", err)
	}
	return Credential{token.Username, text, standing.Project.FullPath(standing.Repository.Kind), s.rules.Lifetime}, nil
}

// standing returns the standing of an actor who may download, by LFS, from the
// target. An anonymous actor is refused.
func (s *Service) standing(ctx context.Context, claim identity.Claim, target source.Target, settings source.Settings, now time.Time) (source.Standing, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	standing, err := s.directory.Standing(ctx, source.Inquiry{Claim: claim, Target: target, OTP: settings.OTPRequired, Now: now})
	if err != nil {
		return source.Standing{}, errUnavailable.Because(err)
	}
	kind := standing.Repository.Kind
	switch {
	case !standing.Project.Known():
		return source.Standing{}, errNotFound.Because(errors.New("there is no such project"))
	case !standing.Visible():
		return source.Standing{}, errNotFound.Because(errors.New("the project is hidden from the actor"))
	case !standing.Project.LFS:
		return source.Standing{}, errNotFound.Because(errors.New("the project has no LFS"))
	case kind != source.Code && kind != source.Wiki, lfs.ActorName(standing.Actor) == "":
		return source.Standing{}, errNotFound.Because(errors.New("the repository or the actor is of a kind that has no LFS"))
	}
	settings.Connected = false // LFS objects are not in the repository, so its existence does not matter
	request := source.Request{Claim: claim, Command: source.UploadPack, Protocol: source.SSH, Target: target}
	c := source.Case{Request: request, Standing: standing, Now: now, Settings: settings, Keys: s.rules.Keys}
	if verdict := c.Decide(); verdict.Refusal != nil {
		because := fmt.Errorf("rule %s", verdict.Rule)
		refusal, ok := errors.AsType[*domain.Refusal](verdict.Refusal)
		if !ok || refusal.Kind == domain.NotFound {
			refusal = errNotFound
		}
		return source.Standing{}, refusal.Because(because)
	}
	return standing, nil
}

// Access is what a valid credential proves.
type Access struct {
	Actor      identity.Actor
	Project    source.Project
	Repository source.RepositoryID
}

// Verify returns the actor of a user name and a token, or a Refusal: of kind
// domain.Unauthenticated, always the same, for whatever is wrong with them. The
// actor may still download; whether they may upload is to be asked again.
func (s *Service) Verify(ctx context.Context, username, text string) (Access, error) {
	now := s.now()
	token, err := s.tokens.ParseUnverified(text)
	if err != nil || token.Username != username || !token.ValidAt(now) {
		return Access{}, errBadCredential
	}
	// The second factor was asked for when the token was made.
	settings := s.rules.Settings
	settings.OTPRequired = false
	standing, err := s.standing(ctx, lfs.ClaimOf(username), source.Target{Repository: token.Repository}, settings, now)
	if errors.Is(err, domain.Unavailable) {
		return Access{}, err
	}
	signed := s.tokens.Verify(text, lfs.SigningKey(s.rules.InstanceKey(), standing.Actor))
	if err != nil || !signed || lfs.ActorName(standing.Actor) != username {
		return Access{}, errBadCredential
	}
	return Access{standing.Actor, standing.Project, standing.Repository}, nil
}

var (
	errBadCredential = domain.Refuse(domain.Unauthenticated, "Invalid LFS credentials")
	errUnavailable   = domain.Refuse(domain.Unavailable, "LFS access cannot be checked at the moment. Try again later.")
)
