package source

import (
	"time"

	"gatehouse/domain/remembered"
)

// Group is a group with all that is kept of it.
type Group struct {
	Namespace
	// Parent is 0 for a top-level group.
	Parent            NamespaceID
	Name, Description string
	Visibility        Visibility
	// DefaultBranchProtection is nil for the instance's.
	DefaultBranchProtection *BranchProtection
	// LFS is what new projects begin with; nil for the group above, or at the top true.
	LFS *bool
	// ProjectCreation and SubgroupCreation say who creates projects and groups in it.
	ProjectCreation  ProjectCreation
	SubgroupCreation SubgroupCreation
	// ShareLock forbids sharing its projects with other groups.
	ShareLock bool
	// MembershipLock forbids new members of its projects.
	MembershipLock bool
	// RequireTwoFactor is remembered: Git commands do not ask for it.
	RequireTwoFactor bool
	// Settings are parameters without an effect, as remembered.Groups lists them.
	Settings remembered.Values
	// CreatedAt is zero for a group of an earlier release, or of a world file, that does
	// not say.
	CreatedAt time.Time
	// PendingDelete hides every project below the group.
	PendingDelete bool
}

// ProjectCreation says who may create projects in a group, in GitLab's words.
type ProjectCreation string

// The levels of ProjectCreation.
const (
	NoProjects         ProjectCreation = "noone"
	OwnerProjects      ProjectCreation = "owner"
	MaintainerProjects ProjectCreation = "maintainer"
	DeveloperProjects  ProjectCreation = "developer"
	AdminProjects      ProjectCreation = "administrator"
)

// ProjectCreations lists every ProjectCreation.
var ProjectCreations = []ProjectCreation{NoProjects, OwnerProjects, MaintainerProjects, DeveloperProjects, AdminProjects}

// Least returns the lowest role that creates projects; ok is false if no role does.
func (c ProjectCreation) Least() (least Role, ok bool) {
	switch c {
	case OwnerProjects:
		return Owner, true
	case MaintainerProjects:
		return Maintainer, true
	case DeveloperProjects:
		return Developer, true
	default:
		return NoRole, false
	}
}

// SubgroupCreation says who may create groups in a group, in GitLab's words.
type SubgroupCreation string

// The levels of SubgroupCreation.
const (
	OwnerSubgroups      SubgroupCreation = "owner"
	MaintainerSubgroups SubgroupCreation = "maintainer"
)

// SubgroupCreations lists every SubgroupCreation.
var SubgroupCreations = []SubgroupCreation{OwnerSubgroups, MaintainerSubgroups}

// Least returns the lowest role that creates groups.
func (c SubgroupCreation) Least() Role {
	if c == MaintainerSubgroups {
		return Maintainer
	}
	return Owner
}
