package webhooks

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Tx keeps hooks within one transaction. Units of work run one after the other: what one
// has looked up stays true until it ends.
type Tx struct {
	Hooks     Hooks
	Standings Standings
	Audit     AuditLog
}

// UnitOfWork is a unit of work on a Tx.
type UnitOfWork = application.UnitOfWork[Tx]

// Hooks keeps the hooks of groups and projects.
type Hooks interface {
	// Hook returns the hook of that number which the group or project has, with its secrets,
	// or domain.NotFound. If a secret cannot be read it fails with hooks.ErrUnreadable.
	Hook(ctx context.Context, in source.MemberSource, id hooks.HookID) (hooks.Hook, error)
	// Shown returns the hook as View has it, also one whose secrets cannot be read, or
	// domain.NotFound.
	Shown(ctx context.Context, in source.MemberSource, id hooks.HookID) (View, error)
	// PutHook keeps a hook of a group or project that exists and returns the number; with
	// the number 0 the hook is new. Its health stays.
	PutHook(ctx context.Context, in source.MemberSource, h hooks.Hook) (hooks.HookID, error)
	// RemoveHook removes a hook with its deliveries; domain.NotFound if the group or project
	// has none of that number.
	RemoveHook(ctx context.Context, in source.MemberSource, id hooks.HookID) error
}

// Standings knows the roles of users in groups and projects.
type Standings interface {
	// Standing returns the group or project and the role of the user there, or
	// domain.NotFound if there is none or if it is going to be deleted. The user may be 0.
	Standing(ctx context.Context, user identity.UserID, on rights.Ref, now time.Time) (rights.Standing, error)
}

// AuditLog keeps audit events.
type AuditLog interface {
	// Append keeps the events in their order if the transaction succeeds, and only then.
	Append(ctx context.Context, events ...audit.Event) error
}

// View is a hook as the API shows it.
type View struct {
	// Hook has in place of the URL what DisplayURL returns, no token, and of headers and
	// variables the keys, without those that cannot be read.
	hooks.Hook
	In       source.MemberSource
	HasToken bool
}

// Undelivered is a delivery that waits, or that was given up.
type Undelivered struct {
	ID    int64
	Event hooks.Event
	// CreatedAt is when the push was processed.
	CreatedAt time.Time
	// GivenUp says that it is not tried again by itself.
	GivenUp bool
}

// Records reads hooks.
type Records interface {
	// View returns the hook of that number which the group or project has, or
	// domain.NotFound.
	View(ctx context.Context, in source.MemberSource, id hooks.HookID) (View, error)
	// Views returns a page of the hooks of a group or project, in the order of their
	// numbers, without headers and variables.
	Views(ctx context.Context, in source.MemberSource, page application.Page) (application.Listed[View], error)
}

// Backlog reads deliveries.
type Backlog interface {
	// Undelivered returns a page of the deliveries to a hook which it has not accepted, in
	// the order of their numbers.
	Undelivered(ctx context.Context, id hooks.HookID, page application.Page) (application.Listed[Undelivered], error)
}

// Receivers knows to which receivers the instance sends events.
type Receivers interface {
	// CheckTarget returns why no event can be sent to a URL, as far as the URL itself tells,
	// or nil. It looks no name up.
	CheckTarget(url string) error
}
