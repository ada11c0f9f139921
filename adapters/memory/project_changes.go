package memory

import (
	"cmp"
	"context"
	"maps"
	"time"

	"gatehouse/application/projects"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// createProjects is the unit of work on new projects.
func (s *state) createProjects(ctx context.Context, do func(projects.Tx) error) error {
	return s.update(ctx, func(tx *transaction) error {
		return do(projects.Tx{Projects: newProjects{projectsTx{tx}}, Jobs: jobsTx{tx}, Audit: auditTx{tx}})
	})
}

// newProjects adds projects to those of a world.
type newProjects struct{ projectsTx }

// Personal implements projects.Projects.
func (n newProjects) Personal(ctx context.Context, namespace source.Path) (*source.PersonalProjects, error) {
	return n.personalProjects(n.routes[namespace.Fold()].namespace), ctx.Err()
}

// Add implements projects.Projects.
func (n newProjects) Add(ctx context.Context, p source.Project, by identity.UserID, at time.Time) (source.ProjectID, error) {
	p.ToBeCreated, p.Empty = false, true
	id, _, err := n.Put(ctx, worldimport.Project{Project: p, Profile: source.ProjectProfile{Creator: by, CreatedAt: at, UpdatedAt: at}})
	return id, err
}

// destination returns the destination of a path.
func (w *world) destination(user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	above := path.Parent()
	n := w.namespaces.rows[w.routes[above.Fold()].namespace]
	for ancestor := range w.selfAndAncestors(n.ID) {
		n.pendingDelete = n.pendingDelete || ancestor.pendingDelete
	}
	if n.ID == 0 || n.pendingDelete {
		return source.ProjectDestination{}, notFound("namespace %q", above)
	}
	// A project that is created there gets its settings and the user's role from
	// the namespace. The number -1 is that of no project, so it has no members.
	created := project{namespace: n.ID}
	created.ID = -1
	settings := w.withNamespaces(created)
	at := w.routes[path.Fold()]
	return source.ProjectDestination{
		Taken: at.namespace != 0 || w.projects.rows[at.project].pendingDelete,
		Path:  n.Path + string(path[len(above):]), Root: settings.Root,
		ID: n.ID, Namespace: source.Path(n.Path), Visibility: n.visibility, Owner: n.owner, ShareLock: w.shareLock(n.ID),
		BranchDefaults: settings.BranchDefaults, Role: w.projectRole(user, created, now),
		Creation: cmp.Or(n.profile.ProjectCreation, source.DeveloperProjects), LFS: w.effectiveLFS(n.ID),
		Personal: w.personalProjects(n.ID),
	}, nil
}

// shareLock says whether a namespace or one above forbids to share its projects.
func (w *world) shareLock(id source.NamespaceID) bool {
	for n := range w.selfAndAncestors(id) {
		if n.profile.ShareLock {
			return true
		}
	}
	return false
}

// changeProjects runs a transaction with the ports of changes of projects. It is a
// projects.ChangeUnitOfWork.
func (s *state) changeProjects(ctx context.Context, do func(projects.ChangeTx) error) error {
	return s.update(ctx, func(tx *transaction) error {
		changes := projectChanges{projectsTx{tx}}
		return do(projects.ChangeTx{Projects: changes, Places: changes, Shares: projectShares{tx}, Standings: tx, Jobs: jobsTx{tx}, Audit: auditTx{tx}})
	})
}

// projectChanges implements projects.Records and projects.Places.
type projectChanges struct{ projectsTx }

// Record implements projects.Records.
func (tx projectChanges) Record(ctx context.Context, id source.ProjectID) (source.ProjectRecord, error) {
	p, ok := tx.projects.rows[id]
	if !ok {
		return source.ProjectRecord{}, notFound("project %d", id)
	}
	out := source.ProjectRecord{Project: p.Project, ProjectProfile: p.profile.Clone()}
	out.Protections = nil
	return out, ctx.Err()
}

// Put implements projects.Records.
func (tx projectChanges) Put(ctx context.Context, p source.ProjectRecord) (source.ProjectID, error) {
	if _, taken := tx.routes[fold(p.Path)]; taken && p.ID == 0 {
		return 0, conflict("the path %q is taken", p.Path)
	}
	id, _, err := tx.projectsTx.Put(ctx, worldimport.Project{Project: p.Project, Profile: p.ProjectProfile})
	return id, err
}

// Delete implements projects.Records.
func (tx projectChanges) Delete(ctx context.Context, id source.ProjectID, remember bool) error {
	p, ok := tx.projects.rows[id]
	switch {
	case !ok:
		return notFound("project %d", id)
	case remember:
		tx.removed[id] = source.Project{ID: id, Storage: p.Storage, LegacyPath: p.LegacyPath}
	}
	tx.deleteProject(id)
	return ctx.Err()
}

// Path implements projects.Places.
func (tx projectChanges) Path(ctx context.Context, id source.NamespaceID) (source.Path, error) {
	n, ok := tx.namespaces.rows[id]
	if !ok {
		return "", notFound("namespace %d", id)
	}
	return source.Path(n.Path), ctx.Err()
}

// Destination implements projects.Places.
func (tx projectChanges) Destination(ctx context.Context, user identity.UserID, path source.Path, now time.Time) (source.ProjectDestination, error) {
	if err := ctx.Err(); err != nil {
		return source.ProjectDestination{}, err
	}
	return tx.destination(user, path, now)
}

// PathTaken implements projects.Places.
func (tx projectChanges) PathTaken(ctx context.Context, path string, except source.ProjectID) (bool, error) {
	at, taken := tx.routes[fold(path)]
	return taken && (at.project == 0 || at.project != except), ctx.Err()
}

// NameTaken implements projects.Places.
func (tx projectChanges) NameTaken(ctx context.Context, namespace source.NamespaceID, name string, except source.ProjectID) (bool, error) {
	return tx.projectNameTaken(namespace, name, except), ctx.Err()
}

// projectNameTaken says whether another project than that, right in the namespace, has the
// name.
func (w *world) projectNameTaken(namespace source.NamespaceID, name string, except source.ProjectID) bool {
	for id, p := range w.projects.rows {
		if p.namespace == namespace && p.profile.Name == name && id != except {
			return true
		}
	}
	return false
}

// projectShares implements projects.Shares.
type projectShares struct{ *transaction }

// Share implements projects.Shares.
func (tx projectShares) Share(ctx context.Context, project source.ProjectID, with source.NamespaceID) (projects.KeptShare, error) {
	s, ok := tx.shares[source.MemberSource{Project: project}][with]
	if !ok {
		return projects.KeptShare{}, notFound("share of project %d with group %d", project, with)
	}
	return projects.KeptShare{Share: projects.Share{Role: s.role, ExpiresAt: s.expiry}, ID: s.number, Since: s.creation.CreatedAt}, ctx.Err()
}

// PutShare implements projects.Shares.
func (tx projectShares) PutShare(ctx context.Context, project source.ProjectID, with source.NamespaceID, s projects.Share, by identity.UserID, at time.Time) (int64, error) {
	in := source.MemberSource{Project: project}
	err := tx.putShare(ctx, in, with, share{
		role: s.Role, expiry: toDay(s.ExpiresAt), creation: worldimport.Creation{CreatedAt: toInstant(at), Creator: by},
	})
	return tx.shares[in][with].number, err
}

// RemoveShare implements projects.Shares.
func (tx projectShares) RemoveShare(ctx context.Context, project source.ProjectID, with source.NamespaceID) error {
	return tx.removeShare(ctx, source.MemberSource{Project: project}, with)
}

// removeShare removes a share; domain.NotFound if there is none.
func (tx *transaction) removeShare(ctx context.Context, in source.MemberSource, with source.NamespaceID) error {
	if _, ok := tx.shares[in][with]; !ok {
		return notFound("share with group %d", with)
	}
	tx.shares[in] = maps.Clone(tx.shares[in])
	delete(tx.shares[in], with)
	return ctx.Err()
}
