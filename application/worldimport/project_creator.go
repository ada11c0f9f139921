package worldimport

import (
	"context"
	"errors"
	"time"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// CreateRepository is the kind of the job that makes a new project's
// repository; its subject is the project's number.
const CreateRepository application.JobKind = "create_repository"

// ProjectDestinations knows where projects are and could be.
type ProjectDestinations interface {
	// Destination returns the destination of that path: the namespace that it
	// names, by any letter case, and the user's highest role there: as its
	// owner, as a member of it or of a group above, or by a share with those. A
	// namespace that does not exist or is going to be deleted is
	// domain.NotFound.
	Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error)
	// Project returns the project of that number, or domain.NotFound; of it ID,
	// Path, DefaultBranch, Empty, Storage and LegacyPath are filled in.
	Project(ctx context.Context, id source.ProjectID) (source.Project, error)
}

// Repositories makes repositories.
type Repositories interface {
	// Create makes a repository of a project; one that is there is no error. A
	// storage that nobody configured is domain.NotFound, an unreachable or late
	// Gitaly domain.Unavailable.
	Create(ctx context.Context, p source.Project, kind source.RepositoryKind) error
}

// ProjectCreator makes projects and their repositories. It is safe for concurrent
// use.
type ProjectCreator struct {
	importer     *Importer
	destinations ProjectDestinations
	repositories Repositories
}

// NewProjectCreator makes a ProjectCreator.
func NewProjectCreator(importer *Importer, destinations ProjectDestinations, repositories Repositories) *ProjectCreator {
	return &ProjectCreator{importer, destinations, repositories}
}

// Destination implements gitaccess.ProjectCreator.
func (c *ProjectCreator) Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	return c.destinations.Destination(ctx, user, path, now)
}

// repositoryTimeout is how long a push waits for its repository to be made.
const repositoryTimeout = 20 * time.Second

var errUnfinished = domain.Refuse(domain.Unavailable, "The project was created, but its repository is still to be made. Push again in a minute.")

// CreateProject implements gitaccess.ProjectCreator. The job that makes the
// repository is left with the project, for the case that this does not get so
// far.
func (c *ProjectCreator) CreateProject(ctx context.Context, planned source.Project) (source.ProjectID, error) {
	id, err := c.importer.createProject(ctx, planned)
	if mistakes, ok := errors.AsType[Mistakes](err); ok {
		return 0, domain.Refuse(domain.Unprocessable, "The project could not be created: %s", mistakes[0].Message)
	}
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

// CreateRepository makes the repository of a project. It is the worker of the
// jobs of that kind: a project that is gone needs none any more.
func (c *ProjectCreator) CreateRepository(ctx context.Context, subject int64) error {
	p, err := c.destinations.Project(ctx, source.ProjectID(subject))
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.repositories.Create(ctx, p, source.Code)
}

// CreateWiki implements gitaccess.ProjectCreator.
func (c *ProjectCreator) CreateWiki(ctx context.Context, p source.Project) error {
	ctx, cancel := context.WithTimeout(ctx, repositoryTimeout)
	defer cancel()
	return c.repositories.Create(ctx, p, source.Wiki)
}

// createProject makes the project unless there is one at its path meanwhile. It is
// there, and so is the job, or neither is.
func (i *Importer) createProject(ctx context.Context, planned source.Project) (id source.ProjectID, err error) {
	level := i.protection
	if own := planned.DefaultBranchProtection; own != nil {
		level = *own
	}
	now := i.now()
	err = i.unitOfWork(ctx, func(tx Tx) error {
		id, err = tx.Projects.ProjectID(ctx, planned.Path)
		if !errors.Is(err, domain.NotFound) {
			return err
		}
		empty := true
		f := newImporter(tx, World{Projects: []Project{{Project: planned, Empty: &empty}}}, level, i.seal, now)
		f.repositories = i.repositories
		if err := f.run(ctx); err != nil {
			return err
		}
		id = f.imported[0].id
		return nil
	})
	return id, err
}
