package memory

import (
	"context"
	"math"
	"slices"
	"time"

	"gatehouse/application/clusters"
	"gatehouse/application/findings"
	"gatehouse/application/worldimport"
	"gatehouse/domain/agents"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/security"
	"gatehouse/domain/source"
)

// agent is an agent of a project.
type agent struct {
	name      string
	project   source.ProjectID
	createdBy identity.UserID
	createdAt time.Time
}

// agentToken is a token of the agent of that number.
type agentToken struct {
	agent int64
	worldimport.AgentToken
}

// Agents implements clusters.Agents.
type Agents struct{ *state }

// Bearer implements clusters.Agents.
func (a Agents) Bearer(ctx context.Context, digest identity.TokenDigest) (clusters.Bearer, error) {
	if err := ctx.Err(); err != nil {
		return clusters.Bearer{}, err
	}
	w := a.world.Load()
	id, t := w.agentToken(digest)
	if id == 0 {
		return clusters.Bearer{}, notFound("agent token")
	}
	row := w.agents.rows[t.agent]
	p, _, _ := w.findProject(source.Target{Repository: source.RepositoryID{ID: int64(row.project)}})
	a.mu.Lock()
	defer a.mu.Unlock()
	return clusters.Bearer{
		Token: agents.Token{ID: id, Revoked: t.Revoked, LastUsedAt: a.agentTokenUses[id]},
		Agent: agents.Agent{ID: agents.AgentID(t.agent), Name: row.name, Project: row.project, CreatedBy: row.createdBy},
		Project: source.Project{
			ID: p.ID, Path: p.Path, Visibility: p.Visibility, Repository: p.Repository,
			DefaultBranch: p.DefaultBranch, Storage: p.Storage, LegacyPath: p.LegacyPath,
		},
	}, nil
}

// agentToken returns the token of that digest and its number; 0 if there is none.
func (w *world) agentToken(digest identity.TokenDigest) (int64, agentToken) {
	for id, t := range w.agentTokens.rows {
		if t.Digest == digest {
			return id, t
		}
	}
	return 0, agentToken{}
}

// TokenUsed implements clusters.Agents.
func (a Agents) TokenUsed(id int64, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.agentTokenUses[id] = latest(a.agentTokenUses[id], toInstant(now))
}

// Authorize implements clusters.Agents.
func (a Agents) Authorize(ctx context.Context, id agents.AgentID, in []agents.Authorization) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := a.world.Load().agents.require(int64(id), "agent"); err != nil {
		return err
	}
	set := map[agents.Authorization]bool{}
	for _, authorization := range in {
		set[authorization] = true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.authorizations[id] = set
	return nil
}

// AgentTokens implements clusters.Tokens.
type AgentTokens struct{ *state }

// Add implements clusters.Tokens.
func (t AgentTokens) Add(ctx context.Context, added clusters.NewToken, event audit.Event) error {
	return t.update(ctx, func(tx *transaction) error {
		if err := tx.agents.require(int64(added.Agent), "agent"); err != nil {
			return err
		}
		if id, _ := tx.agentToken(added.Digest); id != 0 {
			return conflict("an agent token with that digest")
		}
		creation := worldimport.Creation{CreatedAt: added.CreatedAt, Creator: added.CreatedBy}
		id := tx.putAgentToken(int64(added.Agent), worldimport.AgentToken{Name: added.Name, Digest: added.Digest, Creation: creation})
		return tx.auditAgentTokens(ctx, added.Agent, event, id)
	})
}

// Revoke implements clusters.Tokens.
func (t AgentTokens) Revoke(ctx context.Context, agent agents.AgentID, name string, event audit.Event) error {
	return t.update(ctx, func(tx *transaction) error {
		err := notFound("token %q of agent %d", name, agent)
		var revoked []int64
		for id, row := range tx.agentTokens.rows {
			if row.agent == int64(agent) && row.Name == name {
				err = nil
				if !row.Revoked {
					row.Revoked = true
					tx.agentTokens.put(id, row)
					revoked = append(revoked, id)
				}
			}
		}
		if err != nil {
			return err
		}
		return tx.auditAgentTokens(ctx, agent, event, revoked...)
	})
}

