package webhooks

import (
	"context"

	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// Deliveries keeps the deliveries to be sent, and the hooks.
//
// A delivery waits, with its job, until it is released. For each hook, of those of
// one ref of a project only the first is: a delivery is over once the receiver has
// accepted it, and it is given up once its job is discarded or gone. Of all its
// deliveries a hook has at most so many released that were not tried yet; the lowest
// numbers come first.
type Deliveries interface {
	// Delivery returns the delivery of that number with its hook and its turn, or
	// domain.NotFound. It fails if the URL or the token of this hook cannot be read.
	Delivery(ctx context.Context, id int64) (hooks.Delivery, error)
	// Hook returns the hook of that number and a project that it is for: its
	// own, or of those below its group the one with the lowest number, unknown
	// if there is none. Only what events tell of a project and what a repository is
	// found by are filled in, and of its protections what they cover. It fails with
	// domain.NotFound if there is no such hook, and if the URL or the token of this
	// hook cannot be read.
	Hook(ctx context.Context, id hooks.HookID) (hooks.Hook, source.Project, error)
	// RecordAttempt changes the health of a hook, notes what became of the delivery,
	// and releases those that may go now, in one transaction. It keeps the events too,
	// and adds to each whose hook it is, as its Entity. Changes to one hook take turns.
	// It fails with domain.NotFound if the hook was deleted.
	RecordAttempt(ctx context.Context, id hooks.HookID, a Attempt, change func(hooks.Health) (hooks.Health, []audit.Event)) error
	// Release releases the deliveries of all hooks that may go: those that waited for
	// one whose job was discarded meanwhile. The waiting jobs of disabled hooks it
	// discards, as RecordAttempt does.
	Release(ctx context.Context, perHook int) error
}

// Attempt is an attempt at a delivery.
type Attempt struct {
	// Delivery is 0 for a test.
	Delivery int64
	// Accepted deliveries are removed, and the turn of those that were given up before
	// has passed. Others keep their place, but let the hook have another one released.
	Accepted bool
	// PerHook is how many deliveries of a hook may be released.
	PerHook int
}

// Sender sends events.
type Sender interface {
	// Send returns the status of the answer. Without one it fails; the error
	// holds neither the token nor the address, which may hold secrets too.
	Send(ctx context.Context, d hooks.Delivery) (status int, err error)
}
