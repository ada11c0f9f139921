package gormstore

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/auditlog"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application/provisioning"
	"gatehouse/domain/audit"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

var (
	groupRole  = queries.Query("group_role")
	seatsQuery = queries.Query("seats")
)

// Billing keeps what the customers portal sold: subscriptions, minutes packs and
// reconciliations.
type Billing struct {
	db *database.DB
	// tx is the transaction, or the store's connections outside of one.
	tx *gorm.DB
}

// within returns what works in the transaction.
func (b *Billing) within(tx *gorm.DB) provisioning.BillingTx {
	in := &Billing{b.db, tx}
	return provisioning.BillingTx{Billing: in, Subscriptions: subscriptions{in}, MinutesPacks: minutesPacks{in}, Reconciliations: reconciliations{in}, Audit: auditTx{tx}}
}

// subscriptions, minutesPacks and reconciliations are the ports of a transaction
// whose methods are named alike.
type (
	subscriptions   struct{ *Billing }
	minutesPacks    struct{ *Billing }
	reconciliations struct{ *Billing }
)

// auditTx keeps audit events within a transaction.
type auditTx struct{ tx *gorm.DB }

// Append implements provisioning.AuditLog.
func (a auditTx) Append(ctx context.Context, events ...audit.Event) error {
	return auditlog.Append(ctx, a.tx, events...)
}

// transact implements provisioning.BillingUnitOfWork.
func (b *Billing) transact(ctx context.Context, do func(provisioning.BillingTx) error) error {
	return b.db.Atomically(ctx, "change what was sold", func(tx *gorm.DB) error { return do(b.within(tx)) })
}

// change runs a statement and returns how many rows it changed.
func (b *Billing) change(ctx context.Context, query string, args ...any) (int64, error) {
	done := b.tx.WithContext(ctx).Exec(query, args...)
	return done.RowsAffected, done.Error
}

// Namespace implements provisioning.Billing.
func (b *Billing) Namespace(ctx context.Context, ref billing.NamespaceRef) (billing.Namespace, error) {
	condition, arg := "id = ?", any(int64(ref.ID))
	if ref.ID == 0 {
		condition, arg = "id = (SELECT namespace_id FROM routes WHERE path = ?)", ref.Path.Fold()
	}
	n, err := database.Find[payerRow](ctx, b.tx, condition, arg)
	if err != nil {
		return billing.Namespace{}, database.Fault(err, "namespace %v", ref)
	}
	if n == nil {
		return billing.Namespace{}, database.NotFound("namespace %v", ref)
	}
	return billing.Namespace{ID: source.NamespaceID(n.ID), Path: source.Path(n.Path), Top: n.ParentID == 0, Owner: identity.UserID(n.OwnerID)}, nil
}

// payerRow is a namespace as the one that pays.
type payerRow struct {
	ID       int64
	Path     string
	ParentID database.Ref
	OwnerID  database.Ref
}

// TableName is gorm's name for the table.
func (payerRow) TableName() string { return "namespaces" }

// Role implements provisioning.Billing.
func (b *Billing) Role(ctx context.Context, user identity.UserID, group source.NamespaceID, now time.Time) (source.Role, error) {
	var level int64
	err := groupRole.Raw(b.tx.WithContext(ctx), sql.Named("user", int64(user)), sql.Named("group", int64(group)),
		sql.Named("today", database.ToDay(now))).Scan(&level).Error
	if role := source.Role(level); role > source.Minimal {
		return role, nil
	}
	return source.NoRole, database.Fault(err, "role of user %d in group %d", user, group)
}

// CountSeats implements provisioning.Billing.
func (b *Billing) CountSeats(ctx context.Context, group source.NamespaceID, guests bool, now time.Time) (seats int32, err error) {
	above := source.NoRole
	if !guests {
		above = source.Guest
	}
	err = seatsQuery.Raw(b.tx.WithContext(ctx), sql.Named("group", int64(group)), sql.Named("today", database.ToDay(now)),
		sql.Named("above", int64(above))).Scan(&seats).Error
	return seats, database.Fault(err, "count the seats of group %d", group)
}

// Subscribers implements provisioning.Billing.
func (b *Billing) Subscribers(ctx context.Context, plans []string, after source.NamespaceID, most int) (of []source.NamespaceID, err error) {
	err = b.tx.WithContext(ctx).Raw("SELECT namespace_id FROM subscriptions WHERE plan IN ? AND namespace_id > ? ORDER BY namespace_id LIMIT ?",
		plans, int64(after), most).Scan(&of).Error
	return of, database.Fault(err, "list the subscribers")
}

