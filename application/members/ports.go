// Package members lists and changes the members of groups and projects, for the
// management API.
package members

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Tx changes members within one transaction. Units of work run one after the other: what
// one has looked up stays true until it ends.
type Tx struct {
	Members   Members
	Users     Users
	Standings Standings
	Audit     AuditLog
}

// UnitOfWork is a unit of work on a Tx.
type UnitOfWork = application.UnitOfWork[Tx]

// Member is a direct membership.
type Member struct {
	Role  source.Role
	State source.MemberState
	// ExpiresAt is the day with whose beginning it ends; zero for never.
	ExpiresAt time.Time
	// CreatedAt and UpdatedAt are zero if they are not known.
	CreatedAt, UpdatedAt time.Time
	// CreatedBy is who added the member; 0 if that is not known.
	CreatedBy identity.UserID
}

// RoleAt returns the role that the membership gives at now, Minimal too; NoRole if it does
// not count.
func (m Member) RoleAt(now time.Time) source.Role {
	if m.State != source.MemberActive || !m.ExpiresAt.IsZero() && !now.Before(m.ExpiresAt) {
		return source.NoRole
	}
	return m.Role
}

// Members keeps memberships.
type Members interface {
	// Member returns the user's own membership in a group or project, whatever its state,
	// or domain.NotFound.
	Member(ctx context.Context, user identity.UserID, in source.MemberSource) (Member, error)
	// PutMember keeps a membership in place of the one that the user has there. A group,
	// project or user that does not exist is domain.NotFound, a user of type ghost
	// domain.Conflict.
	PutMember(ctx context.Context, user identity.UserID, in source.MemberSource, m Member) error
	// RemoveMember removes the user's own membership in a group or project; if below is
	// set, also those in all groups and projects below the group. It returns those that it
	// has removed, in any state, in the order of their paths; none is no error.
	RemoveMember(ctx context.Context, user identity.UserID, in source.MemberSource, below bool) ([]source.Membership, error)
	// Inherited returns the user's membership of the highest role, among those that count
	// at now in the groups above a group, or in that of a project and above; the zero
	// Membership for none. Path is the name of the group. Memberships by shares and
	// Minimal ones are not among them.
	Inherited(ctx context.Context, user identity.UserID, in source.MemberSource, now time.Time) (source.Membership, error)
	// HasOtherOwner says whether an active user other than this one, who is no bot and no
	// internal account, owns the group by a membership that counts at now, in it or in a
	// group above.
	HasOtherOwner(ctx context.Context, user identity.UserID, group source.NamespaceID, now time.Time) (bool, error)
}

// Users knows users.
type Users interface {
	// User returns the user of a claim by number or by name, or domain.NotFound.
	User(ctx context.Context, who identity.Claim) (identity.User, error)
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

// View is a member as the API shows them. UpdatedAt is not filled in.
type View struct {
	User identity.User
	Member
	// Creator is who added the member; the zero User if that is not known.
	Creator identity.User
}

// Filter picks members: those that all of its parts pick.
type Filter struct {
	// Inherited picks, beside the direct members, those of the groups above and those of
	// the groups by a share, and of the groups above these. Each user is there once, with
	// the highest role, and among memberships of that role with the one that lasts longest,
	// and then the oldest one; one of unknown age comes first.
	Inherited bool
	// Search picks users whose name or username contains it, in any letter case of A to Z.
	Search string
	// Users, if not nil, picks these.
	Users []identity.UserID
	// Skip leaves these out.
	Skip []identity.UserID
}

// Records reads members.
type Records interface {
	// Views returns a page of the members of a group or project that the filter picks,
	// whose memberships count at now, in the order of the users' numbers. Minimal
	// memberships are among them only where they are direct. The owner of a personal
	// namespace is an owner of its projects. A group or project that does not exist has
	// no members.
	Views(ctx context.Context, in source.MemberSource, f Filter, page application.Page, now time.Time) (application.Listed[View], error)
}
