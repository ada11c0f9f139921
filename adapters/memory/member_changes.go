package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/application/members"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// changeMembers runs a transaction with the ports of members. It is a members.UnitOfWork.
func (s *state) changeMembers(ctx context.Context, do func(members.Tx) error) error {
	return s.update(ctx, func(tx *transaction) error {
		m := membersTx{tx}
		return do(members.Tx{Members: m, Users: m, Standings: m, Audit: auditTx{tx}})
	})
}

// membersTx implements the ports of members.
type membersTx struct{ *transaction }

// User implements members.Users.
func (tx membersTx) User(ctx context.Context, who identity.Claim) (identity.User, error) {
	if err := ctx.Err(); err != nil {
		return identity.User{}, err
	}
	id := identity.UserID(who.ID)
	if who.Kind == identity.ByName {
		id = tx.userByName(who.Name)
	}
	if err := tx.users.require(id, "user"); err != nil {
		return identity.User{}, err
	}
	return tx.users.rows[id].User, nil
}

// Member implements members.Members.
func (tx membersTx) Member(ctx context.Context, user identity.UserID, in source.MemberSource) (members.Member, error) {
	if err := ctx.Err(); err != nil {
		return members.Member{}, err
	}
	m, ok := tx.members[membership{user, in}]
	if !ok {
		return members.Member{}, notFound("member %d", user)
	}
	return members.Member{
		Role: m.role, State: m.state, ExpiresAt: m.expiry, CreatedAt: m.creation.CreatedAt, UpdatedAt: m.updated, CreatedBy: m.creation.Creator,
	}, nil
}

// PutMember implements members.Members.
func (tx membersTx) PutMember(ctx context.Context, user identity.UserID, in source.MemberSource, m members.Member) error {
	creation := worldimport.Creation{CreatedAt: toInstant(m.CreatedAt), Creator: m.CreatedBy}
	return tx.putMember(ctx, membership{user, in}, member{m.Role, m.State, toDay(m.ExpiresAt), creation, toInstant(m.UpdatedAt)})
}

// RemoveMember implements members.Members.
func (tx membersTx) RemoveMember(ctx context.Context, user identity.UserID, in source.MemberSource, below bool) ([]source.Membership, error) {
	var removed []source.Membership
	for key := range tx.members {
		if key.user == user && (key.in == in || below && in.Group != 0 && tx.inTree(tx.namespaceOf(key.in), in.Group)) {
			m, _ := tx.membership(user, key.in)
			removed = append(removed, m)
		}
	}
	for _, m := range removed {
		delete(tx.members, membership{user, m.In})
	}
	slices.SortFunc(removed, func(a, b source.Membership) int { return cmp.Compare(fold(a.Path), fold(b.Path)) })
	return removed, ctx.Err()
}

// namespaceOf returns a group, or the namespace of a project.
func (w *world) namespaceOf(in source.MemberSource) source.NamespaceID {
	if in.Project != 0 {
		return w.projects.rows[in.Project].namespace
	}
	return in.Group
}

// Inherited implements members.Members.
func (tx membersTx) Inherited(ctx context.Context, user identity.UserID, in source.MemberSource, now time.Time) (best source.Membership, err error) {
	for n := range tx.selfAndAncestors(tx.namespaceOf(in)) {
		above := source.MemberSource{Group: n.ID}
		if role := tx.memberRole(user, above, now); above != in && role > best.Role {
			best, _ = tx.membership(user, above)
			best.Path = n.profile.Name
		}
	}
	return best, ctx.Err()
}

// HasOtherOwner implements members.Members.
func (tx membersTx) HasOtherOwner(ctx context.Context, user identity.UserID, group source.NamespaceID, now time.Time) (bool, error) {
	for n := range tx.selfAndAncestors(group) {
		for _, id := range tx.owners(n.ID, now) {
			u := tx.users.rows[id]
			if id != user && u.State == identity.Active && (u.Type == identity.Human || u.Type == identity.ServiceAccount) {
				return true, ctx.Err()
			}
		}
	}
	return false, ctx.Err()
}

