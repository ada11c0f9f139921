package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/application/groups"
	"gatehouse/application/worldimport"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// changeGroups runs a transaction with the ports of groups. It is a groups.UnitOfWork.
func (s *state) changeGroups(ctx context.Context, do func(groups.Tx) error) error {
	return s.update(ctx, func(tx *transaction) error {
		g := groupsTx{tx}
		return do(groups.Tx{Groups: g, Projects: groupProjectsTx{tx}, Members: g, Names: g, Shares: g, Standings: g, Audit: auditTx{tx}, Jobs: jobsTx{tx}})
	})
}

// groupsTx implements the ports of groups.
type groupsTx struct{ *transaction }

// Group implements groups.Groups.
func (tx groupsTx) Group(ctx context.Context, id source.NamespaceID) (source.Group, error) {
	if err := cmp.Or(ctx.Err(), tx.requireGroup(id)); err != nil {
		return source.Group{}, err
	}
	return tx.namespaces.rows[id].group(), nil
}

// group returns the group of the row.
func (n namespace) group() source.Group {
	n.AllowedIPs = slices.Clone(n.AllowedIPs)
	return source.Group{
		Namespace: n.Namespace, Parent: n.parent, Visibility: n.visibility,
		DefaultBranchProtection: copyOf(n.branchProtection), PendingDelete: n.pendingDelete, GroupProfile: n.profile.Clone(),
	}
}

// PutGroup implements groups.Groups.
func (tx groupsTx) PutGroup(ctx context.Context, g source.Group) (source.NamespaceID, error) {
	if _, taken := tx.routes[fold(g.Path)]; taken && g.ID == 0 {
		return 0, conflict("the path %q is taken", g.Path)
	}
	return namespacesTx(tx).PutGroup(ctx, worldimport.Group{
		Namespace: g.Namespace, Visibility: g.Visibility,
		DefaultBranchProtection: g.DefaultBranchProtection, PendingDelete: g.PendingDelete, Profile: g.GroupProfile,
	})
}

// Subtree implements groups.Groups.
func (tx groupsTx) Subtree(ctx context.Context, id source.NamespaceID) (out source.Subtree, err error) {
	for _, n := range tx.namespaces.rows {
		if n.ID != id && tx.inTree(n.ID, id) {
			out.Depth = max(out.Depth, strings.Count(n.Path, "/")-strings.Count(tx.namespaces.rows[id].Path, "/"))
			out.Groups = wider(out.Groups, n.visibility)
		}
	}
	for _, p := range tx.projects.rows {
		if tx.inTree(p.namespace, id) {
			out.Projects = wider(out.Projects, p.Visibility)
		}
	}
	return out, ctx.Err()
}

func wider(a, b source.Visibility) source.Visibility {
	if b.WiderThan(a) {
		return b
	}
	return a
}

// Delete implements groups.Groups.
func (tx groupsTx) Delete(ctx context.Context, id source.NamespaceID, remember bool) error {
	if err := cmp.Or(ctx.Err(), tx.requireGroup(id)); err != nil {
		return err
	}
	tx.deleteNamespace(id, remember)
	return nil
}

// AddOwner implements groups.Members.
func (tx groupsTx) AddOwner(ctx context.Context, group source.NamespaceID, user identity.UserID, at time.Time) error {
	key, creation := membership{user, source.MemberSource{Group: group}}, worldimport.Creation{CreatedAt: toInstant(at), Creator: user}
	if old, exists := tx.members[key]; exists {
		creation = old.creation
	}
	return tx.putMember(ctx, key, member{role: source.Owner, state: worldimport.MemberActive, creation: creation, updated: toInstant(at)})
}

// HasOwner implements groups.Members.
func (tx groupsTx) HasOwner(ctx context.Context, group source.NamespaceID, now time.Time) (bool, error) {
	return len(tx.owners(group, now)) > 0, ctx.Err()
}

// PathTaken implements groups.Names.
func (tx groupsTx) PathTaken(ctx context.Context, path string, except source.NamespaceID) (bool, error) {
	at, taken := tx.routes[fold(path)]
	return taken && (at.namespace == 0 || at.namespace != except), ctx.Err()
}

// NameTaken implements groups.Names.
func (tx groupsTx) NameTaken(ctx context.Context, parent source.NamespaceID, name string, except source.NamespaceID) (bool, error) {
	for _, n := range tx.namespaces.rows {
		if n.parent == parent && n.profile.Name == name && n.ID != except {
			return true, ctx.Err()
		}
	}
	return false, ctx.Err()
}

// ProjectNameTaken implements groups.Names.
func (tx groupsTx) ProjectNameTaken(ctx context.Context, group source.NamespaceID, name string) (bool, error) {
	return tx.projectNameTaken(group, name, 0), ctx.Err()
}

// Subscribed implements groups.Groups.
func (tx groupsTx) Subscribed(ctx context.Context, id source.NamespaceID) (bool, error) {
	plan := tx.subscriptions[id].Plan
	return plan != "" && plan != billing.FreePlan, ctx.Err()
}

