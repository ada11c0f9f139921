package provisioning

import (
	"context"
	"errors"

	"gatehouse/domain"
	"gatehouse/domain/billing"
)

var errPacks = domain.Refuse(domain.Unprocessable, "Unable to save additional packs")

// Purchase keeps packs of minutes, all or none, and returns them as they are
// kept: one that the namespace has already stays as it is. The namespaces in
// packs do not count. The error is a Refusal.
func (c *Clerk) Purchase(ctx context.Context, ref billing.Ref, packs []billing.Pack) (kept []billing.Pack, err error) {
	err = c.write(ctx, func(ctx context.Context, l Ledger) error {
		kept = nil // this may be the second try
		n, err := find(ctx, l.Books, ref, "Namespace")
		switch {
		case err != nil:
			return err
		case !n.Top:
			return domain.Refuse(domain.Unprocessable, "Namespace must be a top-level namespace")
		}
		for _, p := range packs {
			p.Namespace = n.ID
			if p, err = keepPack(ctx, l.Packs, p); err != nil {
				return err
			}
			kept = append(kept, p)
		}
		return nil
	})
	return kept, err
}

// keepPack returns the pack as it is kept.
func keepPack(ctx context.Context, packs Packs, p billing.Pack) (billing.Pack, error) {
	known, err := packs.Pack(ctx, p.Namespace, p.PurchaseXID)
	if !errors.Is(err, domain.NotFound) {
		return known, err
	}
	if !p.Valid() {
		return p, errPacks
	}
	err = packs.AddPack(ctx, p)
	if !errors.Is(err, domain.Conflict) {
		return p, err
	}
	// Somebody else was faster, here or in another namespace.
	known, err = packs.Pack(ctx, p.Namespace, p.PurchaseXID)
	if errors.Is(err, domain.NotFound) {
		return p, errPacks
	}
	return known, err
}

// Move gives all packs of one namespace to another, or returns a Refusal.
func (c *Clerk) Move(ctx context.Context, from, to billing.Ref) error {
	return c.write(ctx, func(ctx context.Context, l Ledger) error {
		giver, err := find(ctx, l.Books, from, "Namespace")
		if err != nil {
			return err
		}
		taker, err := find(ctx, l.Books, to, "Target namespace")
		if err != nil {
			return err
		}
		switch {
		case !giver.Top:
			return domain.Refuse(domain.Unprocessable, "Namespace must be a top-level namespace")
		case !taker.Top:
			return domain.Refuse(domain.Unprocessable, "Target namespace must be a top-level namespace")
		case giver.ID == taker.ID:
			return domain.Refuse(domain.Unprocessable, "Namespace and target must be different")
		}
		return l.Packs.MovePacks(ctx, giver.ID, taker.ID)
	})
}
