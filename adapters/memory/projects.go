package memory

import (
	"context"
	"slices"
	"strings"
	"time"

	"gatehouse/application/worldimport"
	"gatehouse/domain/source"
)

// project is a project; its Path is in full, its Root is looked up when asked
// for.
type project struct {
	source.Project
	namespace     source.NamespaceID
	pendingDelete bool
	// activity is when it was last pushed to.
	activity time.Time
}

// projectsTx implements worldimport.Projects.
type projectsTx struct{ *transaction }

// ProjectID implements worldimport.Projects.
func (tx projectsTx) ProjectID(ctx context.Context, path string) (source.ProjectID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	id := tx.routes[fold(path)].project
	if id == 0 {
		return 0, notFound("project %q", path)
	}
	return id, nil
}

// PutProject implements worldimport.Projects.
func (tx projectsTx) PutProject(ctx context.Context, p worldimport.Project) (id source.ProjectID, fresh bool, err error) {
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	above := source.Path(p.Project.Path).Parent()
	parent, ok := tx.namespaces.rows[tx.routes[above.Fold()].namespace]
	if !ok {
		return 0, false, notFound("namespace %q of project %q", above, p.Project.Path)
	}
	row := project{Project: p.Project, namespace: parent.ID, pendingDelete: p.PendingDelete}
	row.Path = parent.Path + p.Project.Path[len(above):]
	if row.ID == 0 {
		row.ID = tx.routes[fold(row.Path)].project
	}
	old, exists := tx.projects.rows[row.ID]
	if err := tx.checkFree(row.Path, route{project: row.ID}); err != nil {
		return 0, false, err
	}
	row.ID = tx.projects.idOr(row.ID)
	row.Root, row.DefaultBranchProtection = source.Namespace{}, nil // the groups', not the project's
	row.Protections, row.activity = old.Protections, old.activity
	if !exists {
		old.Empty = p.NewIsEmpty
	}
	row.Empty, row.DefaultBranch = valueOr(p.Empty, old.Empty), valueOr(p.DefaultBranch, old.DefaultBranch)
	if exists {
		tx.moveRoutes(old.Path, row.Path)
	}
	tx.projects.put(row.ID, row)
	tx.addRoute(row.Path, route{project: row.ID})
	for _, past := range p.MovedFrom {
		if tx.routes[past.Fold()].project == 0 {
			tx.redirects[past.Fold()] = row.ID
		}
	}
	return row.ID, !exists, nil
}

// PutProtections implements worldimport.Projects.
func (tx projectsTx) PutProtections(ctx context.Context, id source.ProjectID, protections []source.Protection) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p, ok := tx.projects.rows[id]
	if !ok {
		return notFound("project %d", id)
	}
	for i, one := range protections {
		if slices.ContainsFunc(protections[:i], func(o source.Protection) bool { return o.Kind == one.Kind && o.Pattern == one.Pattern }) {
			return conflict("two protections of %q", one.Pattern)
		}
		for _, entry := range slices.Concat(one.Push, one.Merge, one.Create) {
			if err := tx.requireAccess(entry); err != nil {
				return err
			}
		}
	}
	p.Protections = withMembership(protections, func(source.NamespaceID) bool { return false })
	tx.projects.put(id, p)
	return nil
}

// hasHolder returns domain.NotFound if the entry names somebody who does not
// exist.
func (w *world) requireAccess(entry source.Access) error {
	switch {
	case entry.User != 0:
		return w.users.require(entry.User, "user")
	case entry.Group != 0:
		return w.requireGroup(entry.Group)
	case entry.DeployKey != 0:
		return w.requireDeployKey(entry.DeployKey)
	}
	return nil
}

// find returns the project at the target, which of its repositories is meant,
// and whether it has moved away from there.
func (w *world) findProject(t source.Target) (found project, repository source.RepositoryID, moved bool) {
	switch {
	case !t.Repository.Known():
		return w.projectByPath(t.Path.Fold())
	case !t.Repository.OfProject():
		return project{}, t.Repository, false
	default:
		return w.liveProject(source.ProjectID(t.Repository.ID)), t.Repository, false
	}
}

// at looks a path up: what has it now comes before what had it once, and a
// project of that very name before one whose wiki or designs it names.
func (w *world) projectByPath(path string) (found project, repository source.RepositoryID, moved bool) {
	now := func(stem string) source.ProjectID { return w.routes[stem].project }
	once := func(stem string) source.ProjectID { return w.redirects[stem] }
	for i, lookup := range []func(string) source.ProjectID{now, once} {
		for _, kind := range []source.RepositoryKind{source.Code, source.Wiki, source.Design} {
			stem, ok := strings.CutSuffix(path, kind.Suffix())
			if !ok {
				continue
			}
			if p := w.liveProject(lookup(stem)); p.Known() {
				return p, source.RepositoryID{Kind: kind, ID: int64(p.ID)}, i > 0
			}
		}
	}
	return project{}, source.RepositoryID{}, false
}

// present is the project of that number, unless it is going to be deleted.
func (w *world) liveProject(id source.ProjectID) project {
	p := w.projects.rows[id]
	for n := range w.selfAndAncestors(p.namespace) {
		p.pendingDelete = p.pendingDelete || n.pendingDelete
	}
	if p.pendingDelete {
		return project{}
	}
	return p
}

// facts are the project as the rules want it, with all its namespaces say.
func (w *world) withNamespaces(p project) source.Project {
	out := p.Project
	out.Protections = nil
	out.DefaultBranchProtection = copyOf(w.namespaces.rows[p.namespace].branchProtection)
	for n := range w.selfAndAncestors(p.namespace) {
		out.Root = n.Namespace
	}
	out.Root.AllowedIPs = slices.Clone(out.Root.AllowedIPs)
	return out
}

// withMembers are copies of the given protections whose entries tell whether
// somebody is a member of their group.
func withMembership(given []source.Protection, member func(source.NamespaceID) bool) []source.Protection {
	entries := func(given []source.Access) []source.Access {
		var out []source.Access
		for _, a := range given {
			a.Member = a.Group != 0 && member(a.Group)
			out = append(out, a)
		}
		return out
	}
	var out []source.Protection
	for _, p := range given {
		p.Push, p.Merge, p.Create = entries(p.Push), entries(p.Merge), entries(p.Create)
		out = append(out, p)
	}
	return out
}
