package memory

import (
	"context"
	"math"
	"time"

	"gatehouse/application/clusters"
	"gatehouse/application/worldimport"
	"gatehouse/domain/agents"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// reported is what agents and their server told; Store.mu guards it.
type reported struct {
	// agentsUsed are the stamps of agents' tokens.
	agentTokenUses map[int64]time.Time
	usage          usage
	// authorizations are what agents' configurations let in.
	authorizations map[agents.AgentID]map[agents.Authorization]bool
	findings       map[string]finding
	// vulnerable are the agents that had a finding once.
	vulnerable map[agents.AgentID]bool
}

func newReported() reported {
	return reported{
		agentTokenUses: map[int64]time.Time{},
		usage:          usage{map[string]int64{}, map[string]map[int64]bool{}},
		authorizations: map[agents.AgentID]map[agents.Authorization]bool{},
		findings:       map[string]finding{},
		vulnerable:     map[agents.AgentID]bool{},
	}
}

// AgentBearer implements clusters.Agents.
func (s *Store) AgentBearer(ctx context.Context, digest identity.TokenDigest) (clusters.Bearer, error) {
	if err := ctx.Err(); err != nil {
		return clusters.Bearer{}, err
	}
	w := s.world.Load()
	id, t := w.agentToken(digest)
	if id == 0 {
		return clusters.Bearer{}, notFound("agent token")
	}
	a := w.agents.rows[t.agent]
	p, _, _ := w.findProject(source.Target{Repository: source.RepositoryID{ID: int64(a.project)}})
	s.mu.Lock()
	defer s.mu.Unlock()
	return clusters.Bearer{
		Token: agents.Token{ID: id, Revoked: t.Revoked, LastUsedAt: s.agentTokenUses[id]},
		Agent: agents.Agent{ID: agents.AgentID(t.agent), Name: a.name, Project: a.project, CreatedBy: a.createdBy},
		Project: source.Project{
			ID: p.ID, Path: p.Path, Visibility: p.Visibility, Repository: p.Repository,
			DefaultBranch: p.DefaultBranch, Storage: p.Storage, LegacyPath: p.LegacyPath,
		},
	}, nil
}

// agentToken has the number 0 if none has the digest.
func (w *world) agentToken(digest identity.TokenDigest) (int64, agentToken) {
	for id, t := range w.agentTokens.rows {
		if t.Digest == digest {
			return id, t
		}
	}
	return 0, agentToken{}
}

// AgentTokenUsed implements clusters.Agents.
func (s *Store) AgentTokenUsed(id int64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.agentTokenUses[id] = latest(s.agentTokenUses[id], toInstant(now))
}

// AddAgentToken implements clusters.Tokens.
func (s *Store) AddAgentToken(ctx context.Context, agent agents.AgentID, name string, digest identity.TokenDigest) error {
	return s.change(ctx, func(d *draft) error {
		if err := d.agents.require(int64(agent), "agent"); err != nil {
			return err
		}
		if id, _ := d.agentToken(digest); id != 0 {
			return conflict("an agent token with that digest")
		}
		d.putAgentToken(int64(agent), worldimport.AgentToken{Name: name, Digest: digest})
		return nil
	})
}

// RevokeAgentTokens implements clusters.Tokens.
func (s *Store) RevokeAgentTokens(ctx context.Context, agent agents.AgentID, name string) error {
	return s.change(ctx, func(d *draft) error {
		err := notFound("token %q of agent %d", name, agent)
		for id, t := range d.agentTokens.rows {
			if t.agent == int64(agent) && t.Name == name {
				t.Revoked, err = true, nil
				d.agentTokens.put(id, t)
			}
		}
		return err
	})
}

// Authorize implements clusters.Agents.
func (s *Store) Authorize(ctx context.Context, id agents.AgentID, in []agents.Authorization) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.world.Load().agents.require(int64(id), "agent"); err != nil {
		return err
	}
	set := map[agents.Authorization]bool{}
	for _, a := range in {
		set[a] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.authorizations[id] = set
	return nil
}

// usage is what agents reported as counted.
type usage struct {
	counters map[string]int64
	members  map[string]map[int64]bool
}

// CountUsage implements clusters.UsageCounters.
func (s *Store) CountUsage(ctx context.Context, r agents.UsageReport) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range r.Increments {
		name := i.Counter.Name()
		s.usage.counters[name] += min(i.By, math.MaxInt64-s.usage.counters[name])
	}
	for _, sighting := range r.UniqueCounts {
		name := string(sighting.Counter)
		if s.usage.members[name] == nil {
			s.usage.members[name] = map[int64]bool{}
		}
		for _, id := range sighting.IDs {
			s.usage.members[name][id] = true
		}
	}
	return nil
}

func (s *Store) listAgents(w *world) (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, a := range w.agents.rows {
		rows = append(rows, []any{id, a.name, int64(a.project), s.vulnerable[agents.AgentID(id)]})
	}
	return rows
}

func (s *Store) listAgentTokens(w *world) (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range w.agentTokens.rows {
		rows = append(rows, []any{t.agent, t.Name, t.Revoked, timeOrNil(s.agentTokenUses[id])})
	}
	return rows
}

func (s *Store) listAuthorizations() (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, set := range s.authorizations {
		for a := range set {
			rows = append(rows, []any{int64(id), string(a.Access), string(a.Kind), string(a.Path)})
		}
	}
	return rows
}

func (s *Store) listUsage() (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, value := range s.usage.counters {
		rows = append(rows, []any{name, value})
	}
	for name, members := range s.usage.members {
		rows = append(rows, []any{name, int64(len(members))})
	}
	return rows
}
