// Package groups creates, changes and shows groups, the shares of groups with each other,
// and namespaces, for the management API.
package groups

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/audit"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Tx keeps groups within one transaction. Units of work run one after the other: what one
// has looked up stays true until it ends.
type Tx struct {
	Groups    Groups
	Projects  Projects
	Members   Members
	Names     Names
	Shares    Shares
	Standings Standings
	Audit     AuditLog
	Jobs      Jobs
}

// UnitOfWork is a unit of work on a Tx.
type UnitOfWork = application.UnitOfWork[Tx]

// Groups keeps groups.
type Groups interface {
	// Group returns the group of that number, or domain.NotFound; also for a personal
	// namespace. Its profile is complete.
	Group(ctx context.Context, id source.NamespaceID) (source.Group, error)
	// PutGroup keeps a group below the group that its path names, and returns the number;
	// with the number 0 the group is new. A new path moves all that is below along, and
	// the old path of each project below leads to it. Of the path only the last part is
	// taken as it is written, the rest is the parent's. A path that another row has, or one
	// below the group itself, is domain.Conflict; without its parent it is domain.NotFound.
	PutGroup(ctx context.Context, g source.Group) (source.NamespaceID, error)
	// Subtree returns what lies below a group.
	Subtree(ctx context.Context, id source.NamespaceID) (source.Subtree, error)
	// Delete removes a group with all that is below, with members, shares, hooks, entries
	// of protections and what was sold. If remember is set, where the repositories of the
	// projects lie stays known until they are removed. domain.NotFound if there is no such
	// group.
	Delete(ctx context.Context, id source.NamespaceID, remember bool) error
	// Subscribed says whether the group itself has subscribed to a plan other than
	// billing.FreePlan.
	Subscribed(ctx context.Context, id source.NamespaceID) (bool, error)
}

// Projects keeps the projects in groups.
type Projects interface {
	// Project returns the project of that number with its name, or domain.NotFound. Of the
	// project only ID, Path and Visibility are filled in.
	Project(ctx context.Context, id source.ProjectID) (p source.Project, name string, err error)
	// Below returns the projects in a group and in all groups below it, in the order of
	// their numbers. Only ID, Path, Visibility and Storage are filled in.
	Below(ctx context.Context, group source.NamespaceID) ([]source.Project, error)
	// Move puts a project into a group, under the last part of its path; it is updated at
	// that moment. The old path leads to it, and the new one to no other project any more.
	// A path that another row has is domain.Conflict; without the project or the group it
	// is domain.NotFound.
	Move(ctx context.Context, id source.ProjectID, to source.NamespaceID, at time.Time) error
}

// Members keeps the owners of groups.
type Members interface {
	// AddOwner makes the user, who exists, a direct owner of a group from that moment on. A
	// membership that the user has there keeps when it was created, and its creator.
	AddOwner(ctx context.Context, group source.NamespaceID, user identity.UserID, at time.Time) error
	// HasOwner says whether a group has a direct owner whose membership counts at now.
	HasOwner(ctx context.Context, group source.NamespaceID, now time.Time) (bool, error)
}

// Names knows what is taken.
type Names interface {
	// PathTaken says whether another group than that, a user or a project has the full
	// path, in any letter case.
	PathTaken(ctx context.Context, path string, except source.NamespaceID) (bool, error)
	// NameTaken says whether another group of the same parent has the name, to the byte.
	NameTaken(ctx context.Context, parent source.NamespaceID, name string, except source.NamespaceID) (bool, error)
	// ProjectNameTaken says whether a project right in the group has the name, to the byte.
	ProjectNameTaken(ctx context.Context, group source.NamespaceID, name string) (bool, error)
}

// Share lends a group's members a role in another group.
type Share struct {
	// Role is the highest role that the share gives.
	Role source.Role
	// ExpiresAt is the day with whose beginning the share ends; zero for never.
	ExpiresAt time.Time
}

// Shares keeps what is lent to other groups.
type Shares interface {
	// Share returns what a group lends the members of another one and since when, which is
	// zero if that is not known, or domain.NotFound.
	Share(ctx context.Context, group, with source.NamespaceID) (s Share, since time.Time, err error)
	// PutShare keeps a share of two groups that exist; the user has made it at that moment
	// if there was none.
	PutShare(ctx context.Context, group, with source.NamespaceID, s Share, by identity.UserID, at time.Time) error
	// RemoveShare removes a share; domain.NotFound if there is none.
	RemoveShare(ctx context.Context, group, with source.NamespaceID) error
}

// Standings knows the roles of users in groups.
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

// Jobs keeps the jobs that a transaction enqueues.
type Jobs interface {
	// Enqueue keeps the job if the transaction succeeds, and only then.
	Enqueue(ctx context.Context, job application.Job) error
}

