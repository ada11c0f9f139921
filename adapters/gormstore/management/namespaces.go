package management

import (
	"context"
	"database/sql"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/application"
	"gatehouse/application/groups"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Namespaces reads groups and personal namespaces.
type Namespaces struct{ db *database.DB }

// NewNamespaces returns the reader of namespaces in a database.
func NewNamespaces(db *database.DB) *Namespaces { return &Namespaces{db} }

var (
	namespaceView   = queries.Query("namespace_view")
	namespaceCounts = queries.Query("namespace_counts")
)

const subscriptionColumns = `b.namespace_id, b.plan, b.seats_in_use, b.max_seats_used, b.max_seats_used_changed_at, b.trial, b.trial_ends_on, b.end_date`

// scanNamespace returns where the columns of namespace_view.sql go.
func scanNamespace(n *groups.Namespace, role *int64) []any {
	b := &n.Subscription
	return []any{
		(*int64)(&n.ID), &n.Name, &n.Path, database.Null((*int64)(&n.Parent)), database.Null((*int64)(&n.Owner)), (*string)(&n.Visibility), role,
		database.Null((*int64)(&b.Namespace)), database.Null(&b.Plan), database.Null(&b.SeatsInUse), database.Null(&b.MaxSeatsUsed),
		database.Time(&b.MaxChangedAt), database.Null(&b.Trial), database.Time(&b.TrialEnds), database.Time(&b.EndDate),
	}
}

// completeNamespace fills in what a row of an earlier release lacks.
func completeNamespace(n groups.Namespace, role int64) groups.Namespace {
	n.Name, n.Viewer = nameOf(n.Name, n.Path), withoutMinimal(source.Role(role))
	if n.Subscription.Namespace == 0 {
		n.Subscription = billing.Subscription{}
	}
	return n
}

// Namespace implements groups.Namespaces.
func (ns *Namespaces) Namespace(ctx context.Context, id source.NamespaceID, path string, user identity.UserID, now time.Time) (groups.Namespace, error) {
	if !database.Storable(path) {
		return groups.Namespace{}, database.NotFound("namespace %q", path)
	}
	var n groups.Namespace
	var role int64
	err := ns.db.ScanRow(ctx, namespaceView, scanNamespace(&n, &role), sql.Named("id", int64(id)), sql.Named("path", identity.Fold(path)),
		sql.Named("user", int64(user)), sql.Named("today", now.UTC().Format(time.DateOnly)))
	if err != nil {
		return groups.Namespace{}, database.Fault(err, "namespace %d %q", id, path)
	}
	return completeNamespace(n, role), nil
}

// Namespaces implements groups.Namespaces.
func (ns *Namespaces) Namespaces(ctx context.Context, f groups.NamespaceFilter, page application.Page, now time.Time) (application.Listed[groups.Namespace], error) {
	q := query{from: "namespaces n", id: "n.id", orders: map[string]string{"id": "n.id"}}
	user, err := q.joinRoles(ns.db, f.User, source.NoRole, now)
	if err != nil {
		return application.Listed[groups.Namespace]{}, err
	}
	own := "n.owner_id = " + user
	q.columns = "n.id, n.name, n.path, n.parent_id, n.owner_id, n.visibility, CASE WHEN " + own + " THEN 50 ELSE coalesce(r.level, 0) END, " + subscriptionColumns
	q.and("NOT n.hidden")
	switch {
	case f.Owned:
		q.and("("+own+" OR r.level >= ?)", int64(source.Owner))
	case !f.All:
		q.and("(" + own + " OR r.level IS NOT NULL)")
	}
	if f.Search != "" {
		q.search(ns.db.Dialect, f.Search, f.FullPath)
	}
	if f.TopLevel {
		q.and("n.parent_id IS NULL")
	}
	q.from += " LEFT JOIN subscriptions b ON b.namespace_id = coalesce(n.root_id, n.id)"
	found, err := list(ctx, ns.db, q, page, func(rows *sql.Rows) (n groups.Namespace, err error) {
		var role int64
		err = rows.Scan(scanNamespace(&n, &role)...)
		return completeNamespace(n, role), err
	})
	return found, database.Fault(err, "namespaces")
}

// Counts implements groups.Namespaces.
func (ns *Namespaces) Counts(ctx context.Context, id source.NamespaceID, now time.Time) (c groups.NamespaceCounts, err error) {
	err = ns.db.ScanRow(ctx, namespaceCounts, []any{&c.Members, &c.Projects}, sql.Named("namespace", int64(id)), sql.Named("today", now.UTC().Format(time.DateOnly)))
	return c, database.Fault(err, "what is in namespace %d", id)
}
