package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"gatehouse/application/provisioning"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

// sold is what was sold to namespaces.
type sold struct {
	subscriptions map[source.NamespaceID]billing.Subscription
	history       []pastSubscription
	// packs are kept by their purchase.
	minutesPacks    map[string]billing.MinutesPack
	reconciliations map[source.NamespaceID]reconciliation
}

// pastSubscription is what a subscription was until it was changed.
type pastSubscription struct {
	changedAt time.Time
	billing.Subscription
}

type reconciliation struct {
	billing.Reconciliation
	updatedAt time.Time
}

func newSold() sold {
	return sold{
		subscriptions:   map[source.NamespaceID]billing.Subscription{},
		minutesPacks:    map[string]billing.MinutesPack{},
		reconciliations: map[source.NamespaceID]reconciliation{},
	}
}

func (s sold) clone() sold {
	return sold{maps.Clone(s.subscriptions), slices.Clone(s.history), maps.Clone(s.minutesPacks), maps.Clone(s.reconciliations)}
}

// Ledger returns the unit of work on what was sold.
func (s *Store) Ledger() provisioning.BillingUnitOfWork {
	return func(ctx context.Context, do func(provisioning.BillingTx) error) error {
		return s.change(ctx, func(d *draft) error {
			b := books{func() *world { return d.world }}
			return do(provisioning.BillingTx{Billing: b, Subscriptions: d, MinutesPacks: d, Reconciliations: d})
		})
	}
}

// hasNamespace returns domain.NotFound unless there is a namespace of that number.
func (w *world) requireNamespace(ctx context.Context, id source.NamespaceID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.namespaces.require(id, "namespace")
}

// NamespaceAt implements worldimport.Billing.
func (d *draft) NamespaceAt(ctx context.Context, path string) (billing.Namespace, error) {
	return books{func() *world { return d.world }}.Namespace(ctx, billing.NamespaceRef{Path: source.Path(path)})
}

// PutSubscription implements worldimport.Billing.
func (d *draft) PutSubscription(ctx context.Context, s billing.Subscription) error {
	switch old, there := d.subscriptions[s.Namespace]; {
	case !there:
		return d.AddSubscription(ctx, s)
	case s.SameAs(old):
		return ctx.Err()
	}
	return d.UpdateSubscription(ctx, s)
}

// PutPack implements worldimport.Billing.
func (d *draft) PutPack(ctx context.Context, p billing.MinutesPack) error {
	if err := d.requireNamespace(ctx, p.Namespace); err != nil {
		return err
	}
	delete(d.minutesPacks, p.PurchaseXID)
	return d.AddMinutesPack(ctx, p)
}

// LockSubscription implements provisioning.Subscriptions: units run one after
// the other.
func (d *draft) LockSubscription(ctx context.Context, of source.NamespaceID) (billing.Subscription, error) {
	return d.subscriptionOf(ctx, of)
}

// AddSubscription implements provisioning.Subscriptions.
func (d *draft) AddSubscription(ctx context.Context, s billing.Subscription) error {
	if err := d.requireNamespace(ctx, s.Namespace); err != nil {
		return err
	}
	if _, taken := d.subscriptions[s.Namespace]; taken {
		return conflict("subscription of namespace %d", s.Namespace)
	}
	d.subscriptions[s.Namespace] = toStored(s)
	return nil
}

// UpdateSubscription implements provisioning.Subscriptions.
func (d *draft) UpdateSubscription(ctx context.Context, s billing.Subscription) error {
	old, err := d.subscriptionOf(ctx, s.Namespace)
	if err != nil {
		return err
	}
	d.history = append(d.history, pastSubscription{toInstant(s.UpdatedAt), old})
	s.CreatedAt = old.CreatedAt
	d.subscriptions[s.Namespace] = toStored(s)
	return nil
}

func (w *world) subscriptionOf(ctx context.Context, of source.NamespaceID) (billing.Subscription, error) {
	if err := ctx.Err(); err != nil {
		return billing.Subscription{}, err
	}
	s, ok := w.subscriptions[of]
	if !ok {
		return billing.Subscription{}, notFound("subscription of namespace %d", of)
	}
	return toStored(s), nil
}