// View is a group as the API shows it. Its profile is complete; its DefaultBranchProtection is
// that of the instance where it has none, and nil where the configuration's counts.
type View struct {
	source.Group
	// FullName is the names of the groups above and its own, with " / " between them.
	FullName string
	// EffectiveLFS is what new projects begin with: what the nearest group says, or else
	// true.
	EffectiveLFS bool
}

// Filter picks groups: those that all of its members pick.
type Filter struct {
	// Sight picks the groups that it sees; its User is the one of Least.
	Sight rights.Sight
	// Search picks groups whose name or last part of the path contains it, in any letter
	// case of A to Z; with a "/" in it, groups whose full path does. In the order of
	// similarity those whose name or path equals it come first, then those that begin with
	// it.
	Search string
	// Visibility picks groups of that visibility; empty for all.
	Visibility source.Visibility
	// Parent picks the groups right below a group, Ancestor those anywhere below one; 0 for
	// all.
	Parent, Ancestor source.NamespaceID
	// TopLevel picks groups without a parent.
	TopLevel bool
	// Skip are groups that are not picked.
	Skip []source.NamespaceID
	// Least picks the groups in which the user has at least that role; NoRole for all.
	Least source.Role
	// SharedBy picks the groups whose members that group lends a role, and SharedWith the
	// groups that lend its members one; 0 for all.
	SharedBy, SharedWith source.NamespaceID
	// TransferOf picks the groups to which that group could go: those in which the user may
	// create groups, but not its parent, itself or what is below; 0 for all.
	TransferOf source.NamespaceID
}

// Link is a share of a group as the API shows it, with the other group.
type Link struct {
	Share
	With source.NamespaceID
	// Name and Path are those of the other group, Visibility too.
	Name, Path string
	Visibility source.Visibility
	// Viewer is the role of the user who looks at it in the other group.
	Viewer source.Role
}

// Records reads groups. Those that are going to be deleted, or that are below such a one,
// are not there.
type Records interface {
	// View returns the group of that number, or domain.NotFound.
	View(ctx context.Context, id source.NamespaceID) (View, error)
	// Views returns a page of the groups that the filter picks. Page.Order is name, path,
	// id or similarity; texts are ordered byte by byte in lower case, and path is the last
	// part of it.
	Views(ctx context.Context, f Filter, page application.Page, now time.Time) (application.Listed[View], error)
	// Links returns the shares of a group that count at now, in the order in which they
	// were made, as the user sees them.
	Links(ctx context.Context, group source.NamespaceID, user identity.UserID, now time.Time) ([]Link, error)
}

// Namespace is a group or a personal namespace as the API shows it.
type Namespace struct {
	ID source.NamespaceID
	// Name is that of the group or the user.
	Name string
	// Path is the full path.
	Path   string
	Parent source.NamespaceID
	// Owner is the user of a personal namespace; 0 for a group.
	Owner      identity.UserID
	Visibility source.Visibility
	// Viewer is the role of the user who looks at it.
	Viewer source.Role
	// Subscription is that of the top-level namespace. Only Plan, SeatsInUse, MaxSeatsUsed,
	// MaxChangedAt, Trial, TrialEnds and EndDate are filled in; Namespace is 0 if there is
	// none.
	Subscription billing.Subscription
}

// NamespaceFilter picks namespaces: those that all of its members pick.
type NamespaceFilter struct {
	// User picks the personal namespace of the user and the groups in which the user has a
	// role; All picks every namespace.
	User identity.UserID
	All  bool
	// Owned picks the personal namespace of the user and the groups that the user owns.
	Owned bool
	// Search picks namespaces whose name or last part of the path contains it, in any
	// letter case of A to Z, or with FullPath those whose full path or name does.
	Search   string
	FullPath bool
	// TopLevel picks namespaces without a parent.
	TopLevel bool
}

// NamespaceCounts are how many there are in a namespace and below.
type NamespaceCounts struct {
	// Members are users with an active membership in one of the groups, each once.
	Members int64
	// Projects are those that are not going to be deleted.
	Projects int64
}

// Namespaces reads groups and personal namespaces. Those that are going to be deleted, or
// that are below such a one, are not there.
type Namespaces interface {
	// Namespace returns the namespace of that number or, if that is 0, of that full path in
	// any letter case, or domain.NotFound.
	Namespace(ctx context.Context, id source.NamespaceID, path string, user identity.UserID, now time.Time) (Namespace, error)
	// Namespaces returns a page of the namespaces that the filter picks, in the order of
	// their numbers.
	Namespaces(ctx context.Context, f NamespaceFilter, page application.Page, now time.Time) (application.Listed[Namespace], error)
	// Counts returns what there is in a namespace and below.
	Counts(ctx context.Context, id source.NamespaceID, now time.Time) (NamespaceCounts, error)
}
