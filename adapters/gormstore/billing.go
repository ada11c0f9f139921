package gormstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"gatehouse/application/provisioning"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// ledger is what was sold, on the store's connections or in a transaction.
type ledger struct {
	db      *gorm.DB
	dialect dialect
}

// Books returns what was sold, for reading.
func (s *Store) Books() provisioning.Billing { return &ledger{s.db, s.dialect} }

// Ledger returns the unit of work on what was sold.
func (s *Store) Ledger() provisioning.BillingUnitOfWork {
	return func(ctx context.Context, do func(provisioning.BillingTx) error) error {
		return s.atomically(ctx, "change what was sold", func(tx *gorm.DB) error {
			l := &ledger{tx, s.dialect}
			return do(provisioning.BillingTx{Billing: l, Subscriptions: l, MinutesPacks: l, Reconciliations: l})
		})
	}
}

// rows runs a query and scans what it returns into out.
func (l *ledger) rows(ctx context.Context, out any, query string, args ...any) error {
	return l.db.WithContext(ctx).Raw(query, args...).Scan(out).Error
}

// change runs a statement and returns how many rows it changed.
func (l *ledger) change(ctx context.Context, query string, args ...any) (int64, error) {
	done := l.db.WithContext(ctx).Exec(query, args...)
	return done.RowsAffected, done.Error
}

// Namespace implements provisioning.Billing.
func (l *ledger) Namespace(ctx context.Context, ref billing.NamespaceRef) (billing.Namespace, error) {
	condition, arg := "id = ?", any(int64(ref.ID))
	if ref.ID == 0 {
		condition, arg = "lower(path) = ?", ref.Path.Fold()
	}
	n, err := find[namespaceRow](ctx, l.db, condition, arg)
	if err != nil {
		return billing.Namespace{}, fault(err, "namespace %v", ref)
	}
	if n == nil {
		return billing.Namespace{}, missing("namespace %v", ref)
	}
	return n.payer(), nil
}

// payer is the namespace as the one who pays.
func (n *namespaceRow) payer() billing.Namespace {
	return billing.Namespace{ID: source.NamespaceID(n.ID), Top: n.ParentID == 0, Owner: identity.UserID(n.OwnerID)}
}

// groupRole is the least of what a share allows and a member is, at most, over
// the group and all above it.
const groupRole = `
	SELECT coalesce(max(level), 0) FROM (
		SELECT m.level FROM namespace_closure c JOIN members m ON m.user_id = @user AND m.holder = c.ancestor_id
		WHERE c.descendant_id = @group AND m.state = 'active' AND (m.expires_at IS NULL OR m.expires_at > @today)
		UNION ALL
		SELECT CASE WHEN s.level < m.level THEN s.level ELSE m.level END
		FROM namespace_closure c JOIN shares s ON s.holder = c.ancestor_id
		JOIN namespace_closure w ON w.descendant_id = s.with_id
		JOIN members m ON m.user_id = @user AND m.holder = w.ancestor_id
		WHERE c.descendant_id = @group AND (s.expires_at IS NULL OR s.expires_at > @today)
			AND m.state = 'active' AND (m.expires_at IS NULL OR m.expires_at > @today)
	) roles`

// Role implements provisioning.Billing.
func (l *ledger) Role(ctx context.Context, user identity.UserID, group source.NamespaceID, now time.Time) (source.Role, error) {
	var level int64
	err := l.rows(ctx, &level, groupRole, map[string]any{"user": int64(user), "group": int64(group), "today": on(now)})
	if role := source.Role(level); role > source.Minimal {
		return role, nil
	}
	return source.NoRole, fault(err, "role of user %d in group %d", user, group)
}

// liveSeats is one statement, whatever the tree. Whoever is let in by a share
// has no more than it allows.
const liveSeats = `
	WITH tree AS (SELECT descendant_id AS id FROM namespace_closure WHERE ancestor_id = @group),
	lent AS (
		SELECT s.with_id, s.level FROM tree JOIN shares s ON s.group_id = tree.id
		WHERE s.expires_at IS NULL OR s.expires_at > @today
		UNION ALL
		SELECT s.with_id, s.level FROM tree JOIN projects p ON p.namespace_id = tree.id JOIN shares s ON s.project_id = p.id
		WHERE s.expires_at IS NULL OR s.expires_at > @today
	),
	roles AS (
		SELECT m.user_id, m.level, m.state, m.expires_at FROM tree JOIN members m ON m.group_id = tree.id
		UNION ALL
		SELECT m.user_id, m.level, m.state, m.expires_at
		FROM tree JOIN projects p ON p.namespace_id = tree.id JOIN members m ON m.project_id = p.id
		UNION ALL
		SELECT m.user_id, CASE WHEN lent.level < m.level THEN lent.level ELSE m.level END, m.state, m.expires_at
		FROM lent JOIN namespace_closure c ON c.descendant_id = lent.with_id JOIN members m ON m.group_id = c.ancestor_id
	)
	SELECT count(DISTINCT roles.user_id) FROM roles JOIN users u ON u.id = roles.user_id
	WHERE roles.state = 'active' AND (roles.expires_at IS NULL OR roles.expires_at > @today)
		AND u.state = 'active' AND u.type = 'human' AND roles.level > @above`