// auditAgentTokens keeps the event for each of the tokens.
func (tx *transaction) auditAgentTokens(ctx context.Context, agent agents.AgentID, event audit.Event, ids ...int64) error {
	project := tx.projects.rows[tx.agents.rows[int64(agent)].project]
	event.Entity = audit.Object{Kind: audit.Project, ID: int64(project.ID), Path: string(project.Path)}
	slices.Sort(ids)
	for _, id := range ids {
		event.Target.ID = id
		if err := (auditTx{tx}).Append(ctx, event); err != nil {
			return err
		}
	}
	return nil
}

// PutAgent implements worldimport.Credentials.
func (tx credentialsTx) PutAgent(ctx context.Context, p source.ProjectID, createdBy identity.UserID, a worldimport.Agent) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.projects.require(p, "project"); err != nil {
		return err
	}
	if createdBy != 0 {
		if err := tx.users.require(createdBy, "user"); err != nil {
			return err
		}
	}
	sameName := tx.agentByName(p, a.Name)
	if sameName != 0 && a.ID != 0 && sameName != a.ID {
		return conflict("agent %q of project %d has number %d", a.Name, p, sameName)
	}
	id := tx.agents.idOr(max(a.ID, sameName))
	tx.agents.put(id, agent{a.Name, p, createdBy, toInstant(a.CreatedAt)})
	for _, t := range a.Tokens {
		tx.putAgentToken(id, t)
	}
	return nil
}

// agentByName returns the agent of that name in the project; 0 if there is none.
func (w *world) agentByName(p source.ProjectID, name string) (found int64) {
	for id, row := range w.agents.rows {
		if row.project == p && fold(row.name) == fold(name) {
			found = id
		}
	}
	return found
}

// Agent implements worldimport.Credentials.
func (tx credentialsTx) Agent(ctx context.Context, p source.ProjectID, a worldimport.Agent) (worldimport.KeptAgent, error) {
	if err := ctx.Err(); err != nil {
		return worldimport.KeptAgent{}, err
	}
	id := a.ID
	if id == 0 {
		id = tx.agentByName(p, a.Name)
	}
	kept, ok := tx.agents.rows[id]
	if !ok {
		return worldimport.KeptAgent{}, notFound("agent %q of project %d", a.Name, p)
	}
	return worldimport.KeptAgent{ID: id, Name: kept.name, Project: kept.project, CreatedBy: kept.createdBy, CreatedAt: kept.createdAt}, nil
}

// AgentToken implements worldimport.Credentials.
func (tx credentialsTx) AgentToken(ctx context.Context, digest identity.TokenDigest) (worldimport.KeptAgentToken, error) {
	if err := ctx.Err(); err != nil {
		return worldimport.KeptAgentToken{}, err
	}
	number, row := tx.agentToken(digest)
	if number == 0 {
		return worldimport.KeptAgentToken{}, notFound("agent token")
	}
	return worldimport.KeptAgentToken{AgentToken: row.AgentToken, Agent: row.agent}, nil
}

// putAgentToken keeps a token of an agent. It replaces the one that has the same
// digest. It returns the number.
func (tx *transaction) putAgentToken(agent int64, t worldimport.AgentToken) int64 {
	id, _ := tx.agentToken(t.Digest)
	id = tx.agentTokens.idOr(id)
	t.FileLine, t.Creation = worldimport.FileLine{}, newCreation(t.Creation)
	tx.agentTokens.put(id, agentToken{agent, t})
	return id
}

// usage is the sum of what agents have reported, by counter.
type usage struct {
	counters map[string]int64
	// uniqueIDs are the members of counters that count each id once.
	uniqueIDs map[string]map[int64]bool
}

