package worldtx

import (
	"context"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/groups"
	"gatehouse/application/worldimport"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// groupPorts returns the ports of groups.
func (w *writer) groupPorts() groups.Tx {
	tx := groupsTx{w}
	return groups.Tx{Groups: tx, Projects: groupProjectsTx{w}, Members: tx, Names: tx, Shares: tx, Standings: w, Audit: w, Jobs: w}
}

// groupsTx implements the ports of groups.
type groupsTx struct{ *writer }

// Group implements groups.Groups.
func (w groupsTx) Group(ctx context.Context, id source.NamespaceID) (source.Group, error) {
	row, err := w.groupRow(ctx, id)
	if err != nil {
		return source.Group{}, database.Fault(err, "group %d", id)
	}
	g, err := row.group()
	return g, database.Fault(err, "group %d", id)
}

// groupRow returns the group of that number, or domain.NotFound.
func (w *writer) groupRow(ctx context.Context, id source.NamespaceID) (*namespaceRow, error) {
	return found(database.Find[namespaceRow](ctx, w.tx, "id = ? AND owner_id IS NULL", int64(id)))
}

// PutGroup implements groups.Groups.
func (w groupsTx) PutGroup(ctx context.Context, g source.Group) (source.NamespaceID, error) {
	if g.ID == 0 {
		if err := w.checkFree(ctx, g.Path, routeRow{}); err != nil {
			return 0, database.Fault(err, "group %q", g.Path)
		}
	}
	return w.writer.PutGroup(ctx, worldimport.Group{
		Namespace: g.Namespace, Visibility: g.Visibility, DefaultBranchProtection: g.DefaultBranchProtection, PendingDelete: g.PendingDelete, Profile: g.GroupProfile,
	})
}

const (
	depthBelow         = "SELECT coalesce(max(length(path) - length(replace(path, '/', ''))), 0) FROM namespaces WHERE id IN " + below
	groupsVisibility   = "SELECT DISTINCT visibility FROM namespaces WHERE id <> ? AND id IN " + below
	projectsVisibility = "SELECT DISTINCT visibility FROM projects WHERE namespace_id IN " + below
)

// Subtree implements groups.Groups.
func (w groupsTx) Subtree(ctx context.Context, id source.NamespaceID) (out source.Subtree, err error) {
	tx, root := w.tx.WithContext(ctx), int64(id)
	var deepest, own int
	var inGroups, inProjects []source.Visibility
	for _, one := range []*gorm.DB{
		tx.Raw(depthBelow, root).Scan(&deepest),
		tx.Raw("SELECT coalesce(max(length(path) - length(replace(path, '/', ''))), 0) FROM namespaces WHERE id = ?", root).Scan(&own),
		tx.Raw(groupsVisibility, root, root).Scan(&inGroups),
		tx.Raw(projectsVisibility, root).Scan(&inProjects),
	} {
		if one.Error != nil {
			return source.Subtree{}, database.Fault(one.Error, "below group %d", id)
		}
	}
	return source.Subtree{Depth: deepest - own, Groups: widest(inGroups), Projects: widest(inProjects)}, nil
}

func widest(all []source.Visibility) (out source.Visibility) {
	for _, v := range all {
		if v.WiderThan(out) {
			out = v
		}
	}
	return out
}

// Delete implements groups.Groups.
func (w groupsTx) Delete(ctx context.Context, id source.NamespaceID, remember bool) error {
	_, err := w.groupRow(ctx, id)
	if err == nil {
		err = w.deleteNamespace(ctx, int64(id), remember)
	}
	return database.Fault(err, "group %d", id)
}

// AddOwner implements groups.Members.
func (w groupsTx) AddOwner(ctx context.Context, group source.NamespaceID, user identity.UserID, at time.Time) error {
	return w.putMember(ctx, source.MemberSource{Group: group}, memberRow{
		UserID: int64(user), Level: int64(source.Owner), State: string(source.MemberActive),
		CreatedAt: database.ToInstant(at), CreatedBy: database.Ref(user), UpdatedAt: database.ToInstant(at),
	}, "level", "state", "expires_at", "updated_at")
}

// HasOwner implements groups.Members.
func (w groupsTx) HasOwner(ctx context.Context, group source.NamespaceID, now time.Time) (bool, error) {
	row, err := database.Find[memberRow](ctx, w.tx, "group_id = ? AND level = ? AND state = ? AND (expires_at IS NULL OR expires_at > ?)",
		int64(group), int64(source.Owner), string(source.MemberActive), now.UTC().Format(time.DateOnly))
	return row != nil, database.Fault(err, "owners of group %d", group)
}

// PathTaken implements groups.Names.
func (w groupsTx) PathTaken(ctx context.Context, path string, except source.NamespaceID) (bool, error) {
	at, err := w.routeAt(ctx, path)
	return at != nil && (at.NamespaceID == 0 || at.NamespaceID != database.Ref(except)), database.Fault(err, "path %q", path)
}

// NameTaken implements groups.Names.
func (w groupsTx) NameTaken(ctx context.Context, parent source.NamespaceID, name string, except source.NamespaceID) (bool, error) {
	row, err := database.Find[namespaceRow](ctx, w.tx, "parent_id = ? AND name = ? AND id <> ?", int64(parent), name, int64(except))
	return row != nil, database.Fault(err, "name %q in group %d", name, parent)
}

// ProjectNameTaken implements groups.Names.
func (w groupsTx) ProjectNameTaken(ctx context.Context, group source.NamespaceID, name string) (bool, error) {
	row, err := database.Find[projectRow](ctx, w.tx, "namespace_id = ? AND name = ?", int64(group), name)
	return row != nil, database.Fault(err, "project name %q in group %d", name, group)
}

// Subscribed implements groups.Groups.
func (w groupsTx) Subscribed(ctx context.Context, id source.NamespaceID) (subscribed bool, err error) {
	err = w.tx.WithContext(ctx).Raw("SELECT count(*) > 0 FROM subscriptions WHERE namespace_id = ? AND plan NOT IN ('', ?)",
		int64(id), billing.FreePlan).Scan(&subscribed).Error
	return subscribed, database.Fault(err, "subscription of group %d", id)
}

// Share implements groups.Shares.
func (w groupsTx) Share(ctx context.Context, group, with source.NamespaceID) (groups.Share, time.Time, error) {
	s, err := currentTx(w).Share(ctx, source.MemberSource{Group: group}, with)
	return groups.Share{Role: s.Role, ExpiresAt: s.ExpiresAt}, s.CreatedAt, err
}

// PutShare implements groups.Shares.
func (w groupsTx) PutShare(ctx context.Context, group, with source.NamespaceID, s groups.Share, by identity.UserID, at time.Time) error {
	return w.putShare(ctx, source.MemberSource{Group: group}, shareRow{
		WithID: int64(with), Level: int64(s.Role), ExpiresAt: database.ToDay(s.ExpiresAt), CreatedAt: database.ToInstant(at), CreatedBy: database.Ref(by),
	})
}

// RemoveShare implements groups.Shares.
func (w groupsTx) RemoveShare(ctx context.Context, group, with source.NamespaceID) error {
	return w.removeShare(ctx, source.MemberSource{Group: group}, with)
}

// groupProjectsTx implements groups.Projects.
type groupProjectsTx struct{ *writer }

// Project implements groups.Projects.
func (w groupProjectsTx) Project(ctx context.Context, id source.ProjectID) (source.Project, string, error) {
	row, err := found(database.Find[projectRow](ctx, w.tx, "id = ?", int64(id)))
	if err != nil {
		return source.Project{}, "", database.Fault(err, "project %d", id)
	}
	return source.Project{ID: id, Path: row.Path, Visibility: source.Visibility(row.Visibility)}, row.profile().Name, nil
}

// Below implements groups.Projects.
func (w groupProjectsTx) Below(ctx context.Context, group source.NamespaceID) ([]source.Project, error) {
	projects, err := w.projectsIn(ctx, int64(group))
	return projects, database.Fault(err, "projects below group %d", group)
}

// Move implements groups.Projects.
func (w groupProjectsTx) Move(ctx context.Context, id source.ProjectID, to source.NamespaceID, at time.Time) error {
	return database.Fault(w.moveProject(ctx, id, to, at), "project %d to group %d", id, to)
}

func (w *writer) moveProject(ctx context.Context, id source.ProjectID, to source.NamespaceID, at time.Time) error {
	row, err := found(w.projectToUpdate(ctx, source.Project{ID: id}))
	if err != nil {
		return err
	}
	group, err := w.groupRow(ctx, to)
	if err != nil {
		return err
	}
	past := source.Path(row.Path)
	row.NamespaceID, row.Path, row.UpdatedAt = group.ID, group.Path+"/"+past.Last(), database.ToInstant(at)
	if err := w.checkFree(ctx, row.Path, routeRow{ProjectID: database.Ref(row.ID)}); err != nil {
		return err
	}
	err = w.exec(ctx, "UPDATE projects SET namespace_id = ?, path = ?, updated_at = ? WHERE id = ?", row.NamespaceID, row.Path, row.UpdatedAt, row.ID)
	if err != nil {
		return err
	}
	if err := w.putProjectRoute(ctx, *row); err != nil {
		return err
	}
	return w.redirect(ctx, *row, []source.Path{past})
}
