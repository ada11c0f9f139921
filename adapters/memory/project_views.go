package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/application/projects"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// ProjectViews implements projects.Views.
type ProjectViews struct{ *state }

// List implements projects.Views.
func (p ProjectViews) List(ctx context.Context, f projects.Filter, page application.Page, now time.Time) (application.Listed[projects.View], error) {
	w := p.world.Load()
	var found []project
	for _, row := range w.projects.rows {
		if w.pickedProject(row, f, now) {
			found = append(found, row)
		}
	}
	compare := projectOrder(page.Order, f.Search)
	slices.SortFunc(found, func(a, b project) int {
		order := cmp.Or(compare(a, b), cmp.Compare(a.ID, b.ID))
		if page.Descending {
			return -order
		}
		return order
	})
	part := paged(found, page)
	l := application.Listed[projects.View]{Total: part.Total, More: part.More}
	for _, row := range part.Items {
		l.Items = append(l.Items, w.projectView(row, f.User, now))
	}
	return l, ctx.Err()
}

// pickedProject says whether the filter picks a project.
func (w *world) pickedProject(p project, f projects.Filter, now time.Time) bool {
	role := w.projectRole(f.User, p, now)
	visible := f.All || role >= source.Guest || slices.Contains(f.Open, p.Visibility)
	before := func(at, limit time.Time) bool { return limit.IsZero() || !at.IsZero() && at.Before(limit) }
	after := func(at, limit time.Time) bool { return limit.IsZero() || !at.IsZero() && at.After(limit) }
	active, updated := latestOr(p.activity, p.profile.CreatedAt), latestOr(p.profile.UpdatedAt, p.profile.CreatedAt)
	return visible && role >= f.LeastRole &&
		(f.PendingDelete || !p.pendingDelete && !w.hidden(p.namespace)) &&
		(f.ID == 0 || f.ID == p.ID) && (f.IDAfter == 0 || int64(p.ID) > f.IDAfter) && (f.IDBefore == 0 || int64(p.ID) < f.IDBefore) &&
		(f.In == nil || w.inScope(p, *f.In, now)) &&
		(f.Visibility == "" || p.Visibility == f.Visibility) && (f.Storage == "" || p.Storage == f.Storage) &&
		(f.Archived == nil || p.Archived == *f.Archived) &&
		before(active, toInstant(f.ActiveBefore)) && after(active, toInstant(f.ActiveAfter)) &&
		before(updated, toInstant(f.UpdatedBefore)) && after(updated, toInstant(f.UpdatedAfter)) &&
		p.matches(f)
}

// latestOr returns the first time, or the second one if that is zero.
func latestOr(at, otherwise time.Time) time.Time {
	if at.IsZero() {
		return otherwise
	}
	return at
}

// matches says whether the texts of a project are as the filter wants them.
func (p project) matches(f projects.Filter) bool {
	for _, wanted := range f.Topics {
		if !slices.ContainsFunc(p.profile.Topics, func(topic string) bool { return fold(topic) == fold(wanted) }) {
			return false
		}
	}
	for _, feature := range f.Features {
		if cmp.Or(p.profile.Settings[feature.Name], any(feature.Default)) == "disabled" {
			return false
		}
	}
	return contains(p.profile.Name, f.Search) || contains(p.profile.Description, f.Search) ||
		contains(source.Path(p.Path).Last(), f.Search) || f.SearchPaths && contains(p.Path, f.Search)
}

// inScope says whether the scope picks a project.
func (w *world) inScope(p project, in projects.Scope, now time.Time) bool {
	covers := func(namespace source.NamespaceID) bool {
		return namespace == in.Namespace || in.Below && w.inTree(namespace, in.Namespace)
	}
	if in.Own && (covers(p.namespace) || in.Above && w.inTree(in.Namespace, p.namespace)) {
		return true
	}
	for with, s := range w.shares[source.MemberSource{Project: p.ID}] {
		if in.Shared && covers(with) && !expired(s.expiry, now) {
			return true
		}
	}
	return false
}

// projectOrder returns the comparison of an order.
func projectOrder(name, search string) func(a, b project) int {
	byText := func(of func(project) string) func(a, b project) int {
		return func(a, b project) int { return cmp.Compare(fold(of(a)), fold(of(b))) }
	}
	byTime := func(of func(project) time.Time) func(a, b project) int {
		return func(a, b project) int { return of(a).Compare(of(b)) }
	}
	last := func(p project) string { return source.Path(p.Path).Last() }
	switch name {
	case "name":
		return byText(func(p project) string { return p.profile.Name })
	case "path":
		return byText(last)
	case "created_at":
		return byTime(func(p project) time.Time { return p.profile.CreatedAt })
	case "updated_at":
		return byTime(func(p project) time.Time { return latestOr(p.profile.UpdatedAt, p.profile.CreatedAt) })
	case "last_activity_at":
		return byTime(func(p project) time.Time { return latestOr(p.activity, p.profile.CreatedAt) })
	case "similarity":
		return func(a, b project) int {
			return cmp.Compare(max(similarity(a.profile.Name, search), similarity(last(a), search)), max(similarity(b.profile.Name, search), similarity(last(b), search)))
		}
	default:
		return func(project, project) int { return 0 }
	}
}

