package worldtx

import (
	"cmp"
	"context"
	"net/netip"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// namespaceRow is a group or a personal namespace.
type namespaceRow struct {
	ID       int64
	Path     string
	ParentID database.Ref
	// RootID is the top of the tree, 0 for a namespace that is the top itself.
	RootID database.Ref
	// OwnerID is whose namespace it is; 0 for a group.
	OwnerID                 database.Ref
	Visibility              string
	AllowedIPs              database.Texts `gorm:"column:allowed_ips"`
	Protocols               string
	RequireSSHCertificates  bool
	DefaultBranchProtection *int64
	PendingDelete           bool
	// Hidden says that this namespace or one above is pending deletion.
	Hidden           bool
	Name             string
	Description      string
	LFS              *bool
	ProjectCreation  string
	SubgroupCreation string
	ShareLock        bool
	MembershipLock   bool
	RequireTwoFactor bool
	Settings         database.Object
	CreatedAt        database.Instant `gorm:"autoCreateTime:false"`
	UpdatedAt        database.Instant `gorm:"autoUpdateTime:false"`
}

// TableName is gorm's name for the table.
func (namespaceRow) TableName() string { return namespaces }

func newGroupRow(g worldimport.Group) namespaceRow {
	p := g.Profile.Complete(g.Namespace.Path)
	row := namespaceRow{
		ID: int64(g.Namespace.ID), Path: g.Namespace.Path, Visibility: string(g.Visibility),
		Protocols: string(g.Namespace.Protocols), RequireSSHCertificates: g.Namespace.RequireSSHCertificates,
		PendingDelete: g.PendingDelete,
		Name:          p.Name, Description: p.Description, LFS: p.LFS, ProjectCreation: string(p.ProjectCreation), SubgroupCreation: string(p.SubgroupCreation),
		ShareLock: p.ShareLock, MembershipLock: p.MembershipLock, RequireTwoFactor: p.RequireTwoFactor,
		Settings: database.Object(p.Settings), CreatedAt: database.ToInstant(p.CreatedAt), UpdatedAt: database.ToInstant(p.UpdatedAt),
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

// namespaceAt returns the namespace of that path, or nil.
func (w *writer) namespaceAt(ctx context.Context, path string) (*namespaceRow, error) {
	return database.Find[namespaceRow](ctx, w.tx, "id = (SELECT namespace_id FROM routes WHERE path = ?)", identity.Fold(path))
}

// groupAt returns the group of that path, or nil.
func (w *writer) groupAt(ctx context.Context, path string) (*namespaceRow, error) {
	n, err := w.namespaceAt(ctx, path)
	if err != nil || n == nil || n.OwnerID != 0 {
		return nil, err
	}
	return n, nil
}

func (n *namespaceRow) number() int64 {
	if n == nil {
		return 0
	}
	return n.ID
}

// GroupID implements worldimport.Namespaces.
func (w *writer) GroupID(ctx context.Context, path string) (source.NamespaceID, error) {
	g, err := w.groupAt(ctx, path)
	switch {
	case err != nil:
		return 0, database.Fault(err, "group %q", path)
	case g == nil:
		return 0, database.NotFound("group %q", path)
	}
	return source.NamespaceID(g.ID), nil
}

// PutGroup implements worldimport.Namespaces.
func (w *writer) PutGroup(ctx context.Context, g worldimport.Group) (source.NamespaceID, error) {
	id, err := w.putGroup(ctx, newGroupRow(g))
	return source.NamespaceID(id), database.Fault(err, "group %q", g.Namespace.Path)
}

func (w *writer) putGroup(ctx context.Context, group namespaceRow) (int64, error) {
	parent, err := w.parent(ctx, &group)
	if err != nil {
		return 0, err
	}
	if group.ID == 0 {
		known, err := w.groupAt(ctx, group.Path)
		if err != nil {
			return 0, err
		}
		group.ID = known.number()
	}
	if err := w.checkFree(ctx, group.Path, routeRow{NamespaceID: database.Ref(group.ID)}); err != nil {
		return 0, err
	}
	old, err := database.Find[namespaceRow](ctx, w.tx, "id = ?", group.ID)
	switch {
	case err != nil:
		return 0, err
	case old == nil:
		err := w.insertNamespace(ctx, &group, parent)
		return group.ID, err
	case old.OwnerID != 0:
		return 0, database.Conflict("the number %d is that of a personal namespace", group.ID)
	}
	return group.ID, w.updateGroup(ctx, *old, group, parent)
}

// parent finds the group that the path names and takes the path's beginning
// from there; nil for a path of one segment.
func (w *writer) parent(ctx context.Context, group *namespaceRow) (*namespaceRow, error) {
	above := string(source.Path(group.Path).Parent())
	if above == "" {
		return nil, nil
	}
	parent, err := w.groupAt(ctx, above)
	if err != nil {
		return nil, err
	}
	if parent == nil {
		return nil, database.NotFound("its parent %q", above)
	}
	group.Path = parent.Path + group.Path[len(above):]
	group.ParentID, group.RootID = database.Ref(parent.ID), cmp.Or(parent.RootID, database.Ref(parent.ID))
	return parent, nil
}

// insertNamespace makes a new namespace below the parent, if there is one.
func (w *writer) insertNamespace(ctx context.Context, n, parent *namespaceRow) error {
	n.Hidden = n.PendingDelete || parent != nil && parent.Hidden
	if err := w.number(ctx, namespaces, &n.ID); err != nil {
		return err
	}
	if err := put(ctx, w, n); err != nil {
		return err
	}
	if err := w.exec(ctx, "INSERT INTO namespace_closure (descendant_id, ancestor_id) VALUES (?, ?)", n.ID, n.ID); err != nil {
		return err
	}
	if err := w.putNamespaceRoute(ctx, *n); err != nil {
		return err
	}
	return w.linkToParent(ctx, n.ID, parent)
}

// linkToParent puts a tree whose root nothing is above yet below the parent.
func (w *writer) linkToParent(ctx context.Context, root int64, parent *namespaceRow) error {
	if parent == nil {
		return nil
	}
	return w.exec(ctx, `
		INSERT INTO namespace_closure (descendant_id, ancestor_id)
		SELECT below.descendant_id, above.ancestor_id
		FROM namespace_closure below CROSS JOIN namespace_closure above
		WHERE below.ancestor_id = ? AND above.descendant_id = ?`, root, parent.ID)
}

func (w *writer) updateGroup(ctx context.Context, old, group namespaceRow, parent *namespaceRow) error {
	moved := old.ParentID != group.ParentID
	if moved && parent != nil {
		var cycles int
		err := w.tx.WithContext(ctx).Raw("SELECT count(*) FROM namespace_closure WHERE descendant_id = ? AND ancestor_id = ?",
			parent.ID, group.ID).Scan(&cycles).Error
		if err != nil {
			return err
		}
		if cycles > 0 {
			return database.Conflict("it cannot stand below itself")
		}
	}
	group.Hidden = group.PendingDelete || parent != nil && parent.Hidden
	path := group.Path
	group.Path = old.Path
	if err := put(ctx, w, &group); err != nil {
		return err
	}
	if moved {
		if err := w.moveSubtree(ctx, group, parent); err != nil {
			return err
		}
	}
	if group.Hidden != old.Hidden || moved {
		if err := w.hide(ctx, group.ID); err != nil {
			return err
		}
	}
	return w.move(ctx, group, path)
}

// moveSubtree takes a tree away from all that was above it and hangs it below
// the parent, if there is one.
func (w *writer) moveSubtree(ctx context.Context, root namespaceRow, parent *namespaceRow) error {
	err := w.exec(ctx, "DELETE FROM namespace_closure WHERE descendant_id IN "+below+" AND ancestor_id NOT IN "+below, root.ID, root.ID)
	if err != nil {
		return err
	}
	if err := w.linkToParent(ctx, root.ID, parent); err != nil {
		return err
	}
	return w.exec(ctx, "UPDATE namespaces SET root_id = ? WHERE id <> ? AND id IN "+below,
		cmp.Or(root.RootID, database.Ref(root.ID)), root.ID, root.ID)
}

// hide lets every namespace of a tree know whether it or one above is pending
// deletion.
func (w *writer) hide(ctx context.Context, root int64) error {
	return w.exec(ctx, `
		UPDATE namespaces SET hidden = EXISTS (
			SELECT 1 FROM namespace_closure c JOIN namespaces above ON above.id = c.ancestor_id
			WHERE c.descendant_id = namespaces.id AND above.pending_delete)
		WHERE id IN `+below, root)
}

// currentTx implements worldimport.Current.
type currentTx struct{ *writer }

// Group implements worldimport.Current.
func (w currentTx) Group(ctx context.Context, g worldimport.Group) (worldimport.Group, error) {
	kept, err := w.keptGroup(ctx, g.Namespace)
	return kept, database.Fault(err, "group %q", g.Namespace.Path)
}

// profile returns the profile of a group.
func (row namespaceRow) profile() source.GroupProfile {
	return source.GroupProfile{
		Name: row.Name, Description: row.Description, LFS: row.LFS, ProjectCreation: source.ProjectCreation(row.ProjectCreation),
		SubgroupCreation: source.SubgroupCreation(row.SubgroupCreation), ShareLock: row.ShareLock, MembershipLock: row.MembershipLock,
		RequireTwoFactor: row.RequireTwoFactor, Settings: remembered.Values(row.Settings), CreatedAt: row.CreatedAt.Time, UpdatedAt: row.UpdatedAt.Time,
	}.Complete(row.Path)
}

func (w *writer) keptGroup(ctx context.Context, g source.Namespace) (worldimport.Group, error) {
	row, err := w.groupAt(ctx, g.Path)
	if g.ID != 0 {
		row, err = database.Find[namespaceRow](ctx, w.tx, "id = ? AND owner_id IS NULL", int64(g.ID))
	}
	if row, err = found(row, err); err != nil {
		return worldimport.Group{}, err
	}
	return row.described()
}

// described returns the description of the group of the row.
func (row namespaceRow) described() (worldimport.Group, error) {
	kept, err := row.group()
	return worldimport.Group{
		Namespace: kept.Namespace, Visibility: kept.Visibility, DefaultBranchProtection: kept.DefaultBranchProtection, PendingDelete: kept.PendingDelete, Profile: kept.GroupProfile,
	}, err
}

// group returns the group of the row.
func (row namespaceRow) group() (source.Group, error) {
	g := source.Group{
		Namespace: source.Namespace{
			ID: source.NamespaceID(row.ID), Path: row.Path, Protocols: source.Protocols(row.Protocols), RequireSSHCertificates: row.RequireSSHCertificates,
		},
		Parent: source.NamespaceID(row.ParentID), Visibility: source.Visibility(row.Visibility), PendingDelete: row.PendingDelete, GroupProfile: row.profile(),
	}
	for _, text := range row.AllowedIPs {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return source.Group{}, err
		}
		g.AllowedIPs = append(g.AllowedIPs, prefix)
	}
	if row.DefaultBranchProtection != nil {
		level := source.BranchProtection(*row.DefaultBranchProtection)
		g.DefaultBranchProtection = &level
	}
	return g, nil
}
