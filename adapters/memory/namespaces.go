package memory

import (
	"context"
	"iter"
	"maps"
	"net/netip"
	"slices"

	"gatehouse/application/inventory"
	"gatehouse/application/worldimport"
	"gatehouse/domain/agents"
	"gatehouse/domain/billing"
	"gatehouse/domain/hooks"
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

// deleteNamespace removes a namespace with all that is below. It remembers where the
// repositories of the projects lie, or does not. What refers to the rows goes with them.
func (tx *transaction) deleteNamespace(root source.NamespaceID, remember bool) {
	gone := map[source.NamespaceID]bool{}
	for id := range tx.namespaces.rows {
		gone[id] = tx.inTree(id, root)
	}
	for _, p := range tx.projectsIn(root) {
		if row := tx.projects.rows[p.ID]; remember {
			tx.removed[p.ID] = source.Project{ID: p.ID, Storage: row.Storage, LegacyPath: row.LegacyPath}
		}
		tx.deleteProject(p.ID)
	}
	maps.DeleteFunc(tx.routes, func(_ string, r route) bool { return gone[r.namespace] })
	maps.DeleteFunc(tx.members, func(m membership, _ member) bool { return gone[m.in.Group] })
	maps.DeleteFunc(tx.shares, func(in source.MemberSource, _ map[source.NamespaceID]share) bool { return gone[in.Group] })
	for in, shares := range tx.shares {
		shares = maps.Clone(shares)
		maps.DeleteFunc(shares, func(with source.NamespaceID, _ share) bool { return gone[with] })
		tx.shares[in] = shares
	}
	tx.removeAccess(func(a source.Access) bool { return gone[a.Group] })
	maps.DeleteFunc(tx.hooks.rows, func(_ hooks.HookID, h hook) bool { return gone[h.owner.Group] })
	tx.deleteBilling(gone)
	maps.DeleteFunc(tx.namespaces.rows, func(id source.NamespaceID, _ namespace) bool { return gone[id] })
}

// forgetCreator takes a user away from the rows that the user has created.
func (tx *transaction) forgetCreator(id identity.UserID) {
	for n, u := range tx.users.rows {
		if u.CreatedBy == id {
			u.CreatedBy = 0
			tx.users.rows[n] = u
		}
	}
	for n, p := range tx.projects.rows {
		if p.profile.Creator == id {
			p.profile.Creator = 0
			tx.projects.rows[n] = p
		}
	}
	for n, a := range tx.agents.rows {
		if a.createdBy == id {
			a.createdBy = 0
			tx.agents.rows[n] = a
		}
	}
	for n, t := range tx.agentTokens.rows {
		if t.Creator == id {
			t.Creator = 0
			tx.agentTokens.rows[n] = t
		}
	}
	for key, m := range tx.members {
		if m.creation.Creator == id {
			m.creation.Creator = 0
			tx.members[key] = m
		}
	}
	for in, shares := range tx.shares {
		shares = maps.Clone(shares)
		for with, s := range shares {
			if s.creation.Creator == id {
				s.creation.Creator = 0
				shares[with] = s
			}
		}
		tx.shares[in] = shares
	}
}

// deleteProject removes a project.
func (tx *transaction) deleteProject(id source.ProjectID) {
	in := source.MemberSource{Project: id}
	maps.DeleteFunc(tx.routes, func(_ string, r route) bool { return r.project == id })
	maps.DeleteFunc(tx.redirects, func(_ string, to source.ProjectID) bool { return to == id })
	maps.DeleteFunc(tx.members, func(m membership, _ member) bool { return m.in == in })
	delete(tx.shares, in)
	for n, k := range tx.keys.rows {
		if _, enabled := k.projects[id]; enabled {
			k = k.clone()
			delete(k.projects, id)
			delete(k.updated, id)
			tx.keys.rows[n] = k
		}
	}
	for n, a := range tx.agents.rows {
		if a.project == id {
			tx.deleteAgent(n)
		}
	}
	maps.DeleteFunc(tx.hooks.rows, func(_ hooks.HookID, h hook) bool { return h.owner == in })
	delete(tx.projects.rows, id)
}

// forgetAgent removes what an agent has reported. The caller holds mu.
func (s *state) forgetAgent(id agents.AgentID) {
	maps.DeleteFunc(s.findings, func(_ string, f finding) bool { return f.Agent == id })
	delete(s.authorizations, id)
	delete(s.reporters, id)
}

// removeAccess removes the entries that gone picks from all protections.
func (tx *transaction) removeAccess(gone func(source.Access) bool) {
	for id, p := range tx.projects.rows {
		p.Protections = withoutAccess(p.Protections, gone)
		tx.projects.rows[id] = p
	}
}

// withoutAccess returns a copy of protections without the entries that gone picks.
func withoutAccess(all []source.Protection, gone func(source.Access) bool) []source.Protection {
	out := make([]source.Protection, len(all))
	for i, one := range all {
		one = one.Clone()
		for _, verb := range source.ProtectionVerbs(one.Kind) {
			entries := one.Entries(verb)
			*entries = slices.DeleteFunc(*entries, gone)
		}
		out[i] = one
	}
	return out
}

// deleteBilling removes what was sold to namespaces that are gone.
func (tx *transaction) deleteBilling(gone map[source.NamespaceID]bool) {
	for id := range gone {
		if gone[id] {
			delete(tx.subscriptions, id)
			delete(tx.reconciliations, id)
		}
	}
	maps.DeleteFunc(tx.minutesPacks, func(_ string, p billing.MinutesPack) bool { return gone[p.Namespace] })
	maps.DeleteFunc(tx.packMoves, func(m packMove, _ bool) bool {
		_, kept := tx.minutesPacks[m.xid]
		return gone[m.from] || !kept
	})
}

// RemovedRepositories implements projects.RemovedRepositories.
type RemovedRepositories struct{ *state }

// Removed implements projects.RemovedRepositories.
func (r RemovedRepositories) Removed(ctx context.Context, id source.ProjectID) (source.Project, error) {
	p, ok := r.world.Load().removed[id]
	if !ok {
		return source.Project{}, notFound("deleted project %d", id)
	}
	return p, ctx.Err()
}

// Forget implements projects.RemovedRepositories.
func (r RemovedRepositories) Forget(ctx context.Context, id source.ProjectID) error {
	return r.update(ctx, func(tx *transaction) error {
		delete(tx.removed, id)
		return nil
	})
}
