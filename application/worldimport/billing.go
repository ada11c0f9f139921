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
	FileLine
	// Namespace is the path of a top-level group, or a username.
	Namespace string
	// Subscription.Namespace and its stamps are not read from here.
	billing.Subscription
}

// MinutesPack describes a pack of compute minutes. The natural key is its
// purchase.
type MinutesPack struct {
	FileLine
	// Namespace is the path of a top-level group, or a username.
	Namespace string
	// MinutesPack.Namespace is not read from here.
	billing.MinutesPack
}

// Reconciliation describes one to come. The natural key is the namespace.
type Reconciliation struct {
	FileLine
	// Namespace is the path of a group, or a username.
	Namespace string
	// Reconciliation.Namespace is not read from here.
	billing.Reconciliation
}

// Billing keeps subscriptions, packs and reconciliations of namespaces.
type Billing interface {
	// NamespaceAt returns the group or personal namespace at a path, or
	// domain.NotFound.
	NamespaceAt(ctx context.Context, path string) (billing.Namespace, error)
	// PutSubscription keeps a subscription of a namespace, which exists. An
	// equal subscription stays as it is; a different one is replaced, and its
	// state goes into the history.
	PutSubscription(ctx context.Context, s billing.Subscription) error
	// PutMinutesPack keeps a pack of a namespace, which exists; a pack of another
	// namespace moves to this one, and provisioning.MinutesPacks still finds it
	// for the other.
	PutMinutesPack(ctx context.Context, p billing.MinutesPack) error
	// PutReconciliation replaces the reconciliation of a namespace, which
	// exists.
	PutReconciliation(ctx context.Context, r billing.Reconciliation, now time.Time) error
}

func (i *importer) subscription(ctx context.Context, s Subscription) {
	id, ok := i.billedNamespace(ctx, s.Line, s.Namespace, true)
	if !ok {
		return
	}
	kept, exists, ok := load(i, func() (billing.Subscription, error) { return i.tx.CurrentBilling.Subscription(ctx, id) })
	if !ok {
		return
	}
	if exists {
		s = mergeSubscriptions(kept, s)
	}
	if s.Trial && s.TrialStartsOn.IsZero() && !(kept.Trial && kept.TrialStartsOn.IsZero()) {
		i.mistake(s.Line, "an entry of subscriptions needs trial_starts_on")
		return
	}
	s.Subscription.Namespace, s.CreatedAt, s.UpdatedAt = id, i.now, i.now
	if i.changes(exists, compareSubscriptions(kept, s.Subscription)) {
		if i.checkPut(i.tx.Billing.PutSubscription(ctx, s.Subscription), s.Line, "subscription of", s.Namespace) {
			i.record(i.payers[id], 0)
		}
	}
}

func (i *importer) pack(ctx context.Context, p MinutesPack) {
	id, ok := i.billedNamespace(ctx, p.Line, p.Namespace, true)
	if !ok {
		return
	}
	kept, exists, ok := load(i, func() (billing.MinutesPack, error) { return i.tx.CurrentBilling.MinutesPack(ctx, p.PurchaseXID) })
	if !ok {
		return
	}
	p.MinutesPack.Namespace = id
	if i.changes(exists, comparePacks(kept, p.MinutesPack)) {
		if i.checkPut(i.tx.Billing.PutMinutesPack(ctx, p.MinutesPack), p.Line, "pack of", p.Namespace) {
			i.record(i.payers[id], 0)
		}
	}
}

func (i *importer) reconciliation(ctx context.Context, r Reconciliation) {
	id, ok := i.billedNamespace(ctx, r.Line, r.Namespace, false)
	if !ok {
		return
	}
	kept, exists, ok := load(i, func() (billing.Reconciliation, error) { return i.tx.CurrentBilling.Reconciliation(ctx, id) })
	if !ok {
		return
	}
	r.Reconciliation.Namespace = id
	if i.changes(exists, compareReconciliations(kept, r.Reconciliation)) {
		if i.checkPut(i.tx.Billing.PutReconciliation(ctx, r.Reconciliation, i.now), r.Line, "reconciliation of", r.Namespace) {
			i.record(i.payers[id], 0)
		}
	}
}

// billedNamespace returns the number of a namespace that an entry names. If top
// is set, a namespace below another one is a mistake.
func (i *importer) billedNamespace(ctx context.Context, line int, path string, top bool) (source.NamespaceID, bool) {
	id, ok := find(ctx, i, i.billed, line, "namespace", path, func(ctx context.Context, path string) (source.NamespaceID, error) {
		found, err := i.tx.Billing.NamespaceAt(ctx, path)
		i.nested[found.ID] = !found.Top
		i.payers[found.ID] = sourceObject(source.MemberSource{Group: found.ID}, path)
		if found.Personal() {
			i.payers[found.ID] = userObject(found.Owner, path)
		}
		return found.ID, err
	})
	if ok && top && i.nested[id] {
		i.mistake(line, "namespace %q is below another one, and only the top can be sold to", path)
		return 0, false
	}
	return id, ok
}
