// Package deploykeys changes deploy keys, and on which projects they are enabled, for the
// management API.
package deploykeys

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Tx changes deploy keys within one transaction. Units of work run one after the other: what
// one has looked up stays true until it ends.
type Tx struct {
	Keys      Keys
	Enablings Enablings
	Standings Standings
	Audit     AuditLog
}

// UnitOfWork is a unit of work on a Tx.
type UnitOfWork = application.UnitOfWork[Tx]

// Keys keeps deploy keys.
type Keys interface {
	// Key returns the key of a number, a user's too, or domain.NotFound.
	Key(ctx context.Context, id identity.KeyID) (identity.Key, error)
	// KeyOf returns the key of a fingerprint, a user's too, or domain.NotFound.
	KeyOf(ctx context.Context, print identity.Fingerprint) (identity.Key, error)
	// AddKey keeps a new deploy key, and returns its number. A fingerprint of a key that is
	// there is domain.Conflict.
	AddKey(ctx context.Context, key identity.Key) (identity.KeyID, error)
	// Rename gives a deploy key another title; domain.NotFound if there is none.
	Rename(ctx context.Context, id identity.KeyID, title string) error
	// RemoveKey removes a deploy key, and with it the projects on which it is enabled and
	// its entries in protections; domain.NotFound if there is none.
	RemoveKey(ctx context.Context, id identity.KeyID) error
}

// Enabling is what a deploy key may do in a project.
type Enabling struct {
	CanPush bool
	// UpdatedAt is when it was changed last; zero if that is not known.
	UpdatedAt time.Time
}

// Enablings keeps on which projects deploy keys are enabled.
type Enablings interface {
	// Enabling returns what the key may do in the project, or domain.NotFound.
	Enabling(ctx context.Context, key identity.KeyID, in source.ProjectID) (Enabling, error)
	// Enable enables the key on the project, or changes what it may do there. One that may
	// not push has no entries in the protections of the project afterwards. A deploy key or
	// project that does not exist is domain.NotFound.
	Enable(ctx context.Context, key identity.KeyID, in source.ProjectID, e Enabling) error
	// Disable takes the key from the project, and its entries from the protections there;
	// domain.NotFound if it is not enabled.
	Disable(ctx context.Context, key identity.KeyID, in source.ProjectID) error
	// IsEnabled says whether the key is enabled on any project.
	IsEnabled(ctx context.Context, key identity.KeyID) (bool, error)
	// IsMaintained says whether the key is enabled on a project in which the user has the
	// role of a maintainer, or more, at now. Projects that are going to be deleted do not
	// count.
	IsMaintained(ctx context.Context, key identity.KeyID, by identity.UserID, now time.Time) (bool, error)
}

// Standings knows what users may do.
type Standings interface {
	// Standing returns a group or project with the user's role there, or domain.NotFound
	// if there is none or it is going to be deleted. The user may be 0.
	Standing(ctx context.Context, user identity.UserID, on rights.Ref, now time.Time) (rights.Standing, error)
}

// AuditLog keeps audit events.
type AuditLog interface {
	// Append keeps the events in their order if the transaction succeeds, and only then.
	Append(ctx context.Context, events ...audit.Event) error
}

// View is a deploy key as the API shows it.
type View struct {
	identity.Key
	// CanPush says whether it may push to the project that was asked about.
	CanPush bool
	// Projects are those on which it is enabled, in the order of their numbers; filled in
	// where they are asked for.
	Projects []Project
}

// Project is a project on which a deploy key is enabled.
type Project struct {
	ID source.ProjectID
	// Path is the full path, Name what people read; NamespaceName has the names of the
	// groups above, with " / " between.
	Path, Name, NamespaceName, Description string
	CreatedAt                              time.Time
	CanPush                                bool
}

// Filter picks deploy keys: those that all of its parts pick.
type Filter struct {
	// ID picks the key of that number; 0 for any.
	ID identity.KeyID
	// Project picks those that are enabled on it; 0 for any.
	Project source.ProjectID
	// Public picks those that are public.
	Public bool
	// Maintainers picks those that are enabled on a project in which each of these users
	// has the role of a maintainer, or more, and which is not going to be deleted; nil for
	// any.
	Maintainers []identity.UserID
	// WithProjects fills Projects in, without those that are going to be deleted.
	WithProjects bool
}

// Records reads deploy keys.
type Records interface {
	// Views returns a page of the deploy keys that the filter picks, in the order of their
	// numbers.
	Views(ctx context.Context, f Filter, page application.Page, now time.Time) (application.Listed[View], error)
	// User returns the user of a claim by number or by name, in any letter case, or
	// domain.NotFound.
	User(ctx context.Context, who identity.Claim) (identity.UserID, error)
}
