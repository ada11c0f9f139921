package worldimport

import (
	"context"
	"time"

	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

// Subscription describes what a namespace has subscribed to. The natural key is
// the namespace.
type Subscription struct {
	Entry
	// Namespace is the path of a top-level group, or a username.
	Namespace string
	// Subscription.Namespace and its stamps are not read from here.
	billing.Subscription
}

// MinutesPack describes a pack of compute minutes. The natural key is its
// purchase.
type MinutesPack struct {
	Entry
	// Namespace is the path of a top-level group, or a username.
	Namespace string
	// MinutesPack.Namespace is not read from here.
	billing.MinutesPack
}

// Reconciliation describes one to come. The natural key is the namespace.
type Reconciliation struct {
	Entry
	// Namespace is the path of a group, or a username.
	Namespace string
	// Reconciliation.Namespace is not read from here.
	billing.Reconciliation
}

// Billing keeps what was sold to namespaces.
type Billing interface {
	// NamespaceAt returns the group or personal namespace at a path, or
	// domain.NotFound.
	NamespaceAt(ctx context.Context, path string) (billing.Namespace, error)
	// PutSubscription keeps a subscription of a namespace, which exists. One
	// that is there and says the same stays as it is; the state of another one
	// goes into the history.
	PutSubscription(ctx context.Context, s billing.Subscription) error
	// PutPack keeps a pack of a namespace, which exists; another one's is taken
	// over.
	PutPack(ctx context.Context, p billing.MinutesPack) error
	// PutReconciliation keeps what is announced to a namespace, which exists,
	// in place of what was.
	PutReconciliation(ctx context.Context, r billing.Reconciliation, now time.Time) error
}

func (i *importer) subscription(ctx context.Context, s Subscription) {
	if id, ok := i.billedNamespace(ctx, s.Line, s.Namespace, true); ok {
		s.Subscription.Namespace, s.CreatedAt, s.UpdatedAt = id, i.now, i.now
		i.checkPut(i.tx.Billing.PutSubscription(ctx, s.Subscription), s.Line, "subscription of", s.Namespace)
	}
}

func (i *importer) pack(ctx context.Context, p MinutesPack) {
	if id, ok := i.billedNamespace(ctx, p.Line, p.Namespace, true); ok {
		p.MinutesPack.Namespace = id
		i.checkPut(i.tx.Billing.PutPack(ctx, p.MinutesPack), p.Line, "pack of", p.Namespace)
	}
}

func (i *importer) reconciliation(ctx context.Context, r Reconciliation) {
	if id, ok := i.billedNamespace(ctx, r.Line, r.Namespace, false); ok {
		r.Reconciliation.Namespace = id
		i.checkPut(i.tx.Billing.PutReconciliation(ctx, r.Reconciliation, i.now), r.Line, "reconciliation of", r.Namespace)
	}
}

// billedNamespace returns the number of a namespace that is referred to; one
// that has to be at the top is a mistake elsewhere.
func (i *importer) billedNamespace(ctx context.Context, line int, path string, top bool) (source.NamespaceID, bool) {
	id, ok := find(ctx, i, i.billed, line, "namespace", path, func(ctx context.Context, path string) (source.NamespaceID, error) {
		found, err := i.tx.Billing.NamespaceAt(ctx, path)
		i.nested[found.ID] = !found.Top
		return found.ID, err
	})
	if ok && top && i.nested[id] {
		i.mistake(line, "namespace %q is below another one, and only the top can be sold to", path)
		return 0, false
	}
	return id, ok
}
