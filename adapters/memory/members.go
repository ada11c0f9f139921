package memory

import (
	"context"
	"maps"
	"time"

	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// membership is the key of a member: a user in a group or project.
type membership struct {
	user identity.UserID
	in   source.MemberSource
}

// member is a user's membership in a group or project.
type member struct {
	role     source.Role
	state    worldimport.MemberState
	expiry   time.Time
	creation worldimport.Creation
	updated  time.Time
}

// share gives the members of a group a role in another group or a project.
type share struct {
	// number grows with each share that is made.
	number   int64
	role     source.Role
	expiry   time.Time
	creation worldimport.Creation
}

// newCreation returns the creation of a row as it is kept: without a username.
func newCreation(c worldimport.Creation) worldimport.Creation {
	return worldimport.Creation{CreatedAt: toInstant(c.CreatedAt), Creator: c.Creator}
}

// PutMember implements worldimport.Namespaces.
func (tx namespacesTx) PutMember(ctx context.Context, u identity.UserID, in source.MemberSource, m worldimport.Member) error {
	return tx.putMember(ctx, membership{u, in}, member{m.Role, m.State, toDay(m.ExpiresAt), newCreation(m.Creation), toInstant(m.UpdatedAt)})
}

// putMember keeps a membership.
func (tx *transaction) putMember(ctx context.Context, key membership, m member) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.requirePerson(key.user); err != nil {
		return err
	}
	if err := tx.requireMemberSource(key.in); err != nil {
		return err
	}
	tx.members[key] = m
	return nil
}

// PutShare implements worldimport.Namespaces.
func (tx namespacesTx) PutShare(ctx context.Context, in source.MemberSource, with source.NamespaceID, s worldimport.Share) error {
	return tx.putShare(ctx, in, with, share{role: s.Role, expiry: toDay(s.ExpiresAt), creation: newCreation(s.Creation)})
}

// putShare keeps a share.
func (tx *transaction) putShare(ctx context.Context, in source.MemberSource, with source.NamespaceID, row share) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.requireMemberSource(in); err != nil {
		return err
	}
	if err := tx.requireGroup(with); err != nil {
		return err
	}
	shares := maps.Clone(tx.shares[in])
	if shares == nil {
		shares = map[source.NamespaceID]share{}
	}
	if old, exists := shares[with]; exists {
		row.number = old.number
	} else {
		tx.lastShare++
		row.number = tx.lastShare
	}
	shares[with] = row
	tx.shares[in] = shares
	return nil
}

// Member implements worldimport.Current.
func (tx currentTx) Member(ctx context.Context, u identity.UserID, in source.MemberSource) (worldimport.Member, error) {
	if err := ctx.Err(); err != nil {
		return worldimport.Member{}, err
	}
	m, ok := tx.members[membership{u, in}]
	if !ok {
		return worldimport.Member{}, notFound("member %d", u)
	}
	return worldimport.Member{Role: m.role, State: m.state, ExpiresAt: m.expiry, Creation: m.creation, UpdatedAt: m.updated}, nil
}

// Share implements worldimport.Current.
func (tx currentTx) Share(ctx context.Context, in source.MemberSource, with source.NamespaceID) (worldimport.Share, error) {
	if err := ctx.Err(); err != nil {
		return worldimport.Share{}, err
	}
	s, ok := tx.shares[in][with]
	if !ok {
		return worldimport.Share{}, notFound("share with group %d", with)
	}
	return worldimport.Share{Role: s.role, ExpiresAt: s.expiry, Creation: s.creation}, nil
}

// requireMemberSource returns domain.NotFound unless the group or project exists.
func (w *world) requireMemberSource(in source.MemberSource) error {
	if in.Project != 0 {
		return w.projects.require(in.Project, "project")
	}
	return w.requireGroup(in.Group)
}

// projectRole returns the highest role that the user has in the project: as owner
// of the personal namespace, as a member there or in a group above, or by a
// share.
func (w *world) projectRole(u identity.UserID, p project, now time.Time) source.Role {
	if u == 0 || !p.Known() {
		return source.NoRole
	}
	if w.namespaces.rows[p.namespace].owner == u {
		return source.Owner
	}
	in := source.MemberSource{Project: p.ID}
	best := max(w.memberRole(u, in, now), w.shareRole(u, in, now))
	return max(best, w.inheritedRole(u, p.namespace, now))
}

// memberRole returns the role of the user's active membership in a group or
// project.
func (w *world) memberRole(u identity.UserID, in source.MemberSource, now time.Time) source.Role {
	m := w.members[membership{u, in}]
	if m.state != worldimport.MemberActive || expired(m.expiry, now) {
		return source.NoRole
	}
	return withoutMinimal(m.role)
}

