package gormstore

import (
	"context"
	"database/sql"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

var destinationQuery = queries.Query("project_destination")

// groupProtection is how a group protects default branches of new projects, as its row has
// it. The settings are null unless they have a part in it.
type groupProtection struct {
	level    sql.Null[int64]
	settings database.Object
}

// defaults returns nil for a group that leaves it to the instance.
func (g groupProtection) defaults() *source.BranchDefaults {
	var level *source.BranchProtection
	if g.level.Valid {
		level = new(source.BranchProtection(g.level.V))
	}
	return source.OwnBranchDefaults(level, remembered.Values(g.settings))
}

// Destinations finds where a project can be created, and where those lay whose
// repositories are to be removed.
type Destinations struct{ db *database.DB }

// Destination implements projects.Destinations.
func (d *Destinations) Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	out, err := d.destination(ctx, user, path, now)
	return out, database.Fault(err, "destination %q", path)
}

func (d *Destinations) destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	above := path.Parent()
	var out source.ProjectDestination
	var protection groupProtection
	var limit, count sql.Null[int64]
	var owner int64
	var allowed database.Texts
	var role int64
	columns := []any{
		&out.Path, &protection.level, database.Null(&protection.settings), (*int64)(&out.Root.ID), &out.Root.Path, database.Null(&owner), &allowed,
		(*string)(&out.Root.Protocols), &out.Root.RequireSSHCertificates, (*string)(&out.Creation), &out.LFS, &role, &limit, &count, &out.Taken,
	}
	err := d.db.ScanRow(ctx, destinationQuery, columns, sql.Named("user", int64(user)),
		sql.Named("today", now.UTC().Format(time.DateOnly)), sql.Named("path", above.Fold()), sql.Named("whole_path", path.Fold()))
	if err != nil {
		return source.ProjectDestination{}, err
	}
	out.Path += string(path[len(above):])
	out.Root.Personal, out.Root.AllowedIPs = owner != 0, prefixes(allowed)
	out.BranchDefaults = protection.defaults()
	if limit.Valid {
		out.Personal = &source.PersonalProjects{Count: count.V, Limit: limit.V}
	}
	if role := source.Role(role); role > source.Minimal {
		out.Role = role
	}
	return out, nil
}

// Project implements projects.Destinations.
func (d *Destinations) Project(ctx context.Context, id source.ProjectID) (source.Project, error) {
	p := source.Project{ID: id}
	err := d.db.Pool.QueryRowContext(ctx, "SELECT path, default_branch, empty, storage, legacy_path FROM projects WHERE id = $1", int64(id)).
		Scan(&p.Path, &p.DefaultBranch, &p.Empty, &p.Storage, &p.LegacyPath)
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
