// Package provisioning applies what a billing portal has sold: subscriptions,
// packs of compute minutes and reconciliations to come.
package provisioning

import (
	"context"
	"errors"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Rules are the instance's settings for what is sold.
type Rules struct {
	Plans billing.Plans
	// StrictTrials demands both days of a trial, in their order.
	StrictTrials bool
}

// Clerk applies what was sold. It is safe for concurrent use, also by several
// servers on one database.
type Clerk struct {
	books Books
	work  Work
	rules Rules
	now   application.Clock
}

// New makes a Clerk.
func New(books Books, work Work, rules Rules, now application.Clock) *Clerk {
	return &Clerk{books, work, rules, now}
}

const (
	// readPatience and writePatience are how long a request may take. A list of
	// reconciliations may be long; the portal repeats what was not answered.
	readPatience  = 10 * time.Second
	writePatience = 30 * time.Second
)

var errUnavailable = domain.Refuse(domain.Unavailable, "Nothing can be booked at the moment. Try again later.")

// write runs a unit of work, all or nothing.
func (c *Clerk) write(ctx context.Context, do func(context.Context, Ledger) error) error {
	ctx, cancel := context.WithTimeout(ctx, writePatience)
	defer cancel()
	return told(c.work(ctx, func(l Ledger) error { return do(ctx, l) }))
}

// told makes a refusal of a store that is down or late.
func told(err error) error {
	if _, refused := errors.AsType[*domain.Refusal](err); !refused && (errors.Is(err, domain.Unavailable) || errors.Is(err, context.DeadlineExceeded)) {
		return errUnavailable.Because(err)
	}
	return err
}

// find returns a namespace; what says which one it is, where it is not there.
func find(ctx context.Context, books Books, ref billing.Ref, what string) (billing.Namespace, error) {
	n, err := books.Namespace(ctx, ref)
	if errors.Is(err, domain.NotFound) {
		return n, domain.Refuse(domain.NotFound, "%s Not Found", what)
	}
	return n, err
}

// Statement is a subscription as the portal is told of it.
type Statement struct {
	billing.Subscription
	// Plan is the zero Plan for none.
	Plan       billing.Plan
	Upgradable bool
	// ExcludesGuests says that guests take no seats.
	ExcludesGuests bool
	// UnknownPlan is a code that was asked for and that no plan has.
	UnknownPlan string
}

// state makes the statement of a subscription. Seats that cost nothing are
// counted at this moment.
func (c *Clerk) state(ctx context.Context, books Books, n billing.Namespace, s billing.Subscription) (Statement, error) {
	plan, _ := c.rules.Plans.Find(s.Plan)
	out := Statement{
		Subscription: s, Plan: plan,
		Upgradable: s.Upgradable(c.rules.Plans, c.now()), ExcludesGuests: s.ExcludesGuests(c.rules.Plans, n),
	}
	var err error
	if !s.Paid(c.rules.Plans) {
		out.SeatsInUse, err = c.live(ctx, books, n, s)
	}
	return out, err
}

// live counts the seats that are taken.
func (c *Clerk) live(ctx context.Context, books Books, n billing.Namespace, s billing.Subscription) (int32, error) {
	if n.Personal() {
		return 1, nil
	}
	return books.LiveSeats(ctx, n.ID, !s.ExcludesGuests(c.rules.Plans, n), c.now())
}

// Subscribe gives a namespace its first subscription. The error is a Refusal,
// or Faults that name the fields.
func (c *Clerk) Subscribe(ctx context.Context, ref billing.Ref, change billing.Change) (Statement, error) {
	return c.book(ctx, ref, change, func(ctx context.Context, l Ledger, n billing.Namespace) (billing.Subscription, error) {
		s, err := change.Create(n.ID, c.rules.Plans, c.rules.StrictTrials, c.now())
		if err != nil {
			return s, err
		}
		taken, err := c.live(ctx, l.Books, n, s)
		if err != nil {
			return s, err
		}
		s = s.WithSeatsInUse(taken)
		err = l.Subscriptions.AddSubscription(ctx, s)
		if errors.Is(err, domain.Conflict) {
			return s, billing.Taken
		}
		return s, err
	})
}

// Amend changes the subscription of a namespace. The error is a Refusal, or
// Faults that name the fields.
func (c *Clerk) Amend(ctx context.Context, ref billing.Ref, change billing.Change) (Statement, error) {
	return c.book(ctx, ref, change, func(ctx context.Context, l Ledger, n billing.Namespace) (billing.Subscription, error) {
		old, err := l.Subscriptions.HoldSubscription(ctx, n.ID)
		if errors.Is(err, domain.NotFound) {
			return old, domain.Refuse(domain.NotFound, "GitlabSubscription Not Found")
		}
		if err != nil {
			return old, err
		}
		s, needsSeats, err := change.Update(old, c.rules.Plans, c.rules.StrictTrials, c.now())
		if err != nil {
			return s, err
		}
		if needsSeats {
			taken, err := c.live(ctx, l.Books, n, s)
			if err != nil {
				return s, err
			}
			s = s.WithSeatsReset(taken)
		}
		return s, l.Subscriptions.ChangeSubscription(ctx, s)
	})
}

// book finds the namespace, which has to be one that can subscribe, and states
// what do has made of its subscription.
func (c *Clerk) book(ctx context.Context, ref billing.Ref, change billing.Change, do func(context.Context, Ledger, billing.Namespace) (billing.Subscription, error)) (out Statement, err error) {
	err = c.write(ctx, func(ctx context.Context, l Ledger) error {
		n, err := find(ctx, l.Books, ref, "Namespace")
		switch {
		case err != nil:
			return err
		case !n.Top:
			return domain.Refuse(domain.Unprocessable, "Must be root namespace")
		}
		s, err := do(ctx, l, n)
		if err != nil {
			return err
		}
		out, err = c.state(ctx, l.Books, n, s)
		return err
	})
	out.UnknownPlan = change.UnknownPlan(c.rules.Plans)
	return out, err
}

// Subscription states the subscription of a namespace to one who may read it;
// ok is false if there is none. Whoever is no member is told that there is no
// such namespace.
func (c *Clerk) Subscription(ctx context.Context, reader identity.User, ref billing.Ref) (out Statement, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	out, ok, err = c.read(ctx, reader, ref)
	return out, ok, told(err)
}

func (c *Clerk) read(ctx context.Context, reader identity.User, ref billing.Ref) (out Statement, ok bool, err error) {
	n, err := find(ctx, c.books, ref, "Namespace")
	if err != nil {
		return out, false, err
	}
	role := source.NoRole
	if !reader.Admin && !n.Personal() {
		if role, err = c.books.Role(ctx, reader.ID, n.ID, c.now()); err != nil {
			return out, false, err
		}
	}
	if err := n.CheckReader(reader, role); err != nil {
		return out, false, err
	}
	s, err := c.books.Subscription(ctx, n.ID)
	if errors.Is(err, domain.NotFound) {
		return out, false, nil
	}
	if err != nil {
		return out, false, err
	}
	out, err = c.state(ctx, c.books, n, s)
	return out, err == nil, err
}
