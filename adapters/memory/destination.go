package memory

import (
	"context"
	"time"

	"gatehouse/application"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Destinations implements worldimport.ProjectDestinations.
type Destinations struct{ *state }

// Destination implements worldimport.ProjectDestinations.
func (d Destinations) Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	if err := ctx.Err(); err != nil {
		return source.ProjectDestination{}, err
	}
	w := d.world.Load()
	above := path.Parent()
	n := w.namespaces.rows[w.routes[above.Fold()].namespace]
	for up := range w.selfAndAncestors(n.ID) {
		n.pendingDelete = n.pendingDelete || up.pendingDelete
	}
	if n.ID == 0 || n.pendingDelete {
		return source.ProjectDestination{}, notFound("namespace %q", above)
	}
	// What stands in the namespace has the same root, and lends the same role.
	inside := project{namespace: n.ID}
	facts := w.withNamespaces(inside)
	inside.ID = -1 // of no project
	return source.ProjectDestination{
		Path: n.Path + string(path[len(above):]), Root: facts.Root,
		DefaultBranchProtection: facts.DefaultBranchProtection, Role: w.projectRole(user, inside, now),
	}, nil
}

// Project implements worldimport.ProjectDestinations.
func (d Destinations) Project(ctx context.Context, id source.ProjectID) (source.Project, error) {
	if err := ctx.Err(); err != nil {
		return source.Project{}, err
	}
	p := d.world.Load().projects.rows[id]
	if !p.Known() {
		return source.Project{}, notFound("project %d", id)
	}
	return source.Project{
		ID: id, Path: p.Path, DefaultBranch: p.DefaultBranch, Empty: p.Empty, Storage: p.Storage, LegacyPath: p.LegacyPath,
	}, nil
}

// jobsTx implements worldimport.Jobs.
type jobsTx struct{ *transaction }

// Enqueue implements worldimport.Jobs.
func (tx jobsTx) Enqueue(ctx context.Context, job application.Job) error {
	tx.jobsToAdd = append(tx.jobsToAdd, job)
	return ctx.Err()
}