// Share implements groups.Shares.
func (tx groupsTx) Share(ctx context.Context, group, with source.NamespaceID) (groups.Share, time.Time, error) {
	s, err := currentTx(tx).Share(ctx, source.MemberSource{Group: group}, with)
	return groups.Share{Role: s.Role, ExpiresAt: s.ExpiresAt}, s.CreatedAt, err
}

// PutShare implements groups.Shares.
func (tx groupsTx) PutShare(ctx context.Context, group, with source.NamespaceID, s groups.Share, by identity.UserID, at time.Time) error {
	return tx.putShare(ctx, source.MemberSource{Group: group}, with, share{
		role: s.Role, expiry: toDay(s.ExpiresAt), creation: worldimport.Creation{CreatedAt: toInstant(at), Creator: by},
	})
}

// RemoveShare implements groups.Shares.
func (tx groupsTx) RemoveShare(ctx context.Context, group, with source.NamespaceID) error {
	return tx.removeShare(ctx, source.MemberSource{Group: group}, with)
}

// GroupRecords implements groups.Records and groups.Namespaces.
type GroupRecords struct{ *state }

// View implements groups.Records.
func (m GroupRecords) View(ctx context.Context, id source.NamespaceID) (groups.View, error) {
	w := m.world.Load()
	if err := cmp.Or(ctx.Err(), w.requireGroup(id)); err != nil {
		return groups.View{}, err
	}
	if w.hidden(id) {
		return groups.View{}, notFound("group %d", id)
	}
	return w.groupView(w.namespaces.rows[id]), nil
}

func (w *world) groupView(n namespace) groups.View {
	var names []string
	for above := range w.selfAndAncestors(n.ID) {
		names = append(names, above.profile.Name)
	}
	slices.Reverse(names)
	group := n.group()
	group.DefaultBranchProtection = cmp.Or(group.DefaultBranchProtection, w.settings.DefaultBranchProtection)
	return groups.View{Group: group, FullName: strings.Join(names, " / "), EffectiveLFS: w.effectiveLFS(n.ID)}
}

// effectiveLFS is what new projects in a namespace begin with.
func (w *world) effectiveLFS(id source.NamespaceID) bool {
	for n := range w.selfAndAncestors(id) {
		if n.profile.LFS != nil {
			return *n.profile.LFS
		}
	}
	return true
}

// inheritedRole returns the highest role that the user has in a group, by shares too.
func (w *world) inheritedRole(user identity.UserID, id source.NamespaceID, now time.Time) (role source.Role) {
	for n := range w.selfAndAncestors(id) {
		in := source.MemberSource{Group: n.ID}
		role = max(role, w.memberRole(user, in, now), w.shareRole(user, in, now))
	}
	return role
}

// Views implements groups.Records.
func (m GroupRecords) Views(ctx context.Context, f groups.Filter, page application.Page, now time.Time) (application.Listed[groups.View], error) {
	w := m.world.Load()
	var picked []namespace
	for _, n := range w.namespaces.rows {
		if !n.Personal && !w.hidden(n.ID) && w.picks(f, n, now) {
			picked = append(picked, n)
		}
	}
	var rank func(namespace) int
	if page.Order == "similarity" && f.Search != "" {
		rank = func(n namespace) int { return groupSimilarity(fold(f.Search), n) }
	}
	key := func(n namespace) string {
		switch page.Order {
		case "id":
			return ""
		case "path":
			return fold(source.Path(n.Path).Last())
		default:
			return fold(n.profile.Name)
		}
	}
	found := listPage(picked, page, rank, key, func(n namespace) int64 { return int64(n.ID) })
	out := application.Listed[groups.View]{Total: found.Total, More: found.More}
	for _, n := range found.Items {
		out.Items = append(out.Items, w.groupView(n))
	}
	return out, ctx.Err()
}

// groupSimilarity is 0 for a group whose name or last part of the path is the text, 1 if one
// begins with it, and 2 for any other.
func groupSimilarity(text string, n namespace) int {
	rank := 2
	for _, value := range []string{fold(n.profile.Name), fold(source.Path(n.Path).Last())} {
		switch {
		case value == text:
			rank = 0
		case strings.HasPrefix(value, text):
			rank = min(rank, 1)
		}
	}
	return rank
}

// picks says whether a filter picks a group.
func (w *world) picks(f groups.Filter, n namespace, now time.Time) bool {
	role := w.inheritedRole(f.Sight.User, n.ID, now)
	valid := func(s share, ok bool) bool { return ok && !expired(s.expiry, now) }
	lent, isLent := w.shares[source.MemberSource{Group: f.SharedBy}][n.ID]
	lends, doesLend := w.shares[source.MemberSource{Group: n.ID}][f.SharedWith]
	return f.Sight.Sees(n.visibility, role) && role >= f.Least &&
		(f.Search == "" || n.matches(f.Search, strings.Contains(f.Search, "/"))) &&
		(f.Visibility == "" || n.visibility == f.Visibility) &&
		(f.Parent == 0 || n.parent == f.Parent) &&
		(f.Ancestor == 0 || n.ID != f.Ancestor && w.inTree(n.ID, f.Ancestor)) &&
		(!f.TopLevel || n.parent == 0) && !slices.Contains(f.Skip, n.ID) &&
		(f.SharedBy == 0 || valid(lent, isLent)) && (f.SharedWith == 0 || valid(lends, doesLend)) &&
		(f.TransferOf == 0 || !w.inTree(n.ID, f.TransferOf) && n.ID != w.namespaces.rows[f.TransferOf].parent &&
			(f.Sight.All || role >= n.profile.SubgroupCreation.Least()))
}

