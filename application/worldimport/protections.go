package worldimport

import (
	"cmp"
	"context"
	"fmt"

	"gatehouse/domain/source"
)

// importedProject is a project that this import has looked at.
type importedProject struct {
	id    source.ProjectID
	fresh bool
	// protections are those that it had; none if it is new.
	protections []source.Protection
	// branch is the default branch that it has, or empty.
	branch string
	// head is the default branch that it had, and step is the step that has put it: both
	// are empty outside of a check, and for a new project.
	head string
	step *step
}

// protect puts the protections of a project that is new or describes some.
func (i *importer) protect(ctx context.Context, p Project) {
	path := source.Path(p.Project.Path)
	imported, ok := i.imported[path.Fold()]
	if !ok && i.mode == writing {
		if imported.id, ok = i.projectID(ctx, p.Line, p.Project.Path); ok {
			old, err := i.tx.Projects.Current(ctx, p)
			imported.protections, imported.branch, i.failure = old.Project.Protections, old.Project.DefaultBranch, err
		}
	}
	given := p.Protections != nil || p.ProtectDefault
	if !given {
		i.checkDefaultBranch(ctx, p, imported, imported.protections)
	}
	if !given && !imported.fresh {
		return
	}
	protections := make([]source.Protection, 0, len(p.Protections)+1)
	for _, described := range p.Protections {
		protection, complete := i.protection(ctx, cmp.Or(described.Line, p.Line), described)
		protections = append(protections, protection)
		ok = ok && complete
	}
	if !given || p.ProtectDefault {
		protections = append(protections, i.branchDefaults(ctx, p).Initial(source.Project{DefaultBranch: imported.branch}.HeadBranch())...)
	}
	if given {
		i.checkDefaultBranch(ctx, p, imported, protections)
	}
	if ok && i.failure == nil && !i.step.malformed && i.changes(true, compareProtections(imported, protections)) {
		err := i.tx.Projects.PutProtections(ctx, imported.id, protections)
		if i.checkPut(explainProtections(err, protections), p.Line, "protections of", p.Project.Path) {
			i.record(sourceObject(source.MemberSource{Project: imported.id}, p.Project.Path), 0)
		}
	}
}

// protection finds the users, groups and keys that a protection names.
func (i *importer) protection(ctx context.Context, line int, p Protection) (source.Protection, bool) {
	out, complete := source.Protection{Kind: p.Kind, Pattern: p.Pattern, AllowForcePush: p.AllowForcePush, UpdatedAt: i.now}, true
	for _, verb := range source.ProtectionVerbs(p.Kind) {
		entries, all := i.accesses(ctx, line, *p.Entries(verb))
		*out.Entries(verb), complete = entries, complete && all
	}
	return out, complete
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
	case !exists && !i.failed[deployKeyName(a.DeployKey)] && !i.failed[deployKeyName(0)]:
		i.mistake(line, "there is no deploy key %d", a.DeployKey)
	}
	return exists && err == nil
}

// branchDefaults returns how default branches of new projects are protected beside the
// project: as its group says once the world is imported, or else the instance.
func (i *importer) branchDefaults(ctx context.Context, p Project) source.BranchDefaults {
	parent := source.Path(p.Project.Path).Parent()
	defaults, known := i.defaults[parent.Fold()]
	if known || i.failure != nil {
		return defaults
	}
	g, err := i.tx.Current.Group(ctx, Group{Namespace: source.Namespace{Path: string(parent)}})
	i.failure = ignoreNotFound(err)
	if described := i.protecting[parent.Fold()]; described != nil {
		if err != nil {
			g = *described
		}
		g = mergeGroups(g, *described)
	}
	defaults = i.instanceProtection(ctx).Defaults()
	if own := source.OwnBranchDefaults(g.DefaultBranchProtection, g.Profile.Settings); own != nil {
		defaults = *own
	}
	i.defaults[parent.Fold()] = defaults
	return defaults
}

// instanceProtection returns how default branches are protected where groups do not say.
func (i *importer) instanceProtection(ctx context.Context) source.BranchProtection {
	level, err := i.tx.Settings.DefaultBranchProtection(ctx)
	i.failure = cmp.Or(i.failure, err)
	if level != nil {
		return *level
	}
	return i.branchProtection
}

// checkDefaultBranch warns of another default branch that none of the protections
// covers, unless none is wanted.
func (i *importer) checkDefaultBranch(ctx context.Context, p Project, imported importedProject, protections []source.Protection) {
	if imported.step == nil {
		return
	}
	after := source.Project{DefaultBranch: imported.branch, Protections: protections}
	protects := func(branch string) bool { return after.Protects(source.Ref{Kind: source.Branch, Name: branch}) }
	head := after.HeadBranch()
	if head == imported.head || protects(head) || i.branchDefaults(ctx, p) == source.NotProtected.Defaults() {
		return
	}
	imported.step.warning = fmt.Sprintf("the default branch is now %s, which is not protected", head)
	if protects(imported.head) {
		imported.step.warning += fmt.Sprintf("; %s still is", imported.head)
	}
}
