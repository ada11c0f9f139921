package worldtx

import (
	"context"
	"iter"

	"gatehouse/application/worldimport"
	"gatehouse/domain/source"
)

const (
	broadcastContents = "SELECT * FROM broadcasts ORDER BY id"

	subscriptionContents = `
		SELECT s.namespace_id, n.path FROM subscriptions s JOIN namespaces n ON n.id = s.namespace_id
		WHERE s.namespace_id > ? ORDER BY s.namespace_id LIMIT ?`
	packContents = `
		SELECT p.*, n.path FROM minutes_packs p JOIN namespaces n ON n.id = p.namespace_id ORDER BY p.namespace_id, p.purchase_xid`
	reconciliationContents = `
		SELECT r.*, n.path FROM upcoming_reconciliations r JOIN namespaces n ON n.id = r.namespace_id ORDER BY r.namespace_id`
)

// Broadcasts implements worldimport.OtherContents.
func (c contents) Broadcasts(ctx context.Context) iter.Seq2[worldimport.Broadcast, error] {
	return stream(c.tx.WithContext(ctx), "broadcast messages", broadcastContents, func(row *broadcastRow) (worldimport.Broadcast, error) {
		return row.broadcast(), nil
	})
}

type payerRow struct {
	NamespaceID int64
	Path        string
}

// Subscriptions implements worldimport.OtherContents.
func (c contents) Subscriptions(ctx context.Context) iter.Seq2[worldimport.Subscription, error] {
	number := func(row payerRow) int64 { return row.NamespaceID }
	return pages(c.tx.WithContext(ctx), "subscriptions", subscriptionContents, number, func(page []payerRow, _, _ int64) (out []worldimport.Subscription, err error) {
		for _, payer := range page {
			s, err := c.billing.Billing.Subscription(ctx, source.NamespaceID(payer.NamespaceID))
			if err != nil {
				return nil, err
			}
			out = append(out, worldimport.Subscription{Namespace: payer.Path, Subscription: s})
		}
		return out, nil
	})
}

type describedPack struct {
	Row  packRow `gorm:"embedded"`
	Path string
}

// Packs implements worldimport.OtherContents.
func (c contents) Packs(ctx context.Context) iter.Seq2[worldimport.MinutesPack, error] {
	return stream(c.tx.WithContext(ctx), "packs", packContents, func(row *describedPack) (worldimport.MinutesPack, error) {
		return worldimport.MinutesPack{Namespace: row.Path, MinutesPack: row.Row.pack()}, nil
	})
}

type describedReconciliation struct {
	Row  reconciliationRow `gorm:"embedded"`
	Path string
}

// Reconciliations implements worldimport.OtherContents.
func (c contents) Reconciliations(ctx context.Context) iter.Seq2[worldimport.Reconciliation, error] {
	return stream(c.tx.WithContext(ctx), "reconciliations", reconciliationContents, func(row *describedReconciliation) (worldimport.Reconciliation, error) {
		return worldimport.Reconciliation{Namespace: row.Path, Reconciliation: row.Row.reconciliation()}, nil
	})
}
