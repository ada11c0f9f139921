package gormstore

import (
	"cmp"
	"context"
	"strings"

	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

type accessTokenRow struct {
	ID         int64
	UserID     int64
	Name       string
	Scopes     texts
	Digest     string
	ExpiresAt  instant
	Revoked    bool
	CreatedAt  instant
	LastUsedAt instant
}

// TableName is gorm's name for the table.
func (accessTokenRow) TableName() string { return accessTokens }

type agentRow struct {
	ID                 int64
	ProjectID          int64
	Name               string
	CreatorID          ref
	HasVulnerabilities bool
}

// TableName is gorm's name for the table.
func (agentRow) TableName() string { return agentTable }

type agentTokenRow struct {
	ID         int64
	AgentID    int64
	Name       string
	Digest     string
	Revoked    bool
	LastUsedAt instant
}

// TableName is gorm's name for the table.
func (agentTokenRow) TableName() string { return agentTokens }

// PutAccessToken implements worldimport.Credentials.
func (r *worldTx) PutAccessToken(ctx context.Context, user identity.UserID, t worldimport.AccessToken) error {
	if err := r.exists(ctx, users, int64(user)); err != nil {
		return err
	}
	row := accessTokenRow{
		UserID: int64(user), Name: t.Name, Scopes: t.Scopes, Digest: string(t.Digest),
		ExpiresAt: at(t.ExpiresAt), Revoked: t.Revoked,
	}
	again := over([]string{"digest"}, []string{"user_id", "name", "scopes", "expires_at", "revoked"})
	return fault(putOver(ctx, r, &row, again), "access token %q", t.Name)
}

// PutAgent implements worldimport.Credentials.
func (r *worldTx) PutAgent(ctx context.Context, project source.ProjectID, createdBy identity.UserID, a worldimport.Agent) error {
	return fault(r.putAgent(ctx, int64(project), createdBy, a), "agent %q", a.Name)
}

func (r *worldTx) putAgent(ctx context.Context, project int64, createdBy identity.UserID, a worldimport.Agent) error {
	if err := r.exists(ctx, projectTable, project); err != nil {
		return err
	}
	if createdBy != 0 {
		if err := r.exists(ctx, users, int64(createdBy)); err != nil {
			return err
		}
	}
	named, err := find[agentRow](ctx, r.tx, "project_id = ? AND lower(name) = ?", project, strings.ToLower(a.Name))
	switch {
	case err != nil:
		return err
	case named == nil:
		named = &agentRow{}
	case a.ID != 0 && a.ID != named.ID:
		return conflict("its name is that of agent %d", named.ID)
	}
	row := agentRow{ID: cmp.Or(a.ID, named.ID), ProjectID: project, Name: a.Name, CreatorID: ref(createdBy)}
	if err := r.number(ctx, agentTable, &row.ID); err != nil {
		return err
	}
	again := over([]string{"id"}, []string{"project_id", "name", "creator_id"})
	if err := putOver(ctx, r, &row, again); err != nil {
		return err
	}
	for _, t := range a.Tokens {
		if err := r.putAgentToken(ctx, row.ID, t); err != nil {
			return err
		}
	}
	return nil
}

func (r *worldTx) putAgentToken(ctx context.Context, agent int64, t worldimport.AgentToken) error {
	row := agentTokenRow{AgentID: agent, Name: t.Name, Digest: string(t.Digest), Revoked: t.Revoked}
	again := over([]string{"digest"}, []string{"agent_id", "name", "revoked"})
	return putOver(ctx, r, &row, again)
}
