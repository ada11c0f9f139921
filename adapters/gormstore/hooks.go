package gormstore

import (
	"context"
	"database/sql"
	"time"

	"gorm.io/gorm"

	"gatehouse/application"
	"gatehouse/application/postreceive"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

type hookRow struct {
	ID        int64
	GroupID   ref
	ProjectID ref
	URL       string
	Token     string
	Push      bool
	TagPush   bool
	Branches  string
	Trusting  bool
}

// TableName is gorm's name for the table.
func (hookRow) TableName() string { return hookTable }

// hookTable is the table of hooks.
const hookTable = "hooks"

// PutHook implements worldimport.Hooks.
func (r *worldTx) PutHook(ctx context.Context, in source.MemberSource, h hooks.Hook) error {
	return fault(r.putHook(ctx, in, h), "hook of %s", h.DisplayURL())
}

func (r *worldTx) putHook(ctx context.Context, in source.MemberSource, h hooks.Hook) error {
	if err := r.memberSourceExists(ctx, in); err != nil {
		return err
	}
	same, err := find[hookRow](ctx, r.tx, "url = ? AND (group_id = ? OR project_id = ?)", h.URL, int64(in.Group), int64(in.Project))
	if err != nil {
		return err
	}
	row := hookRow{
		ID: int64(h.ID), GroupID: ref(in.Group), ProjectID: ref(in.Project), URL: h.URL, Token: h.Token,
		Push: h.Push, TagPush: h.TagPush, Branches: string(h.Branches), Trusting: h.SkipVerification,
	}
	switch {
	case same == nil:
	case row.ID == 0:
		row.ID = same.ID
	case row.ID != same.ID:
		return conflict("its URL is that of hook %d", same.ID)
	}
	if err := r.number(ctx, hookTable, &row.ID); err != nil {
		return err
	}
	return putOver(ctx, r, &row, over([]string{"id"}, []string{
		"group_id", "project_id", "url", "token", "push", "tag_push", "branches", "trusting",
	}))
}

// hookColumns are the columns of a hook, for hookCells to scan.
const hookColumns = `h.id, h.url, h.token, h.push, h.tag_push, h.branches, h.trusting,
	h.failures, h.paused_until, h.disabled, h.status, h.last_at`

func hookCells(h *hooks.Hook) []any {
	return []any{
		&h.ID, &h.URL, &h.Token, &h.Push, &h.TagPush, (*string)(&h.Branches), &h.SkipVerification,
		&h.Health.Failures, moment{&h.Health.PausedUntil}, &h.Health.Disabled, &h.Health.Status, moment{&h.Health.LastAt},
	}
}

const listening = `
	SELECT ` + hookColumns + ` FROM hooks h WHERE NOT h.disabled AND (h.project_id = $1 OR h.group_id IN (
		SELECT c.ancestor_id FROM projects p JOIN namespace_closure c ON c.descendant_id = p.namespace_id WHERE p.id = $1))
	ORDER BY h.id`

// Hooks implements postreceive.Pushes.
func (s *Store) Hooks(ctx context.Context, project source.ProjectID) ([]hooks.Hook, error) {
	found, err := s.hooks(ctx, project)
	return found, fault(err, "hooks of project %d", project)
}

func (s *Store) hooks(ctx context.Context, project source.ProjectID) (found []hooks.Hook, err error) {
	rows, err := s.pool.QueryContext(ctx, listening, int64(project))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		var h hooks.Hook
		if err := rows.Scan(hookCells(&h)...); err != nil {
			return nil, err
		}
		found = append(found, h)
	}
	return found, rows.Err()
}

// ReceivedPush implements postreceive.Pushes.
func (s *Store) ReceivedPush(ctx context.Context, push int64) (postreceive.ReceivedPush, error) {
	var received postreceive.ReceivedPush
	var repository, identifier, changes []byte
	var options string
	var processed instant
	err := s.pool.QueryRowContext(ctx, "SELECT repository, identifier, changes, options, received_at, settled_at FROM pushes WHERE id = $1", push).
		Scan(&repository, &identifier, &changes, &options, moment{&received.ReceivedAt}, &processed)
	if err != nil {
		return postreceive.ReceivedPush{}, fault(err, "push %d", push)
	}
	received.Repository, received.Identifier, received.Changes = string(repository), string(identifier), string(changes)
	received.Options, received.Processed = unquote(options), !processed.IsZero()
	return received, nil
}

const (
	markProcessed = `UPDATE pushes SET settled_at = ? WHERE id = ? AND settled_at IS NULL`
	noteActivity  = `UPDATE projects SET last_activity_at = ? WHERE id = ? AND (last_activity_at IS NULL OR last_activity_at < ?)`
	noteBranch    = `UPDATE projects SET default_branch = ? WHERE id = ?`
	noteEmpty     = `UPDATE projects SET empty = ? WHERE id = ?`
	addDelivery   = `INSERT INTO hook_deliveries (hook_id, event_id, key, event, created_at)
		SELECT id, ?, ?, ?, ? FROM hooks WHERE id = ? RETURNING id`
)

