// Package provisioning applies the sales of a billing portal: subscriptions,
// packs of compute minutes and upcoming reconciliations. Each write of the portal that
// changes something leaves an audit event.
package provisioning

import (
	"context"
	"errors"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
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

// Service applies the portal's sales. It is safe for concurrent use, also by
// several servers on one database.
type Service struct {
	billing    Billing
	unitOfWork BillingUnitOfWork
	rules      Rules
	now        application.Clock
}

// New makes a Service.
func New(billing Billing, unitOfWork BillingUnitOfWork, rules Rules, now application.Clock) *Service {
	return &Service{billing, unitOfWork, rules, now}
}

const (
	// readTimeout and writeTimeout are how long a request may take. A list of
	// reconciliations may be long; the portal repeats a request that gets no
	// answer.
	readTimeout  = 10 * time.Second
	writeTimeout = 30 * time.Second
)

var errUnavailable = domain.Refuse(domain.Unavailable, "Nothing can be booked at the moment. Try again later.")

// write runs a unit of work within writeTimeout.
func (s *Service) write(ctx context.Context, do func(context.Context, BillingTx) error) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return unavailable(s.unitOfWork(ctx, func(tx BillingTx) error { return do(ctx, tx) }))
}

// unavailable makes a refusal of a store that is down or late.
func unavailable(err error) error {
	if _, refused := errors.AsType[*domain.Refusal](err); !refused && (errors.Is(err, domain.Unavailable) || errors.Is(err, context.DeadlineExceeded)) {
		return errUnavailable.Because(err)
	}
	return err
}

// find returns a namespace. what names it in the Refusal for one that does not
// exist.
func find(ctx context.Context, store Billing, ref billing.NamespaceRef, what string) (billing.Namespace, error) {
	n, err := store.Namespace(ctx, ref)
	if errors.Is(err, domain.NotFound) {
		return n, domain.Refuse(domain.NotFound, "%s Not Found", what)
	}
	return n, err
}

// SubscriptionView is a subscription as the portal sees it.
type SubscriptionView struct {
	billing.Subscription
	// Plan is the zero Plan for none.
	Plan       billing.Plan
	Upgradable bool
	// ExcludesGuests says that guests take no seats.
	ExcludesGuests bool
	// UnknownPlan is a code that was asked for and that no plan has.
	UnknownPlan string
}

// view makes the view of a subscription. It counts the seats of a plan that is
// not paid for now.
func (s *Service) view(ctx context.Context, store Billing, n billing.Namespace, subscription billing.Subscription) (SubscriptionView, error) {
	plan, _ := s.rules.Plans.Find(subscription.Plan)
	out := SubscriptionView{
		Subscription: subscription, Plan: plan,
		Upgradable: subscription.Upgradable(s.rules.Plans, s.now()), ExcludesGuests: subscription.ExcludesGuests(s.rules.Plans, n),
	}
	var err error
	if !subscription.Paid(s.rules.Plans) {
		out.SeatsInUse, err = s.countSeats(ctx, store, n, subscription)
	}
	return out, err
}

// countSeats counts the seats that are taken.
func (s *Service) countSeats(ctx context.Context, store Billing, n billing.Namespace, subscription billing.Subscription) (int32, error) {
	if n.Personal() {
		return 1, nil
	}
	return store.CountSeats(ctx, n.ID, !subscription.ExcludesGuests(s.rules.Plans, n), s.now())
}

// CreateSubscription gives a namespace its first subscription. The error is a
// Refusal, or domain.FieldErrors.
func (s *Service) CreateSubscription(ctx context.Context, by audit.Cause, ref billing.NamespaceRef, change billing.Change) (SubscriptionView, error) {
	return s.changeSubscription(ctx, ref, change, func(ctx context.Context, tx BillingTx, n billing.Namespace) (billing.Subscription, error) {
		subscription, err := change.Create(n.ID, s.rules.Plans, s.rules.StrictTrials, s.now())
		if err != nil {
			return subscription, err
		}
		taken, err := s.countSeats(ctx, tx.Billing, n, subscription)
		if err != nil {
			return subscription, err
		}
		subscription = subscription.WithSeatsInUse(taken)
		err = tx.Subscriptions.Add(ctx, subscription)
		if errors.Is(err, domain.Conflict) {
			return subscription, billing.ErrSubscriptionTaken
		}
		if err != nil {
			return subscription, err
		}
		return subscription, s.record(ctx, tx, by, n, nil, subscriptionValues(subscription), only(auditedSubscription, n))
	})
}

