package worldtx

import (
	"context"
	"database/sql"
	"strconv"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/jobs"
	"gatehouse/adapters/gormstore/management"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/application/instance"
	"gatehouse/application/provisioning"
	"gatehouse/domain/source"
)

// NewSettings returns the unit of work on the settings of the instance beside the one that New
// returns of the same arguments.
func NewSettings(db *database.DB, queue *jobs.Queue, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) instance.UnitOfWork {
	return unitOfWork(&importer{db, queue, billing, sealer}, func(w *writer) instance.Tx {
		return instance.Tx{Settings: w, Audit: w}
	})
}

// Settings implements instance.Reader.
func (w *writer) Settings(ctx context.Context) (instance.Settings, error) {
	return management.ReadSettings(ctx, w.tx.Statement.ConnPool.(*sql.Tx))
}

// DefaultBranchProtection implements worldimport.Settings.
func (w *writer) DefaultBranchProtection(ctx context.Context) (*source.BranchProtection, error) {
	set, err := w.Settings(ctx)
	return set.DefaultBranchProtection, err
}

// PutSettings implements instance.Store.
func (w *writer) PutSettings(ctx context.Context, s instance.Settings) error {
	var level any
	if s.DefaultBranchProtection != nil {
		level = strconv.Itoa(int(*s.DefaultBranchProtection))
	}
	err := w.putNote(ctx, management.BranchProtectionNote, level)
	if err == nil {
		err = w.putNote(ctx, management.RememberedNote, database.Object(s.Remembered))
	}
	return database.Fault(err, "settings of the instance")
}

// putNote replaces a note of the instance; nil for none.
func (w *writer) putNote(ctx context.Context, name string, value any) error {
	if value == nil {
		return w.exec(ctx, "DELETE FROM instance_notes WHERE name = ?", name)
	}
	return w.exec(ctx, "INSERT INTO instance_notes (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
}
