package projects

import (
	"context"
	"errors"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

// RemoveRepository is the kind of the job that removes the repositories of a deleted
// project; its subject is the project's number.
const RemoveRepository application.JobKind = "remove_repository"

// RemovedRepositories knows where the repositories of deleted projects lie that are still
// to be removed.
type RemovedRepositories interface {
	// Removed returns a deleted project, of which ID, Storage and LegacyPath are filled in,
	// or domain.NotFound.
	Removed(ctx context.Context, id source.ProjectID) (source.Project, error)
	// Forget forgets a deleted project; one that is not known is no error.
	Forget(ctx context.Context, id source.ProjectID) error
}

// RepositoryRemover removes repositories.
type RepositoryRemover interface {
	// Remove removes a repository of a project; one that does not exist is no error. It
	// fails with domain.NotFound for a storage that is not configured and with
	// domain.Unavailable if Gitaly is unreachable or late.
	Remove(ctx context.Context, p source.Project, kind source.RepositoryKind) error
}

// Remover removes the repositories of deleted projects. It is safe for concurrent use.
type Remover struct {
	removed      RemovedRepositories
	destinations Destinations
	repositories RepositoryRemover
}

// NewRemover makes a Remover.
func NewRemover(removed RemovedRepositories, destinations Destinations, repositories RepositoryRemover) *Remover {
	return &Remover{removed, destinations, repositories}
}

// RemoveRepository removes the repositories of code, wiki and designs of a deleted
// project, and forgets it. It is the worker of the RemoveRepository jobs. If a project has
// got the same number again, and lies where the deleted one lay, the repositories are that
// one's and stay.
func (r *Remover) RemoveRepository(ctx context.Context, subject int64) error {
	id := source.ProjectID(subject)
	gone, err := r.removed.Removed(ctx, id)
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	again, err := r.destinations.Project(ctx, id)
	switch {
	case err == nil && again.Storage == gone.Storage && again.LegacyPath == gone.LegacyPath:
		return r.removed.Forget(ctx, id)
	case err != nil && !errors.Is(err, domain.NotFound):
		return err
	}
	for _, kind := range []source.RepositoryKind{source.Code, source.Wiki, source.Design} {
		if err := r.repositories.Remove(ctx, gone, kind); err != nil {
			return err
		}
	}
	return r.removed.Forget(ctx, id)
}
