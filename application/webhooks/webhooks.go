// Package webhooks sends deliveries to webhooks, in the order of the pushes, and
// pauses and disables hooks that fail.
package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
)

// Dispatcher sends deliveries. It is safe for concurrent use.
type Dispatcher struct {
	deliveries Deliveries
	sender     Sender
	rules      Rules
	now        application.Clock
	slots      *slots
}

// Rules are the instance's settings.
type Rules struct {
	// Pause is how long a hook's first pause is.
	Pause time.Duration
	// SlowAfter is how long a receiver may take before its answer counts as slow; 0
	// for ever.
	SlowAfter time.Duration
	// PerHook and PerHost are how many deliveries are sent at once, to a hook and to a
	// host; 0 is one.
	PerHook, PerHost int
	// NewID makes unique names.
	NewID func() string
}

// New makes a Dispatcher.
func New(deliveries Deliveries, sender Sender, rules Rules, now application.Clock) *Dispatcher {
	rules.PerHook, rules.PerHost = max(1, rules.PerHook), max(1, rules.PerHost)
	return &Dispatcher{deliveries, sender, rules, now, newSlots(rules.PerHook, rules.PerHost)}
}

// Release lets deliveries go that waited for one that was given up. It is called now
// and then.
func (d *Dispatcher) Release(ctx context.Context) error {
	return d.deliveries.Release(ctx, d.rules.PerHook)
}

const (
	// orderDelay is how long a delivery waits whose turn has not come although its job
	// was started: an operator retried it, or one before it.
	orderDelay = 10 * time.Second
	// soonDelay is how long one waits for a later one: less, so that of two that wait
	// for each other the earlier one goes on.
	soonDelay = time.Second
)

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
	case delivery.Turn == hooks.TurnPassed:
		return application.Discarded{Reason: fmt.Errorf("hook %d has accepted a later event of %s", delivery.Hook.ID, delivery.Event.Change.Ref)}
	case delivery.Turn == hooks.TurnLater:
		return application.Postponed{For: orderDelay}
	case delivery.Turn == hooks.TurnSoon:
		return application.Postponed{For: soonDelay}
	}
	if pause := delivery.Hook.Health.Pause(d.now()); pause > 0 {
		return application.Postponed{For: pause}
	}
	free, wait := d.slots.take(delivery, d.now())
	if free == nil {
		return application.Postponed{For: wait}
	}
	defer free()
	_, err = d.attempt(ctx, audit.Cause{Actor: audit.Actor{Kind: audit.System}}, delivery)
	return err
}

// attemptError is why the receiver of a hook did not accept an event.
type attemptError struct {
	hook   hooks.HookID
	reason error
}

// Error names the hook and the reason.
func (e *attemptError) Error() string { return fmt.Sprintf("hook %d: %v", e.hook, e.reason) }

// Unwrap returns the reason.
func (e *attemptError) Unwrap() error { return e.reason }

// attempt sends a delivery and notes how it went. The audit log tells of a hook that
// this disables or enables.
func (d *Dispatcher) attempt(ctx context.Context, by audit.Cause, delivery hooks.Delivery) (status int, err error) {
	began := d.now()
	status, failure := d.sender.Send(ctx, delivery)
	outcome := hooks.Fast
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err() // this process gave up, not the receiver
	case failure != nil:
		failure = &attemptError{delivery.Hook.ID, failure}
		outcome = hooks.Failed
	case status/100 != 2:
		failure = &attemptError{delivery.Hook.ID, fmt.Errorf("the receiver answered with status %d", status)}
		outcome = hooks.Failed
	case d.rules.SlowAfter > 0 && d.now().Sub(began) > d.rules.SlowAfter:
		outcome = hooks.Slow
	}
	attempt := Attempt{Delivery: delivery.ID, Accepted: outcome.Accepted(), PerHook: d.rules.PerHook}
	err = d.deliveries.RecordAttempt(ctx, delivery.Hook.ID, attempt, func(before hooks.Health) (hooks.Health, []audit.Event) {
		now := d.now()
		after := before.After(outcome, status, now, d.rules.Pause)
		if before.Disabled == after.Disabled {
			return after, nil
		}
		hook := audit.Object{Kind: "hook", ID: int64(delivery.Hook.ID), Path: delivery.Hook.DisplayURL()}
		return after, []audit.Event{by.Event(now, audit.Update, audit.Object{}, hook, audit.Values{"disabled": before.Disabled}, audit.Values{"disabled": after.Disabled})}
	})
	if errors.Is(err, domain.NotFound) {
		err = nil // the hook was deleted meanwhile
	}
	return status, errors.Join(failure, err)
}
