package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"gatehouse/application/pushes"
	"gatehouse/application/worldimport"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
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
	out.OTPSession = q.OTP && w.hasOTPSession(out.Actor, q.Now)
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
	of := w.namespaces.rows[p.namespace]
	out.BranchDefaults = source.OwnBranchDefaults(cmp.Or(of.branchProtection, w.settings.DefaultBranchProtection), of.profile.Settings)
	for n := range w.selfAndAncestors(p.namespace) {
		out.Root = n.Namespace
	}
	out.Root.AllowedIPs = slices.Clone(out.Root.AllowedIPs)
	return out
}

// PushContexts implements pushes.PushContexts.
type PushContexts struct{ *state }

// PushContext implements pushes.PushContexts.
func (c PushContexts) PushContext(ctx context.Context, claim identity.Claim, repository source.RepositoryID, withHooks bool, now time.Time) (pushes.PushContext, error) {
	if err := ctx.Err(); err != nil {
		return pushes.PushContext{}, err
	}
	w := c.world.Load()
	p, _, _ := w.findProject(source.Target{Repository: repository})
	out := pushes.PushContext{
		Actor:   c.actor(w, claim),
		Project: source.Project{ID: p.ID, Path: p.Path, DefaultBranch: p.DefaultBranch},
		Banners: w.banners(now),
	}
	if !withHooks || !out.Project.Known() {
		return out, nil
	}
	for _, h := range w.hooks.rows {
		if h.Health.Disabled || !w.hookApplies(p, h.owner) {
			continue
		}
		wants := hooks.Hook{Push: h.Push, TagPush: h.TagPush, Branches: h.Branches, Strategy: h.Strategy}
		known := slices.ContainsFunc(out.Hooks, func(o hooks.Hook) bool {
			return o.Push == wants.Push && o.TagPush == wants.TagPush && o.Branches == wants.Branches && o.Strategy == wants.Strategy
		})
		if !known {
			out.Hooks = append(out.Hooks, wants)
		}
	}
	return out, nil
}

// banners returns the banners for Git that are shown at now, the newest first.
func (w *world) banners(now time.Time) []source.Banner {
	var ids []int64
	for id, b := range w.broadcasts.rows {
		if b.Type == worldimport.BannerBroadcast && b.ShowInGit && !b.StartsAt.After(now) && !expired(b.EndsAt, now) {
			ids = append(ids, id)
		}
	}
	rows := w.broadcasts.rows
	slices.SortFunc(ids, func(a, b int64) int {
		return cmp.Or(rows[b].StartsAt.Compare(rows[a].StartsAt), cmp.Compare(b, a))
	})
	var banners []source.Banner
	for _, id := range ids {
		banners = append(banners, source.Banner{Message: rows[id].Message, TargetPath: rows[id].TargetPath})
	}
	return banners
}

// PutBroadcast implements worldimport.Namespaces.
func (tx namespacesTx) PutBroadcast(ctx context.Context, b worldimport.Broadcast) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.StartsAt, b.EndsAt = toInstant(b.StartsAt), toInstant(b.EndsAt)
	tx.broadcasts.put(tx.broadcasts.idOr(tx.sameBroadcast(b)), b)
	return nil
}

// sameBroadcast returns the number of the message with that text, type and target
// path; 0 if there is none.
func (w *world) sameBroadcast(b worldimport.Broadcast) (id int64) {
	for known, row := range w.broadcasts.rows {
		if row.Message == b.Message && row.Type == b.Type && row.TargetPath == b.TargetPath {
			id = known
		}
	}
	return id
}

// Broadcast implements worldimport.Current.
func (tx currentTx) Broadcast(ctx context.Context, b worldimport.Broadcast) (worldimport.Broadcast, error) {
	if err := ctx.Err(); err != nil {
		return worldimport.Broadcast{}, err
	}
	kept, ok := tx.broadcasts.rows[tx.sameBroadcast(b)]
	if !ok {
		return worldimport.Broadcast{}, notFound("broadcast message %q", b.Message)
	}
	return kept, nil
}

func (w *world) listBroadcasts() (rows [][]any) {
	for id, b := range w.broadcasts.rows {
		rows = append(rows, []any{id, b.Message, string(b.Type), timeOrNil(b.StartsAt), timeOrNil(b.EndsAt), string(b.TargetPath)})
	}
	return rows
}
