package provisioning

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/audit"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Billing reads namespaces, their members and their subscriptions.
type Billing interface {
	// Namespace returns a group, however deep, or a personal namespace; or
	// domain.NotFound. A project's own path leads nowhere.
	Namespace(ctx context.Context, ref billing.NamespaceRef) (billing.Namespace, error)
	// Role returns the highest role that the user has in the group at now, as a
	// member there or above it or by a share; NoRole for a stranger.
	Role(ctx context.Context, user identity.UserID, group source.NamespaceID, now time.Time) (source.Role, error)
	// CountSeats counts, in one statement, the active people who are members at
	// now of the group, of the groups and projects below it, or of groups that
	// any of these is shared with; each once. If guests is false, people who
	// are guests everywhere, or get no higher role by a share, do not count.
	CountSeats(ctx context.Context, group source.NamespaceID, guests bool, now time.Time) (int32, error)
	// Subscription returns that of a namespace, or domain.NotFound.
	Subscription(ctx context.Context, of source.NamespaceID) (billing.Subscription, error)
	// Subscribers returns, in order, the first namespaces behind after whose
	// subscription is to one of the plans; at most limit.
	Subscribers(ctx context.Context, plans []string, after source.NamespaceID, limit int) ([]source.NamespaceID, error)
}

// Subscriptions keeps subscriptions, one for each namespace.
type Subscriptions interface {
	// Lock returns the subscription as Billing does, and locks it
	// until the unit of work ends.
	Lock(ctx context.Context, of source.NamespaceID) (billing.Subscription, error)
	// Add keeps the first one of a namespace, which exists;
	// domain.Conflict if there is one, which leaves the unit usable.
	Add(ctx context.Context, s billing.Subscription) error
	// Update keeps s in place of the one that is there, whose state
	// goes into the history; domain.NotFound if there is none.
	Update(ctx context.Context, s billing.Subscription) error
}

// MinutesPacks keeps packs of compute minutes.
type MinutesPacks interface {
	// Find returns the pack of that xid as the namespace has it, or had it until
	// it was moved; or domain.NotFound. Its Namespace is the one asked for.
	Find(ctx context.Context, of source.NamespaceID, xid string) (billing.MinutesPack, error)
	// Add keeps a pack; domain.Conflict if its xid is known, in
	// whichever namespace, which leaves the unit usable. Of units that add one
	// xid at the same time the later one waits for the first to end.
	Add(ctx context.Context, p billing.MinutesPack) error
	// Move gives all packs of one namespace to another, and returns their xids in order.
	// Find still returns them for the first.
	Move(ctx context.Context, from, to source.NamespaceID) (xids []string, err error)
}

// Reconciliations keeps upcoming reconciliations, one for each namespace.
type Reconciliations interface {
	// Lock returns the one of a namespace, or domain.NotFound. Units that lock that of
	// one namespace take turns.
	Lock(ctx context.Context, of source.NamespaceID) (billing.Reconciliation, error)
	// Put keeps r in place of whatever was announced to its
	// namespace, which exists.
	Put(ctx context.Context, r billing.Reconciliation, now time.Time) error
	// Remove takes it back; domain.NotFound if there is none.
	Remove(ctx context.Context, of source.NamespaceID) error
}

// AuditLog keeps audit events.
type AuditLog interface {
	// Append keeps events in their order.
	Append(ctx context.Context, events ...audit.Event) error
}

// BillingTx reads and writes billing within one transaction.
type BillingTx struct {
	Billing         Billing
	Subscriptions   Subscriptions
	MinutesPacks    MinutesPacks
	Reconciliations Reconciliations
	Audit           AuditLog
}

// BillingUnitOfWork is a unit of work on a BillingTx.
type BillingUnitOfWork = application.UnitOfWork[BillingTx]
