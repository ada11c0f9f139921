package projects

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// ChangeTx changes projects within one transaction.
type ChangeTx struct {
	Projects  Records
	Places    Places
	Shares    Shares
	Standings Standings
	Jobs      Jobs
	Audit     AuditLog
}

// ChangeUnitOfWork is a unit of work on a ChangeTx.
type ChangeUnitOfWork = application.UnitOfWork[ChangeTx]

// Records keeps projects with all that is known of them.
type Records interface {
	// Record returns the project of that number, or domain.NotFound. Nothing else changes
	// it until the transaction ends.
	Record(ctx context.Context, id source.ProjectID) (source.ProjectRecord, error)
	// Put keeps a project in the namespace that its path names, a new one if its number is
	// 0, and returns the number. After a change of the path the old one leads to the
	// project, and the new one to no other project any more. A path that another row has is
	// domain.Conflict; without the namespace it is domain.NotFound.
	Put(ctx context.Context, p source.ProjectRecord) (source.ProjectID, error)
	// PutProtections replaces the protections of the project.
	PutProtections(ctx context.Context, id source.ProjectID, protections []source.Protection) error
	// Delete removes a project with members, shares, hooks, agents, protections and the
	// paths of its past. If remember is set, where its repositories lie stays known until
	// they are removed. domain.NotFound if there is no such project.
	Delete(ctx context.Context, id source.ProjectID, remember bool) error
}

// Places knows where projects can be.
type Places interface {
	// Path returns the full path of the group or personal namespace of that number, or
	// domain.NotFound.
	Path(ctx context.Context, id source.NamespaceID) (source.Path, error)
	// Destination is that of Destinations.
	Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error)
	// PathTaken says whether another project than that, a group or a user has the full path,
	// in any letter case.
	PathTaken(ctx context.Context, path string, except source.ProjectID) (bool, error)
	// NameTaken says whether another project right in the namespace has the name, to the
	// byte.
	NameTaken(ctx context.Context, namespace source.NamespaceID, name string, except source.ProjectID) (bool, error)
}

// Share lends a group's members a role in a project.
type Share struct {
	// Role is the highest role that the share gives.
	Role source.Role
	// ExpiresAt is the day with whose beginning the share ends; zero for never.
	ExpiresAt time.Time
}

// KeptShare is a Share as it is kept.
type KeptShare struct {
	Share
	// ID is the number of the share among all shares.
	ID int64
	// Since is zero if it is not known since when it is kept.
	Since time.Time
}

// Shares keeps what projects lend to groups.
type Shares interface {
	// Share returns what a project lends the members of a group, or domain.NotFound.
	Share(ctx context.Context, project source.ProjectID, with source.NamespaceID) (KeptShare, error)
	// PutShare keeps a share of a project with a group, both of which exist, and returns its
	// number; the user has made it at that moment if there was none.
	PutShare(ctx context.Context, project source.ProjectID, with source.NamespaceID, s Share, by identity.UserID, at time.Time) (int64, error)
	// RemoveShare removes a share; domain.NotFound if there is none.
	RemoveShare(ctx context.Context, project source.ProjectID, with source.NamespaceID) error
}

// Heads reads and changes the branches of repositories.
type Heads interface {
	// RefExists says whether the repository of a project has a ref. It fails with
	// domain.NotFound for a storage that is not configured and with domain.Unavailable if
	// Gitaly is unreachable or late.
	RefExists(ctx context.Context, p source.Project, ref source.Ref) (bool, error)
	// HasBranches says whether the repository has a branch at all; it fails like RefExists.
	HasBranches(ctx context.Context, p source.Project) (bool, error)
	// SetDefaultBranch makes a branch, by its short name, the default branch of a
	// repository; it fails like RefExists.
	SetDefaultBranch(ctx context.Context, p source.Project, branch string) error
}

// FirstCommit is the first commit of a repository: one file on its default branch.
type FirstCommit struct {
	Author     identity.UserID
	Message    string
	File, Text string
}

// FirstCommits makes first commits.
type FirstCommits interface {
	// Commit makes the first commit of the repository of a project, as far as Git access
	// allows its author to push there; else it fails with a Refusal. It fails like Heads.
	Commit(ctx context.Context, p source.Project, c FirstCommit) error
}
