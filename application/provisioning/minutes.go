package provisioning

import (
	"context"
	"errors"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/billing"
)

var errPacksNotSaved = domain.Refuse(domain.Unprocessable, "Unable to save additional packs")

// AddMinutesPacks keeps packs of minutes, all or none, and returns them as they
// are kept: one that the namespace has already stays as it is. The namespaces
// in packs do not count. The error is a Refusal.
func (s *Service) AddMinutesPacks(ctx context.Context, by audit.Cause, ref billing.NamespaceRef, packs []billing.MinutesPack) (kept []billing.MinutesPack, err error) {
	err = s.write(ctx, func(ctx context.Context, tx BillingTx) error {
		kept = nil // this may be the second try
		n, err := find(ctx, tx.Billing, ref, "Namespace")
		switch {
		case err != nil:
			return err
		case !n.Top:
			return domain.Refuse(domain.Unprocessable, "Namespace must be a top-level namespace")
		}
		for _, p := range packs {
			p.Namespace = n.ID
			p, added, err := addPack(ctx, tx.MinutesPacks, p)
			if err == nil && added {
				err = s.record(ctx, tx, by, n, auditedPack(p.PurchaseXID), nil, packValues(p))
			}
			if err != nil {
				return err
			}
			kept = append(kept, p)
		}
		return nil
	})
	return kept, err
}

// addPack returns the pack as it is kept, and whether it was added now.
func addPack(ctx context.Context, packs MinutesPacks, p billing.MinutesPack) (kept billing.MinutesPack, added bool, err error) {
	known, err := packs.Find(ctx, p.Namespace, p.PurchaseXID)
	if !errors.Is(err, domain.NotFound) {
		return known, false, err
	}
	if !p.Valid() {
		return p, false, errPacksNotSaved
	}
	err = packs.Add(ctx, p)
	if !errors.Is(err, domain.Conflict) {
		return p, true, err
	}
	// A concurrent request added the purchase, to this or another namespace.
	known, err = packs.Find(ctx, p.Namespace, p.PurchaseXID)
	if errors.Is(err, domain.NotFound) {
		return p, false, errPacksNotSaved
	}
	return known, false, err
}

// MoveMinutesPacks gives all packs of one namespace to another, or returns a
// Refusal.
func (s *Service) MoveMinutesPacks(ctx context.Context, by audit.Cause, from, to billing.NamespaceRef) error {
	return s.write(ctx, func(ctx context.Context, tx BillingTx) error {
		origin, err := find(ctx, tx.Billing, from, "Namespace")
		if err != nil {
			return err
		}
		target, err := find(ctx, tx.Billing, to, "Target namespace")
		if err != nil {
			return err
		}
		switch {
		case !origin.Top:
			return domain.Refuse(domain.Unprocessable, "Namespace must be a top-level namespace")
		case !target.Top:
			return domain.Refuse(domain.Unprocessable, "Target namespace must be a top-level namespace")
		case origin.ID == target.ID:
			return domain.Refuse(domain.Unprocessable, "Namespace and target must be different")
		}
		moved, err := tx.MinutesPacks.Move(ctx, origin.ID, target.ID)
		if err != nil {
			return err
		}
		before, after := audit.Values{"namespace_id": int64(origin.ID)}, audit.Values{"namespace_id": int64(target.ID)}
		for _, xid := range moved {
			if err := s.record(ctx, tx, by, origin, auditedPack(xid), before, after); err != nil {
				return err
			}
		}
		return nil
	})
}
