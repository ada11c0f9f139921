package worldtx

import (
	"context"
	"errors"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

type packRow struct {
	NamespaceID     int64
	PurchaseXID     string `gorm:"column:purchase_xid"`
	NumberOfMinutes int32
	ExpiresAt       database.Day
}

// TableName is gorm's name for the table.
func (packRow) TableName() string { return "minutes_packs" }

// NamespaceAt implements worldimport.Billing.
func (w *writer) NamespaceAt(ctx context.Context, path string) (billing.Namespace, error) {
	return w.billing.Billing.Namespace(ctx, billing.NamespaceRef{Path: source.Path(path)})
}

// PutSubscription implements worldimport.Billing.
func (w *writer) PutSubscription(ctx context.Context, s billing.Subscription) error {
	subscriptions := w.billing.Subscriptions
	if err := w.exists(ctx, namespaces, int64(s.Namespace)); err != nil {
		return err
	}
	old, err := subscriptions.Lock(ctx, s.Namespace)
	switch {
	case errors.Is(err, domain.NotFound):
		return subscriptions.Add(ctx, s)
	case err != nil, s.SameAs(old):
		return err
	}
	return subscriptions.Update(ctx, s)
}

// PutMinutesPack implements worldimport.Billing.
func (w *writer) PutMinutesPack(ctx context.Context, p billing.MinutesPack) error {
	if err := w.exists(ctx, namespaces, int64(p.Namespace)); err != nil {
		return err
	}
	row := packRow{NamespaceID: int64(p.Namespace), PurchaseXID: p.PurchaseXID, NumberOfMinutes: p.NumberOfMinutes, ExpiresAt: database.ToDay(p.ExpiresAt)}
	err := w.exec(ctx, `
		INSERT INTO minutes_pack_moves (pack_id, namespace_id) SELECT id, namespace_id FROM minutes_packs WHERE purchase_xid = ? AND namespace_id <> ?
		ON CONFLICT DO NOTHING`, p.PurchaseXID, int64(p.Namespace))
	if err != nil {
		return database.Fault(err, "pack of namespace %d", p.Namespace)
	}
	onConflict := database.UpsertClause([]string{"purchase_xid"}, []string{"namespace_id", "number_of_minutes", "expires_at"})
	return database.Fault(upsert(ctx, w, &row, onConflict), "pack of namespace %d", p.Namespace)
}

// PutReconciliation implements worldimport.Billing.
func (w *writer) PutReconciliation(ctx context.Context, one billing.Reconciliation, now time.Time) error {
	if err := w.exists(ctx, namespaces, int64(one.Namespace)); err != nil {
		return err
	}
	return w.billing.Reconciliations.Put(ctx, one, now)
}

// currentBillingTx implements worldimport.CurrentBilling.
type currentBillingTx struct{ *writer }

// Subscription implements worldimport.CurrentBilling.
func (w currentBillingTx) Subscription(ctx context.Context, of source.NamespaceID) (billing.Subscription, error) {
	return w.billing.Billing.Subscription(ctx, of)
}

// MinutesPack implements worldimport.CurrentBilling.
func (w currentBillingTx) MinutesPack(ctx context.Context, purchase string) (billing.MinutesPack, error) {
	row, err := found(database.Find[packRow](ctx, w.tx, "purchase_xid = ?", purchase))
	if err != nil {
		return billing.MinutesPack{}, database.Fault(err, "pack")
	}
	return row.pack(), nil
}

func (row packRow) pack() billing.MinutesPack {
	return billing.MinutesPack{
		Namespace: source.NamespaceID(row.NamespaceID), PurchaseXID: row.PurchaseXID, NumberOfMinutes: row.NumberOfMinutes, ExpiresAt: row.ExpiresAt.Time,
	}
}

type reconciliationRow struct {
	NamespaceID            int64
	NextReconciliationDate database.Day
	DisplayAlertFrom       database.Day
}

// TableName is gorm's name for the table.
func (reconciliationRow) TableName() string { return "upcoming_reconciliations" }

// Reconciliation implements worldimport.CurrentBilling.
func (w currentBillingTx) Reconciliation(ctx context.Context, of source.NamespaceID) (billing.Reconciliation, error) {
	row, err := found(database.Find[reconciliationRow](ctx, w.tx, "namespace_id = ?", int64(of)))
	if err != nil {
		return billing.Reconciliation{}, database.Fault(err, "reconciliation of namespace %d", of)
	}
	return row.reconciliation(), nil
}

func (row reconciliationRow) reconciliation() billing.Reconciliation {
	return billing.Reconciliation{Namespace: source.NamespaceID(row.NamespaceID), Next: row.NextReconciliationDate.Time, AlertFrom: row.DisplayAlertFrom.Time}
}
