package gormstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"gatehouse/adapters/gormstore/auditlog"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application/clusters"
	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Agents keeps the agents of Kubernetes clusters.
type Agents struct {
	db      *database.DB
	stamps  *KeyUses
	bearers *database.Lookup[clusters.Bearer]
}

func newAgents(db *database.DB, stamps *KeyUses) *Agents {
	return &Agents{db, stamps, queries.Lookup(db, "agent_bearer", readAgentBearer)}
}

func readAgentBearer(r *database.Row) (b clusters.Bearer) {
	b.Token.ID, b.Token.Revoked, b.Token.LastUsedAt = r.Int(), r.Bool(), r.Time()
	b.Agent.ID, b.Agent.Name = agents.AgentID(r.Int()), r.Text()
	b.Agent.Project, b.Agent.CreatedBy = source.ProjectID(r.Int()), identity.UserID(r.Int())
	p := &b.Project
	p.ID, p.Path, p.Visibility = source.ProjectID(r.Int()), r.Text(), source.Visibility(r.Text())
	p.Repository, p.DefaultBranch = source.Feature(r.Text()), r.Text()
	p.Storage, p.LegacyPath = r.Text(), r.Text()
	return b
}

// Bearer implements clusters.Agents. It is one statement.
func (a *Agents) Bearer(ctx context.Context, digest identity.TokenDigest) (clusters.Bearer, error) {
	b, err := a.bearers.Ask(ctx, string(digest))
	if err != nil {
		return clusters.Bearer{}, database.Fault(err, "agent token")
	}
	return b, nil
}

// TokenUsed implements clusters.Agents.
func (a *Agents) TokenUsed(id int64, now time.Time) {
	a.stamps.add(stamped{agentTokenTable, id}, now)
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
func (a *Agents) Authorize(ctx context.Context, id agents.AgentID, in []agents.Authorization) error {
	rows := make([]authorizationRow, len(in))
	for i, a := range in {
		rows[i] = authorizationRow{int64(id), string(a.Access), string(a.Kind), string(a.Path)}
	}
	return a.db.Atomically(ctx, fmt.Sprintf("authorizations of agent %d", id), func(tx *gorm.DB) error {
		if err := a.db.LockRow(tx, "agents", int64(id)); err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM agent_authorizations WHERE agent_id = ?", int64(id)).Error; err != nil {
			return err
		}
		return createAll(tx, rows)
	})
}

const (
	agentProject      = `SELECT p.id, p.path FROM agents a JOIN projects p ON p.id = a.project_id WHERE a.id = ?`
	addAgentToken     = `INSERT INTO agent_tokens (agent_id, name, digest, revoked, created_at, creator_id) VALUES (?, ?, ?, false, ?, ?) RETURNING id`
	hasAgentToken     = `SELECT EXISTS (SELECT 1 FROM agent_tokens WHERE agent_id = ? AND name = ?)`
	revokeAgentTokens = `UPDATE agent_tokens SET revoked = true WHERE agent_id = ? AND name = ? AND NOT revoked RETURNING id`
)

// AgentTokens keeps the tokens of agents.
type AgentTokens struct{ db *database.DB }

// Add implements clusters.Tokens.
func (t *AgentTokens) Add(ctx context.Context, added clusters.NewToken, event audit.Event) error {
	return t.change(ctx, added.Agent, added.Name, event, func(tx *gorm.DB, ids *[]int64) error {
		at, by := database.ToInstant(added.CreatedAt), database.Ref(added.CreatedBy)
		return tx.Raw(addAgentToken, int64(added.Agent), added.Name, string(added.Digest), at, by).Scan(ids).Error
	})
}

// Revoke implements clusters.Tokens.
func (t *AgentTokens) Revoke(ctx context.Context, agent agents.AgentID, name string, event audit.Event) error {
	return t.change(ctx, agent, name, event, func(tx *gorm.DB, ids *[]int64) error {
		var known bool
		err := tx.Raw(hasAgentToken, int64(agent), name).Scan(&known).Error
		if err == nil && !known {
			err = domain.NotFound
		}
		if err != nil {
			return err
		}
		return tx.Raw(revokeAgentTokens, int64(agent), name).Scan(ids).Error
	})
}

// change runs do in a transaction and keeps the event for each of the tokens whose
// numbers do returns.
func (t *AgentTokens) change(ctx context.Context, agent agents.AgentID, name string, event audit.Event, do func(tx *gorm.DB, ids *[]int64) error) error {
	return t.db.Atomically(ctx, fmt.Sprintf("token %q of agent %d", name, agent), func(tx *gorm.DB) error {
		event.Entity = audit.Object{Kind: audit.Project}
		if err := tx.Raw(agentProject, int64(agent)).Row().Scan(&event.Entity.ID, &event.Entity.Path); err != nil {
			return err
		}
		var ids []int64
		if err := do(tx, &ids); err != nil {
			return err
		}
		slices.Sort(ids)
		events := make([]audit.Event, len(ids))
		for i, id := range ids {
			events[i] = event
			events[i].Target.ID = id
		}
		return auditlog.Append(ctx, tx, events...)
	})
}
