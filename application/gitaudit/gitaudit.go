// Package gitaudit records Git audit events: which user or key ran which command
// on which repository.
package gitaudit

import (
	"context"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// VerbOf reads the verb from a command and its statistics: a client that has no
// objects yet clones.
func VerbOf(c source.Command, s audit.Stats) audit.Verb {
	switch {
	case c == source.ReceivePack:
		return audit.Push
	case s.Wants > 0 && s.Haves == 0:
		return audit.Clone
	default:
		return audit.Pull
	}
}

// Log keeps events.
type Log interface {
	// Append keeps the events durably and in their order, all of them or none. It fails
	// for a value that audit.Values does not have.
	Append(ctx context.Context, events ...audit.Event) error
}

// Directory knows actors and projects.
type Directory interface {
	// Standing returns all facts about the actor and the target. One that does
	// not exist is unknown in the answer, never an error.
	Standing(ctx context.Context, q source.Inquiry) (source.Standing, error)
}

// Service records events. It is safe for concurrent use.
type Service struct {
	log       Log
	directory Directory
	enabled   bool
	now       func() time.Time
}

// New makes a Service; one that is not enabled keeps nothing.
func New(log Log, directory Directory, enabled bool, now func() time.Time) *Service {
	return &Service{log, directory, enabled, now}
}

// timeout is how long a session waits for its event to be kept.
const timeout = 5 * time.Second

// ErrNotNeeded says that an event was not kept because the audit log is off, the
// actor is anonymous or the repository belongs to no known project.
var ErrNotNeeded = domain.Refuse(domain.Unprocessable, "No git audit event needed")

// Report is what a client says of a Git command that has run.
type Report struct {
	Action  source.Command
	Command audit.GitCommand
	// Token is the number of the access token that the client showed; 0 for none.
	Token int64
	// Address is the client's; empty if it is not known.
	Address       string
	CorrelationID string
}

// Record keeps the event for the actor behind the claim and returns it as it is
// kept. ErrNotNeeded is no failure; an unknown command is a Refusal of kind
// domain.Invalid, any other error the store's.
func (s *Service) Record(ctx context.Context, claim identity.Claim, r Report) (audit.Event, error) {
	if !r.Action.Known() {
		return audit.Event{}, domain.Refuse(domain.Invalid, "action is invalid")
	}
	if !s.enabled {
		return audit.Event{}, ErrNotNeeded
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout) // the command has run, so its event is kept even if the caller hangs up
	defer cancel()
	repository, _ := source.ParseRepositoryID(r.Command.Repository)
	standing, err := s.directory.Standing(ctx, source.Inquiry{Claim: claim, Target: source.Target{Repository: repository}, Now: s.now()})
	if err != nil {
		return audit.Event{}, err
	}
	actor, project := standing.Actor, standing.Project
	if actor.Anonymous() || !project.Known() {
		return audit.Event{}, ErrNotNeeded
	}
	by := audit.ActorOf(actor, r.Address)
	by.Token = r.Token
	e := audit.Event{
		At: s.now(), CorrelationID: r.CorrelationID, Actor: by,
		Action: string(r.Action), Verb: VerbOf(r.Action, r.Command.Stats), Outcome: audit.Done, Git: &r.Command,
		Entity: audit.Object{Kind: audit.Project, ID: int64(project.ID), Path: project.Path},
	}
	return e, s.log.Append(ctx, e)
}