// kept is a subscription as stores keep it, with nothing of the caller's.
func toStored(s billing.Subscription) billing.Subscription {
	s.StartDate, s.EndDate, s.TrialStartsOn, s.TrialEnds = toDay(s.StartDate), toDay(s.EndDate), toDay(s.TrialStartsOn), toDay(s.TrialEnds)
	s.MaxChangedAt, s.CreatedAt, s.UpdatedAt = toInstant(s.MaxChangedAt), toInstant(s.CreatedAt), toInstant(s.UpdatedAt)
	s.AutoRenew = copyOf(s.AutoRenew)
	return s
}

// MinutesPack implements provisioning.MinutesPacks.
func (d *draft) MinutesPack(ctx context.Context, of source.NamespaceID, xid string) (billing.MinutesPack, error) {
	if err := ctx.Err(); err != nil {
		return billing.MinutesPack{}, err
	}
	p, ok := d.minutesPacks[xid]
	if !ok || p.Namespace != of {
		return billing.MinutesPack{}, notFound("pack of namespace %d", of)
	}
	return p, nil
}

// AddMinutesPack implements provisioning.MinutesPacks.
func (d *draft) AddMinutesPack(ctx context.Context, p billing.MinutesPack) error {
	if err := d.requireNamespace(ctx, p.Namespace); err != nil {
		return err
	}
	if _, taken := d.minutesPacks[p.PurchaseXID]; taken {
		return conflict("pack of namespace %d", p.Namespace)
	}
	p.ExpiresAt = toDay(p.ExpiresAt)
	d.minutesPacks[p.PurchaseXID] = p
	return nil
}

// MoveMinutesPacks implements provisioning.MinutesPacks.
func (d *draft) MoveMinutesPacks(ctx context.Context, from, to source.NamespaceID) error {
	if err := d.requireNamespace(ctx, to); err != nil {
		return err
	}
	for xid, p := range d.minutesPacks {
		if p.Namespace == from {
			p.Namespace = to
			d.minutesPacks[xid] = p
		}
	}
	return nil
}

// PutReconciliation implements provisioning.Reconciliations.
func (d *draft) PutReconciliation(ctx context.Context, r billing.Reconciliation, now time.Time) error {
	if err := d.requireNamespace(ctx, r.Namespace); err != nil {
		return err
	}
	r.Next, r.AlertFrom = toDay(r.Next), toDay(r.AlertFrom)
	d.reconciliations[r.Namespace] = reconciliation{r, toInstant(now)}
	return nil
}

// RemoveReconciliation implements provisioning.Reconciliations.
func (d *draft) RemoveReconciliation(ctx context.Context, of source.NamespaceID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, ok := d.reconciliations[of]; !ok {
		return notFound("reconciliation of namespace %d", of)
	}
	delete(d.reconciliations, of)
	return nil
}

func (w *world) listSubscriptions() (rows [][]any) {
	for _, s := range w.subscriptions {
		rows = append(rows, subscriptionRow(s))
	}
	return rows
}

func (w *world) listHistory() (rows [][]any) {
	for i, s := range w.history {
		rows = append(rows, append([]any{int64(i + 1), s.changedAt}, subscriptionRow(s.Subscription)...))
	}
	return rows
}

func subscriptionRow(s billing.Subscription) []any {
	var renews any
	if s.AutoRenew != nil {
		renews = *s.AutoRenew
	}
	return []any{
		int64(s.Namespace), textOrNil(s.Plan), dateOrNil(s.StartDate), dateOrNil(s.EndDate),
		int64(s.Seats), int64(s.SeatsInUse), int64(s.MaxSeatsUsed), int64(s.SeatsOwed), renews, s.Trial,
		dateOrNil(s.TrialStartsOn), dateOrNil(s.TrialEnds), numberOrNil(int64(s.TrialExtension)), timeOrNil(s.MaxChangedAt), timeOrNil(s.UpdatedAt),
	}
}

// bareDay is a day without a time; nil for none.
func dateOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format(time.DateOnly)
}

func (w *world) listPacks() (rows [][]any) {
	for _, p := range w.minutesPacks {
		rows = append(rows, []any{int64(p.Namespace), p.PurchaseXID, int64(p.NumberOfMinutes), dateOrNil(p.ExpiresAt)})
	}
	return rows
}

func (w *world) listReconciliations() (rows [][]any) {
	for _, r := range w.reconciliations {
		rows = append(rows, []any{int64(r.Namespace), dateOrNil(r.Next), dateOrNil(r.AlertFrom), r.updatedAt})
	}
	return rows
}
