package memory

import (
	"context"
	"slices"
	"strings"

	"gatehouse/domain/source"
)

// Directory implements gitaccess.Directory.
type Directory struct{ *state }

// Standing implements gitaccess.Directory.
func (d Directory) Standing(ctx context.Context, q source.Inquiry) (source.Standing, error) {
	if err := ctx.Err(); err != nil {
		return source.Standing{}, err
	}
	w := d.world.Load()
	p, repository, moved := w.findProject(q.Target)
	out := source.Standing{Actor: d.actor(w, q.Claim), Repository: repository, Moved: moved}
	out.OTPSession = w.hasOTPSession(out.Actor, q.Now)
	if !p.Known() {
		return out, nil
	}
	user := out.Actor.User.ID
	out.Project = w.withNamespaces(p)
	out.Role = w.projectRole(user, p, q.Now)
	out.KeyCanPush, out.KeyEnabled = w.keys.rows[out.Actor.Key.ID].projects[p.ID]
	if q.Refs {
		out.Project.Protections = withMembership(p.Protections, func(group source.NamespaceID) bool {
			return w.groupRole(user, group, q.Now) != source.NoRole
		})
	}
	return out, nil
}

// findProject returns the project that a target names, which of its repositories
// is meant, and whether the target is a former path of the project.
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

// projectByPath looks a path up, first among the paths of now, then among former
// ones. In each the path of a project itself comes before that of a wiki or of
// designs.
func (w *world) projectByPath(path string) (found project, repository source.RepositoryID, moved bool) {
	current := func(path string) source.ProjectID { return w.routes[path].project }
	former := func(path string) source.ProjectID { return w.redirects[path] }
	for i, lookup := range []func(string) source.ProjectID{current, former} {
		for _, kind := range []source.RepositoryKind{source.Code, source.Wiki, source.Design} {
			projectPath, ok := strings.CutSuffix(path, kind.Suffix())
			if !ok {
				continue
			}
			if p := w.liveProject(lookup(projectPath)); p.Known() {
				return p, source.RepositoryID{Kind: kind, ID: int64(p.ID)}, i > 0
			}
		}
	}
	return project{}, source.RepositoryID{}, false
}

// liveProject returns the project of that number. It returns the zero project if
// there is none, or if it or a group above it is going to be deleted.
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

// withNamespaces returns the project with the settings of its namespace and of
// the root, and without protections.
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