// MemberRecords implements members.Records.
type MemberRecords struct{ *state }

// Views implements members.Records.
func (m MemberRecords) Views(ctx context.Context, in source.MemberSource, f members.Filter, page application.Page, now time.Time) (application.Listed[members.View], error) {
	w := m.world.Load()
	best := map[identity.UserID]members.View{}
	for key, row := range w.members {
		if key.in == in {
			w.grant(best, key.user, row, source.Owner, now)
		}
	}
	if p, ok := w.projects.rows[in.Project]; ok {
		owner := member{role: source.Owner, state: source.MemberActive, creation: worldimport.Creation{CreatedAt: p.profile.CreatedAt}}
		w.grant(best, w.namespaces.rows[p.namespace].owner, owner, source.Owner, now)
	}
	if f.Inherited {
		w.grantInherited(best, in, now)
	}
	var views []members.View
	for _, v := range best {
		if picked(v, f) {
			views = append(views, v)
		}
	}
	slices.SortFunc(views, func(a, b members.View) int { return cmp.Compare(a.User.ID, b.User.ID) })
	if page.Descending {
		slices.Reverse(views)
	}
	return paged(views, page), ctx.Err()
}

// grant notes what a membership gives that counts at now, and at most the highest role,
// unless another one gives the user more, lasts longer or is older.
func (w *world) grant(best map[identity.UserID]members.View, user identity.UserID, m member, highest source.Role, now time.Time) {
	if user == 0 || m.state != source.MemberActive || expired(m.expiry, now) {
		return
	}
	v := members.View{
		User: w.users.rows[user].User, Creator: w.users.rows[m.creation.Creator].User,
		Member: members.Member{Role: min(m.role, highest), State: m.state, ExpiresAt: m.expiry, CreatedAt: m.creation.CreatedAt, CreatedBy: m.creation.Creator},
	}
	if old, ok := best[user]; !ok || compareGrants(v.Member, old.Member) < 0 {
		best[user] = v
	}
}

// compareGrants orders memberships of one user: the highest role first, then what lasts
// longest, then the oldest.
func compareGrants(a, b members.Member) int {
	never := func(at time.Time) int {
		if at.IsZero() {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.Role, a.Role), cmp.Compare(never(a.ExpiresAt), never(b.ExpiresAt)), b.ExpiresAt.Compare(a.ExpiresAt), a.CreatedAt.Compare(b.CreatedAt))
}

// grantInherited notes what members of the groups above a group or project have there, and
// those of groups by shares.
func (w *world) grantInherited(best map[identity.UserID]members.View, in source.MemberSource, now time.Time) {
	lent := func(in source.MemberSource) {
		for with, s := range w.shares[in] {
			if s.role > source.Minimal && !expired(s.expiry, now) {
				w.grantMembers(best, with, s.role, now)
			}
		}
	}
	lent(in)
	for n := range w.selfAndAncestors(w.namespaceOf(in)) {
		if above := (source.MemberSource{Group: n.ID}); above != in {
			w.grantDirect(best, above, source.Owner, now)
			lent(above)
		}
	}
}

// grantMembers notes what the members of a group and of the groups above it get, and at
// most the highest role.
func (w *world) grantMembers(best map[identity.UserID]members.View, group source.NamespaceID, highest source.Role, now time.Time) {
	for n := range w.selfAndAncestors(group) {
		w.grantDirect(best, source.MemberSource{Group: n.ID}, highest, now)
	}
}

// grantDirect notes what the direct members of a group get who have more than minimal
// access.
func (w *world) grantDirect(best map[identity.UserID]members.View, in source.MemberSource, highest source.Role, now time.Time) {
	for key, m := range w.members {
		if key.in == in && m.role > source.Minimal {
			w.grant(best, key.user, m, highest, now)
		}
	}
}

