// Package lfsaccess hands out credentials for Git LFS, and tells later who
// came with one.
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

// Stamps records that keys were used.
type Stamps interface {
	// KeyUsed notes that a key was used at now, and returns at once.
	KeyUsed(id identity.KeyID, now time.Time)
}

// Tokens turns tokens into text and back.
type Tokens interface {
	// Write signs the token with key.
	Write(t lfs.Token, key []byte) (string, error)
	// Peek returns what text says, whoever wrote it, or domain.Invalid.
	Peek(text string) (lfs.Token, error)
	// Signed says whether text was signed with key; it takes as long for a
	// wrong key as for the right one.
	Signed(text string, key []byte) bool
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

// Office hands out credentials. It is safe for concurrent use.
type Office struct {
	directory Directory
	stamps    Stamps
	tokens    Tokens
	rules     Rules
	now       application.Clock
}

// New makes an Office.
func New(directory Directory, stamps Stamps, tokens Tokens, rules Rules, now application.Clock) *Office {
	return &Office{directory, stamps, tokens, rules, now}
}

// Credential is what git-lfs logs in with.
type Credential struct {
	Username string
	Token    string
	// Path is the repository's full path, ".wiki" included.
	Path      string
	ExpiresIn time.Duration
}

// patience is how long a look-up may take.
const patience = 10 * time.Second

var errNotFound = &domain.Refusal{Kind: domain.NotFound}

// Authenticate returns a credential for who claims to use the repository, or a
// Refusal. GitLab hands one out to everybody and lets the LFS server check;
// here reading the project and downloading from it are asked for first. For
// an upload no more is asked: the credential does not say what it is for.
func (o *Office) Authenticate(ctx context.Context, claim identity.Claim, target source.Target) (Credential, error) {
	now := o.now()
	standing, err := o.admit(ctx, claim, target, o.rules.Settings, now)
	if err != nil {
		return Credential{}, err
	}
	if key := standing.Actor.Key; key.Known() {
		o.stamps.KeyUsed(key.ID, now)
	}
	token := lfs.Token{
		ID: o.rules.NewID(), Username: lfs.ActorName(standing.Actor), Repository: standing.Repository,
		IssuedAt: now, ExpiresAt: now.Add(o.rules.Lifetime),
	}
	text, err := o.tokens.Write(token, lfs.SigningKey(o.rules.InstanceKey(), standing.Actor))
	if err != nil {
		return Credential{}, fmt.Errorf("sign an LFS token: %w", err)
	}
	return Credential{token.Username, text, standing.Project.FullPath(standing.Repository.Kind), o.rules.Lifetime}, nil
}

// admit returns the standing of an actor who may download, by LFS, from the
// target. Nobody known is nobody to give a credential to.
func (o *Office) admit(ctx context.Context, claim identity.Claim, target source.Target, settings source.Settings, now time.Time) (source.Standing, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	standing, err := o.directory.Standing(ctx, source.Inquiry{Claim: claim, Target: target, Now: now})
	if err != nil {
		return source.Standing{}, errUnavailable.Because(err)
	}
	kind := standing.Repository.Kind
	if !standing.Visible() || !standing.Project.LFS || kind != source.Code && kind != source.Wiki || lfs.ActorName(standing.Actor) == "" {
		return source.Standing{}, errNotFound
	}
	settings.Connected = false // the objects are not in the repository, so nobody asks whether there is one
	request := source.Request{Claim: claim, Command: source.UploadPack, Protocol: source.SSH, Target: target}
	c := source.Case{Request: request, Standing: standing, Now: now, Settings: settings, Keys: o.rules.Keys}
	if refusal := c.Decide().Refusal; refusal != nil {
		if errors.Is(refusal, domain.NotFound) {
			return source.Standing{}, errNotFound
		}
		return source.Standing{}, refusal
	}
	return standing, nil
}

// Pass is what a credential proved.
type Pass struct {
	Actor      identity.Actor
	Project    source.Project
	Repository source.RepositoryID
}

// Verify returns who came with a user name and a token, or a Refusal: of kind
// domain.Unauthenticated, always the same, for whatever is wrong with them. The
// actor may still download; whether they may upload is to be asked again.
func (o *Office) Verify(ctx context.Context, username, text string) (Pass, error) {
	now := o.now()
	token, err := o.tokens.Peek(text)
	if err != nil || token.Username != username || !token.ValidAt(now) {
		return Pass{}, errBadCredential
	}
	// The second factor was asked for when the token was made.
	settings := o.rules.Settings
	settings.OTPRequired = false
	standing, err := o.admit(ctx, lfs.ClaimOf(username), source.Target{Repository: token.Repository}, settings, now)
	if errors.Is(err, domain.Unavailable) {
		return Pass{}, err
	}
	signed := o.tokens.Signed(text, lfs.SigningKey(o.rules.InstanceKey(), standing.Actor))
	if err != nil || !signed || lfs.ActorName(standing.Actor) != username {
		return Pass{}, errBadCredential
	}
	return Pass{standing.Actor, standing.Project, standing.Repository}, nil
}

var (
	errBadCredential = domain.Refuse(domain.Unauthenticated, "Invalid LFS credentials")
	errUnavailable   = domain.Refuse(domain.Unavailable, "LFS access cannot be checked at the moment. Try again later.")
)
