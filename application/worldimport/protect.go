package worldimport

import (
	"cmp"
	"context"

	"gatehouse/domain/source"
)

// filed is a project that was kept and waits for its protections.
type filed struct {
	Project
	id    source.ProjectID
	fresh bool
}

// protect keeps the protections of a project, if there is anything to say
// about them.
func (f *filing) protect(ctx context.Context, p filed) {
	given := p.Protections != nil || p.ProtectDefault
	if !given && !p.fresh {
		return
	}
	protections := make([]source.Protection, 0, len(p.Protections)+1)
	ok := true
	for _, described := range p.Protections {
		protection, complete := f.protection(ctx, cmp.Or(described.Line, p.Line), described)
		protections = append(protections, protection)
		ok = ok && complete
	}
	if !given || p.ProtectDefault {
		protections = append(protections, f.initial(p.Project)...)
	}
	if ok {
		f.kept(f.to.Projects.PutProtections(ctx, p.id, protections), p.Line, "protections of", p.Project.Project.Path)
	}
}

// protection finds the users, groups and keys that a protection names.
func (f *filing) protection(ctx context.Context, line int, p Protection) (source.Protection, bool) {
	push, pushes := f.accesses(ctx, line, p.Push)
	merge, merges := f.accesses(ctx, line, p.Merge)
	create, creates := f.accesses(ctx, line, p.Create)
	return source.Protection{
		Kind: p.Kind, Pattern: p.Pattern, AllowForcePush: p.AllowForcePush,
		Push: push, Merge: merge, Create: create,
	}, pushes && merges && creates
}

func (f *filing) accesses(ctx context.Context, line int, described []Access) ([]source.Access, bool) {
	var accesses []source.Access
	all := true
	for _, a := range described {
		access, ok := f.access(ctx, cmp.Or(a.Line, line), a)
		accesses = append(accesses, access)
		all = all && ok
	}
	return accesses, all
}

func (f *filing) access(ctx context.Context, line int, a Access) (access source.Access, ok bool) {
	switch {
	case a.User != "":
		access.User, ok = f.userID(ctx, line, a.User)
	case a.Group != "":
		access.Group, ok = f.groupID(ctx, line, a.Group)
	case a.DeployKey != 0:
		access.DeployKey, ok = a.DeployKey, f.deployKeyExists(ctx, line, a)
	default:
		access.Role, ok = a.Role, true
	}
	return access, ok
}

func (f *filing) deployKeyExists(ctx context.Context, line int, a Access) bool {
	if f.failure != nil {
		return false
	}
	there, err := f.to.Keys.DeployKeyExists(ctx, a.DeployKey)
	switch {
	case err != nil:
		f.failure = err
	case !there && !f.spoiled[deployKeyName(a.DeployKey)]:
		f.mistake(line, "there is no deploy key %d", a.DeployKey)
	}
	return there && err == nil
}

// initial is the protection of a new project's default branch.
func (f *filing) initial(p Project) []source.Protection {
	level, ok := f.levels[source.Path(p.Project.Path).Parent().Fold()]
	if !ok {
		level = f.level
	}
	branch := source.Project{}
	if p.DefaultBranch != nil {
		branch.DefaultBranch = *p.DefaultBranch
	}
	return level.Initial(branch.HeadBranch())
}
