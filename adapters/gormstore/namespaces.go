package gormstore

import (
	"cmp"
	"context"
	"net/netip"
	"strings"

	"gatehouse/application/worldimport"
	"gatehouse/domain/source"
)

// namespaceRow is a group or a personal namespace.
type namespaceRow struct {
	ID       int64
	Path     string
	ParentID ref
	// RootID is the top of the tree, 0 for a namespace that is the top itself.
	RootID ref
	// OwnerID is whose namespace it is; 0 for a group.
	OwnerID                 ref
	Visibility              string
	AllowedIPs              texts `gorm:"column:allowed_ips"`
	Protocols               string
	RequireSSHCertificates  bool
	DefaultBranchProtection *int64
	PendingDelete           bool
	// Hidden says that this namespace or one above is pending deletion.
	Hidden bool
}

// TableName is gorm's name for the table.
func (namespaceRow) TableName() string { return namespaces }

func newGroupRow(g worldimport.Group) namespaceRow {
	row := namespaceRow{
		ID: int64(g.Namespace.ID), Path: g.Namespace.Path, Visibility: string(g.Visibility),
		Protocols: string(g.Namespace.Protocols), RequireSSHCertificates: g.Namespace.RequireSSHCertificates,
		PendingDelete: g.PendingDelete,
	}
	for _, prefix := range g.Namespace.AllowedIPs {
		row.AllowedIPs = append(row.AllowedIPs, prefix.String())
	}
	if g.DefaultBranchProtection != nil {
		level := int64(*g.DefaultBranchProtection)
		row.DefaultBranchProtection = &level
	}
	return row
}

// prefixes reads an allow-list. An entry that is none opens to nobody.
func prefixes(list texts) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range list {
		prefix, _ := netip.ParsePrefix(text)
		out = append(out, prefix)
	}
	return out
}

// namespaceAt returns the namespace of that path, or nil.
func (r *worldTx) namespaceAt(ctx context.Context, path string) (*namespaceRow, error) {
	return find[namespaceRow](ctx, r.tx, "lower(path) = ?", strings.ToLower(path))
}

// groupAt returns the group of that path, or nil.
func (r *worldTx) groupAt(ctx context.Context, path string) (*namespaceRow, error) {
	n, err := r.namespaceAt(ctx, path)
	if err != nil || n == nil || n.OwnerID != 0 {
		return nil, err
	}
	return n, nil
}

// at returns what stands at the path: a namespace, a project, or nothing.
func (r *worldTx) at(ctx context.Context, path string) (row, error) {
	n, err := r.namespaceAt(ctx, path)
	if err != nil || n != nil {
		return row{namespaces, n.number()}, err
	}
	p, err := r.projectAt(ctx, path)
	if err != nil || p == nil {
		return row{}, err
	}
	return row{projectTable, p.ID}, nil
}

func (n *namespaceRow) number() int64 {
	if n == nil {
		return 0
	}
	return n.ID
}

// free returns domain.Conflict if something other than what is meant stands at
// the path.
func (r *worldTx) free(ctx context.Context, path string, meant row) error {
	found, err := r.at(ctx, path)
	if err == nil && found != (row{}) && found != meant {
		return conflict("the path %q is taken", path)
	}
	return err
}

// GroupID implements worldimport.Namespaces.
func (r *worldTx) GroupID(ctx context.Context, path string) (source.NamespaceID, error) {
	g, err := r.groupAt(ctx, path)
	switch {
	case err != nil:
		return 0, fault(err, "group %q", path)
	case g == nil:
		return 0, missing("group %q", path)
	}
	return source.NamespaceID(g.ID), nil
}

// PutGroup implements worldimport.Namespaces.
func (r *worldTx) PutGroup(ctx context.Context, g worldimport.Group) (source.NamespaceID, error) {
	id, err := r.putGroup(ctx, newGroupRow(g))
	return source.NamespaceID(id), fault(err, "group %q", g.Namespace.Path)
}

func (r *worldTx) putGroup(ctx context.Context, group namespaceRow) (int64, error) {
	parent, err := r.parent(ctx, &group)
	if err != nil {
		return 0, err
	}
	if group.ID == 0 {
		known, err := r.groupAt(ctx, group.Path)
		if err != nil {
			return 0, err
		}
		group.ID = known.number()
	}
	if err := r.free(ctx, group.Path, row{namespaces, group.ID}); err != nil {
		return 0, err
	}
	old, err := find[namespaceRow](ctx, r.tx, "id = ?", group.ID)
	switch {
	case err != nil:
		return 0, err
	case old == nil:
		err := r.insertNamespace(ctx, &group, parent)
		return group.ID, err
	case old.OwnerID != 0:
		return 0, conflict("the number %d is that of a personal namespace", group.ID)
	}
	return group.ID, r.updateGroup(ctx, *old, group, parent)
}