// picked says whether the filter picks a member.
func picked(v members.View, f members.Filter) bool {
	return (f.Users == nil || slices.Contains(f.Users, v.User.ID)) && !slices.Contains(f.Skip, v.User.ID) &&
		(contains(v.User.Name, f.Search) || contains(v.User.Username, f.Search))
}

// contains says whether a text contains another one, in any letter case of A to Z.
func contains(text, part string) bool { return strings.Contains(fold(text), fold(part)) }

// paged returns a page of all rows of a list.
func paged[Row any](all []Row, page application.Page) application.Listed[Row] {
	rest := all[min(page.Offset, len(all)):]
	l := application.Listed[Row]{Items: slices.Clone(rest[:min(page.Size, len(rest))]), More: len(rest) > page.Size}
	if !page.Keyset {
		l.Total = int64(len(all))
	}
	return l
}

// Standings knows the roles of users in groups and projects.
type Standings struct{ *state }

// Standing returns the group or project and the role of the user there, or
// domain.NotFound if there is none. The user may be 0.
func (s Standings) Standing(ctx context.Context, user identity.UserID, on rights.Ref, now time.Time) (rights.Standing, error) {
	return s.world.Load().standing(ctx, user, on, now)
}

// Standing does what Standings.Standing does, within a transaction.
func (tx *transaction) Standing(ctx context.Context, user identity.UserID, on rights.Ref, now time.Time) (rights.Standing, error) {
	return tx.standing(ctx, user, on, now)
}

// standing does what Standings.Standing does.
func (w *world) standing(ctx context.Context, user identity.UserID, on rights.Ref, now time.Time) (rights.Standing, error) {
	if err := ctx.Err(); err != nil {
		return rights.Standing{}, err
	}
	at, byPath := w.routes[fold(on.Path)]
	if on.Kind == rights.Project {
		id := source.ProjectID(on.ID)
		if byPath && at.project != 0 {
			id = at.project
		}
		p, ok := w.projects.rows[id]
		if !ok || p.pendingDelete || w.hidden(p.namespace) {
			return rights.Standing{}, notFound("project %d %q", on.ID, on.Path)
		}
		return rights.Standing{
			Subject: rights.Subject{
				Kind: rights.Project, Known: true, Visibility: p.Visibility, User: w.namespaces.rows[p.namespace].owner, Repository: p.Repository,
				MembershipLock: w.membershipLock(p.namespace),
			},
			ID: int64(p.ID), Path: p.Path, Role: w.projectRole(user, p, now),
		}, nil
	}
	id := source.NamespaceID(on.ID)
	if byPath && at.namespace != 0 {
		id = at.namespace
	}
	n, ok := w.namespaces.rows[id]
	if !ok || n.Personal || w.hidden(n.ID) {
		return rights.Standing{}, notFound("group %d %q", on.ID, on.Path)
	}
	role := source.NoRole
	for above := range w.selfAndAncestors(n.ID) {
		in := source.MemberSource{Group: above.ID}
		role = max(role, w.memberRole(user, in, now), w.shareRole(user, in, now))
	}
	return rights.Standing{
		Subject: rights.Subject{
			Kind: rights.Group, Known: true, Visibility: n.visibility, ProjectCreation: n.profile.ProjectCreation, SubgroupCreation: n.profile.SubgroupCreation,
			MembershipLock: w.membershipLock(n.ID),
		},
		ID: int64(n.ID), Path: n.Path, Role: role,
	}, nil
}

// hidden says whether the namespace or one above is pending deletion.
func (w *world) hidden(id source.NamespaceID) bool {
	for n := range w.selfAndAncestors(id) {
		if n.pendingDelete {
			return true
		}
	}
	return false
}

// membershipLock says whether the namespace or one above allows no members of single
// projects.
func (w *world) membershipLock(id source.NamespaceID) bool {
	for n := range w.selfAndAncestors(id) {
		if n.profile.MembershipLock {
			return true
		}
	}
	return false
}
