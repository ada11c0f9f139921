package memory

import (
	"context"
	"iter"
	"net/netip"
	"slices"

	"gatehouse/application/inventory"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// namespace is a group or a personal namespace with its full Path.
type namespace struct {
	source.Namespace
	parent source.NamespaceID
	// owner is the user of a personal namespace; 0 for a group.
	owner            identity.UserID
	visibility       source.Visibility
	branchProtection *source.BranchProtection
	pendingDelete    bool
	// profile is complete; of a personal namespace it has the name.
	profile source.GroupProfile
}

// groupByPath returns the group at a path, or domain.NotFound.
func (w *world) groupByPath(path string) (namespace, error) {
	n, ok := w.namespaces.rows[w.routes[fold(path)].namespace]
	if !ok || n.Personal {
		return namespace{}, notFound("group %q", path)
	}
	return n, nil
}

// requireGroup returns domain.NotFound unless a group has that number.
func (w *world) requireGroup(id source.NamespaceID) error {
	if n, ok := w.namespaces.rows[id]; !ok || n.Personal {
		return notFound("group %d", id)
	}
	return nil
}

// selfAndAncestors yields the namespace and all groups above it, up to the root.
func (w *world) selfAndAncestors(id source.NamespaceID) iter.Seq[namespace] {
	return func(yield func(namespace) bool) {
		for n, ok := w.namespaces.rows[id]; ok; n, ok = w.namespaces.rows[n.parent] {
			if !yield(n) {
				return
			}
		}
	}
}

// inTree says whether the namespace is root or below it.
func (w *world) inTree(id, root source.NamespaceID) bool {
	for n := range w.selfAndAncestors(id) {
		if n.ID == root {
			return true
		}
	}
	return false
}

// namespacesTx implements worldimport.Namespaces.
type namespacesTx struct{ *transaction }

// GroupID implements worldimport.Namespaces.
func (tx namespacesTx) GroupID(ctx context.Context, path string) (source.NamespaceID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	g, err := tx.groupByPath(path)
	return g.ID, err
}

// PutGroup implements worldimport.Namespaces.
func (tx namespacesTx) PutGroup(ctx context.Context, g worldimport.Group) (source.NamespaceID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	row, err := tx.groupRow(g)
	if err != nil {
		return 0, err
	}
	old, exists := tx.namespaces.rows[row.ID]
	if err := tx.checkFree(row.Path, route{namespace: row.ID}); err != nil {
		return 0, err
	}
	switch {
	case old.Personal:
		return 0, conflict("the number %d is that of a personal namespace", row.ID)
	case exists && tx.inTree(row.parent, row.ID):
		return 0, conflict("group %q below itself", row.Path)
	}
	row.ID = tx.namespaces.idOr(row.ID)
	if exists {
		tx.moveRoutes(old.Path, row.Path)
	}
	tx.namespaces.put(row.ID, row)
	tx.addRoute(row.Path, route{namespace: row.ID})
	return row.ID, nil
}

// currentTx implements worldimport.Current.
type currentTx struct{ *transaction }

// Group implements worldimport.Current.
func (tx currentTx) Group(ctx context.Context, g worldimport.Group) (worldimport.Group, error) {
	if err := ctx.Err(); err != nil {
		return worldimport.Group{}, err
	}
	id := g.Namespace.ID
	if id == 0 {
		at, err := tx.groupByPath(g.Namespace.Path)
		if err != nil {
			return worldimport.Group{}, err
		}
		id = at.ID
	}
	if err := tx.requireGroup(id); err != nil {
		return worldimport.Group{}, err
	}
	return tx.namespaces.rows[id].described(), nil
}

// described returns the description of a group.
func (n namespace) described() worldimport.Group {
	n.AllowedIPs = slices.Clone(n.AllowedIPs)
	return worldimport.Group{
		Namespace: n.Namespace, Visibility: n.visibility,
		DefaultBranchProtection: copyOf(n.branchProtection), PendingDelete: n.pendingDelete, Profile: n.profile.Clone(),
	}
}

// groupRow returns the row for g, below the group that its path names. Its number
// is 0 if g has none and no group is at the path.
func (w *world) groupRow(g worldimport.Group) (namespace, error) {
	row := namespace{
		Namespace: g.Namespace, visibility: g.Visibility,
		branchProtection: copyOf(g.DefaultBranchProtection), pendingDelete: g.PendingDelete, profile: g.Profile.Clone().Complete(g.Namespace.Path),
	}
	row.profile.CreatedAt, row.profile.UpdatedAt = toInstant(row.profile.CreatedAt), toInstant(row.profile.UpdatedAt)
	row.Personal, row.AllowedIPs = false, slices.Clone(g.Namespace.AllowedIPs)
	if above := source.Path(g.Namespace.Path).Parent(); above != "" {
		parent, err := w.groupByPath(string(above))
		if err != nil {
			return namespace{}, err
		}
		row.parent = parent.ID
		row.Path = parent.Path + g.Namespace.Path[len(above):]
	}
	if row.ID == 0 {
		known, _ := w.groupByPath(row.Path)
		row.ID = known.ID
	}
	return row, nil
}

func (w *world) listGroups() (rows [][]any) {
	for _, g := range w.namespaces.rows {
		if !g.Personal {
			p := g.profile
			rows = append(rows, []any{
				int64(g.ID), g.Path, string(g.visibility), string(g.Protocols), prefixTexts(g.AllowedIPs),
				p.Name, p.Description, flagOrNil(p.LFS), string(p.ProjectCreation), string(p.SubgroupCreation),
				p.ShareLock, p.MembershipLock, p.RequireTwoFactor, inventory.SettingsRecord(p.Settings), timeOrNil(p.CreatedAt), timeOrNil(p.UpdatedAt),
			})
		}
	}
	return rows
}

func prefixTexts(prefixes []netip.Prefix) []string {
	out := make([]string, 0, len(prefixes))
	for _, p := range prefixes {
		out = append(out, p.String())
	}
	return out
}
