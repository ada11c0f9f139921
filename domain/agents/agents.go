// Package agents says what a Kubernetes agent is, what it may see, and which
// usage counters agents report.
package agents

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"gatehouse/domain"
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
	// CreatedAt is zero if it is not known.
	CreatedAt time.Time
}

// maxName is in bytes.
const maxName = 63

var name = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// CheckName returns why a new agent cannot have the name, or nil.
func CheckName(text string) *domain.Refusal {
	switch {
	case text == "":
		return domain.Refuse(domain.Invalid, `["Name can't be blank"]`)
	case len(text) > maxName:
		return domain.Refuse(domain.Invalid, `["Name is too long (maximum is %d characters)"]`, maxName)
	case !name.MatchString(text):
		return domain.Refuse(domain.Invalid, `["Name can contain only lowercase letters, digits, and '-', but cannot start or end with '-'"]`)
	}
	return nil
}

// Sees says whether the agent may read the code of p: p is the agent's own
// project, or its code is public.
func (a Agent) Sees(p source.Project) bool {
	return p.Known() && (p.ID == a.Project || p.Visibility == source.Public && p.Repository == source.FeatureEnabled)
}

// Token is an agent's token. Its text is not kept, only a digest.
type Token struct {
	ID                int64
	Agent             AgentID
	Name, Description string
	Revoked           bool
	// CreatedAt is zero if it is not known, CreatedBy 0.
	CreatedAt time.Time
	CreatedBy identity.UserID
	// LastUsedAt is zero for a token that was never used.
	LastUsedAt time.Time
}

// The longest texts of a token, in characters. They are GitLab's.
const (
	maxTokenName   = 255
	maxDescription = 1024
	// maxActive is how many active tokens an agent may have.
	maxActive = 2
)

// Check returns why a new token cannot be as it is, or nil.
func (t Token) Check() *domain.Refusal {
	switch {
	case strings.TrimSpace(t.Name) == "":
		return domain.Refuse(domain.Invalid, `["Name can't be blank"]`)
	case utf8.RuneCountInString(t.Name) > maxTokenName:
		return domain.Refuse(domain.Invalid, `["Name is too long (maximum is %d characters)"]`, maxTokenName)
	case utf8.RuneCountInString(t.Description) > maxDescription:
		return domain.Refuse(domain.Invalid, `["Description is too long (maximum is %d characters)"]`, maxDescription)
	}
	return nil
}

// CheckActive returns why an agent with so many active tokens cannot have one more, or nil.
func CheckActive(active int) *domain.Refusal {
	if active >= maxActive {
		return domain.Refuse(domain.Invalid, "An agent can have only two active tokens at a time")
	}
	return nil
}

// stampInterval is how exactly the last use of a token is known.
const stampInterval = time.Minute

// Stale says whether a use of the token at now is worth noting.
func (t Token) Stale(now time.Time) bool { return now.Sub(t.LastUsedAt) >= stampInterval }
