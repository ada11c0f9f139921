// Package protections changes which branches and tags of projects are protected, for the
// management API.
package protections

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Tx changes protections within one transaction. Units of work run one after the other: what
// one has looked up stays true until it ends.
type Tx struct {
	Protections Protections
	Grantees    Grantees
	Standings   Standings
	Audit       AuditLog
}

// UnitOfWork is a unit of work on a Tx.
type UnitOfWork = application.UnitOfWork[Tx]

// Protections keeps protections.
type Protections interface {
	// Protection returns the protection of a project of that kind and pattern, by the
	// letter, or domain.NotFound. The entries of each verb are in the order of their
	// numbers; no Member is filled in.
	Protection(ctx context.Context, in source.ProjectID, kind source.RefKind, pattern source.Pattern) (source.Protection, error)
	// PutProtection keeps a protection in place of the one of its number, of which kind and
	// pattern stay, or as a new one if the number is 0. An entry with a number takes the
	// place of the one of that number, one without is added in its order, and entries that
	// are not given go. A second one of a kind and pattern is domain.Conflict, a project,
	// user, group or deploy key that does not exist domain.NotFound. It returns the number.
	PutProtection(ctx context.Context, in source.ProjectID, p source.Protection) (int64, error)
	// RemoveProtection removes the protection of that number; domain.NotFound if there is
	// none.
	RemoveProtection(ctx context.Context, id int64) error
}

// Grantees knows whether users, groups and deploy keys have access to a project.
type Grantees interface {
	// GroupHasAccess says whether members of the group have a role in the project at now:
	// it is above the project, or has a share in it or in a group above it.
	GroupHasAccess(ctx context.Context, group source.NamespaceID, in source.ProjectID, now time.Time) (bool, error)
	// KeyCanPush says whether the deploy key is enabled on the project and may push there.
	KeyCanPush(ctx context.Context, key identity.KeyID, in source.ProjectID) (bool, error)
	// IsMember says whether the user has a membership in the group, or in one above it,
	// that counts at now and is more than minimal.
	IsMember(ctx context.Context, user identity.UserID, group source.NamespaceID, now time.Time) (bool, error)
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

// View is a protection as the API shows it.
type View struct {
	source.Protection
	// Names are the names of users and groups and the titles of deploy keys, by the numbers
	// of the entries that are for them.
	Names map[int64]string
}

// Filter picks protections: those that all of its parts pick.
type Filter struct {
	Project source.ProjectID
	Kind    source.RefKind
	// Pattern picks the one of that pattern, by the letter; empty for any.
	Pattern source.Pattern
	// Search picks those whose pattern contains it, in any letter case of A to Z.
	Search string
}

// Records reads protections.
type Records interface {
	// Views returns a page of the protections that the filter picks, in the order of their
	// numbers, with the entries of each verb in that of theirs. No Member is filled in.
	Views(ctx context.Context, f Filter, page application.Page) (application.Listed[View], error)
}
