package worldtx

import (
	"context"
	"time"

	"gatehouse/application/projects"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// NewProjects returns the unit of work on new projects, whose transactions are
// those of unitOfWork.
func NewProjects(unitOfWork worldimport.UnitOfWork) projects.UnitOfWork {
	return func(ctx context.Context, do func(projects.Tx) error) error {
		return unitOfWork(ctx, func(tx worldimport.Tx) error {
			return do(projects.Tx{Projects: newProjects{tx.Projects}, Jobs: tx.Jobs, Audit: tx.Audit})
		})
	}
}

// newProjects adds projects to those of a world.
type newProjects struct{ worldimport.Projects }

// Add implements projects.Projects.
func (n newProjects) Add(ctx context.Context, p source.Project, by identity.UserID, at time.Time) (source.ProjectID, error) {
	p.Empty = true
	id, _, err := n.Put(ctx, worldimport.Project{Project: p, Profile: source.ProjectProfile{Creator: by, CreatedAt: at, UpdatedAt: at}})
	return id, err
}
