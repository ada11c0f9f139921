package worldtx

import (
	"context"
	"database/sql"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application/deploykeys"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// deployKeyPorts returns the ports of deploykeys.
func (w *writer) deployKeyPorts() deploykeys.Tx {
	tx := deployKeysTx{w}
	return deploykeys.Tx{Keys: tx, Enablings: tx, Standings: w, Audit: w}
}

// deployKeysTx implements the ports of deploykeys.
type deployKeysTx struct{ *writer }

// Key implements deploykeys.Keys.
func (w deployKeysTx) Key(ctx context.Context, id identity.KeyID) (identity.Key, error) {
	row, err := found(database.Find[keyRow](ctx, w.tx, "id = ?", int64(id)))
	if err != nil {
		return identity.Key{}, database.Fault(err, "key %d", id)
	}
	return row.key(), nil
}

// KeyOf implements deploykeys.Keys.
func (w deployKeysTx) KeyOf(ctx context.Context, print identity.Fingerprint) (identity.Key, error) {
	return keysTx(w).Current(ctx, identity.Key{Fingerprint: print})
}

// AddKey implements deploykeys.Keys.
func (w deployKeysTx) AddKey(ctx context.Context, key identity.Key) (identity.KeyID, error) {
	return accountsTx(w).AddKey(ctx, key)
}

// deployKey is the condition of a deploy key of some number.
const deployKey = "id = ? AND kind = 'deploy_key'"

// Rename implements deploykeys.Keys.
func (w deployKeysTx) Rename(ctx context.Context, id identity.KeyID, title string) error {
	return database.Fault(w.execOne(ctx, "UPDATE keys SET title = ? WHERE "+deployKey, title, int64(id)), "deploy key %d", id)
}

// RemoveKey implements deploykeys.Keys.
func (w deployKeysTx) RemoveKey(ctx context.Context, id identity.KeyID) error {
	return database.Fault(w.execOne(ctx, "DELETE FROM keys WHERE "+deployKey, int64(id)), "deploy key %d", id)
}

// execOne runs a statement that changes a row, or returns domain.NotFound if there is none.
func (w *writer) execOne(ctx context.Context, query string, args ...any) error {
	changed := w.tx.WithContext(ctx).Exec(query, args...)
	if changed.Error == nil && changed.RowsAffected == 0 {
		return gorm.ErrRecordNotFound
	}
	return changed.Error
}

// Enabling implements deploykeys.Enablings.
func (w deployKeysTx) Enabling(ctx context.Context, key identity.KeyID, in source.ProjectID) (deploykeys.Enabling, error) {
	row, err := found(database.Find[deployKeyProjectRow](ctx, w.tx, "key_id = ? AND project_id = ?", int64(key), int64(in)))
	if err != nil {
		return deploykeys.Enabling{}, database.Fault(err, "deploy key %d in project %d", key, in)
	}
	return deploykeys.Enabling{CanPush: row.CanPush, UpdatedAt: row.UpdatedAt.Time}, nil
}

// Enable implements deploykeys.Enablings.
func (w deployKeysTx) Enable(ctx context.Context, key identity.KeyID, in source.ProjectID, e deploykeys.Enabling) error {
	return database.Fault(w.enable(ctx, int64(key), int64(in), e), "deploy key %d in project %d", key, in)
}

func (w *writer) enable(ctx context.Context, key, project int64, e deploykeys.Enabling) error {
	if err := w.exists(ctx, deployKeys, key); err != nil {
		return err
	}
	if err := w.exists(ctx, projectTable, project); err != nil {
		return err
	}
	row := deployKeyProjectRow{key, project, e.CanPush, database.ToInstant(e.UpdatedAt)}
	if err := upsert(ctx, w, &row, database.UpsertClause([]string{"key_id", "project_id"}, []string{"can_push", "updated_at"})); err != nil || e.CanPush {
		return err
	}
	return w.removeKeyEntries(ctx, key, project)
}

// removeKeyEntries takes a deploy key from the protections of a project.
func (w *writer) removeKeyEntries(ctx context.Context, key, project int64) error {
	return w.exec(ctx, "DELETE FROM protection_entries WHERE key_id = ? AND protection_id IN (SELECT id FROM protections WHERE project_id = ?)", key, project)
}

// Disable implements deploykeys.Enablings.
func (w deployKeysTx) Disable(ctx context.Context, key identity.KeyID, in source.ProjectID) error {
	err := w.execOne(ctx, "DELETE FROM deploy_key_projects WHERE key_id = ? AND project_id = ?", int64(key), int64(in))
	if err == nil {
		err = w.removeKeyEntries(ctx, int64(key), int64(in))
	}
	return database.Fault(err, "deploy key %d in project %d", key, in)
}

// IsEnabled implements deploykeys.Enablings.
func (w deployKeysTx) IsEnabled(ctx context.Context, key identity.KeyID) (bool, error) {
	row, err := database.Find[deployKeyProjectRow](ctx, w.tx, "key_id = ?", int64(key))
	return row != nil, database.Fault(err, "projects of deploy key %d", key)
}

var isMaintained = queries.Query("is_maintained")

// IsMaintained implements deploykeys.Enablings.
func (w deployKeysTx) IsMaintained(ctx context.Context, key identity.KeyID, by identity.UserID, now time.Time) (is bool, err error) {
	err = isMaintained.Raw(w.tx.WithContext(ctx),
		sql.Named("key", int64(key)), sql.Named("user", int64(by)), sql.Named("today", today(now)),
	).Row().Scan(&is)
	return is, database.Fault(err, "projects of deploy key %d", key)
}
