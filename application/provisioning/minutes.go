package provisioning

import (
	"context"
	"errors"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

// AddMinutesPacks keeps packs of minutes, all or none, and returns them as they
// are kept: one that the namespace has, or had until it was moved, stays as and
// where it is. The error is a Refusal, or billing.PackErrors.
func (s *Service) AddMinutesPacks(ctx context.Context, by audit.Cause, ref billing.NamespaceRef, purchases []billing.Purchase) (kept []billing.MinutesPack, err error) {
	err = s.write(ctx, func(ctx context.Context, tx BillingTx) error {
		kept = nil // this may be the second try
		var refused billing.PackErrors
		n, err := find(ctx, tx.Billing, ref, "Namespace")
		switch {
		case err != nil:
			return err
		case !n.Top:
			return domain.Refuse(domain.Unprocessable, "Namespace must be a top-level namespace")
		}
		for i, p := range purchases {
			pack, added, err := addPack(ctx, tx.MinutesPacks, n.ID, p)
			if err == nil && added {
				err = s.record(ctx, tx, by, n, nil, packValues(pack), auditedPack(p.XID))
			}
			wrong, ok := errors.AsType[domain.FieldErrors](err)
			switch {
			case ok:
				refused = append(refused, billing.PackError{Index: i, PurchaseXID: p.XID, Fields: wrong})
			case err != nil:
				return err
			}
			kept = append(kept, pack)
		}
		if refused != nil {
			return refused
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return kept, nil
}

// addPack returns the pack as the namespace has or had it, and whether it was added
// now, or domain.FieldErrors.
func addPack(ctx context.Context, packs MinutesPacks, of source.NamespaceID, p billing.Purchase) (pack billing.MinutesPack, added bool, err error) {
	known, err := packs.Find(ctx, of, p.XID)
	if !errors.Is(err, domain.NotFound) {
		return known, false, err
	}
	pack, wrong := p.Pack(of)
	if wrong != nil {
		return pack, false, wrong
	}
	err = packs.Add(ctx, pack)
	if !errors.Is(err, domain.Conflict) {
		return pack, true, err
	}
	// Another namespace's purchase, or one that a concurrent request added to either.
	known, err = packs.Find(ctx, of, p.XID)
	if errors.Is(err, domain.NotFound) {
		return pack, false, billing.ErrPurchaseTaken
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
		packs := make([]audit.Object, len(moved))
		for i, xid := range moved {
			packs[i] = auditedPack(xid)
		}
		return s.record(ctx, tx, by, origin, before, after, packs...)
	})
}
