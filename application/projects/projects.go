// Package projects creates projects, and the repositories of projects and wikis, for a
// push to a path that does not exist, and removes the repositories of deleted projects.
package projects

import (
	"context"
	"errors"
	"maps"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// CreateRepository is the kind of the job that creates the repository of a new
// project; its subject is the project's number.
const CreateRepository application.JobKind = "create_repository"

// repositoryTimeout is how long a push waits for its repository to be created.
const repositoryTimeout = 20 * time.Second

// RetryDelay is how long a CreateRepository or RemoveRepository job waits at most between
// two attempts.
const RetryDelay = time.Minute

// errUnfinished is no Unavailable: GitLab Shell would show other words.
var errUnfinished = domain.Refuse(domain.Unprocessable, "The project was created, but its repository is still to be made. Push again in a minute.")

// conflict and noNamespace are what a store's domain.Conflict and
// domain.NotFound mean for a new project.
const (
	conflict    = "the path or the number is taken"
	noNamespace = "there is no group or user that it could be in"
)

// Creator creates projects and their repositories. It is safe for concurrent
// use.
type Creator struct {
	unitOfWork   UnitOfWork
	destinations Destinations
	repositories Repositories
	waiting      WaitingJobs
	protection   source.BranchProtection
	retried      *recent
	now          application.Clock
}

// New makes a Creator. The protection is that of a new project's default
// branch, unless its group or the instance has been given another one.
func New(unitOfWork UnitOfWork, destinations Destinations, repositories Repositories, waiting WaitingJobs, protection source.BranchProtection, now application.Clock) *Creator {
	return &Creator{unitOfWork, destinations, repositories, waiting, protection, newRecent(now), now}
}

// Destination implements gitaccess.ProjectCreator.
func (c *Creator) Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	return c.destinations.Destination(ctx, user, path, now)
}

// CreateProject implements gitaccess.ProjectCreator. The transaction that adds
// the project enqueues a CreateRepository job too, in case this process ends
// before it has created the repository itself.
func (c *Creator) CreateProject(ctx context.Context, by audit.Cause, planned source.Project) (source.ProjectID, error) {
	if refusal := planned.CheckCreation(); refusal != nil {
		return 0, refusal
	}
	id, err := c.add(ctx, by, planned)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, repositoryTimeout)
	defer cancel()
	if err := c.CreateRepository(ctx, int64(id)); err != nil {
		return id, errUnfinished.Because(err)
	}
	return id, nil
}

// add keeps the project, its job, its protection and the audit event in one
// transaction, and returns its number. If there is a project at the path by now, add
// changes nothing and returns that one's number.
func (c *Creator) add(ctx context.Context, by audit.Cause, planned source.Project) (id source.ProjectID, err error) {
	defaults := c.protection.Defaults()
	if own := planned.BranchDefaults; own != nil {
		defaults = *own
	}
	after := audit.Values{"path": planned.Path, "visibility": string(planned.Visibility), "storage": planned.Storage}
	maps.Copy(after, defaults.Audited())
	err = c.unitOfWork(ctx, func(tx Tx) error {
		id, err = tx.Projects.ID(ctx, planned.Path)
		if !errors.Is(err, domain.NotFound) {
			return err
		}
		planned.Personal, err = tx.Projects.Personal(ctx, source.Path(planned.Path).Parent())
		if err != nil {
			return err
		}
		if refusal := planned.CheckLimit(); refusal != nil {
			return refusal
		}
		now := c.now()
		id, err = tx.Projects.Add(ctx, planned, by.Actor.User, now)
		switch {
		case errors.Is(err, domain.Conflict):
			return planned.RefuseCreation(conflict)
		case errors.Is(err, domain.NotFound):
			return planned.RefuseCreation(noNamespace)
		case err != nil:
			return err
		}
		if err := tx.Jobs.Enqueue(ctx, application.Job{Kind: CreateRepository, Subject: int64(id), Background: true}); err != nil {
			return err
		}
		if err := tx.Projects.PutProtections(ctx, id, defaults.Initial(planned.HeadBranch())); err != nil {
			return err
		}
		project := audit.Object{Kind: audit.Project, ID: int64(id), Path: planned.Path}
		return tx.Audit.Append(ctx, by.Event(now, audit.Create, project, project, nil, after))
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// CreateRepository creates the repository of a project. It is the worker of the
// CreateRepository jobs. For a project that no longer exists it does nothing.
func (c *Creator) CreateRepository(ctx context.Context, subject int64) error {
	p, err := c.destinations.Project(ctx, source.ProjectID(subject))
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.repositories.Create(ctx, p, source.Code)
}

// RetryRepository implements gitaccess.ProjectCreator.
func (c *Creator) RetryRepository(ctx context.Context, id source.ProjectID) error {
	if c.retried.has(id) {
		return nil
	}
	return errors.Join(c.waiting.MakeDue(ctx, CreateRepository, int64(id)), c.waiting.MakeDue(ctx, StartRepository, int64(id)))
}

// CreateWiki implements gitaccess.ProjectCreator.
func (c *Creator) CreateWiki(ctx context.Context, p source.Project) error {
	return c.repositories.Create(ctx, p, source.Wiki)
}