// shareRole returns the highest role that the user has in a group or project by
// shares. A share gives at most its own role, and at most the role that the user
// has in the group it is for.
func (w *world) shareRole(u identity.UserID, in source.MemberSource, now time.Time) source.Role {
	best := source.NoRole
	for with, s := range w.shares[in] {
		if !expired(s.expiry, now) {
			best = max(best, min(w.groupRole(u, with, now), withoutMinimal(s.role)))
		}
	}
	return best
}

// groupRole returns the highest role that the user has as a member of the group
// or of one above it.
func (w *world) groupRole(u identity.UserID, group source.NamespaceID, now time.Time) source.Role {
	best := source.NoRole
	for n := range w.selfAndAncestors(group) {
		best = max(best, w.memberRole(u, source.MemberSource{Group: n.ID}, now))
	}
	return best
}

// RoleSources implements gitaccess.Background.
func (d Directory) RoleSources(ctx context.Context, user identity.UserID, p source.Project) ([]source.RoleSource, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := d.world.Load()
	var all []source.RoleSource
	namespace := w.projects.rows[p.ID].namespace
	if p.ToBeCreated {
		namespace = w.routes[source.Path(p.Path).Parent().Fold()].namespace
	} else {
		all = w.roleSources(user, source.MemberSource{Project: p.ID})
	}
	if n := w.namespaces.rows[namespace]; n.owner != 0 && n.owner == user {
		m := source.Membership{In: source.MemberSource{Group: n.ID}, Path: n.Path, Role: source.Owner, State: source.MemberActive}
		all = append(all, source.RoleSource{Kind: source.Ownership, Membership: m})
	}
	for n := range w.selfAndAncestors(namespace) {
		all = append(all, w.roleSources(user, source.MemberSource{Group: n.ID})...)
	}
	return all, nil
}

// AccessNames implements gitaccess.Background.
func (d Directory) AccessNames(ctx context.Context, entries []source.Access) (map[source.Access]string, error) {
	w, out := d.world.Load(), map[source.Access]string{}
	for _, a := range entries {
		switch {
		case a.User != 0:
			out[a] = w.users.rows[a.User].Username
		case a.Group != 0:
			out[a] = w.namespaces.rows[a.Group].Path
		case a.DeployKey != 0:
			out[a] = w.keys.rows[a.DeployKey].Title
		}
	}
	maps.DeleteFunc(out, func(_ source.Access, name string) bool { return name == "" })
	return out, ctx.Err()
}

// roleSources returns what a user has by a membership in a group or project, and by
// its shares.
func (w *world) roleSources(u identity.UserID, in source.MemberSource) (all []source.RoleSource) {
	if m, ok := w.membership(u, in); ok {
		all = append(all, source.RoleSource{Kind: source.ByMembership, Membership: m})
	}
	for with, s := range w.shares[in] {
		lent := source.Share{In: in, Path: w.pathOf(in), With: w.namespaces.rows[with].Path, Role: s.role, ExpiresAt: s.expiry}
		for n := range w.selfAndAncestors(with) {
			if m, ok := w.membership(u, source.MemberSource{Group: n.ID}); ok {
				all = append(all, source.RoleSource{Kind: source.ByShare, Membership: m, Share: lent})
			}
		}
	}
	return all
}

// membership returns a user's membership in a group or project.
func (w *world) membership(u identity.UserID, in source.MemberSource) (_ source.Membership, ok bool) {
	m, ok := w.members[membership{u, in}]
	return source.Membership{In: in, Path: w.pathOf(in), Role: m.role, State: m.state, ExpiresAt: m.expiry}, ok
}

// pathOf returns the path of a group or project.
func (w *world) pathOf(in source.MemberSource) string {
	if in.Project != 0 {
		return w.projects.rows[in.Project].Path
	}
	return w.namespaces.rows[in.Group].Path
}

// withoutMinimal returns the role; Minimal counts as none.
func withoutMinimal(r source.Role) source.Role {
	if r <= source.Minimal {
		return source.NoRole
	}
	return r
}

func (w *world) listMembers() (rows [][]any) {
	for key, m := range w.members {
		group, project := w.memberSourcePaths(key.in)
		rows = append(rows, []any{
			w.usernameOrNil(key.user), group, project, m.role.String(), string(m.state), timeOrNil(m.expiry),
			timeOrNil(m.creation.CreatedAt), w.usernameOrNil(m.creation.Creator), timeOrNil(m.updated),
		})
	}
	return rows
}

func (w *world) listShares() (rows [][]any) {
	for in, shares := range w.shares {
		group, project := w.memberSourcePaths(in)
		for with, s := range shares {
			rows = append(rows, []any{
				group, project, w.namespaces.rows[with].Path, s.role.String(), timeOrNil(s.expiry),
				timeOrNil(s.creation.CreatedAt), w.usernameOrNil(s.creation.Creator),
			})
		}
	}
	return rows
}
