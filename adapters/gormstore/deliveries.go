package gormstore

import (
	"context"
	"database/sql"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// Deliveries keeps the deliveries to hooks and how these did.
type Deliveries struct {
	db     *database.DB
	sealer Sealer
}

// hookColumns are the columns of a hook without its secrets, for hookCells to scan;
// secretColumns are for secretCells.
const hookColumns = `h.id, h.push, h.tag_push, h.branches, h.trusting,
	h.failures, h.paused_until, h.disabled, h.status, h.last_at`

const secretColumns = hookColumns + ", h.url, h.token"

func hookCells(h *hooks.Hook) []any {
	return []any{
		&h.ID, &h.Push, &h.TagPush, (*string)(&h.Branches), &h.SkipVerification,
		&h.Health.Failures, database.Time(&h.Health.PausedUntil), &h.Health.Disabled, &h.Health.Status, database.Time(&h.Health.LastAt),
	}
}

func secretCells(h *hooks.Hook) []any { return append(hookCells(h), &h.URL, &h.Token) }

// open opens the secrets of a hook.
func (d *Deliveries) open(h *hooks.Hook) (err error) {
	if h.URL, err = seals.HookURL.Open(d.sealer, int64(h.ID), h.URL); err != nil {
		return err
	}
	h.Token, err = seals.HookToken.Open(d.sealer, int64(h.ID), h.Token)
	return err
}

// Delivery implements webhooks.Deliveries.
func (d *Deliveries) Delivery(ctx context.Context, id int64) (hooks.Delivery, error) {
	out := hooks.Delivery{ID: id}
	err := d.db.Pool.QueryRowContext(ctx, `
		SELECT d.event_id, d.key, d.event, `+secretColumns+` FROM hook_deliveries d JOIN hooks h ON h.id = d.hook_id WHERE d.id = $1`, id).
		Scan(append([]any{&out.EventID, &out.Key, eventColumn{&out.Event}}, secretCells(&out.Hook)...)...)
	if err == nil {
		err = d.open(&out.Hook)
	}
	return out, database.Fault(err, "delivery %d", id)
}

const firstProject = `
	SELECT p.id, p.path, p.visibility, p.default_branch, p.storage, p.legacy_path FROM hooks h
	JOIN projects p ON p.id = h.project_id OR p.namespace_id IN (SELECT c.descendant_id FROM namespace_closure c WHERE c.ancestor_id = h.group_id)
	WHERE h.id = $1 ORDER BY p.id LIMIT 1`

// Hook implements webhooks.Deliveries.
func (d *Deliveries) Hook(ctx context.Context, id hooks.HookID) (hooks.Hook, source.Project, error) {
	var h hooks.Hook
	var p source.Project
	err := d.db.Pool.QueryRowContext(ctx, "SELECT "+secretColumns+" FROM hooks h WHERE h.id = $1", int64(id)).Scan(secretCells(&h)...)
	if err == nil {
		err = d.open(&h)
	}
	if err != nil {
		return hooks.Hook{}, source.Project{}, database.Fault(err, "hook %d", id)
	}
	err = d.db.Pool.QueryRowContext(ctx, firstProject, int64(id)).Scan(&p.ID, &p.Path, (*string)(&p.Visibility), &p.DefaultBranch, &p.Storage, &p.LegacyPath)
	switch err {
	case nil:
		p.Protections, err = d.protections(ctx, p.ID)
	case sql.ErrNoRows:
		err = nil
	}
	return h, p, database.Fault(err, "project of hook %d", id)
}

// protections returns what the protections of a project cover.
func (d *Deliveries) protections(ctx context.Context, id source.ProjectID) ([]source.Protection, error) {
	rows, err := d.db.Pool.QueryContext(ctx, "SELECT id, kind, pattern FROM protections WHERE project_id = $1 ORDER BY id", int64(id))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err returns the same
	var entries []protectionEntry
	for rows.Next() {
		var e protectionEntry
		if err := rows.Scan(&e.ID, &e.Kind, (*string)(&e.Pattern)); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return protections(entries), rows.Err()
}

// RecordAttempt implements webhooks.Deliveries.
func (d *Deliveries) RecordAttempt(ctx context.Context, id hooks.HookID, made int64, change func(hooks.Health) hooks.Health) error {
	query := "SELECT " + hookColumns + " FROM hooks h WHERE h.id = ?" + d.db.ForUpdate()
	return d.db.Atomically(ctx, "note how a hook did", func(tx *gorm.DB) error {
		var h hooks.Hook
		if err := tx.Raw(query, int64(id)).Row().Scan(hookCells(&h)...); err != nil {
			return err
		}
		health := change(h.Health)
		err := tx.Exec("UPDATE hooks SET failures = ?, paused_until = ?, disabled = ?, status = ?, last_at = ? WHERE id = ?",
			health.Failures, database.ToInstant(health.PausedUntil), health.Disabled, health.Status, database.ToInstant(health.LastAt), int64(id)).Error
		if err != nil || made == 0 {
			return err
		}
		return tx.Exec("DELETE FROM hook_deliveries WHERE id = ?", made).Error
	})
}

// hookListing shows hooks; what may be a secret in a URL is left out, also of one that
// is not sealed yet.
var hookListing = listing{`
	SELECT h.id, g.path, p.path, coalesce(h.url_shown, h.url), h.push, h.tag_push, h.branches, NOT h.trusting,
		CASE WHEN h.disabled THEN 'disabled' WHEN h.paused_until > $1 THEN 'paused'
			WHEN h.failures > 0 AND h.status BETWEEN 200 AND 299 THEN 'slow' ELSE 'active' END,
		h.failures, h.paused_until, nullif(h.status, 0), h.last_at
	FROM hooks h LEFT JOIN namespaces g ON g.id = h.group_id LEFT JOIN projects p ON p.id = h.project_id`,
	func() []cell {
		url := &nullable[string]{show: func(url string) any { return hooks.Hook{URL: url}.DisplayURL() }}
		return []cell{
			number(), word(), word(), url, flag(), flag(), word(), flag(), word(), number(), date(), number(), date(),
		}
	}}
