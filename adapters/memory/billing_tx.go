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

// billingTables are what the customers portal sold to namespaces.
type billingTables struct {
	subscriptions map[source.NamespaceID]billing.Subscription
	history       []pastSubscription
	// minutesPacks are keyed by their PurchaseXID.
	minutesPacks map[string]billing.MinutesPack
	// packMoves are the namespaces that packs were moved away from.
	packMoves       map[packMove]bool
	reconciliations map[source.NamespaceID]reconciliation
}

type packMove struct {
	xid  string
	from source.NamespaceID
}

// pastSubscription is the state of a subscription before a change.
type pastSubscription struct {
	changedAt time.Time
	billing.Subscription
}

// reconciliation is an upcoming reconciliation of a namespace.
type reconciliation struct {
	billing.Reconciliation
	updatedAt time.Time
}

func newBillingTables() billingTables {
	return billingTables{
		subscriptions:   map[source.NamespaceID]billing.Subscription{},
		minutesPacks:    map[string]billing.MinutesPack{},
		packMoves:       map[packMove]bool{},
		reconciliations: map[source.NamespaceID]reconciliation{},
	}
}

func (t billingTables) clone() billingTables {
	return billingTables{maps.Clone(t.subscriptions), slices.Clone(t.history), maps.Clone(t.minutesPacks), maps.Clone(t.packMoves), maps.Clone(t.reconciliations)}
}

// changeBilling runs a transaction with the ports of provisioning. It is a
// provisioning.BillingUnitOfWork.
func (s *state) changeBilling(ctx context.Context, do func(provisioning.BillingTx) error) error {
	return s.update(ctx, func(tx *transaction) error {
		return do(provisioning.BillingTx{
			Billing:         tx.billing(),
			Subscriptions:   subscriptionsTx{tx},
			MinutesPacks:    minutesPacksTx{tx},
			Reconciliations: reconciliationsTx{tx},
			Audit:           auditTx{tx},
		})
	})
}

// billing reads what the transaction has changed.
func (tx *transaction) billing() Billing { return Billing{func() *world { return tx.world }} }

// requireNamespace returns domain.NotFound unless there is a namespace of that
// number.
func (w *world) requireNamespace(ctx context.Context, id source.NamespaceID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.namespaces.require(id, "namespace")
}

// importedBillingTx implements worldimport.Billing.
type importedBillingTx struct{ *transaction }

// NamespaceAt implements worldimport.Billing.
func (tx importedBillingTx) NamespaceAt(ctx context.Context, path string) (billing.Namespace, error) {
	return tx.billing().Namespace(ctx, billing.NamespaceRef{Path: source.Path(path)})
}

// PutSubscription implements worldimport.Billing.
func (tx importedBillingTx) PutSubscription(ctx context.Context, s billing.Subscription) error {
	subscriptions := subscriptionsTx(tx)
	switch old, exists := tx.subscriptions[s.Namespace]; {
	case !exists:
		return subscriptions.Add(ctx, s)
	case s.SameAs(old):
		return ctx.Err()
	}
	return subscriptions.Update(ctx, s)
}

// PutMinutesPack implements worldimport.Billing.
func (tx importedBillingTx) PutMinutesPack(ctx context.Context, p billing.MinutesPack) error {
	if err := tx.requireNamespace(ctx, p.Namespace); err != nil {
		return err
	}
	if old, ok := tx.minutesPacks[p.PurchaseXID]; ok && old.Namespace != p.Namespace {
		tx.packMoves[packMove{p.PurchaseXID, old.Namespace}] = true
	}
	delete(tx.minutesPacks, p.PurchaseXID)
	return minutesPacksTx(tx).Add(ctx, p)
}

// PutReconciliation implements worldimport.Billing.
func (tx importedBillingTx) PutReconciliation(ctx context.Context, r billing.Reconciliation, now time.Time) error {
	return reconciliationsTx(tx).Put(ctx, r, now)
}

// currentBillingTx implements worldimport.CurrentBilling.
type currentBillingTx struct{ *transaction }

// Subscription implements worldimport.CurrentBilling.
func (tx currentBillingTx) Subscription(ctx context.Context, of source.NamespaceID) (billing.Subscription, error) {
	return tx.subscriptionOf(ctx, of)
}

// MinutesPack implements worldimport.CurrentBilling.
func (tx currentBillingTx) MinutesPack(ctx context.Context, purchase string) (billing.MinutesPack, error) {
	if err := ctx.Err(); err != nil {
		return billing.MinutesPack{}, err
	}
	p, ok := tx.minutesPacks[purchase]
	if !ok {
		return billing.MinutesPack{}, notFound("pack")
	}
	return p, nil
}

