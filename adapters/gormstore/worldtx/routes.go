package worldtx

import (
	"context"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/identity"
)

// routeRow is the path, in lower case, of a namespace or of a project. The other number
// is 0.
type routeRow struct {
	Path        string `gorm:"primaryKey"`
	NamespaceID database.Ref
	ProjectID   database.Ref
}

// TableName is gorm's name for the table.
func (routeRow) TableName() string { return "routes" }

// routeAt returns the route of a path, or nil.
func (w *writer) routeAt(ctx context.Context, path string) (*routeRow, error) {
	return database.Find[routeRow](ctx, w.tx, "path = ?", identity.Fold(path))
}

// checkFree returns domain.Conflict if the path is that of another row than the one that
// meant names.
func (w *writer) checkFree(ctx context.Context, path string, meant routeRow) error {
	at, err := w.routeAt(ctx, path)
	if err != nil || at == nil || at.NamespaceID == meant.NamespaceID && at.ProjectID == meant.ProjectID {
		return err
	}
	return database.Conflict("the path %q is taken", path)
}

// putNamespaceRoute keeps the route of a new namespace.
func (w *writer) putNamespaceRoute(ctx context.Context, n namespaceRow) error {
	return w.exec(ctx, "INSERT INTO routes (path, namespace_id) VALUES (?, ?)", identity.Fold(n.Path), n.ID)
}

// putProjectRoute keeps the route of a project, in place of the one that it had.
func (w *writer) putProjectRoute(ctx context.Context, p projectRow) error {
	return w.exec(ctx, `
		INSERT INTO routes (path, project_id) VALUES (?, ?)
		ON CONFLICT (project_id) DO UPDATE SET path = excluded.path`, identity.Fold(p.Path), p.ID)
}

const (
	// below picks the namespaces of a tree, its root among them.
	below = "(SELECT descendant_id FROM namespace_closure WHERE ancestor_id = ?)"
	// projectsBelow picks the projects of a tree.
	projectsBelow = "(SELECT id FROM projects WHERE namespace_id IN " + below + ")"
)

// move gives a namespace another path, and all that is below along with it. The old
// path of each project leads to it from now on; one that becomes a project's own leads
// nowhere else any more.
func (w *writer) move(ctx context.Context, n namespaceRow, path string) error {
	if n.Path == path {
		return nil
	}
	err := w.exec(ctx, `
		INSERT INTO redirects (path, project_id)
		SELECT path, project_id FROM routes WHERE project_id IN `+projectsBelow+`
		ON CONFLICT (path) DO UPDATE SET project_id = excluded.project_id`, n.ID)
	if err != nil {
		return err
	}
	rest := len(n.Path) + 1
	for _, change := range []struct{ query, path string }{
		{"UPDATE namespaces SET path = ? || substr(path, ?) WHERE id IN " + below, path},
		{"UPDATE projects SET path = ? || substr(path, ?) WHERE namespace_id IN " + below, path},
		{"UPDATE routes SET path = ? || substr(path, ?) WHERE namespace_id IN " + below, identity.Fold(path)},
		{"UPDATE routes SET path = ? || substr(path, ?) WHERE project_id IN " + projectsBelow, identity.Fold(path)},
	} {
		if err := w.exec(ctx, change.query, change.path, rest, n.ID); err != nil {
			return err
		}
	}
	return w.exec(ctx, "DELETE FROM redirects WHERE path IN (SELECT path FROM routes WHERE project_id IN "+projectsBelow+")", n.ID)
}