// parent finds the group that the path names and takes the path's beginning
// from there; nil for a path of one segment.
func (r *worldTx) parent(ctx context.Context, group *namespaceRow) (*namespaceRow, error) {
	above := string(source.Path(group.Path).Parent())
	if above == "" {
		return nil, nil
	}
	parent, err := r.groupAt(ctx, above)
	if err != nil {
		return nil, err
	}
	if parent == nil {
		return nil, missing("its parent %q", above)
	}
	group.Path = parent.Path + group.Path[len(above):]
	group.ParentID, group.RootID = ref(parent.ID), cmp.Or(parent.RootID, ref(parent.ID))
	return parent, nil
}

// insertNamespace makes a new namespace below the parent, if there is one.
func (r *worldTx) insertNamespace(ctx context.Context, n, parent *namespaceRow) error {
	n.Hidden = n.PendingDelete || parent != nil && parent.Hidden
	if err := r.number(ctx, namespaces, &n.ID); err != nil {
		return err
	}
	if err := put(ctx, r, n); err != nil {
		return err
	}
	if err := r.exec(ctx, "INSERT INTO namespace_closure (descendant_id, ancestor_id) VALUES (?, ?)", n.ID, n.ID); err != nil {
		return err
	}
	return r.linkToParent(ctx, n.ID, parent)
}

// linkToParent puts a tree whose root nothing is above yet below the parent.
func (r *worldTx) linkToParent(ctx context.Context, root int64, parent *namespaceRow) error {
	if parent == nil {
		return nil
	}
	return r.exec(ctx, `
		INSERT INTO namespace_closure (descendant_id, ancestor_id)
		SELECT below.descendant_id, above.ancestor_id
		FROM namespace_closure below CROSS JOIN namespace_closure above
		WHERE below.ancestor_id = ? AND above.descendant_id = ?`, root, parent.ID)
}

func (r *worldTx) updateGroup(ctx context.Context, old, group namespaceRow, parent *namespaceRow) error {
	moved := old.ParentID != group.ParentID
	if moved && parent != nil {
		var cycles int
		err := r.tx.WithContext(ctx).Raw("SELECT count(*) FROM namespace_closure WHERE descendant_id = ? AND ancestor_id = ?",
			parent.ID, group.ID).Scan(&cycles).Error
		if err != nil {
			return err
		}
		if cycles > 0 {
			return conflict("it cannot stand below itself")
		}
	}
	group.Hidden = group.PendingDelete || parent != nil && parent.Hidden
	path := group.Path
	group.Path = old.Path
	if err := put(ctx, r, &group); err != nil {
		return err
	}
	if moved {
		if err := r.moveSubtree(ctx, group, parent); err != nil {
			return err
		}
	}
	if group.Hidden != old.Hidden || moved {
		if err := r.hide(ctx, group.ID); err != nil {
			return err
		}
	}
	return r.move(ctx, group, path)
}

// below picks the namespaces of a tree, its root among them.
const below = "(SELECT descendant_id FROM namespace_closure WHERE ancestor_id = ?)"

// moveSubtree takes a tree away from all that was above it and hangs it below
// the parent, if there is one.
func (r *worldTx) moveSubtree(ctx context.Context, root namespaceRow, parent *namespaceRow) error {
	err := r.exec(ctx, "DELETE FROM namespace_closure WHERE descendant_id IN "+below+" AND ancestor_id NOT IN "+below, root.ID, root.ID)
	if err != nil {
		return err
	}
	if err := r.linkToParent(ctx, root.ID, parent); err != nil {
		return err
	}
	return r.exec(ctx, "UPDATE namespaces SET root_id = ? WHERE id <> ? AND id IN "+below,
		cmp.Or(root.RootID, ref(root.ID)), root.ID, root.ID)
}

// hide lets every namespace of a tree know whether it or one above is pending
// deletion.
func (r *worldTx) hide(ctx context.Context, root int64) error {
	return r.exec(ctx, `
		UPDATE namespaces SET hidden = EXISTS (
			SELECT 1 FROM namespace_closure c JOIN namespaces above ON above.id = c.ancestor_id
			WHERE c.descendant_id = namespaces.id AND above.pending_delete)
		WHERE id IN `+below, root)
}

// move gives a namespace another path, and all that is below along with it. A
// path of the past that becomes a project's own leads nowhere else any more.
func (r *worldTx) move(ctx context.Context, n namespaceRow, path string) error {
	if n.Path == path {
		return nil
	}
	rest := len(n.Path) + 1
	for _, query := range []string{
		"UPDATE namespaces SET path = ? || substr(path, ?) WHERE id IN " + below,
		"UPDATE projects SET path = ? || substr(path, ?) WHERE namespace_id IN " + below,
	} {
		if err := r.exec(ctx, query, path, rest, n.ID); err != nil {
			return err
		}
	}
	return r.exec(ctx, "DELETE FROM redirects WHERE path IN (SELECT lower(path) FROM projects WHERE namespace_id IN "+below+")", n.ID)
}
