package gormstore

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"gatehouse/application/clusters"
	"gatehouse/domain/agents"
	"gatehouse/domain/identity"
)

const (
	agentBearer = `
		SELECT t.id, t.revoked, t.last_used_at, a.id, a.name, a.project_id, a.creator_id,
			p.id, p.path, p.visibility, p.repository, p.default_branch, p.storage, p.legacy_path
		FROM agent_tokens t
		JOIN agents a ON a.id = t.agent_id
		LEFT JOIN projects p ON p.id = a.project_id AND NOT p.pending_delete
			AND NOT (SELECT n.hidden FROM namespaces n WHERE n.id = p.namespace_id)
		WHERE t.digest = $1`
	addAgentToken    = `INSERT INTO agent_tokens (agent_id, name, digest, revoked) VALUES ($1, $2, $3, false)`
	revokeAgentToken = `UPDATE agent_tokens SET revoked = true WHERE agent_id = $1 AND name = $2`
)

// AgentBearer implements clusters.Agents. It is one statement.
func (s *Store) AgentBearer(ctx context.Context, digest identity.TokenDigest) (clusters.Bearer, error) {
	var b clusters.Bearer
	p := &b.Project
	stmt, err := s.plain(ctx, agentBearer)
	if err == nil {
		err = stmt.QueryRowContext(ctx, string(digest)).Scan(
			&b.Token.ID, &b.Token.Revoked, moment{&b.Token.LastUsedAt},
			&b.Agent.ID, &b.Agent.Name, &b.Agent.Project, maybe[int64]{(*int64)(&b.Agent.CreatedBy)},
			maybe[int64]{(*int64)(&p.ID)}, maybe[string]{&p.Path}, maybe[string]{(*string)(&p.Visibility)},
			maybe[string]{(*string)(&p.Repository)}, maybe[string]{&p.DefaultBranch}, maybe[string]{&p.Storage},
			maybe[string]{&p.LegacyPath})
	}
	if err != nil {
		return clusters.Bearer{}, fault(err, "agent token")
	}
	return b, nil
}

// AgentTokenUsed implements clusters.Agents.
func (s *Store) AgentTokenUsed(id int64, now time.Time) { s.stamps.add(row{agentTokens, id}, now) }

// AddAgentToken implements clusters.Tokens.
func (s *Store) AddAgentToken(ctx context.Context, agent agents.AgentID, name string, digest identity.TokenDigest) error {
	_, err := s.exec(ctx, addAgentToken, int64(agent), name, string(digest))
	return fault(err, "token %q of agent %d", name, agent)
}

// RevokeAgentTokens implements clusters.Tokens.
func (s *Store) RevokeAgentTokens(ctx context.Context, agent agents.AgentID, name string) error {
	revoked, err := s.exec(ctx, revokeAgentToken, int64(agent), name)
	if err == nil && revoked == 0 {
		return missing("token %q of agent %d", name, agent)
	}
	return fault(err, "token %q of agent %d", name, agent)
}

type authorizationRow struct {
	AgentID int64
	Access  string
	Holder  string
	Path    string
}

// TableName is gorm's name for the table.
func (authorizationRow) TableName() string { return "agent_authorizations" }

// rowBatch is how many rows are written by one statement.
const rowBatch = 500

// createAll writes rows that may be there already, or twice.
func createAll[Row any](tx *gorm.DB, rows []Row) error {
	return tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(rows, rowBatch).Error
}

// Authorize implements clusters.Agents.
func (s *Store) Authorize(ctx context.Context, id agents.AgentID, in []agents.Authorization) error {
	rows := make([]authorizationRow, len(in))
	for i, a := range in {
		rows[i] = authorizationRow{int64(id), string(a.Access), string(a.Kind), string(a.Path)}
	}
	return s.atomically(ctx, fmt.Sprintf("authorizations of agent %d", id), func(tx *gorm.DB) error {
		if err := s.lock(tx, agentTable, int64(id)); err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM agent_authorizations WHERE agent_id = ?", int64(id)).Error; err != nil {
			return err
		}
		return createAll(tx, rows)
	})
}
