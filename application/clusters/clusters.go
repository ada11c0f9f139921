// Package clusters answers the Kubernetes agent server: which agent has this
// token and which projects it may read. It also adds up usage counters and
// manages agent tokens.
package clusters

import (
	"context"
	"errors"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Rules are what the instance says about agents.
type Rules struct {
	// Storages are the Gitalys by name.
	Storages map[string]Storage
	// Gitops lets agents look projects up.
	Gitops bool
	// Rollout lists the groups and projects whose agents are served. Every agent
	// is served while the list is empty.
	Rollout source.Paths
}

// Storage is a Gitaly as agents' servers reach it.
type Storage struct {
	Name string
	// Address begins with unix:/, tcp://, tls:// or dns:.
	Address string
	// Token is empty for a Gitaly without one.
	Token string
}

// ProjectInfo is a project with where its code is.
type ProjectInfo struct {
	Project source.Project
	Storage Storage
}

// Service answers for agents. It is safe for concurrent use.
type Service struct {
	agents    Agents
	directory Directory
	usage     UsageCounters
	rules     Rules
	now       application.Clock
}

// New makes a Service.
func New(agents Agents, directory Directory, usage UsageCounters, rules Rules, now application.Clock) *Service {
	return &Service{agents, directory, usage, rules, now}
}

// timeout is how long a question to the store may take: kas waits 20 seconds.
const timeout = 10 * time.Second

var (
	errUnauthorized = &domain.Refusal{Kind: domain.Unauthenticated}
	errForbidden    = &domain.Refusal{Kind: domain.Forbidden}
	errHidden       = &domain.Refusal{Kind: domain.NotFound}
	errUnavailable  = domain.Refuse(domain.Unavailable, "Agents cannot be looked up at the moment. Try again later.")
)

// Agent returns the agent whose token has that text, or a Refusal:
// domain.Unauthenticated for one that is unknown, revoked or empty,
// domain.Forbidden for an agent that the rollout has not reached, and
// domain.Unavailable. The use of a token is noted, about once a minute.
func (s *Service) Agent(ctx context.Context, text string) (Bearer, error) {
	if text == "" {
		return Bearer{}, errUnauthorized
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	b, err := s.agents.Bearer(ctx, identity.DigestToken(text))
	switch {
	case errors.Is(err, domain.NotFound):
		return Bearer{}, errUnauthorized
	case err != nil:
		return Bearer{}, errUnavailable.Because(err)
	case b.Token.Revoked:
		return Bearer{}, errUnauthorized
	case len(s.rules.Rollout) > 0 && !s.rules.Rollout.Cover(b.Project.Path):
		return Bearer{}, errForbidden
	}
	if now := s.now(); b.Token.Stale(now) {
		s.agents.TokenUsed(b.Token.ID, now)
	}
	return b, nil
}

// AgentProject returns the agent's own project, or a Refusal of kind
// domain.NotFound if that is going to be deleted.
func (s *Service) AgentProject(b Bearer) (ProjectInfo, error) {
	return s.projectInfo(b.Agent, b.Project)
}

// Project returns the project that an agent names by its number or its full
// path. A project that is hidden from the agent is refused like one that does
// not exist.
func (s *Service) Project(ctx context.Context, a agents.Agent, id string) (ProjectInfo, error) {
	target, ok := parseProject(id)
	if !ok || !s.rules.Gitops {
		return ProjectInfo{}, errHidden
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	standing, err := s.directory.Standing(ctx, source.Inquiry{Target: target, Now: s.now()})
	if err != nil {
		return ProjectInfo{}, errUnavailable.Because(err)
	}
	if standing.Repository.Kind != source.Code {
		return ProjectInfo{}, errHidden // the path of a wiki is not its project's
	}
	return s.projectInfo(a, standing.Project)
}

func (s *Service) projectInfo(a agents.Agent, p source.Project) (ProjectInfo, error) {
	if !a.Sees(p) {
		return ProjectInfo{}, errHidden
	}
	storage, ok := s.rules.Storages[p.Storage]
	if !ok {
		return ProjectInfo{}, domain.Refuse(domain.Unavailable, "The storage %q of this project is not configured. Tell your administrator.", p.Storage)
	}
	return ProjectInfo{p, storage}, nil
}

// parseProject reads a project's number, or its path, which has a slash in it
// and is written as it is.
func parseProject(id string) (source.Target, bool) {
	if number, ok := identity.ParseID(strings.TrimLeft(id, "0")); ok {
		return source.Target{Repository: source.RepositoryID{ID: number}}, true
	}
	return source.Target{Path: source.Path(id)}, source.IsPath(id) && strings.Contains(id, "/")
}

// Count adds a report to the totals, or adds nothing of it and returns a
// Refusal: domain.Unprocessable for a negative number, and domain.Unavailable.
func (s *Service) Count(ctx context.Context, r agents.UsageReport) error {
	if refusal := r.Check(); refusal != nil {
		return refusal
	}
	if r = r.WithoutZeros(); r.Empty() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.usage.Add(ctx, r); err != nil {
		return errUnavailable.Because(err)
	}
	return nil
}

// Authorize replaces the authorizations of an agent. For an agent that does not
// exist it returns a Refusal of kind domain.NotFound.
func (s *Service) Authorize(ctx context.Context, id agents.AgentID, in []agents.Authorization) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := s.agents.Authorize(ctx, id, in)
	switch {
	case errors.Is(err, domain.NotFound):
		return errHidden
	case err != nil:
		return errUnavailable.Because(err)
	}
	return nil
}