// UsageCounters implements clusters.UsageCounters.
type UsageCounters struct{ *state }

// Add implements clusters.UsageCounters.
func (u UsageCounters) Add(ctx context.Context, r agents.UsageReport) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, i := range r.Increments {
		name := i.Counter.Name()
		u.usage.counters[name] += min(i.By, math.MaxInt64-u.usage.counters[name])
	}
	for _, c := range r.UniqueCounts {
		name := string(c.Counter)
		if u.usage.uniqueIDs[name] == nil {
			u.usage.uniqueIDs[name] = map[int64]bool{}
		}
		for _, id := range c.IDs {
			u.usage.uniqueIDs[name][id] = true
		}
	}
	return nil
}

func (s *state) listAgents(w *world) (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, a := range w.agents.rows {
		rows = append(rows, []any{id, a.name, int64(a.project), s.reporters[agents.AgentID(id)], timeOrNil(a.createdAt)})
	}
	return rows
}

func (s *state) listAgentTokens(w *world) (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range w.agentTokens.rows {
		rows = append(rows, []any{
			t.agent, t.Name, t.Revoked, timeOrNil(s.agentTokenUses[id]), t.Description, timeOrNil(t.CreatedAt), w.usernameOrNil(t.Creator),
		})
	}
	return rows
}

func (s *state) listAuthorizations() (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, set := range s.authorizations {
		for a := range set {
			rows = append(rows, []any{int64(id), string(a.Access), string(a.Kind), string(a.Path)})
		}
	}
	return rows
}

func (s *state) listUsage() (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, value := range s.usage.counters {
		rows = append(rows, []any{name, value})
	}
	for name, ids := range s.usage.uniqueIDs {
		rows = append(rows, []any{name, int64(len(ids))})
	}
	return rows
}

// finding is a finding as an agent reported it.
type finding struct {
	security.Finding
	// resolved says whether a later scan did not report the finding.
	resolved bool
}

// Findings implements findings.Findings.
type Findings struct{ *state }

// Has implements findings.Findings.
func (f Findings) Has(ctx context.Context, uuid string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_, exists := f.findings[uuid]
	return exists, nil
}

// Add implements findings.Findings.
func (f Findings) Add(ctx context.Context, added security.Finding) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := f.world.Load()
	if err := w.agents.require(int64(added.Agent), "agent"); err != nil {
		return err
	}
	if err := w.projects.require(added.Project, "project"); err != nil {
		return err
	}
	added.Identifiers, added.DetectedAt = slices.Clone(added.Identifiers), toInstant(added.DetectedAt)
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, exists := f.findings[added.UUID]; !exists {
		f.findings[added.UUID], f.reporters[added.Agent] = finding{Finding: added}, true
	}
	return nil
}

// Resolve implements findings.Findings.
func (f Findings) Resolve(ctx context.Context, scan findings.Scan, keep []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	kept := make(map[string]bool, len(keep))
	for _, uuid := range keep {
		kept[uuid] = true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for uuid, row := range f.findings {
		scanned := findings.Scan{Agent: row.Agent, Project: row.Project, ReportType: row.ReportType} == scan
		if scanned && !kept[uuid] && (row.State == security.Detected || row.State == security.Confirmed) {
			row.State, row.resolved = security.Resolved, true
			f.findings[uuid] = row
		}
	}
	return nil
}

func (s *state) listFindings(w *world) (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.findings {
		names := make([]string, len(f.Identifiers))
		for i, one := range f.Identifiers {
			names[i] = one.Name
		}
		rows = append(rows, []any{
			f.UUID, int64(f.Project), int64(f.Agent), w.usernameOrNil(f.Author), string(f.State), string(f.Severity),
			textOrNil(string(f.Confidence)), f.Title, string(f.ReportType), f.resolved, f.Scanner.ID, names, f.Location,
		})
	}
	return rows
}