// Reconciliation implements worldimport.CurrentBilling.
func (tx currentBillingTx) Reconciliation(ctx context.Context, of source.NamespaceID) (billing.Reconciliation, error) {
	if err := ctx.Err(); err != nil {
		return billing.Reconciliation{}, err
	}
	r, ok := tx.reconciliations[of]
	if !ok {
		return billing.Reconciliation{}, notFound("reconciliation of namespace %d", of)
	}
	return r.Reconciliation, nil
}

// subscriptionsTx implements provisioning.Subscriptions.
type subscriptionsTx struct{ *transaction }

// Lock implements provisioning.Subscriptions. It needs no lock, since
// transactions run one after the other.
func (tx subscriptionsTx) Lock(ctx context.Context, of source.NamespaceID) (billing.Subscription, error) {
	return tx.subscriptionOf(ctx, of)
}

// Add implements provisioning.Subscriptions.
func (tx subscriptionsTx) Add(ctx context.Context, s billing.Subscription) error {
	if err := tx.requireNamespace(ctx, s.Namespace); err != nil {
		return err
	}
	if _, taken := tx.subscriptions[s.Namespace]; taken {
		return conflict("subscription of namespace %d", s.Namespace)
	}
	tx.subscriptions[s.Namespace] = toStored(s)
	return nil
}

// Update implements provisioning.Subscriptions.
func (tx subscriptionsTx) Update(ctx context.Context, s billing.Subscription) error {
	old, err := tx.subscriptionOf(ctx, s.Namespace)
	if err != nil {
		return err
	}
	tx.history = append(tx.history, pastSubscription{toInstant(s.UpdatedAt), old})
	s.CreatedAt = old.CreatedAt
	tx.subscriptions[s.Namespace] = toStored(s)
	return nil
}

// minutesPacksTx implements provisioning.MinutesPacks.
type minutesPacksTx struct{ *transaction }

// Find implements provisioning.MinutesPacks.
func (tx minutesPacksTx) Find(ctx context.Context, of source.NamespaceID, xid string) (billing.MinutesPack, error) {
	if err := ctx.Err(); err != nil {
		return billing.MinutesPack{}, err
	}
	p, ok := tx.minutesPacks[xid]
	if !ok || p.Namespace != of && !tx.packMoves[packMove{xid, of}] {
		return billing.MinutesPack{}, notFound("pack of namespace %d", of)
	}
	p.Namespace = of
	return p, nil
}

// Add implements provisioning.MinutesPacks.
func (tx minutesPacksTx) Add(ctx context.Context, p billing.MinutesPack) error {
	if err := tx.requireNamespace(ctx, p.Namespace); err != nil {
		return err
	}
	if _, taken := tx.minutesPacks[p.PurchaseXID]; taken {
		return conflict("pack of namespace %d", p.Namespace)
	}
	p.ExpiresAt = toDay(p.ExpiresAt)
	tx.minutesPacks[p.PurchaseXID] = p
	return nil
}

// Move implements provisioning.MinutesPacks.
func (tx minutesPacksTx) Move(ctx context.Context, from, to source.NamespaceID) (xids []string, err error) {
	if err := tx.requireNamespace(ctx, to); err != nil {
		return nil, err
	}
	for xid, p := range tx.minutesPacks {
		if p.Namespace == from {
			tx.packMoves[packMove{xid, from}] = true
			p.Namespace = to
			tx.minutesPacks[xid] = p
			xids = append(xids, xid)
		}
	}
	slices.Sort(xids)
	return xids, nil
}

// reconciliationsTx implements provisioning.Reconciliations.
type reconciliationsTx struct{ *transaction }

// Lock implements provisioning.Reconciliations. It needs no lock, since transactions
// run one after the other.
func (tx reconciliationsTx) Lock(ctx context.Context, of source.NamespaceID) (billing.Reconciliation, error) {
	return currentBillingTx(tx).Reconciliation(ctx, of)
}

// Put implements provisioning.Reconciliations.
func (tx reconciliationsTx) Put(ctx context.Context, r billing.Reconciliation, now time.Time) error {
	if err := tx.requireNamespace(ctx, r.Namespace); err != nil {
		return err
	}
	r.Next, r.AlertFrom = toDay(r.Next), toDay(r.AlertFrom)
	tx.reconciliations[r.Namespace] = reconciliation{r, toInstant(now)}
	return nil
}

// Remove implements provisioning.Reconciliations.
func (tx reconciliationsTx) Remove(ctx context.Context, of source.NamespaceID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, ok := tx.reconciliations[of]; !ok {
		return notFound("reconciliation of namespace %d", of)
	}
	delete(tx.reconciliations, of)
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
