package provisioning

import (
	"context"
	"errors"

	"gatehouse/domain"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

// SeatRefresh says what a refresh of seats did.
type SeatRefresh struct {
	// Counted subscriptions are all that are paid for, Changed those of them
	// whose numbers were no longer right.
	Counted, Changed int
}

// subscriberPage is how many subscribers are read at once.
const subscriberPage = 500

// RefreshSeats counts the seats of every paid subscription, each in a unit of
// work of its own: several servers may do so at once. If some fail, it counts
// the others and returns the errors.
func (s *Service) RefreshSeats(ctx context.Context) (SeatRefresh, error) {
	var done SeatRefresh
	var errs []error
	for after := source.NamespaceID(0); ; {
		page, err := s.billing.Subscribers(ctx, s.rules.Plans.PaidCodes(), after, subscriberPage)
		if err != nil {
			return done, errors.Join(append(errs, err)...)
		}
		for _, of := range page {
			switch counted, changed, err := s.recount(ctx, of); {
			case ctx.Err() != nil:
				return done, ctx.Err()
			case err != nil:
				errs = append(errs, err)
			case counted:
				done.Counted++
				if changed {
					done.Changed++
				}
			}
		}
		if len(page) < subscriberPage {
			return done, errors.Join(errs...)
		}
		after = page[len(page)-1]
	}
}

// recount counts the seats of one subscription, unless it is not paid for.
func (s *Service) recount(ctx context.Context, of source.NamespaceID) (counted, changed bool, err error) {
	err = s.write(ctx, func(ctx context.Context, tx BillingTx) error {
		counted, changed = false, false // this may be the second try
		n, err := tx.Billing.Namespace(ctx, billing.NamespaceRef{ID: of})
		if err != nil {
			return ignoreNotFound(err)
		}
		subscription, err := tx.Subscriptions.Lock(ctx, of)
		if err != nil || !subscription.Paid(s.rules.Plans) {
			return ignoreNotFound(err)
		}
		taken, err := s.countSeats(ctx, tx.Billing, n, subscription)
		if err != nil {
			return err
		}
		counted = true
		if subscription, changed = subscription.Recounted(taken, s.now()); !changed {
			return nil
		}
		return tx.Subscriptions.Update(ctx, subscription)
	})
	return counted, changed, err
}

// ignoreNotFound returns nil for a subscription that no longer exists.
func ignoreNotFound(err error) error {
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	return err
}
