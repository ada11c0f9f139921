package clusters

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/agents"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Tx keeps agents within one transaction. Units of work run one after the other: what one has
// looked up stays true until it ends.
type Tx struct {
	Agents    AgentChanges
	Tokens    TokenChanges
	Standings Standings
	Audit     AuditLog
}

// UnitOfWork is a unit of work on a Tx.
type UnitOfWork = application.UnitOfWork[Tx]

// AgentChanges keeps the agents of projects.
type AgentChanges interface {
	// Agent returns the agent of that number which the project has, or domain.NotFound.
	Agent(ctx context.Context, project source.ProjectID, id agents.AgentID) (agents.Agent, error)
	// AgentNameTaken says whether an agent of the project has the name, in any letter case.
	AgentNameTaken(ctx context.Context, project source.ProjectID, name string) (bool, error)
	// AddAgent keeps a new agent of a project that exists, and returns the number.
	AddAgent(ctx context.Context, a agents.Agent) (agents.AgentID, error)
	// RemoveAgent removes an agent with its tokens, its authorizations and the findings that
	// it has reported. There need be none.
	RemoveAgent(ctx context.Context, id agents.AgentID) error
}

// TokenChanges keeps the tokens of agents.
type TokenChanges interface {
	// Token returns the token of that number which the agent has, or domain.NotFound. It
	// need not tell when it was used last.
	Token(ctx context.Context, agent agents.AgentID, id int64) (agents.Token, error)
	// ActiveTokens returns how many tokens of the agent are not revoked.
	ActiveTokens(ctx context.Context, agent agents.AgentID) (int, error)
	// AddToken keeps the digest of a new token of an agent that exists, and returns the
	// number.
	AddToken(ctx context.Context, t agents.Token, digest identity.TokenDigest) (id int64, err error)
	// RevokeToken revokes a token. There need be none.
	RevokeToken(ctx context.Context, id int64) error
}

// Standings knows the roles of users in projects.
type Standings interface {
	// Standing returns the project and the role of the user there, or domain.NotFound if
	// there is none or if it is going to be deleted. The user may be 0.
	Standing(ctx context.Context, user identity.UserID, on rights.Ref, now time.Time) (rights.Standing, error)
}

// AuditLog keeps audit events.
type AuditLog interface {
	// Append keeps the events in their order if the transaction succeeds, and only then.
	Append(ctx context.Context, events ...audit.Event) error
}

// Records reads agents and their tokens.
type Records interface {
	// AgentView returns the agent of that number which the project has, or domain.NotFound.
	AgentView(ctx context.Context, project source.ProjectID, id agents.AgentID) (agents.Agent, error)
	// AgentViews returns a page of the agents of a project, in the order of their numbers.
	AgentViews(ctx context.Context, project source.ProjectID, page application.Page) (application.Listed[agents.Agent], error)
	// TokenView returns the token of that number which the agent has, unless it is revoked,
	// or domain.NotFound.
	TokenView(ctx context.Context, agent agents.AgentID, id int64) (agents.Token, error)
	// TokenViews returns a page of the tokens of an agent that are not revoked, in the order
	// of their numbers.
	TokenViews(ctx context.Context, agent agents.AgentID, page application.Page) (application.Listed[agents.Token], error)
}
