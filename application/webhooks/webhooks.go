// Package webhooks sends events to the hooks that asked for them, and leaves
// those alone that fail.
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

// Deliveries are what waits to be sent, and the hooks it waits for.
type Deliveries interface {
	// Delivery returns the delivery of that number with its hook, whose token
	// is sealed, or domain.NotFound.
	Delivery(ctx context.Context, id int64) (hooks.Delivery, error)
	// Hook returns the hook of that number and a project that it is for: its
	// own, or of those below its group the one with the lowest number, unknown
	// if there is none. It fails with domain.NotFound if there is no such hook.
	Hook(ctx context.Context, id hooks.HookID) (hooks.Hook, source.Project, error)
	// Attempted changes the health of a hook, and removes the delivery, unless
	// it is 0, once made. Changes to one hook take turns. A hook that is gone
	// is domain.NotFound.
	Attempted(ctx context.Context, id hooks.HookID, made int64, change func(hooks.Health) hooks.Health) error
}

// Sender sends events.
type Sender interface {
	// Send returns the status of the answer. Without one it fails; the error
	// holds neither the token nor the address, which may hold secrets too.
	Send(ctx context.Context, d hooks.Delivery) (status int, err error)
}

// Office sends what waits. It is safe for concurrent use.
type Office struct {
	deliveries Deliveries
	sender     Sender
	rules      Rules
	now        application.Clock
}

// Rules are the instance's settings.
type Rules struct {
	// Pause is how long a hook is left alone at first.
	Pause time.Duration
	// Open reads what is sealed.
	Open func(sealed string) (string, error)
	// NewID makes names that nobody else has.
	NewID func() string
}

// New makes an Office.
func New(deliveries Deliveries, sender Sender, rules Rules, now application.Clock) *Office {
	return &Office{deliveries, sender, rules, now}
}

// Deliver does the job on a delivery.
func (o *Office) Deliver(ctx context.Context, id int64) error {
	d, err := o.deliveries.Delivery(ctx, id)
	switch {
	case errors.Is(err, domain.NotFound):
		return application.Hopeless{Reason: errors.New("it was delivered, or its hook is gone")}
	case err != nil:
		return err
	case d.Hook.Health.Disabled:
		return application.Hopeless{Reason: fmt.Errorf("hook %d is disabled after %d failures in a row; gatehouse hooks test %[1]d enables it", d.Hook.ID, d.Hook.Health.Failures)}
	}
	if pause := d.Hook.Health.Pause(o.now()); pause > 0 {
		return application.Postponed{For: pause}
	}
	_, err = o.attempt(ctx, d)
	return err
}

// Test sends an event without commits, as if the default branch had been
// pushed, and returns the status of the answer. A success enables a hook that
// was disabled. What keeps it from being sent is a *domain.Refusal.
func (o *Office) Test(ctx context.Context, id hooks.HookID) (status int, err error) {
	hook, project, err := o.deliveries.Hook(ctx, id)
	switch {
	case errors.Is(err, domain.NotFound):
		return 0, domain.Refuse(domain.NotFound, "there is no hook %d", id)
	case err != nil:
		return 0, err
	case !project.Known():
		return 0, domain.Refuse(domain.Unprocessable, "there is no project below the group of hook %d", id)
	}
	change := source.Change{Old: none, New: none, Ref: source.Ref{Kind: source.Branch, Name: project.HeadBranch()}}
	return o.attempt(ctx, hooks.Delivery{
		Hook: hook, Event: hooks.Event{Change: change, Project: project}, EventID: o.rules.NewID(), Key: o.rules.NewID(),
	})
}

// none is no object.
const none = source.ObjectID("0000000000000000000000000000000000000000")

// attempt sends a delivery and notes how it went.
func (o *Office) attempt(ctx context.Context, d hooks.Delivery) (status int, err error) {
	if d.Hook.Token != "" {
		if d.Hook.Token, err = o.rules.Open(d.Hook.Token); err != nil {
			return 0, fmt.Errorf("the token of hook %d: %w", d.Hook.ID, err)
		}
	}
	status, failure := o.sender.Send(ctx, d)
	succeeded := failure == nil && status/100 == 2
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err() // it is us who gave up
	case failure != nil:
		failure = fmt.Errorf("hook %d: %w", d.Hook.ID, failure)
	case !succeeded:
		failure = fmt.Errorf("hook %d: the receiver answered with status %d", d.Hook.ID, status)
	}
	made := int64(0)
	if succeeded {
		made = d.ID
	}
	err = o.deliveries.Attempted(ctx, d.Hook.ID, made, func(h hooks.Health) hooks.Health {
		return h.After(succeeded, status, o.now(), o.rules.Pause)
	})
	if errors.Is(err, domain.NotFound) {
		err = nil // nobody is left who could mind
	}
	return status, errors.Join(failure, err)
}
