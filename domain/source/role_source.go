package source

import (
	"cmp"
	"slices"
	"time"
)

// RoleSource is one reason why a user has a role in a project, or would have one if it
// counted.
type RoleSource struct {
	Kind RoleSourceKind
	// Membership is the user's own. Of an Ownership it has only the namespace.
	Membership Membership
	// Share gives the project the members of the group, or of the group above it, that
	// Membership is of; zero unless the Kind is ByShare.
	Share Share
}

// RoleSourceKind is how a user comes by a role.
type RoleSourceKind string

// The kinds of role sources.
const (
	// Ownership is of the personal namespace that the project lies in.
	Ownership RoleSourceKind = "ownership"
	// ByMembership is of the project, or of a group above it.
	ByMembership RoleSourceKind = "membership"
	// ByShare is of a group that the project, or a group above it, is shared with.
	ByShare RoleSourceKind = "share"
)

// RoleSourceKinds lists every RoleSourceKind.
var RoleSourceKinds = []RoleSourceKind{Ownership, ByMembership, ByShare}

// Membership is a user's role in a group or project.
type Membership struct {
	In MemberSource
	// Path is that of the group or project.
	Path  string
	Role  Role
	State MemberState
	// ExpiresAt is the day with whose beginning it ends; zero for never.
	ExpiresAt time.Time
}

// MemberState says whether a membership counts.
type MemberState string

// MemberActive is the only state that counts.
const MemberActive MemberState = "active"

// Share lends the members of a group a role in another group or a project: their own
// role, and at most Role.
type Share struct {
	In   MemberSource
	Path string
	// With is the path of the group that it is shared with.
	With string
	Role Role
	// ExpiresAt is the day with whose beginning it ends; zero for never.
	ExpiresAt time.Time
}

// RoleAt returns the role that the source gives at now; NoRole if it does not count.
func (s RoleSource) RoleAt(now time.Time) Role {
	ended := func(day time.Time) bool { return !day.IsZero() && !now.Before(day) }
	role := s.Membership.Role
	switch {
	case s.Kind == Ownership:
		return Owner
	case s.Membership.State != MemberActive || ended(s.Membership.ExpiresAt):
		return NoRole
	case s.Kind == ByShare:
		role = min(role, s.Share.Role)
		if ended(s.Share.ExpiresAt) {
			return NoRole
		}
	}
	if role <= Minimal {
		return NoRole
	}
	return role
}

// Compare orders role sources: the highest role at now first, then as in
// RoleSourceKinds, then by path.
func (s RoleSource) Compare(other RoleSource, now time.Time) int {
	return cmp.Or(
		cmp.Compare(other.RoleAt(now), s.RoleAt(now)),
		cmp.Compare(slices.Index(RoleSourceKinds, s.Kind), slices.Index(RoleSourceKinds, other.Kind)),
		cmp.Compare(s.Membership.Path, other.Membership.Path),
		cmp.Compare(s.Share.Path, other.Share.Path),
		cmp.Compare(s.Share.With, other.Share.With),
	)
}
