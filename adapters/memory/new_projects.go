package memory

import (
	"context"

	"gatehouse/application/projects"
	"gatehouse/application/worldimport"
	"gatehouse/domain/source"
)

// createProjects is the unit of work on new projects. Its transactions are those
// of importWorld.
func (s *state) createProjects(ctx context.Context, do func(projects.Tx) error) error {
	return s.importWorld(ctx, func(tx worldimport.Tx) error {
		return do(projects.Tx{Projects: newProjects{tx.Projects}, Jobs: tx.Jobs})
	})
}

// newProjects adds projects to those of a world.
type newProjects struct{ worldimport.Projects }

// Add implements projects.Projects.
func (n newProjects) Add(ctx context.Context, p source.Project) (source.ProjectID, error) {
	empty := true
	id, _, err := n.Put(ctx, worldimport.Project{Project: p, Empty: &empty})
	return id, err
}
