package gormstore

import (
	"context"
	"database/sql"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/management"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Destinations finds where a project can be created, and where those lay whose
// repositories are to be removed.
type Destinations struct{ db *database.DB }

// Destination implements projects.Destinations.
func (d *Destinations) Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	scan := func(query *database.Query, columns []any, args ...sql.NamedArg) error {
		return d.db.ScanRow(ctx, query, columns, args...)
	}
	out, err := management.Destination(scan, user, path, now)
	return out, database.Fault(err, "destination %q", path)
}

// Project implements projects.Destinations.
func (d *Destinations) Project(ctx context.Context, id source.ProjectID) (source.Project, error) {
	p := source.Project{ID: id}
	err := d.db.Pool.QueryRowContext(ctx, "SELECT path, default_branch, empty, object_format, storage, legacy_path FROM projects WHERE id = $1", int64(id)).
		Scan(&p.Path, &p.DefaultBranch, &p.Empty, &p.Format, &p.Storage, &p.LegacyPath)
	if err != nil {
		return source.Project{}, database.Fault(err, "project %d", id)
	}
	return p, nil
}

const (
	removedRepository = "SELECT storage, legacy_path FROM removed_repositories WHERE project_id = $1"
	forgetRepository  = "DELETE FROM removed_repositories WHERE project_id = $1"
)

// Removed implements projects.RemovedRepositories.
func (d *Destinations) Removed(ctx context.Context, id source.ProjectID) (source.Project, error) {
	p := source.Project{ID: id}
	err := d.db.Pool.QueryRowContext(ctx, removedRepository, int64(id)).Scan(&p.Storage, &p.LegacyPath)
	if err != nil {
		return source.Project{}, database.Fault(err, "deleted project %d", id)
	}
	return p, nil
}

// Forget implements projects.RemovedRepositories.
func (d *Destinations) Forget(ctx context.Context, id source.ProjectID) error {
	_, err := d.db.Exec(ctx, forgetRepository, int64(id))
	return database.Fault(err, "deleted project %d", id)
}
