package worldimport

import (
	"cmp"
	"context"

	"gatehouse/domain/source"
)

// importedProject is a project that this import has looked at.
type importedProject struct {
	id    source.ProjectID
	fresh bool
	// protections are those that it had; they are known in a check only.
	protections []source.Protection
}

// protect puts the protections of a project that is new or describes some.
func (i *importer) protect(ctx context.Context, p Project) {
	path := source.Path(p.Project.Path)
	imported, ok := i.imported[path.Fold()]
	if !ok && i.mode == writing {
		imported.id, ok = i.projectID(ctx, p.Line, p.Project.Path)
	}
	given := p.Protections != nil || p.ProtectDefault
	if !ok || !given && !imported.fresh {
		return
	}
	protections := make([]source.Protection, 0, len(p.Protections)+1)
	for _, described := range p.Protections {
		protection, complete := i.protection(ctx, cmp.Or(described.Line, p.Line), described)
		protections = append(protections, protection)
		ok = ok && complete
	}
	if !given || p.ProtectDefault {
		protections = append(protections, i.initial(p)...)
	}
	if ok && i.changes(func() (comparison, error) { return compareProtections(imported, protections), nil }) {
		if i.checkPut(i.tx.Projects.PutProtections(ctx, imported.id, protections), p.Line, "protections of", p.Project.Path) {
			i.record(sourceObject(source.MemberSource{Project: imported.id}, p.Project.Path), 0)
		}
	}
}

// protection finds the users, groups and keys that a protection names.
func (i *importer) protection(ctx context.Context, line int, p Protection) (source.Protection, bool) {
	push, pushes := i.accesses(ctx, line, p.Push)
	merge, merges := i.accesses(ctx, line, p.Merge)
	create, creates := i.accesses(ctx, line, p.Create)
	return source.Protection{
		Kind: p.Kind, Pattern: p.Pattern, AllowForcePush: p.AllowForcePush,
		Push: push, Merge: merge, Create: create,
	}, pushes && merges && creates
}

func (i *importer) accesses(ctx context.Context, line int, described []Access) ([]source.Access, bool) {
	var accesses []source.Access
	all := true
	for _, a := range described {
		access, ok := i.access(ctx, cmp.Or(a.Line, line), a)
		accesses = append(accesses, access)
		all = all && ok
	}
	return accesses, all
}

func (i *importer) access(ctx context.Context, line int, a Access) (access source.Access, ok bool) {
	switch {
	case a.User != "":
		access.User, ok = i.userID(ctx, line, a.User)
	case a.Group != "":
		access.Group, ok = i.groupID(ctx, line, a.Group)
	case a.DeployKey != 0:
		access.DeployKey, ok = a.DeployKey, i.deployKeyExists(ctx, line, a)
	default:
		access.Role, ok = a.Role, true
	}
	return access, ok
}

func (i *importer) deployKeyExists(ctx context.Context, line int, a Access) bool {
	if i.failure != nil {
		return false
	}
	exists, err := i.tx.Keys.DeployKeyExists(ctx, a.DeployKey)
	switch {
	case err != nil:
		i.failure = err
	case !exists && !i.failed[deployKeyName(a.DeployKey)]:
		i.mistake(line, "there is no deploy key %d", a.DeployKey)
	}
	return exists && err == nil
}

// initial returns the protection of a new project's default branch.
func (i *importer) initial(p Project) []source.Protection {
	level, ok := i.levels[source.Path(p.Project.Path).Parent().Fold()]
	if !ok {
		level = i.branchProtection
	}
	branch := source.Project{}
	if p.DefaultBranch != nil {
		branch.DefaultBranch = *p.DefaultBranch
	}
	return level.Initial(branch.HeadBranch())
}
