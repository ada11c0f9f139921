package gormstore

import (
	"context"
	"iter"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/auditlog"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/inventory"
	"gatehouse/domain/audit"
)

// AuditLog keeps audit events that belong to no other transaction.
type AuditLog struct{ db *database.DB }

// Append implements gitaudit.Log.
func (l *AuditLog) Append(ctx context.Context, events ...audit.Event) error {
	return l.db.Atomically(ctx, "audit events", func(tx *gorm.DB) error { return auditlog.Append(ctx, tx, events...) })
}

// AuditEvents implements inventory.Records.
func (all *Records) AuditEvents(ctx context.Context, f inventory.AuditFilter) iter.Seq2[inventory.Record, error] {
	return func(yield func(inventory.Record, error) bool) {
		for record, err := range auditlog.Find(ctx, all.db.Gorm, f) {
			if !yield(record, database.Fault(err, "list the audit events")) {
				return
			}
		}
	}
}