// Complete implements postreceive.Pushes.
func (s *Store) Complete(ctx context.Context, push int64, o postreceive.ProjectUpdate, now time.Time) error {
	return s.atomically(ctx, "complete a push", func(tx *gorm.DB) error {
		marked := tx.Exec(markProcessed, at(now), push)
		if marked.Error != nil || marked.RowsAffected == 0 || o.Project == 0 {
			return marked.Error
		}
		if err := tx.Exec(noteActivity, at(o.ActiveAt), int64(o.Project), at(o.ActiveAt)).Error; err != nil {
			return err
		}
		if o.DefaultBranch != "" {
			if err := tx.Exec(noteBranch, o.DefaultBranch, int64(o.Project)).Error; err != nil {
				return err
			}
		}
		if o.Empty != nil {
			if err := tx.Exec(noteEmpty, *o.Empty, int64(o.Project)).Error; err != nil {
				return err
			}
		}
		return s.leaveDeliveries(ctx, tx, o.Deliveries, now)
	})
}

func (s *Store) leaveDeliveries(ctx context.Context, tx *gorm.DB, deliveries []hooks.Delivery, now time.Time) error {
	for _, d := range deliveries {
		event, err := writeEvent(d.Event)
		if err != nil {
			return err
		}
		var ids []int64
		if err := tx.Raw(addDelivery, d.EventID, d.Key, event, at(now), int64(d.Hook.ID)).Scan(&ids).Error; err != nil {
			return err
		}
		for _, id := range ids {
			if err := s.enqueue(ctx, tx.Statement.ConnPool.(*sql.Tx), application.Job{Kind: postreceive.DeliverWebhook, Subject: id}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Delivery implements webhooks.Deliveries.
func (s *Store) Delivery(ctx context.Context, id int64) (hooks.Delivery, error) {
	d := hooks.Delivery{ID: id}
	err := s.pool.QueryRowContext(ctx, `
		SELECT d.event_id, d.key, d.event, `+hookColumns+` FROM hook_deliveries d JOIN hooks h ON h.id = d.hook_id WHERE d.id = $1`, id).
		Scan(append([]any{&d.EventID, &d.Key, eventColumn{&d.Event}}, hookCells(&d.Hook)...)...)
	return d, fault(err, "delivery %d", id)
}

const firstProject = `
	SELECT p.id, p.path, p.visibility, p.default_branch FROM hooks h
	JOIN projects p ON p.id = h.project_id OR p.namespace_id IN (SELECT c.descendant_id FROM namespace_closure c WHERE c.ancestor_id = h.group_id)
	WHERE h.id = $1 ORDER BY p.id LIMIT 1`

// Hook implements webhooks.Deliveries.
func (s *Store) Hook(ctx context.Context, id hooks.HookID) (hooks.Hook, source.Project, error) {
	var h hooks.Hook
	var p source.Project
	err := s.pool.QueryRowContext(ctx, "SELECT "+hookColumns+" FROM hooks h WHERE h.id = $1", int64(id)).Scan(hookCells(&h)...)
	if err != nil {
		return hooks.Hook{}, source.Project{}, fault(err, "hook %d", id)
	}
	err = s.pool.QueryRowContext(ctx, firstProject, int64(id)).Scan(&p.ID, &p.Path, (*string)(&p.Visibility), &p.DefaultBranch)
	if err == sql.ErrNoRows {
		err = nil
	}
	return h, p, fault(err, "project of hook %d", id)
}

// RecordAttempt implements webhooks.Deliveries.
func (s *Store) RecordAttempt(ctx context.Context, id hooks.HookID, made int64, change func(hooks.Health) hooks.Health) error {
	query := "SELECT " + hookColumns + " FROM hooks h WHERE h.id = ?"
	if s.dialect == onPostgres {
		query += " FOR NO KEY UPDATE"
	}
	return s.atomically(ctx, "note how a hook did", func(tx *gorm.DB) error {
		var h hooks.Hook
		if err := tx.Raw(query, int64(id)).Row().Scan(hookCells(&h)...); err != nil {
			return err
		}
		health := change(h.Health)
		err := tx.Exec("UPDATE hooks SET failures = ?, paused_until = ?, disabled = ?, status = ?, last_at = ? WHERE id = ?",
			health.Failures, at(health.PausedUntil), health.Disabled, health.Status, at(health.LastAt), int64(id)).Error
		if err != nil || made == 0 {
			return err
		}
		return tx.Exec("DELETE FROM hook_deliveries WHERE id = ?", made).Error
	})
}

// hookListing shows hooks; what may be a secret in a URL is left out.
var hookListing = listing{`
	SELECT h.id, g.path, p.path, h.url, h.push, h.tag_push, h.branches, NOT h.trusting,
		CASE WHEN h.disabled THEN 'disabled' WHEN h.paused_until > $1 THEN 'paused' ELSE 'active' END,
		h.failures, h.paused_until, nullif(h.status, 0), h.last_at
	FROM hooks h LEFT JOIN namespaces g ON g.id = h.group_id LEFT JOIN projects p ON p.id = h.project_id`,
	func() []cell {
		url := &nullable[string]{show: func(url string) any { return hooks.Hook{URL: url}.DisplayURL() }}
		return []cell{
			number(), word(), word(), url, flag(), flag(), word(), flag(), word(), number(), date(), number(), date(),
		}
	}}