// Lock implements provisioning.Reconciliations. It locks the namespace: there may be
// no reconciliation yet.
func (b reconciliations) Lock(ctx context.Context, of source.NamespaceID) (billing.Reconciliation, error) {
	if err := b.db.LockRow(b.tx.WithContext(ctx), "namespaces", int64(of)); err != nil {
		return billing.Reconciliation{}, database.Fault(err, "reconciliation of namespace %d", of)
	}
	row, err := gorm.G[reconciliationRow](b.tx).Where("namespace_id = ?", int64(of)).Take(ctx)
	return billing.Reconciliation{Namespace: of, Next: row.NextReconciliationDate.Time, AlertFrom: row.DisplayAlertFrom.Time},
		database.Fault(err, "reconciliation of namespace %d", of)
}

type reconciliationRow struct {
	NextReconciliationDate database.Day
	DisplayAlertFrom       database.Day
}

// TableName is gorm's name for the table.
func (reconciliationRow) TableName() string { return "upcoming_reconciliations" }

// Put implements provisioning.Reconciliations.
func (b reconciliations) Put(ctx context.Context, r billing.Reconciliation, now time.Time) error {
	_, err := b.change(ctx, `
		INSERT INTO upcoming_reconciliations (namespace_id, next_reconciliation_date, display_alert_from, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (namespace_id) DO UPDATE SET next_reconciliation_date = excluded.next_reconciliation_date,
			display_alert_from = excluded.display_alert_from, updated_at = excluded.updated_at`,
		int64(r.Namespace), database.ToDay(r.Next), database.ToDay(r.AlertFrom), database.ToInstant(now), database.ToInstant(now))
	return database.Fault(err, "reconciliation of namespace %d", r.Namespace)
}

// Remove implements provisioning.Reconciliations.
func (b reconciliations) Remove(ctx context.Context, of source.NamespaceID) error {
	n, err := b.change(ctx, "DELETE FROM upcoming_reconciliations WHERE namespace_id = ?", int64(of))
	if err == nil && n == 0 {
		return database.NotFound("reconciliation of namespace %d", of)
	}
	return database.Fault(err, "reconciliation of namespace %d", of)
}

type packRow struct {
	NamespaceID     int64
	PurchaseXID     string `gorm:"column:purchase_xid"`
	NumberOfMinutes int32
	ExpiresAt       database.Day
}

// TableName is gorm's name for the table.
func (packRow) TableName() string { return "minutes_packs" }

// Find implements provisioning.MinutesPacks.
func (b minutesPacks) Find(ctx context.Context, of source.NamespaceID, xid string) (billing.MinutesPack, error) {
	const hasOrHad = `purchase_xid = ? AND (namespace_id = ?
		OR EXISTS (SELECT 1 FROM minutes_pack_moves WHERE pack_id = minutes_packs.id AND namespace_id = ?))`
	row, err := database.Find[packRow](ctx, b.tx, hasOrHad, xid, int64(of), int64(of))
	if err != nil {
		return billing.MinutesPack{}, database.Fault(err, "pack of namespace %d", of)
	}
	if row == nil {
		return billing.MinutesPack{}, database.NotFound("pack of namespace %d", of)
	}
	return billing.MinutesPack{Namespace: of, PurchaseXID: row.PurchaseXID, NumberOfMinutes: row.NumberOfMinutes, ExpiresAt: row.ExpiresAt.Time}, nil
}

// Add implements provisioning.MinutesPacks.
func (b minutesPacks) Add(ctx context.Context, p billing.MinutesPack) error {
	n, err := b.change(ctx, `
		INSERT INTO minutes_packs (namespace_id, purchase_xid, number_of_minutes, expires_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (purchase_xid) DO NOTHING`,
		int64(p.Namespace), p.PurchaseXID, p.NumberOfMinutes, database.ToDay(p.ExpiresAt))
	if err == nil && n == 0 {
		return database.Conflict("pack of namespace %d", p.Namespace)
	}
	return database.Fault(err, "pack of namespace %d", p.Namespace)
}

// Move implements provisioning.MinutesPacks. A pack that comes to the namespace
// between the two statements stays there.
func (b minutesPacks) Move(ctx context.Context, from, to source.NamespaceID) (xids []string, err error) {
	_, err = b.change(ctx, `
		INSERT INTO minutes_pack_moves (pack_id, namespace_id) SELECT id, namespace_id FROM minutes_packs WHERE namespace_id = ?
		ON CONFLICT DO NOTHING`, int64(from))
	if err == nil {
		err = b.tx.WithContext(ctx).Raw(`
			UPDATE minutes_packs SET namespace_id = ?
			WHERE namespace_id = ? AND id IN (SELECT pack_id FROM minutes_pack_moves WHERE namespace_id = ?)
			RETURNING purchase_xid`, int64(to), int64(from), int64(from)).Scan(&xids).Error
	}
	slices.Sort(xids)
	return xids, database.Fault(err, "move packs from namespace %d to %d", from, to)
}
