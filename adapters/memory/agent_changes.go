package memory

import (
	"cmp"
	"context"
	"maps"

	"gatehouse/application"
	"gatehouse/application/clusters"
	"gatehouse/application/worldimport"
	"gatehouse/domain/agents"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// changeAgents runs a transaction with the ports of clusters. It is a clusters.UnitOfWork.
func (s *state) changeAgents(ctx context.Context, do func(clusters.Tx) error) error {
	return s.update(ctx, func(tx *transaction) error {
		return do(clusters.Tx{Agents: agentsTx{tx}, Tokens: agentsTx{tx}, Standings: groupsTx{tx}, Audit: auditTx{tx}})
	})
}

// agentsTx implements the ports of clusters.
type agentsTx struct{ *transaction }

// Agent implements clusters.AgentChanges.
func (tx agentsTx) Agent(ctx context.Context, project source.ProjectID, id agents.AgentID) (agents.Agent, error) {
	a, err := tx.agentOf(project, id)
	return a, cmp.Or(ctx.Err(), err)
}

// agentOf returns the agent of that number which a project has, or domain.NotFound.
func (w *world) agentOf(project source.ProjectID, id agents.AgentID) (agents.Agent, error) {
	row, ok := w.agents.rows[int64(id)]
	if !ok || row.project != project {
		return agents.Agent{}, notFound("agent %d", id)
	}
	return row.agent(id), nil
}

// agent returns the agent of the row.
func (row agent) agent(id agents.AgentID) agents.Agent {
	return agents.Agent{ID: id, Name: row.name, Project: row.project, CreatedBy: row.createdBy, CreatedAt: row.createdAt}
}

// AgentNameTaken implements clusters.AgentChanges.
func (tx agentsTx) AgentNameTaken(ctx context.Context, project source.ProjectID, name string) (bool, error) {
	return tx.agentByName(project, name) != 0, ctx.Err()
}

// AddAgent implements clusters.AgentChanges.
func (tx agentsTx) AddAgent(ctx context.Context, a agents.Agent) (agents.AgentID, error) {
	if err := cmp.Or(ctx.Err(), tx.projects.require(a.Project, "project")); err != nil {
		return 0, err
	}
	id := tx.agents.idOr(0)
	tx.agents.put(id, agent{a.Name, a.Project, a.CreatedBy, toInstant(a.CreatedAt)})
	return agents.AgentID(id), nil
}

// RemoveAgent implements clusters.AgentChanges.
func (tx agentsTx) RemoveAgent(ctx context.Context, id agents.AgentID) error {
	tx.deleteAgent(int64(id))
	return ctx.Err()
}

// deleteAgent removes an agent with its tokens and all that it has reported.
func (tx *transaction) deleteAgent(id int64) {
	maps.DeleteFunc(tx.agentTokens.rows, func(_ int64, t agentToken) bool { return t.agent == id })
	delete(tx.agents.rows, id)
	tx.deletedAgents = append(tx.deletedAgents, agents.AgentID(id))
}

// Token implements clusters.TokenChanges.
func (tx agentsTx) Token(ctx context.Context, agent agents.AgentID, id int64) (agents.Token, error) {
	row, ok := tx.agentTokens.rows[id]
	if !ok || row.agent != int64(agent) {
		return agents.Token{}, cmp.Or(ctx.Err(), notFound("token %d of agent %d", id, agent))
	}
	return row.token(id), ctx.Err()
}

// token returns the token of the row, without its last use.
func (row agentToken) token(id int64) agents.Token {
	return agents.Token{
		ID: id, Agent: agents.AgentID(row.agent), Name: row.Name, Description: row.Description, Revoked: row.Revoked,
		CreatedAt: row.CreatedAt, CreatedBy: row.Creator,
	}
}

// ActiveTokens implements clusters.TokenChanges.
func (tx agentsTx) ActiveTokens(ctx context.Context, agent agents.AgentID) (active int, err error) {
	for _, row := range tx.agentTokens.rows {
		if row.agent == int64(agent) && !row.Revoked {
			active++
		}
	}
	return active, ctx.Err()
}

// AddToken implements clusters.TokenChanges.
func (tx agentsTx) AddToken(ctx context.Context, t agents.Token, digest identity.TokenDigest) (int64, error) {
	if err := cmp.Or(ctx.Err(), tx.agents.require(int64(t.Agent), "agent")); err != nil {
		return 0, err
	}
	return tx.putAgentToken(int64(t.Agent), worldimport.AgentToken{
		Name: t.Name, Description: t.Description, Digest: digest, Creation: worldimport.Creation{CreatedAt: t.CreatedAt, Creator: t.CreatedBy},
	}), nil
}

// RevokeToken implements clusters.TokenChanges.
func (tx agentsTx) RevokeToken(ctx context.Context, id int64) error {
	if row, ok := tx.agentTokens.rows[id]; ok {
		row.Revoked = true
		tx.agentTokens.put(id, row)
	}
	return ctx.Err()
}

// AgentRecords implements clusters.Records.
type AgentRecords struct{ *state }

// AgentView implements clusters.Records.
func (r AgentRecords) AgentView(ctx context.Context, project source.ProjectID, id agents.AgentID) (agents.Agent, error) {
	a, err := r.world.Load().agentOf(project, id)
	return a, cmp.Or(ctx.Err(), err)
}

// AgentViews implements clusters.Records.
func (r AgentRecords) AgentViews(ctx context.Context, project source.ProjectID, page application.Page) (application.Listed[agents.Agent], error) {
	var all []agents.Agent
	for id, row := range r.world.Load().agents.rows {
		if row.project == project {
			all = append(all, row.agent(agents.AgentID(id)))
		}
	}
	return listByID(all, page, func(a agents.Agent) int64 { return int64(a.ID) }), ctx.Err()
}

// TokenView implements clusters.Records.
func (r AgentRecords) TokenView(ctx context.Context, agent agents.AgentID, id int64) (agents.Token, error) {
	for _, t := range r.activeTokens(agent) {
		if t.ID == id {
			return t, ctx.Err()
		}
	}
	return agents.Token{}, cmp.Or(ctx.Err(), notFound("token %d of agent %d", id, agent))
}

// activeTokens returns the tokens of an agent that are not revoked.
func (r AgentRecords) activeTokens(agent agents.AgentID) (all []agents.Token) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, row := range r.world.Load().agentTokens.rows {
		if row.agent == int64(agent) && !row.Revoked {
			t := row.token(id)
			t.LastUsedAt = r.agentTokenUses[id]
			all = append(all, t)
		}
	}
	return all
}

// TokenViews implements clusters.Records.
func (r AgentRecords) TokenViews(ctx context.Context, agent agents.AgentID, page application.Page) (application.Listed[agents.Token], error) {
	return listByID(r.activeTokens(agent), page, func(t agents.Token) int64 { return t.ID }), ctx.Err()
}
