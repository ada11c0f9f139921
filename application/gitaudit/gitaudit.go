// Package gitaudit records Git audit events: which user or key ran which command
// on which repository.
package gitaudit

import (
	"context"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Event is one Git command that has run. It is written once and never changed.
type Event struct {
	At         time.Time
	Action     source.Command
	Protocol   source.Protocol
	Verb       Verb
	Repository string
	// User is 0 and Username empty for a deploy key or a stranger.
	User     identity.UserID
	Username string
	Key      identity.KeyID
	KeyType  identity.KeyKind
	// Address is the client's; empty if it is not known.
	Address string
	Stats   Stats
}

// Verb is what the command did, in a word.
type Verb string

// The verbs.
const (
	Push  Verb = "push"
	Clone Verb = "clone"
	Pull  Verb = "pull"
)

// Stats are the numbers of objects and bytes that the client reports.
type Stats struct {
	Wants, Haves, PayloadSize   int64
	WrittenBytes, ReceivedBytes int64
}

// VerbOf reads the verb from a command and its statistics: a client that has no
// objects yet clones.
func VerbOf(c source.Command, s Stats) Verb {
	switch {
	case c == source.ReceivePack:
		return Push
	case s.Wants > 0 && s.Haves == 0:
		return Clone
	default:
		return Pull
	}
}

// Log keeps events.
type Log interface {
	// Append keeps the event durably.
	Append(ctx context.Context, e Event) error
}

// Actors finds the actor behind a claim.
type Actors interface {
	// Actor returns the actor behind the claim; the zero Actor if there is
	// none.
	Actor(ctx context.Context, claim identity.Claim) (identity.Actor, error)
}

// Service records events. It is safe for concurrent use.
type Service struct {
	log     Log
	actors  Actors
	enabled bool
	now     func() time.Time
}

// New makes a Service; one that is not enabled keeps nothing.
func New(log Log, actors Actors, enabled bool, now func() time.Time) *Service {
	return &Service{log, actors, enabled, now}
}

// timeout is how long a session waits for its event to be kept.
const timeout = 5 * time.Second

// ErrNotNeeded says that an event was not kept because the audit log is off or
// the actor is anonymous.
var ErrNotNeeded = domain.Refuse(domain.Unprocessable, "No git audit event needed")

// Record keeps the event for the actor behind the claim and returns it as it is
// kept. ErrNotNeeded is no failure; an unknown command is a Refusal of kind
// domain.Invalid, any other error the store's.
func (s *Service) Record(ctx context.Context, claim identity.Claim, e Event) (Event, error) {
	if !e.Action.Known() {
		return Event{}, domain.Refuse(domain.Invalid, "action is invalid")
	}
	if !s.enabled {
		return Event{}, ErrNotNeeded
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout) // the command has run, so its event is kept even if the caller hangs up
	defer cancel()
	actor, err := s.actors.Actor(ctx, claim)
	if err != nil {
		return Event{}, err
	}
	if actor.Anonymous() {
		return Event{}, ErrNotNeeded
	}
	e.At, e.Verb = s.now(), VerbOf(e.Action, e.Stats)
	e.Key, e.KeyType = actor.Key.ID, actor.Key.Kind
	person := actor.Person()
	e.User, e.Username = person.ID, person.Username
	return e, s.log.Append(ctx, e)
}
