package memory

import (
	"context"
	"maps"
	"time"

	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// membership is a user's in a group or project.
type membership struct {
	user identity.UserID
	in   source.MemberSource
}

type member struct {
	role   source.Role
	state  worldimport.MemberState
	expiry time.Time
}

// share lends the members of a group a role somewhere else.
type share struct {
	role   source.Role
	expiry time.Time
}

// PutMember implements worldimport.Namespaces.
func (d *draft) PutMember(ctx context.Context, u identity.UserID, in source.MemberSource, m worldimport.Member) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.users.has(u, "user"); err != nil {
		return err
	}
	if err := d.hasMembers(in); err != nil {
		return err
	}
	d.members[membership{u, in}] = member{m.Role, m.State, day(m.ExpiresAt)}
	return nil
}

// PutShare implements worldimport.Namespaces.
func (d *draft) PutShare(ctx context.Context, in source.MemberSource, with source.NamespaceID, s worldimport.Share) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.hasMembers(in); err != nil {
		return err
	}
	if err := d.hasGroup(with); err != nil {
		return err
	}
	shares := maps.Clone(d.shares[in])
	if shares == nil {
		shares = map[source.NamespaceID]share{}
	}
	shares[with] = share{s.Role, day(s.ExpiresAt)}
	d.shares[in] = shares
	return nil
}

// hasMembers returns domain.NotFound unless the group or project exists.
func (w *world) hasMembers(in source.MemberSource) error {
	if in.Project != 0 {
		return w.projects.has(in.Project, "project")
	}
	return w.hasGroup(in.Group)
}

// role is the highest that the user has in the project by any way.
func (w *world) role(u identity.UserID, p project, now time.Time) source.Role {
	if u == 0 || !p.Known() {
		return source.NoRole
	}
	if w.namespaces.rows[p.namespace].owner == u {
		return source.Owner
	}
	at := source.MemberSource{Project: p.ID}
	best := max(w.direct(u, at, now), w.lent(u, at, now))
	for n := range w.lineage(p.namespace) {
		at := source.MemberSource{Group: n.ID}
		best = max(best, w.direct(u, at, now), w.lent(u, at, now))
	}
	return best
}

// direct is the role of an active membership; Minimal counts as none.
func (w *world) direct(u identity.UserID, in source.MemberSource, now time.Time) source.Role {
	m := w.members[membership{u, in}]
	if m.state != worldimport.MemberActive || over(m.expiry, now) {
		return source.NoRole
	}
	return counted(m.role)
}

// lent is the role that shares give: of each no more than it allows, and no
// more than the user has in the group it is for.
func (w *world) lent(u identity.UserID, in source.MemberSource, now time.Time) source.Role {
	best := source.NoRole
	for with, s := range w.shares[in] {
		if !over(s.expiry, now) {
			best = max(best, min(w.inGroup(u, with, now), counted(s.role)))
		}
	}
	return best
}

// inGroup is the role as a member of the group or one above it.
func (w *world) inGroup(u identity.UserID, group source.NamespaceID, now time.Time) source.Role {
	best := source.NoRole
	for n := range w.lineage(group) {
		best = max(best, w.direct(u, source.MemberSource{Group: n.ID}, now))
	}
	return best
}

func counted(r source.Role) source.Role {
	if r <= source.Minimal {
		return source.NoRole
	}
	return r
}
