package provisioning

import (
	"context"
	"errors"

	"gatehouse/domain"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

// Refreshed says what a refresh of seats did.
type Refreshed struct {
	// Counted subscriptions are all that are paid for, Changed those of them
	// whose numbers were no longer right.
	Counted, Changed int
}

// subscriberPage is how many subscribers are read at once.
const subscriberPage = 500

// RefreshSeats counts the seats of every paid subscription, each in a unit of
// work of its own: several servers may do so at once. What could not be counted
// is an error, and the others are counted all the same.
func (c *Clerk) RefreshSeats(ctx context.Context) (Refreshed, error) {
	var done Refreshed
	var errs []error
	for after := source.NamespaceID(0); ; {
		page, err := c.books.Subscribers(ctx, c.rules.Plans.PaidCodes(), after, subscriberPage)
		if err != nil {
			return done, errors.Join(append(errs, err)...)
		}
		for _, of := range page {
			switch counted, changed, err := c.recount(ctx, of); {
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
func (c *Clerk) recount(ctx context.Context, of source.NamespaceID) (counted, changed bool, err error) {
	err = c.write(ctx, func(ctx context.Context, l Ledger) error {
		counted, changed = false, false // this may be the second try
		n, err := l.Books.Namespace(ctx, billing.Ref{ID: of})
		if err != nil {
			return gone(err)
		}
		s, err := l.Subscriptions.HoldSubscription(ctx, of)
		if err != nil || !s.Paid(c.rules.Plans) {
			return gone(err)
		}
		taken, err := c.live(ctx, l.Books, n, s)
		if err != nil {
			return err
		}
		counted = true
		if s, changed = s.Recounted(taken, c.now()); !changed {
			return nil
		}
		return l.Subscriptions.ChangeSubscription(ctx, s)
	})
	return counted, changed, err
}

// gone makes nothing of a subscription that is no longer there.
func gone(err error) error {
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	return err
}
