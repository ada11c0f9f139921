package memory

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"gatehouse/application/inventory"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// project is a project with its full Path. Root and BranchDefaults are
// those of its namespaces and are not kept here.
type project struct {
	source.Project
	namespace     source.NamespaceID
	pendingDelete bool
	// profile is complete.
	profile source.ProjectProfile
	// activity is the time of the last push.
	activity time.Time
}

// projectsTx implements worldimport.Projects.
type projectsTx struct{ *transaction }

// ID implements worldimport.Projects.
func (tx projectsTx) ID(ctx context.Context, path string) (source.ProjectID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	id := tx.routes[fold(path)].project
	if id == 0 {
		return 0, notFound("project %q", path)
	}
	return id, nil
}

// Put implements worldimport.Projects.
func (tx projectsTx) Put(ctx context.Context, p worldimport.Project) (id source.ProjectID, isNew bool, err error) {
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
	row.profile = p.Profile.Clone().Complete(row.Path)
	row.profile.CreatedAt, row.profile.UpdatedAt = toInstant(row.profile.CreatedAt), toInstant(row.profile.UpdatedAt)
	if row.ID == 0 {
		row.ID = tx.routes[fold(row.Path)].project
	}
	old, exists := tx.projects.rows[row.ID]
	if err := tx.checkFree(row.Path, route{project: row.ID}); err != nil {
		return 0, false, err
	}
	row.ID = tx.projects.idOr(row.ID)
	row.Root, row.BranchDefaults = source.Namespace{}, nil
	row.Protections, row.activity = old.Protections, old.activity
	if exists {
		tx.moveRoutes(old.Path, row.Path)
	}
	tx.projects.put(row.ID, row)
	tx.addRoute(row.Path, route{project: row.ID})
	for _, former := range p.MovedFrom {
		if tx.routes[former.Fold()].project == 0 {
			tx.redirects[former.Fold()] = row.ID
		}
	}
	return row.ID, !exists, nil
}

// Current implements worldimport.Projects.
func (tx projectsTx) Current(ctx context.Context, p worldimport.Project) (worldimport.Project, error) {
	if err := ctx.Err(); err != nil {
		return worldimport.Project{}, err
	}
	id := p.Project.ID
	if id == 0 {
		id = tx.routes[fold(p.Project.Path)].project
	}
	kept, ok := tx.projects.rows[id]
	if !ok {
		return worldimport.Project{}, notFound("project %d", id)
	}
	out := worldimport.Project{Project: kept.Project, PendingDelete: kept.pendingDelete, Profile: kept.profile.Clone()}
	out.Project.Protections = nil
	for _, p := range kept.Protections {
		out.Project.Protections = append(out.Project.Protections, p.Numbered(source.Protection{}))
	}
	for _, path := range tx.formerPaths(id) {
		out.MovedFrom = append(out.MovedFrom, source.Path(path))
	}
	return out, nil
}

