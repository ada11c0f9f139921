package projects

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// View is a project as the management API shows it to a user.
type View struct {
	// Project has neither Root nor Protections, and no DefaultBranchProtection.
	source.Project
	source.ProjectProfile
	// LastActivityAt is the time of the last push, or else CreatedAt.
	LastActivityAt time.Time
	Namespace      Namespace
	// Owner is that of the personal namespace; the zero User in a group.
	Owner identity.User
	// Role is the user's effective role in the project.
	Role source.Role
	// ProjectRole is the user's role by a membership in the project alone, or as the owner
	// of the personal namespace; GroupRole is that by memberships in the groups above.
	ProjectRole, GroupRole source.Role
	// Shares are the groups that the project is shared with at the moment, in the order of
	// their numbers.
	Shares []Group
}

// Namespace is the group or the personal namespace of a project.
type Namespace struct {
	ID   source.NamespaceID
	Path string
	// Name is what people read; FullName has the names of the groups above in front,
	// with " / " between.
	Name, FullName string
	// Parent is 0 at the top.
	Parent   source.NamespaceID
	Personal bool
}

// Group is a group above a project, or one that it is shared with.
type Group struct {
	Namespace
	Visibility source.Visibility
	// Role is the user's effective role in the group.
	Role source.Role
	// Shared says that the project is shared with the group: its members have at most the
	// role Lent, up to the day ExpiresAt; zero for never.
	Shared    bool
	Lent      source.Role
	ExpiresAt time.Time
}

// FeatureLevel is the level of a feature in remembered.Projects.
type FeatureLevel struct {
	Name string
	// Default is that of a project that was given none.
	Default string
}

// Filter picks projects: those that all of its parts pick.
type Filter struct {
	// User is who asks; 0 for a stranger.
	User identity.UserID
	// All picks what is hidden from the user too. Else a project is picked if it has one of
	// the visibilities Open, or if the user has a role in it.
	All  bool
	Open []source.Visibility
	// ID picks the project of that number; 0 for any.
	ID source.ProjectID
	// LeastRole picks projects in which the user has at least that role; NoRole for any.
	LeastRole source.Role
	// In picks projects by their namespaces; nil for any.
	In *Scope
	// Search picks projects whose name, description or last part of the path contains it,
	// with SearchPaths also the whole path. Letter case of A to Z does not count.
	Search      string
	SearchPaths bool
	// Visibility and Storage pick projects of these; empty for any.
	Visibility source.Visibility
	Storage    string
	// Archived picks, if not nil, those that are archived, or those that are not.
	Archived *bool
	// Topics picks projects that have all of these. Letter case of A to Z does not count.
	Topics []string
	// IDAfter and IDBefore pick by the number, without the limit itself; 0 for any.
	IDAfter, IDBefore int64
	// Moments without the limit itself; zero for any. A project without the moment is not
	// picked. UpdatedAt counts, and else CreatedAt.
	ActiveAfter, ActiveBefore, UpdatedAfter, UpdatedBefore time.Time
	// Features are levels of which none may be disabled.
	Features []FeatureLevel
	// PendingDelete picks what is going to be deleted too.
	PendingDelete bool
}

// Scope picks projects by their namespaces.
type Scope struct {
	Namespace source.NamespaceID
	// Own picks the projects in the namespace, with Below also those in groups below it,
	// with Above those in groups above it.
	Own, Below, Above bool
	// Shared picks the projects that are shared with it; with Below also those that are
	// shared with groups below it.
	Shared bool
}

// Views reads projects.
type Views interface {
	// List returns a page of the projects that the filter picks, without those that are
	// going to be deleted. Page.Order is id, name, path (its last part), created_at,
	// updated_at, last_activity_at, similarity or star_count. Texts are ordered byte by
	// byte in lower case, projects without a moment come first. The similarity to Search
	// is 3 if the name or the path equals it, 2 if one begins with it, and else 1.
	List(ctx context.Context, f Filter, page application.Page, now time.Time) (application.Listed[View], error)
	// Groups returns the groups above a project, the top one first, and then those that
	// it is shared with at now, in the order of their numbers. A project that does not
	// exist has none.
	Groups(ctx context.Context, id source.ProjectID, user identity.UserID, now time.Time) ([]Group, error)
	// MovedTo returns the number of the project to which a path of the past leads, or
	// domain.NotFound. Letter case does not count.
	MovedTo(ctx context.Context, path source.Path) (source.ProjectID, error)
	// Personal returns the personal namespace of the user of a claim by number or by
	// name, or domain.NotFound.
	Personal(ctx context.Context, who identity.Claim) (source.NamespaceID, error)
}

// Standings knows what users may do.
type Standings interface {
	// Standing returns a group or project with the user's role there, or domain.NotFound
	// if there is none or it is going to be deleted. The user may be 0.
	Standing(ctx context.Context, user identity.UserID, on rights.Ref, now time.Time) (rights.Standing, error)
}
