package management

import (
	"context"
	"database/sql"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application"
	"gatehouse/domain/agents"
	"gatehouse/domain/source"
)

// Agents reads agents and their tokens.
type Agents struct{ db *database.DB }

// NewAgents returns the reader of agents in a database.
func NewAgents(db *database.DB) *Agents { return &Agents{db} }

const (
	agentColumns      = "a.id, a.name, a.project_id, coalesce(a.creator_id, 0), a.created_at"
	agentTokenColumns = "t.id, t.agent_id, t.name, t.description, t.revoked, t.created_at, coalesce(t.creator_id, 0), t.last_used_at"
)

func scanAgent(scan func(...any) error) (a agents.Agent, err error) {
	err = scan((*int64)(&a.ID), &a.Name, (*int64)(&a.Project), (*int64)(&a.CreatedBy), database.Time(&a.CreatedAt))
	return a, err
}

func scanAgentToken(scan func(...any) error) (t agents.Token, err error) {
	err = scan(&t.ID, (*int64)(&t.Agent), &t.Name, &t.Description, &t.Revoked, database.Time(&t.CreatedAt), (*int64)(&t.CreatedBy), database.Time(&t.LastUsedAt))
	return t, err
}

// AgentView implements clusters.Records.
func (a *Agents) AgentView(ctx context.Context, project source.ProjectID, id agents.AgentID) (agents.Agent, error) {
	row := a.db.Pool.QueryRowContext(ctx, "SELECT "+agentColumns+" FROM agents a WHERE a.id = $1 AND a.project_id = $2", int64(id), int64(project))
	agent, err := scanAgent(row.Scan)
	if err != nil {
		return agents.Agent{}, database.Fault(err, "agent %d", id)
	}
	return agent, nil
}

// AgentViews implements clusters.Records.
func (a *Agents) AgentViews(ctx context.Context, project source.ProjectID, page application.Page) (application.Listed[agents.Agent], error) {
	q := query{columns: agentColumns, from: "agents a", id: "a.id", orders: map[string]string{"id": "a.id"}}
	q.and("a.project_id = ?", int64(project))
	found, err := list(ctx, a.db, q, page, func(rows *sql.Rows) (agents.Agent, error) { return scanAgent(rows.Scan) })
	return found, database.Fault(err, "agents of project %d", project)
}

// TokenView implements clusters.Records.
func (a *Agents) TokenView(ctx context.Context, agent agents.AgentID, id int64) (agents.Token, error) {
	row := a.db.Pool.QueryRowContext(ctx, "SELECT "+agentTokenColumns+" FROM agent_tokens t WHERE t.id = $1 AND t.agent_id = $2 AND NOT t.revoked", id, int64(agent))
	token, err := scanAgentToken(row.Scan)
	if err != nil {
		return agents.Token{}, database.Fault(err, "token %d of agent %d", id, agent)
	}
	return token, nil
}

// TokenViews implements clusters.Records.
func (a *Agents) TokenViews(ctx context.Context, agent agents.AgentID, page application.Page) (application.Listed[agents.Token], error) {
	q := query{columns: agentTokenColumns, from: "agent_tokens t", id: "t.id", orders: map[string]string{"id": "t.id"}}
	q.and("t.agent_id = ?", int64(agent))
	q.and("NOT t.revoked")
	found, err := list(ctx, a.db, q, page, func(rows *sql.Rows) (agents.Token, error) { return scanAgentToken(rows.Scan) })
	return found, database.Fault(err, "tokens of agent %d", agent)
}