// similarity is how much a text is like the search: 3 if it equals it, 2 if it begins
// with it, and else 1. All are alike without a search.
func similarity(text, search string) int {
	switch {
	case search == "":
		return 1
	case fold(text) == fold(search):
		return 3
	case strings.HasPrefix(fold(text), fold(search)):
		return 2
	default:
		return 1
	}
}

// projectView returns a project as it is shown to a user.
func (w *world) projectView(p project, user identity.UserID, now time.Time) projects.View {
	v := projects.View{
		Project: p.Project, ProjectProfile: p.profile.Clone(), LastActivityAt: latestOr(p.activity, p.profile.CreatedAt),
		Namespace: w.projectNamespace(p.namespace), Owner: w.users.rows[w.namespaces.rows[p.namespace].owner].User,
		Role: w.projectRole(user, p, now), ProjectRole: w.memberRole(user, source.MemberSource{Project: p.ID}, now), GroupRole: w.groupRole(user, p.namespace, now),
		Shares: w.sharedWith(p.ID, user, now),
	}
	v.Protections = nil
	if v.Owner.Known() && v.Owner.ID == user {
		v.ProjectRole = source.Owner
	}
	return v
}

// projectNamespace returns a namespace with its names.
func (w *world) projectNamespace(id source.NamespaceID) projects.Namespace {
	n := w.namespaces.rows[id]
	var names []string
	for above := range w.selfAndAncestors(id) {
		names = append(names, above.profile.Name)
	}
	slices.Reverse(names)
	return projects.Namespace{
		ID: id, Path: n.Path, Name: n.profile.Name, FullName: strings.Join(names, " / "), Parent: n.parent, Personal: n.Personal,
	}
}

// sharedGroup returns a group with what a user may do there.
func (w *world) sharedGroup(id source.NamespaceID, user identity.UserID, now time.Time) projects.Group {
	role := source.NoRole
	for above := range w.selfAndAncestors(id) {
		in := source.MemberSource{Group: above.ID}
		role = max(role, w.memberRole(user, in, now), w.shareRole(user, in, now))
	}
	return projects.Group{Namespace: w.projectNamespace(id), Visibility: w.namespaces.rows[id].visibility, Role: role}
}

// sharedWith returns the groups that a project is shared with, in the order of their
// numbers.
func (w *world) sharedWith(id source.ProjectID, user identity.UserID, now time.Time) (groups []projects.Group) {
	for with, s := range w.shares[source.MemberSource{Project: id}] {
		if !expired(s.expiry, now) && !w.hidden(with) {
			g := w.sharedGroup(with, user, now)
			g.Shared, g.Lent, g.ExpiresAt = true, s.role, s.expiry
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b projects.Group) int { return cmp.Compare(a.ID, b.ID) })
	return groups
}

// Groups implements projects.Views.
func (p ProjectViews) Groups(ctx context.Context, id source.ProjectID, user identity.UserID, now time.Time) (groups []projects.Group, err error) {
	w := p.world.Load()
	row, ok := w.projects.rows[id]
	if !ok {
		return nil, ctx.Err()
	}
	for n := range w.selfAndAncestors(row.namespace) {
		if !n.Personal {
			groups = append(groups, w.sharedGroup(n.ID, user, now))
		}
	}
	slices.Reverse(groups)
	return append(groups, w.sharedWith(id, user, now)...), ctx.Err()
}

// MovedTo implements projects.Views.
func (p ProjectViews) MovedTo(ctx context.Context, path source.Path) (source.ProjectID, error) {
	id, ok := p.world.Load().redirects[path.Fold()]
	if !ok {
		return 0, notFound("path of the past %q", path)
	}
	return id, ctx.Err()
}

// Personal implements projects.Views.
func (p ProjectViews) Personal(ctx context.Context, who identity.Claim) (source.NamespaceID, error) {
	w := p.world.Load()
	id := identity.UserID(who.ID)
	if who.Kind == identity.ByName {
		id = w.userByName(who.Name)
	}
	if err := w.users.require(id, "user"); err != nil {
		return 0, err
	}
	return w.users.rows[id].namespace, ctx.Err()
}
