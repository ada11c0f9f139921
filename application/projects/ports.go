package projects

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Tx keeps a new project within one transaction.
type Tx struct {
	Projects Projects
	Jobs     Jobs
	Audit    AuditLog
}

// UnitOfWork is a unit of work on a Tx.
type UnitOfWork = application.UnitOfWork[Tx]

// Projects keeps projects. It compares paths without regard to letter case.
type Projects interface {
	// ID returns the number of the project at path, or domain.NotFound.
	// It does not follow the past paths of projects that moved.
	ID(ctx context.Context, path string) (source.ProjectID, error)
	// Add keeps a new, empty project, which the user creates at that moment, in the group
	// or personal namespace that its path names, and returns its number. It fails with
	// domain.NotFound if that namespace does not exist and with domain.Conflict
	// if the path is taken. Past paths of other projects that are equal to the
	// new path no longer lead to those.
	Add(ctx context.Context, p source.Project, by identity.UserID, at time.Time) (source.ProjectID, error)
	// Personal returns the projects of the personal namespace of that path, in any
	// letter case; nil for a group, and where there is no namespace. They stay as many
	// until the transaction ends.
	Personal(ctx context.Context, namespace source.Path) (*source.PersonalProjects, error)
	// PutProtections replaces the protections of the project.
	PutProtections(ctx context.Context, id source.ProjectID, protections []source.Protection) error
}

// Jobs keeps the jobs that a transaction enqueues.
type Jobs interface {
	// Enqueue keeps the job if the transaction succeeds, and only then.
	Enqueue(ctx context.Context, job application.Job) error
}

// AuditLog keeps what a transaction did.
type AuditLog interface {
	// Append keeps the events, in their order, if the transaction succeeds, and only
	// then.
	Append(ctx context.Context, events ...audit.Event) error
}

// WaitingJobs are the jobs that wait for their next attempt.
type WaitingJobs interface {
	// MakeDue makes the waiting jobs of a kind due now: those about the subject, or
	// all if it is 0.
	MakeDue(ctx context.Context, kind application.JobKind, subject int64) error
}

// Destinations knows where projects are and where users could create some.
type Destinations interface {
	// Destination returns the destination of that path: the namespace that the
	// path names, in any letter case, and the user's highest role there: as its
	// owner, as a member of it or of a group above it, or by a share with one
	// of these. It fails with domain.NotFound for a namespace that does not
	// exist or that is marked for deletion.
	Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error)
	// Project returns the project of that number, or domain.NotFound. Only ID,
	// Path, DefaultBranch, Empty, Format, Storage and LegacyPath are filled in.
	Project(ctx context.Context, id source.ProjectID) (source.Project, error)
}

// Repositories creates repositories.
type Repositories interface {
	// Create creates a repository of a project; one that exists is no error.
	// It fails with domain.NotFound for a storage that is not configured and
	// with domain.Unavailable if Gitaly is unreachable or late.
	Create(ctx context.Context, p source.Project, kind source.RepositoryKind) error
}
