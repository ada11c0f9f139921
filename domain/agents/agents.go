// Package agents says what a Kubernetes agent is, what it may see, and which
// usage counters agents report.
package agents

import (
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// AgentID is the number of an agent; 0 means none.
type AgentID int64

// Agent is a Kubernetes agent as it is registered in a project.
type Agent struct {
	ID   AgentID
	Name string
	// Project is where the agent is configured.
	Project source.ProjectID
	// CreatedBy is 0 if the creator was deleted.
	CreatedBy identity.UserID
}

// Sees says whether the agent may read the code of p: p is the agent's own
// project, or its code is public.
func (a Agent) Sees(p source.Project) bool {
	return p.Known() && (p.ID == a.Project || p.Visibility == source.Public && p.Repository == source.FeatureEnabled)
}

// Token is an agent's token. Its text is not kept, only a digest.
type Token struct {
	ID      int64
	Revoked bool
	// LastUsedAt is zero for a token that was never used.
	LastUsedAt time.Time
}

// stampInterval is how exactly the last use of a token is known.
const stampInterval = time.Minute

// Stale says whether a use of the token at now is worth noting.
func (t Token) Stale(now time.Time) bool { return now.Sub(t.LastUsedAt) >= stampInterval }
