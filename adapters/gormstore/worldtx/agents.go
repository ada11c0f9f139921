package worldtx

import (
	"cmp"
	"context"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/clusters"
	"gatehouse/application/worldimport"
	"gatehouse/domain/agents"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

type agentRow struct {
	ID                 int64
	ProjectID          int64
	Name               string
	CreatorID          database.Ref
	HasVulnerabilities bool
	CreatedAt          database.Instant `gorm:"autoCreateTime:false"`
}

// TableName is gorm's name for the table.
func (agentRow) TableName() string { return agentTable }

type agentTokenRow struct {
	ID         int64
	AgentID    int64
	Name       string
	Digest     string
	Revoked    bool
	LastUsedAt database.Instant

	Description string
	CreatedAt   database.Instant `gorm:"autoCreateTime:false"`
	CreatorID   database.Ref
}

// TableName is gorm's name for the table.
func (agentTokenRow) TableName() string { return agentTokens }

// PutAgent implements worldimport.Credentials.
func (w *writer) PutAgent(ctx context.Context, project source.ProjectID, createdBy identity.UserID, a worldimport.Agent) error {
	return database.Fault(w.putAgent(ctx, int64(project), createdBy, a), "agent %q", a.Name)
}

func (w *writer) putAgent(ctx context.Context, project int64, createdBy identity.UserID, a worldimport.Agent) error {
	if err := w.exists(ctx, projectTable, project); err != nil {
		return err
	}
	if createdBy != 0 {
		if err := w.exists(ctx, users, int64(createdBy)); err != nil {
			return err
		}
	}
	named, err := w.agentNamed(ctx, project, a.Name)
	switch {
	case err != nil:
		return err
	case named == nil:
		named = &agentRow{}
	case a.ID != 0 && a.ID != named.ID:
		return database.Conflict("its name is that of agent %d", named.ID)
	}
	row := agentRow{ID: cmp.Or(a.ID, named.ID), ProjectID: project, Name: a.Name, CreatorID: database.Ref(createdBy), CreatedAt: database.ToInstant(a.CreatedAt)}
	if err := w.number(ctx, agentTable, &row.ID); err != nil {
		return err
	}
	onConflict := database.UpsertClause([]string{"id"}, []string{"project_id", "name", "creator_id", "created_at"})
	if err := upsert(ctx, w, &row, onConflict); err != nil {
		return err
	}
	for _, t := range a.Tokens {
		if err := w.putAgentToken(ctx, row.ID, t); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) putAgentToken(ctx context.Context, agent int64, t worldimport.AgentToken) error {
	row := agentTokenRow{
		AgentID: agent, Name: t.Name, Digest: string(t.Digest), Revoked: t.Revoked,
		Description: t.Description, CreatedAt: database.ToInstant(t.CreatedAt), CreatorID: database.Ref(t.Creator),
	}
	onConflict := database.UpsertClause([]string{"digest"}, []string{"agent_id", "name", "revoked", "description", "created_at", "creator_id"})
	return upsert(ctx, w, &row, onConflict)
}

// agentNamed returns the agent of that name in the project, or nil.
func (w *writer) agentNamed(ctx context.Context, project int64, name string) (*agentRow, error) {
	return database.Find[agentRow](ctx, w.tx, "project_id = ? AND lower(name) = lower(?)", project, name)
}

// Agent implements worldimport.Credentials.
func (w *writer) Agent(ctx context.Context, project source.ProjectID, a worldimport.Agent) (worldimport.KeptAgent, error) {
	kept, err := w.keptAgent(ctx, int64(project), a)
	return kept, database.Fault(err, "agent %q", a.Name)
}

func (w *writer) keptAgent(ctx context.Context, project int64, a worldimport.Agent) (worldimport.KeptAgent, error) {
	row, err := w.agentNamed(ctx, project, a.Name)
	if a.ID != 0 {
		row, err = database.Find[agentRow](ctx, w.tx, "id = ?", a.ID)
	}
	if row, err = found(row, err); err != nil {
		return worldimport.KeptAgent{}, err
	}
	return worldimport.KeptAgent{
		ID: row.ID, Name: row.Name, Project: source.ProjectID(row.ProjectID), CreatedBy: identity.UserID(row.CreatorID), CreatedAt: row.CreatedAt.Time,
	}, nil
}

// AgentToken implements worldimport.Credentials.
func (w *writer) AgentToken(ctx context.Context, digest identity.TokenDigest) (worldimport.KeptAgentToken, error) {
	row, err := found(database.Find[agentTokenRow](ctx, w.tx, "digest = ?", string(digest)))
	if err != nil {
		return worldimport.KeptAgentToken{}, database.Fault(err, "agent token")
	}
	return worldimport.KeptAgentToken{AgentToken: row.token(), Agent: row.AgentID}, nil
}

// token returns the token of the row, without the username of its creator.
func (row agentTokenRow) token() worldimport.AgentToken {
	return worldimport.AgentToken{
		Name: row.Name, Description: row.Description, Digest: identity.TokenDigest(row.Digest), Revoked: row.Revoked, Creation: creation(row.CreatedAt, row.CreatorID),
	}
}

// agentPorts returns the ports of clusters.
func (w *writer) agentPorts() clusters.Tx {
	return clusters.Tx{Agents: agentsTx{w}, Tokens: agentsTx{w}, Standings: w, Audit: w}
}

// agentsTx implements the ports of clusters.
type agentsTx struct{ *writer }

// Agent implements clusters.AgentChanges.
func (w agentsTx) Agent(ctx context.Context, project source.ProjectID, id agents.AgentID) (agents.Agent, error) {
	row, err := found(database.Find[agentRow](ctx, w.tx, "id = ? AND project_id = ?", int64(id), int64(project)))
	if err != nil {
		return agents.Agent{}, database.Fault(err, "agent %d", id)
	}
	return agents.Agent{ID: id, Name: row.Name, Project: project, CreatedBy: identity.UserID(row.CreatorID), CreatedAt: row.CreatedAt.Time}, nil
}

// AgentNameTaken implements clusters.AgentChanges.
func (w agentsTx) AgentNameTaken(ctx context.Context, project source.ProjectID, name string) (bool, error) {
	row, err := w.agentNamed(ctx, int64(project), name)
	return row != nil, database.Fault(err, "agent %q", name)
}

// AddAgent implements clusters.AgentChanges.
func (w agentsTx) AddAgent(ctx context.Context, a agents.Agent) (agents.AgentID, error) {
	row := agentRow{ProjectID: int64(a.Project), Name: a.Name, CreatorID: database.Ref(a.CreatedBy), CreatedAt: database.ToInstant(a.CreatedAt)}
	err := w.exists(ctx, projectTable, row.ProjectID)
	if err == nil {
		err = gorm.G[agentRow](w.tx).Create(ctx, &row)
	}
	return agents.AgentID(row.ID), database.Fault(err, "agent %q", a.Name)
}

// RemoveAgent implements clusters.AgentChanges.
func (w agentsTx) RemoveAgent(ctx context.Context, id agents.AgentID) error {
	return database.Fault(w.exec(ctx, "DELETE FROM agents WHERE id = ?", int64(id)), "agent %d", id)
}

// Token implements clusters.TokenChanges.
func (w agentsTx) Token(ctx context.Context, agent agents.AgentID, id int64) (agents.Token, error) {
	row, err := found(database.Find[agentTokenRow](ctx, w.tx, "id = ? AND agent_id = ?", id, int64(agent)))
	if err != nil {
		return agents.Token{}, database.Fault(err, "token %d of agent %d", id, agent)
	}
	return agents.Token{
		ID: id, Agent: agent, Name: row.Name, Description: row.Description, Revoked: row.Revoked,
		CreatedAt: row.CreatedAt.Time, CreatedBy: identity.UserID(row.CreatorID), LastUsedAt: row.LastUsedAt.Time,
	}, nil
}

// ActiveTokens implements clusters.TokenChanges.
func (w agentsTx) ActiveTokens(ctx context.Context, agent agents.AgentID) (active int, err error) {
	err = w.tx.WithContext(ctx).Raw("SELECT count(*) FROM agent_tokens WHERE agent_id = ? AND NOT revoked", int64(agent)).Scan(&active).Error
	return active, database.Fault(err, "tokens of agent %d", agent)
}

// AddToken implements clusters.TokenChanges.
func (w agentsTx) AddToken(ctx context.Context, t agents.Token, digest identity.TokenDigest) (int64, error) {
	row := agentTokenRow{
		AgentID: int64(t.Agent), Name: t.Name, Description: t.Description, Digest: string(digest),
		CreatedAt: database.ToInstant(t.CreatedAt), CreatorID: database.Ref(t.CreatedBy),
	}
	err := gorm.G[agentTokenRow](w.tx).Create(ctx, &row)
	return row.ID, database.Fault(err, "token of agent %d", t.Agent)
}

// RevokeToken implements clusters.TokenChanges.
func (w agentsTx) RevokeToken(ctx context.Context, id int64) error {
	return database.Fault(w.exec(ctx, "UPDATE agent_tokens SET revoked = true WHERE id = ?", id), "token %d", id)
}
