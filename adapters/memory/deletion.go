package memory

import (
	"context"
	"maps"
	"slices"

	"gatehouse/domain/agents"
	"gatehouse/domain/billing"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

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
			k.projects = maps.Clone(k.projects)
			delete(k.projects, id)
			tx.keys.rows[n] = k
		}
	}
	for n, a := range tx.agents.rows {
		if a.project == id {
			maps.DeleteFunc(tx.agentTokens.rows, func(_ int64, t agentToken) bool { return t.agent == n })
			delete(tx.agents.rows, n)
			tx.deletedAgents = append(tx.deletedAgents, agents.AgentID(n))
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
		p.Protections = slices.Clone(p.Protections)
		for i, one := range p.Protections {
			for _, entries := range []*[]source.Access{&one.Push, &one.Merge, &one.Create} {
				*entries = slices.DeleteFunc(slices.Clone(*entries), gone)
			}
			p.Protections[i] = one
		}
		tx.projects.rows[id] = p
	}
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
