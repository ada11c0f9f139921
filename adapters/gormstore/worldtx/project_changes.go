package worldtx

import (
	"context"
	"database/sql"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/jobs"
	"gatehouse/adapters/gormstore/management"
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

// NewProjectChanges returns the unit of work on projects beside the one that New returns of
// the same arguments.
func NewProjectChanges(db *database.DB, queue *jobs.Queue, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) projects.ChangeUnitOfWork {
	return unitOfWork(&importer{db, queue, billing, sealer}, (*writer).projectPorts)
}

func (w *writer) projectPorts() projects.ChangeTx {
	tx := projectChanges{projectsTx{w}}
	return projects.ChangeTx{Projects: tx, Places: tx, Shares: projectShares{w}, Standings: w, Jobs: w, Audit: w}
}

// projectChanges implements projects.Records and projects.Places.
type projectChanges struct{ projectsTx }

// Record implements projects.Records.
func (w projectChanges) Record(ctx context.Context, id source.ProjectID) (source.ProjectRecord, error) {
	row, err := found(w.projectToUpdate(ctx, source.Project{ID: id}))
	if err != nil {
		return source.ProjectRecord{}, database.Fault(err, "project %d", id)
	}
	kept := row.project()
	return source.ProjectRecord{Project: kept.Project, ProjectProfile: kept.Profile}, nil
}

// Put implements projects.Records.
func (w projectChanges) Put(ctx context.Context, p source.ProjectRecord) (source.ProjectID, error) {
	if p.ID == 0 {
		if err := w.checkFree(ctx, p.Path, routeRow{}); err != nil {
			return 0, database.Fault(err, "project %q", p.Path)
		}
	}
	id, _, err := w.projectsTx.Put(ctx, worldimport.Project{Project: p.Project, Profile: p.ProjectProfile})
	return id, err
}

const keepRemovedProject = "INSERT INTO removed_repositories (project_id, storage, legacy_path) SELECT id, storage, legacy_path FROM projects WHERE id = ? ON CONFLICT (project_id) DO NOTHING"

// Delete implements projects.Records.
func (w projectChanges) Delete(ctx context.Context, id source.ProjectID, remember bool) error {
	_, err := found(w.projectToUpdate(ctx, source.Project{ID: id}))
	if err == nil && remember {
		err = w.exec(ctx, keepRemovedProject, int64(id))
	}
	clear(w.known)
	if err == nil {
		err = w.exec(ctx, "DELETE FROM projects WHERE id = ?", int64(id))
	}
	return database.Fault(err, "project %d", id)
}

// Path implements projects.Places.
func (w projectChanges) Path(ctx context.Context, id source.NamespaceID) (source.Path, error) {
	row, err := found(database.Find[namespaceRow](ctx, w.tx, "id = ?", int64(id)))
	if err != nil {
		return "", database.Fault(err, "namespace %d", id)
	}
	return source.Path(row.Path), nil
}

// Destination implements projects.Places.
func (w projectChanges) Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	if !database.Storable(string(path)) {
		return source.ProjectDestination{}, database.NotFound("destination %q", path)
	}
	scan := func(query *database.Query, columns []any, args ...sql.NamedArg) error {
		return query.Raw(w.tx.WithContext(ctx), args...).Row().Scan(columns...)
	}
	out, err := management.Destination(scan, user, path, now)
	return out, database.Fault(err, "destination %q", path)
}

// PathTaken implements projects.Places.
func (w projectChanges) PathTaken(ctx context.Context, path string, except source.ProjectID) (bool, error) {
	at, err := w.routeAt(ctx, path)
	return at != nil && (at.ProjectID == 0 || at.ProjectID != database.Ref(except)), database.Fault(err, "path %q", path)
}

// NameTaken implements projects.Places.
func (w projectChanges) NameTaken(ctx context.Context, namespace source.NamespaceID, name string, except source.ProjectID) (bool, error) {
	row, err := database.Find[projectRow](ctx, w.tx, "namespace_id = ? AND name = ? AND id <> ?", int64(namespace), name, int64(except))
	return row != nil, database.Fault(err, "project name %q in namespace %d", name, namespace)
}

// projectShares implements projects.Shares.
type projectShares struct{ *writer }

// Share implements projects.Shares.
func (w projectShares) Share(ctx context.Context, project source.ProjectID, with source.NamespaceID) (projects.KeptShare, error) {
	row, err := found(w.shareRow(ctx, source.MemberSource{Project: project}, with))
	if err != nil {
		return projects.KeptShare{}, database.Fault(err, "share of project %d with group %d", project, with)
	}
	s := row.share()
	return projects.KeptShare{Share: projects.Share{Role: s.Role, ExpiresAt: s.ExpiresAt}, ID: row.ID, Since: s.CreatedAt}, nil
}

// PutShare implements projects.Shares.
func (w projectShares) PutShare(ctx context.Context, project source.ProjectID, with source.NamespaceID, s projects.Share, by identity.UserID, at time.Time) (int64, error) {
	in := source.MemberSource{Project: project}
	err := w.putShare(ctx, in, shareRow{
		WithID: int64(with), Level: int64(s.Role), ExpiresAt: database.ToDay(s.ExpiresAt), CreatedAt: database.ToInstant(at), CreatedBy: database.Ref(by),
	})
	if err != nil {
		return 0, err
	}
	kept, err := w.Share(ctx, project, with)
	return kept.ID, err
}

// RemoveShare implements projects.Shares.
func (w projectShares) RemoveShare(ctx context.Context, project source.ProjectID, with source.NamespaceID) error {
	return w.removeShare(ctx, source.MemberSource{Project: project}, with)
}