// matches says whether the name or the last part of the path contains a text, or with whole
// the name or the path.
func (n namespace) matches(text string, whole bool) bool {
	path := source.Path(n.Path).Last()
	if whole {
		path = n.Path
	}
	return strings.Contains(fold(n.profile.Name), fold(text)) || strings.Contains(fold(path), fold(text))
}

// Links implements groups.Records.
func (m GroupRecords) Links(ctx context.Context, group source.NamespaceID, user identity.UserID, now time.Time) (links []groups.Link, err error) {
	w := m.world.Load()
	for with, s := range w.shares[source.MemberSource{Group: group}] {
		other := w.namespaces.rows[with]
		if expired(s.expiry, now) || w.hidden(with) {
			continue
		}
		links = append(links, groups.Link{
			Share: groups.Share{Role: s.role, ExpiresAt: s.expiry}, With: with, Name: other.profile.Name, Path: other.Path,
			Visibility: other.visibility, Viewer: w.inheritedRole(user, with, now),
		})
	}
	slices.SortFunc(links, func(a, b groups.Link) int {
		in := w.shares[source.MemberSource{Group: group}]
		return cmp.Or(cmp.Compare(in[a.With].number, in[b.With].number), cmp.Compare(a.With, b.With))
	})
	return links, ctx.Err()
}

// Namespace implements groups.Namespaces.
func (m GroupRecords) Namespace(ctx context.Context, id source.NamespaceID, path string, user identity.UserID, now time.Time) (groups.Namespace, error) {
	w := m.world.Load()
	if at := w.routes[fold(path)].namespace; at != 0 {
		id = at
	}
	n, ok := w.namespaces.rows[id]
	if !ok || w.hidden(id) {
		return groups.Namespace{}, notFound("namespace %d %q", id, path)
	}
	return w.namespaceView(n, user, now), ctx.Err()
}

func (w *world) namespaceView(n namespace, user identity.UserID, now time.Time) groups.Namespace {
	out := groups.Namespace{
		ID: n.ID, Name: n.profile.Name, Path: n.Path, Parent: n.parent, Owner: n.owner, Visibility: n.visibility,
		Viewer: w.inheritedRole(user, n.ID, now),
	}
	if n.owner != 0 && n.owner == user {
		out.Viewer = source.Owner
	}
	var root source.NamespaceID
	for above := range w.selfAndAncestors(n.ID) {
		root = above.ID
	}
	if s, ok := w.subscriptions[root]; ok {
		out.Subscription = billing.Subscription{
			Namespace: s.Namespace, Plan: s.Plan, SeatsInUse: s.SeatsInUse, MaxSeatsUsed: s.MaxSeatsUsed,
			MaxChangedAt: s.MaxChangedAt, Trial: s.Trial, TrialEnds: s.TrialEnds, EndDate: s.EndDate,
		}
	}
	return out
}

// Namespaces implements groups.Namespaces.
func (m GroupRecords) Namespaces(ctx context.Context, f groups.NamespaceFilter, page application.Page, now time.Time) (application.Listed[groups.Namespace], error) {
	w := m.world.Load()
	var picked []groups.Namespace
	for _, n := range w.namespaces.rows {
		view := w.namespaceView(n, f.User, now)
		least := source.Guest
		if f.Owned {
			least = source.Owner
		}
		if !w.hidden(n.ID) && (f.All && !f.Owned || view.Viewer >= least) && (!f.TopLevel || n.parent == 0) && (f.Search == "" || n.matches(f.Search, f.FullPath)) {
			picked = append(picked, view)
		}
	}
	key := func(groups.Namespace) string { return "" }
	return listPage(picked, page, nil, key, func(n groups.Namespace) int64 { return int64(n.ID) }), ctx.Err()
}

// Counts implements groups.Namespaces.
func (m GroupRecords) Counts(ctx context.Context, id source.NamespaceID, now time.Time) (out groups.NamespaceCounts, err error) {
	w, users := m.world.Load(), map[identity.UserID]bool{}
	for in, row := range w.members {
		if in.in.Group != 0 && row.state == worldimport.MemberActive && !expired(row.expiry, now) && w.inTree(in.in.Group, id) {
			users[in.user] = true
		}
	}
	for _, p := range w.projects.rows {
		if !p.pendingDelete && w.inTree(p.namespace, id) {
			out.Projects++
		}
	}
	out.Members = int64(len(users))
	return out, ctx.Err()
}