// UpdateSubscription changes the subscription of a namespace. The error is a
// Refusal, or domain.FieldErrors.
func (s *Service) UpdateSubscription(ctx context.Context, by audit.Cause, ref billing.NamespaceRef, change billing.Change) (SubscriptionView, error) {
	return s.changeSubscription(ctx, ref, change, func(ctx context.Context, tx BillingTx, n billing.Namespace) (billing.Subscription, error) {
		old, err := tx.Subscriptions.Lock(ctx, n.ID)
		if errors.Is(err, domain.NotFound) {
			return old, domain.Refuse(domain.NotFound, "GitlabSubscription Not Found")
		}
		if err != nil {
			return old, err
		}
		subscription, needsSeats, err := change.Update(old, s.rules.Plans, s.rules.StrictTrials, s.now())
		if err != nil {
			return subscription, err
		}
		if needsSeats {
			taken, err := s.countSeats(ctx, tx.Billing, n, subscription)
			if err != nil {
				return subscription, err
			}
			subscription = subscription.WithSeatsReset(taken)
		}
		if err := tx.Subscriptions.Update(ctx, subscription); err != nil {
			return subscription, err
		}
		return subscription, s.record(ctx, tx, by, n, subscriptionValues(old), subscriptionValues(subscription), only(auditedSubscription, n))
	})
}

// changeSubscription finds the namespace, which has to be one that can
// subscribe, and returns a view of the subscription that do returns.
func (s *Service) changeSubscription(ctx context.Context, ref billing.NamespaceRef, change billing.Change, do func(context.Context, BillingTx, billing.Namespace) (billing.Subscription, error)) (out SubscriptionView, err error) {
	err = s.write(ctx, func(ctx context.Context, tx BillingTx) error {
		n, err := find(ctx, tx.Billing, ref, "Namespace")
		switch {
		case err != nil:
			return err
		case !n.Top:
			return domain.Refuse(domain.Unprocessable, "Must be root namespace")
		}
		subscription, err := do(ctx, tx, n)
		if err != nil {
			return err
		}
		out, err = s.view(ctx, tx.Billing, n, subscription)
		return err
	})
	out.UnknownPlan = change.UnknownPlan(s.rules.Plans)
	return out, err
}

// Subscription returns the subscription of a namespace for a reader; ok is
// false if there is none. To a reader who is not a member the namespace does
// not exist.
func (s *Service) Subscription(ctx context.Context, reader identity.User, ref billing.NamespaceRef) (out SubscriptionView, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	out, ok, err = s.read(ctx, reader, ref)
	return out, ok, unavailable(err)
}

func (s *Service) read(ctx context.Context, reader identity.User, ref billing.NamespaceRef) (out SubscriptionView, ok bool, err error) {
	n, err := find(ctx, s.billing, ref, "Namespace")
	if err != nil {
		return out, false, err
	}
	role := source.NoRole
	if !reader.Admin && !n.Personal() {
		if role, err = s.billing.Role(ctx, reader.ID, n.ID, s.now()); err != nil {
			return out, false, err
		}
	}
	if err := n.CheckReader(reader, role); err != nil {
		return out, false, err
	}
	subscription, err := s.billing.Subscription(ctx, n.ID)
	if errors.Is(err, domain.NotFound) {
		return out, false, nil
	}
	if err != nil {
		return out, false, err
	}
	out, err = s.view(ctx, s.billing, n, subscription)
	return out, err == nil, err
}
