package gormstore

import (
	"context"
	"errors"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

// ledger is what was sold, in the worldTx's own transaction.
func (r *worldTx) ledger() *ledger { return &ledger{r.tx, r.dialect} }

// NamespaceAt implements worldimport.Billing.
func (r *worldTx) NamespaceAt(ctx context.Context, path string) (billing.Namespace, error) {
	return r.ledger().Namespace(ctx, billing.NamespaceRef{Path: source.Path(path)})
}

// PutSubscription implements worldimport.Billing.
func (r *worldTx) PutSubscription(ctx context.Context, s billing.Subscription) error {
	l := r.ledger()
	if err := r.exists(ctx, namespaces, int64(s.Namespace)); err != nil {
		return err
	}
	old, err := l.LockSubscription(ctx, s.Namespace)
	switch {
	case errors.Is(err, domain.NotFound):
		return l.AddSubscription(ctx, s)
	case err != nil, s.SameAs(old):
		return err
	}
	return l.UpdateSubscription(ctx, s)
}

// PutPack implements worldimport.Billing.
func (r *worldTx) PutPack(ctx context.Context, p billing.MinutesPack) error {
	if err := r.exists(ctx, namespaces, int64(p.Namespace)); err != nil {
		return err
	}
	row := packRow{NamespaceID: int64(p.Namespace), PurchaseXID: p.PurchaseXID, NumberOfMinutes: p.NumberOfMinutes, ExpiresAt: on(p.ExpiresAt)}
	again := over([]string{"purchase_xid"}, []string{"namespace_id", "number_of_minutes", "expires_at"})
	return fault(putOver(ctx, r, &row, again), "pack of namespace %d", p.Namespace)
}

// PutReconciliation implements worldimport.Billing.
func (r *worldTx) PutReconciliation(ctx context.Context, one billing.Reconciliation, now time.Time) error {
	if err := r.exists(ctx, namespaces, int64(one.Namespace)); err != nil {
		return err
	}
	return r.ledger().PutReconciliation(ctx, one, now)
}
