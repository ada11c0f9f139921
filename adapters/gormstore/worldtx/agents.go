package worldtx

import (
	"cmp"
	"context"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/worldimport"
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
