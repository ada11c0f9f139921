// Package webhooks sends deliveries to webhooks, and pauses and disables hooks
// that fail.
package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// Deliveries keeps the deliveries to be sent, and the hooks.
type Deliveries interface {
	// Delivery returns the delivery of that number with its hook, or
	// domain.NotFound. It fails if the URL or the token of this hook cannot be read.
	Delivery(ctx context.Context, id int64) (hooks.Delivery, error)
	// Hook returns the hook of that number and a project that it is for: its
	// own, or of those below its group the one with the lowest number, unknown
	// if there is none. Only what events tell of a project and what a repository is
	// found by are filled in, and of its protections what they cover. It fails with domain.NotFound if there is no such hook,
	// and if the URL or the token of this hook cannot be read.
	Hook(ctx context.Context, id hooks.HookID) (hooks.Hook, source.Project, error)
	// RecordAttempt changes the health of a hook, and removes the delivery of
	// the number delivered, if that is not 0. Changes to one hook take turns.
	// It fails with domain.NotFound if the hook was deleted.
	RecordAttempt(ctx context.Context, id hooks.HookID, delivered int64, change func(hooks.Health) hooks.Health) error
}

// Sender sends events.
type Sender interface {
	// Send returns the status of the answer. Without one it fails; the error
	// holds neither the token nor the address, which may hold secrets too.
	Send(ctx context.Context, d hooks.Delivery) (status int, err error)
}

// Dispatcher sends deliveries. It is safe for concurrent use.
type Dispatcher struct {
	deliveries Deliveries
	sender     Sender
	rules      Rules
	now        application.Clock
}

// Rules are the instance's settings.
type Rules struct {
	// Pause is how long a hook's first pause is.
	Pause time.Duration
	// SlowAfter is how long a receiver may take before its answer counts as slow; 0
	// for ever.
	SlowAfter time.Duration
	// NewID makes unique names.
	NewID func() string
}

// New makes a Dispatcher.
func New(deliveries Deliveries, sender Sender, rules Rules, now application.Clock) *Dispatcher {
	return &Dispatcher{deliveries, sender, rules, now}
}

// Deliver sends a delivery. It is the worker of the DeliverWebhook jobs.
func (d *Dispatcher) Deliver(ctx context.Context, id int64) error {
	delivery, err := d.deliveries.Delivery(ctx, id)
	switch {
	case errors.Is(err, domain.NotFound):
		return application.Discarded{Reason: errors.New("it was delivered, or its hook is gone")}
	case err != nil:
		return err
	case delivery.Hook.Health.Disabled:
		return application.Discarded{Reason: fmt.Errorf("hook %d is disabled after %d failures in a row; gatehouse hooks test %[1]d enables it", delivery.Hook.ID, delivery.Hook.Health.Failures)}
	}
	if pause := delivery.Hook.Health.Pause(d.now()); pause > 0 {
		return application.Postponed{For: pause}
	}
	_, err = d.attempt(ctx, delivery)
	return err
}

// attempt sends a delivery and notes how it went.
func (d *Dispatcher) attempt(ctx context.Context, delivery hooks.Delivery) (status int, err error) {
	began := d.now()
	status, failure := d.sender.Send(ctx, delivery)
	outcome := hooks.Fast
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err() // this process gave up, not the receiver
	case failure != nil:
		failure = fmt.Errorf("hook %d: %w", delivery.Hook.ID, failure)
		outcome = hooks.Failed
	case status/100 != 2:
		failure = fmt.Errorf("hook %d: the receiver answered with status %d", delivery.Hook.ID, status)
		outcome = hooks.Failed
	case d.rules.SlowAfter > 0 && d.now().Sub(began) > d.rules.SlowAfter:
		outcome = hooks.Slow
	}
	sent := int64(0)
	if outcome.Accepted() {
		sent = delivery.ID
	}
	err = d.deliveries.RecordAttempt(ctx, delivery.Hook.ID, sent, func(h hooks.Health) hooks.Health {
		return h.After(outcome, status, d.now(), d.rules.Pause)
	})
	if errors.Is(err, domain.NotFound) {
		err = nil // the hook was deleted meanwhile
	}
	return status, errors.Join(failure, err)
}
