package worldtx

import (
	"context"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/jobs"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/application/projects"
	"gatehouse/application/provisioning"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// NewProjects returns the unit of work on new projects beside the one that New returns of
// the same arguments.
func NewProjects(db *database.DB, queue *jobs.Queue, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) projects.UnitOfWork {
	return unitOfWork(&importer{db, queue, billing, sealer}, (*writer).newProjectPorts)
}

func (w *writer) newProjectPorts() projects.Tx {
	return projects.Tx{Projects: newProjects{projectsTx{w}}, Jobs: w, Audit: w}
}

// newProjects adds projects to those of a world.
type newProjects struct{ projectsTx }

// Add implements projects.Projects.
func (n newProjects) Add(ctx context.Context, p source.Project, by identity.UserID, at time.Time) (source.ProjectID, error) {
	p.Empty = true
	id, _, err := n.Put(ctx, worldimport.Project{Project: p, Profile: source.ProjectProfile{Creator: by, CreatedAt: at, UpdatedAt: at}})
	return id, err
}

const personalProjects = `SELECT u.projects_limit AS "limit", (SELECT count(*) FROM projects p WHERE p.namespace_id = n.id) AS count
	FROM routes r JOIN namespaces n ON n.id = r.namespace_id JOIN users u ON u.id = n.owner_id WHERE r.path = ?`

// Personal implements projects.Projects.
func (n newProjects) Personal(ctx context.Context, namespace source.Path) (*source.PersonalProjects, error) {
	var found []source.PersonalProjects
	err := n.tx.WithContext(ctx).Raw(personalProjects, namespace.Fold()).Scan(&found).Error
	if err != nil || len(found) == 0 {
		return nil, database.Fault(err, "projects of %q", namespace)
	}
	return &found[0], nil
}
