package source

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
)

// Group is a group with all that is kept of it.
type Group struct {
	Namespace
	// Parent is 0 for a top-level group.
	Parent     NamespaceID
	Visibility Visibility
	// DefaultBranchProtection is nil for the instance's. It has no effect if the settings
	// have BranchDefaults.
	DefaultBranchProtection *BranchProtection
	// PendingDelete hides every project below the group.
	PendingDelete bool
	GroupProfile
}

// GroupProfile is what is kept of a group beside that on which Git access depends.
type GroupProfile struct {
	// Name is what people read; empty for the last part of the path.
	Name        string
	Description string
	// LFS is what new projects begin with; nil for what the group above says, and at the
	// top for true.
	LFS *bool
	// ProjectCreation and SubgroupCreation say who creates projects and groups in it. Empty
	// they are DeveloperProjects and MaintainerSubgroups.
	ProjectCreation  ProjectCreation
	SubgroupCreation SubgroupCreation
	// ShareLock forbids sharing its projects with other groups.
	ShareLock bool
	// MembershipLock forbids new members of its projects.
	MembershipLock bool
	// RequireTwoFactor is remembered: Git commands do not ask for it.
	RequireTwoFactor bool
	// Settings are parameters without an effect, as remembered.Groups lists them, and
	// BranchDefaultsSetting.
	Settings remembered.Values
	// CreatedAt and UpdatedAt are zero for a group of an earlier release, or of a world
	// file, that does not say.
	CreatedAt, UpdatedAt time.Time
}

// Complete returns the profile of the group at a path with what is empty filled in.
func (p GroupProfile) Complete(path string) GroupProfile {
	p.Name = cmp.Or(p.Name, Path(path).Last())
	p.ProjectCreation = cmp.Or(p.ProjectCreation, DeveloperProjects)
	p.SubgroupCreation = cmp.Or(p.SubgroupCreation, MaintainerSubgroups)
	return p
}

// Clone returns a copy whose Settings and LFS are its own.
func (p GroupProfile) Clone() GroupProfile {
	p.Settings = maps.Clone(p.Settings)
	if p.LFS != nil {
		p.LFS = new(*p.LFS)
	}
	return p
}

// ProjectProfile is what is kept of a project beside that on which Git access depends.
type ProjectProfile struct {
	// Name is what people read; empty for the last part of the path.
	Name        string
	Description string
	// Creator is who created the project; 0 if that is not known.
	Creator identity.UserID
	// Topics are words that the project is found by.
	Topics []string
	// Settings are parameters without an effect.
	Settings remembered.Values
	// ObjectFormat is that of the repository, sha1 or sha256; empty it is sha1.
	ObjectFormat string
	// CreatedAt and UpdatedAt are zero for a project of an earlier release, or of a world
	// file, that does not say.
	CreatedAt, UpdatedAt time.Time
}

// Complete returns the profile of the project at a path with what is empty filled in.
func (p ProjectProfile) Complete(path string) ProjectProfile {
	p.Name = cmp.Or(p.Name, Path(path).Last())
	p.ObjectFormat = cmp.Or(p.ObjectFormat, "sha1")
	return p
}

// Clone returns a copy whose Topics and Settings are its own.
func (p ProjectProfile) Clone() ProjectProfile {
	p.Topics, p.Settings = slices.Clone(p.Topics), maps.Clone(p.Settings)
	return p
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

// Allows says whether a user with that role in the group may create projects in it. An
// administrator may wherever anyone may.
func (c ProjectCreation) Allows(role Role, admin bool) bool {
	least, ok := c.Least()
	return c != NoProjects && (admin || ok && role >= least)
}

// Least returns the lowest role that creates projects; ok is false if no role does.
func (c ProjectCreation) Least() (least Role, ok bool) {
	switch c {
	case OwnerProjects:
		return Owner, true
	case MaintainerProjects:
		return Maintainer, true
	case DeveloperProjects, "":
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