// formerPaths are the paths of the past that lead to a project, in order.
func (w *world) formerPaths(id source.ProjectID) []string {
	paths := []string{}
	for path, to := range w.redirects {
		if to == id {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// Redirect implements worldimport.Projects.
func (tx projectsTx) Redirect(ctx context.Context, path source.Path) (source.ProjectID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	id, ok := tx.redirects[path.Fold()]
	if !ok {
		return 0, notFound("path of the past %q", path)
	}
	return id, nil
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
		for _, entry := range slices.Concat(one.Push, one.Merge, one.Unprotect, one.Create) {
			if err := tx.requireAccess(entry); err != nil {
				return err
			}
		}
	}
	tx.replaceProtections(p, protections)
	return nil
}

// requireAccess returns domain.NotFound if the entry names a user, group or
// deploy key that does not exist.
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

// groupProjectsTx implements groups.Projects.
type groupProjectsTx struct{ *transaction }

// Project implements groups.Projects.
func (tx groupProjectsTx) Project(ctx context.Context, id source.ProjectID) (source.Project, string, error) {
	p, ok := tx.projects.rows[id]
	if !ok {
		return source.Project{}, "", notFound("project %d", id)
	}
	return source.Project{ID: id, Path: p.Path, Visibility: p.Visibility}, p.profile.Name, ctx.Err()
}

// Below implements groups.Projects.
func (tx groupProjectsTx) Below(ctx context.Context, group source.NamespaceID) ([]source.Project, error) {
	return tx.projectsIn(group), ctx.Err()
}

// Move implements groups.Projects.
func (tx groupProjectsTx) Move(ctx context.Context, id source.ProjectID, to source.NamespaceID, at time.Time) error {
	p, ok := tx.projects.rows[id]
	if !ok {
		return notFound("project %d", id)
	}
	if err := cmp.Or(ctx.Err(), tx.requireGroup(to)); err != nil {
		return err
	}
	path := tx.namespaces.rows[to].Path + "/" + source.Path(p.Path).Last()
	if err := tx.checkFree(path, route{project: id}); err != nil {
		return err
	}
	tx.moveRoutes(p.Path, path)
	p.Path, p.namespace, p.profile.UpdatedAt = path, to, toInstant(at)
	tx.projects.rows[id] = p
	return nil
}

// projectsIn returns the projects in a namespace and below, in the order of their numbers.
// Only ID, Path, Visibility and Storage are filled in.
func (w *world) projectsIn(root source.NamespaceID) (projects []source.Project) {
	for id, p := range w.projects.rows {
		if w.inTree(p.namespace, root) {
			projects = append(projects, source.Project{ID: id, Path: p.Path, Visibility: p.Visibility, Storage: p.Storage})
		}
	}
	slices.SortFunc(projects, func(a, b source.Project) int { return cmp.Compare(a.ID, b.ID) })
	return projects
}

// withMembership returns copies of the protections as decisions have them. Member of each
// entry for a group is what isMember says of the group.
func withMembership(protections []source.Protection, isMember func(source.NamespaceID) bool) []source.Protection {
	entries := func(original []source.Access) []source.Access {
		var out []source.Access
		for _, a := range original {
			a.ID, a.Member = 0, a.Group != 0 && isMember(a.Group)
			out = append(out, a)
		}
		return out
	}
	var out []source.Protection
	for _, p := range protections {
		p.ID, p.UpdatedAt, p.Unprotect = 0, time.Time{}, nil
		p.Push, p.Merge, p.Create = entries(p.Push), entries(p.Merge), entries(p.Create)
		out = append(out, p)
	}
	return out
}

// Destinations implements projects.Destinations.
type Destinations struct{ *state }

// Destination implements projects.Destinations.
func (d Destinations) Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	if err := ctx.Err(); err != nil {
		return source.ProjectDestination{}, err
	}
	return d.world.Load().destination(user, path, now)
}

// personalProjects returns the projects of a personal namespace, nil for a group.
func (w *world) personalProjects(id source.NamespaceID) *source.PersonalProjects {
	n := w.namespaces.rows[id]
	if n.owner == 0 {
		return nil
	}
	out := &source.PersonalProjects{Limit: w.users.rows[n.owner].ProjectsLimit}
	for _, p := range w.projects.rows {
		if p.namespace == id {
			out.Count++
		}
	}
	return out
}

// Project implements projects.Destinations.
func (d Destinations) Project(ctx context.Context, id source.ProjectID) (source.Project, error) {
	if err := ctx.Err(); err != nil {
		return source.Project{}, err
	}
	p := d.world.Load().projects.rows[id]
	if !p.Known() {
		return source.Project{}, notFound("project %d", id)
	}
	return source.Project{
		ID: id, Path: p.Path, DefaultBranch: p.DefaultBranch, Empty: p.Empty, Format: p.profile.ObjectFormat, Storage: p.Storage, LegacyPath: p.LegacyPath,
	}, nil
}

func (w *world) listProjects() (rows [][]any) {
	for _, p := range w.projects.rows {
		rows = append(rows, []any{
			int64(p.ID), p.Path, string(p.Visibility), p.Archived, p.ReadOnly,
			string(p.Repository), string(p.Wiki), p.DefaultBranch, p.Empty, p.Storage, timeOrNil(p.activity), w.formerPaths(p.ID),
			p.profile.Name, p.profile.Description, w.usernameOrNil(p.profile.Creator), toStrings(p.profile.Topics),
			inventory.SettingsRecord(p.profile.Settings), p.profile.ObjectFormat, timeOrNil(p.profile.CreatedAt), timeOrNil(p.profile.UpdatedAt),
		})
	}
	return rows
}

func (w *world) listProtections() (rows [][]any) {
	for _, p := range w.projects.rows {
		for _, one := range p.Protections {
			if one.Kind == source.Branch {
				one.Unprotect = one.Unprotecting()
			}
			rows = append(rows, []any{
				p.Path, refKinds[one.Kind], string(one.Pattern), one.AllowForcePush,
				w.accessTexts(one.Push), w.accessTexts(one.Merge), w.accessTexts(one.Unprotect), w.accessTexts(one.Create),
			})
		}
	}
	return rows
}

var refKinds = map[source.RefKind]string{source.Branch: "branch", source.Tag: "tag"}

func (w *world) accessTexts(entries []source.Access) []string {
	out := make([]string, 0, len(entries))
	for _, a := range entries {
		out = append(out, w.accessText(a))
	}
	return out
}

// accessText returns an entry of a protection as inventory.Records shows it.
func (w *world) accessText(a source.Access) string {
	switch {
	case a.User != 0:
		return "user:" + w.users.rows[a.User].Username
	case a.Group != 0:
		return "group:" + w.namespaces.rows[a.Group].Path
	case a.DeployKey != 0:
		return "deploy_key:" + strconv.FormatInt(int64(a.DeployKey), 10)
	case a.Role == source.AdminsOnly:
		return "admin"
	default:
		return a.Role.String()
	}
}
