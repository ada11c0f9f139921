package clusters

import (
	"context"
	"time"

	"gatehouse/domain/agents"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Agents knows the agents and their tokens.
type Agents interface {
	// Bearer returns the agent whose token has the digest, with its
	// project, in one round trip; domain.NotFound if there is none. A revoked
	// token is found too. A project that is going to be deleted, itself or with
	// a group above it, is unknown in the answer; of the others all is known
	// but the root's settings and the protections.
	Bearer(ctx context.Context, digest identity.TokenDigest) (Bearer, error)
	// TokenUsed notes that a token was used at now. It returns at once and
	// never fails: a stamp may be late or lost.
	TokenUsed(id int64, now time.Time)
	// Authorize replaces the authorizations of an agent; duplicates count once.
	// It fails with domain.NotFound if the agent does not exist.
	Authorize(ctx context.Context, id agents.AgentID, in []agents.Authorization) error
}

// Bearer is an agent with the token that the request carries.
type Bearer struct {
	Token agents.Token
	Agent agents.Agent
	// Project is the agent's own.
	Project source.Project
}

// Directory knows projects.
type Directory interface {
	// Standing returns all facts about a target, of which the actor does not
	// count here. A project that does not exist or is going to be deleted is
	// unknown in the answer, never an error.
	Standing(ctx context.Context, q source.Inquiry) (source.Standing, error)
}

// UsageCounters keeps the usage counters.
type UsageCounters interface {
	// Add adds a report to the counters: all of it or, with an error,
	// nothing. Concurrent reports all count. A counter that would get too large
	// stays at the largest number.
	Add(ctx context.Context, r agents.UsageReport) error
}

// NewToken is a token that is to be kept.
type NewToken struct {
	Agent     agents.AgentID
	Name      string
	Digest    identity.TokenDigest
	CreatedAt time.Time
	// CreatedBy is 0 if no user of the instance has made it.
	CreatedBy identity.UserID
}

// Tokens keeps the digests of agents' tokens, and in the same transaction audit events.
// The entity of an event becomes the agent's project, and its target gets the number of
// the token.
type Tokens interface {
	// Add keeps a new token; it fails with domain.NotFound if the
	// agent does not exist.
	Add(ctx context.Context, t NewToken, event audit.Event) error
	// Revoke revokes all tokens of that name which the agent has;
	// domain.NotFound if it has none. There is one event for each token that was not
	// revoked before.
	Revoke(ctx context.Context, agent agents.AgentID, name string, event audit.Event) error
}