// CountSeats implements provisioning.Billing.
func (l *ledger) CountSeats(ctx context.Context, group source.NamespaceID, guests bool, now time.Time) (seats int32, err error) {
	above := source.NoRole
	if !guests {
		above = source.Guest
	}
	err = l.rows(ctx, &seats, liveSeats, map[string]any{"group": int64(group), "today": on(now), "above": int64(above)})
	return seats, fault(err, "count the seats of group %d", group)
}

// Subscribers implements provisioning.Billing.
func (l *ledger) Subscribers(ctx context.Context, plans []string, after source.NamespaceID, most int) (of []source.NamespaceID, err error) {
	err = l.rows(ctx, &of, "SELECT namespace_id FROM subscriptions WHERE plan IN ? AND namespace_id > ? ORDER BY namespace_id LIMIT ?",
		plans, int64(after), most)
	return of, fault(err, "list the subscribers")
}

// PutReconciliation implements provisioning.Reconciliations.
func (l *ledger) PutReconciliation(ctx context.Context, r billing.Reconciliation, now time.Time) error {
	_, err := l.change(ctx, `
		INSERT INTO upcoming_reconciliations (namespace_id, next_reconciliation_date, display_alert_from, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (namespace_id) DO UPDATE SET next_reconciliation_date = excluded.next_reconciliation_date,
			display_alert_from = excluded.display_alert_from, updated_at = excluded.updated_at`,
		int64(r.Namespace), on(r.Next), on(r.AlertFrom), at(now), at(now))
	return fault(err, "reconciliation of namespace %d", r.Namespace)
}

// RemoveReconciliation implements provisioning.Reconciliations.
func (l *ledger) RemoveReconciliation(ctx context.Context, of source.NamespaceID) error {
	n, err := l.change(ctx, "DELETE FROM upcoming_reconciliations WHERE namespace_id = ?", int64(of))
	if err == nil && n == 0 {
		return missing("reconciliation of namespace %d", of)
	}
	return fault(err, "reconciliation of namespace %d", of)
}

type packRow struct {
	NamespaceID     int64
	PurchaseXID     string `gorm:"column:purchase_xid"`
	NumberOfMinutes int32
	ExpiresAt       day
}

// TableName is gorm's name for the table.
func (packRow) TableName() string { return "minutes_packs" }

// MinutesPack implements provisioning.MinutesPacks.
func (l *ledger) MinutesPack(ctx context.Context, of source.NamespaceID, xid string) (billing.MinutesPack, error) {
	row, err := find[packRow](ctx, l.db, "namespace_id = ? AND purchase_xid = ?", int64(of), xid)
	if err != nil {
		return billing.MinutesPack{}, fault(err, "pack of namespace %d", of)
	}
	if row == nil {
		return billing.MinutesPack{}, missing("pack of namespace %d", of)
	}
	return billing.MinutesPack{Namespace: of, PurchaseXID: row.PurchaseXID, NumberOfMinutes: row.NumberOfMinutes, ExpiresAt: row.ExpiresAt.Time}, nil
}

// AddMinutesPack implements provisioning.MinutesPacks.
func (l *ledger) AddMinutesPack(ctx context.Context, p billing.MinutesPack) error {
	n, err := l.change(ctx, `
		INSERT INTO minutes_packs (namespace_id, purchase_xid, number_of_minutes, expires_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (purchase_xid) DO NOTHING`,
		int64(p.Namespace), p.PurchaseXID, p.NumberOfMinutes, on(p.ExpiresAt))
	if err == nil && n == 0 {
		return conflict("pack of namespace %d", p.Namespace)
	}
	return fault(err, "pack of namespace %d", p.Namespace)
}

// MoveMinutesPacks implements provisioning.MinutesPacks.
func (l *ledger) MoveMinutesPacks(ctx context.Context, from, to source.NamespaceID) error {
	_, err := l.change(ctx, "UPDATE minutes_packs SET namespace_id = ? WHERE namespace_id = ?", int64(to), int64(from))
	return fault(err, "move packs from namespace %d to %d", from, to)
}
