package source

import (
	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// ProjectDestination is a group or a personal namespace in which a user wants
// to create a project. The zero ProjectDestination is none.
type ProjectDestination struct {
	// Path is the full path of the project, with the namespace's in its
	// canonical letter case.
	Path string
	// ID and Namespace are the number and the full path of the namespace.
	ID        NamespaceID
	Namespace Path
	// Visibility is that of a group.
	Visibility Visibility
	// Owner is the user of a personal namespace; 0 for a group.
	Owner identity.UserID
	// ShareLock says that the group, or one above, forbids to share its projects.
	ShareLock bool
	Root      Namespace
	// BranchDefaults are the group's own or those that the instance was given through the
	// API; nil for those of Settings.
	BranchDefaults *BranchDefaults
	// Creation says who may create projects in the namespace.
	Creation ProjectCreation
	// LFS is what a new project begins with: what the nearest group says, or else true.
	LFS bool
	// Role is the user's role in the namespace.
	Role Role
	// Personal are the projects of a personal namespace, nil for a group.
	Personal *PersonalProjects
	// Taken says that a group has the path, or a project that is going to be deleted.
	Taken bool
}

// PersonalProjects are how many projects a personal namespace has, those among them that
// are going to be deleted, and how many it may have.
type PersonalProjects struct{ Count, Limit int64 }

// MayCreateProject says whether a push may create a project: it names a path at
// which no project exists, its changes are not known yet, and its actor is a
// person who is not external. The path of a wiki or of designs names no project.
func (c *Case) MayCreateProject() bool {
	person := c.Actor.Person()
	return c.Settings.PushToCreate && !c.Project.Known() && c.Pushes() && len(c.Changes) == 0 &&
		!c.Target.Repository.Known() && c.Target.Path.Parent() != "" && !c.Target.Path.Suffixed() && person.Known() && !person.External && !c.Actor.IsDeployKey()
}

// PlanProject sets the project that the push would create, in that storage, so
// that the rules judge the push as if the project existed.
func (c *Case) PlanProject(p ProjectDestination, storage string) {
	c.Project = Project{
		ToBeCreated: true, PathTaken: p.Taken, Path: p.Path, Root: p.Root, BranchDefaults: p.BranchDefaults,
		Visibility: Private, Repository: FeatureEnabled, Wiki: FeatureEnabled, LFS: p.LFS, Empty: true, Storage: storage, Creation: p.Creation, Personal: p.Personal,
	}
	c.Role, c.Repository = p.Role, RepositoryID{Kind: Code}
}

// CheckCreation returns why the planned project cannot be created at its path, or nil.
func (p Project) CheckCreation() *domain.Refusal {
	if refusal := CheckNewProjectPath(p.Path); refusal != nil {
		return p.RefuseCreation(refusal.Message)
	}
	if p.PathTaken {
		return p.RefuseCreation("the path is that of a group, or of a project that is going to be deleted")
	}
	return nil
}

// CheckLimit returns why the personal namespace of the planned project cannot have it, or
// nil.
func (p Project) CheckLimit() *domain.Refusal {
	if of := p.Personal; of != nil && of.Count >= of.Limit {
		return domain.Refuse(domain.Forbidden, "%s has as many personal projects as its limit allows, which is %d. Delete one, or ask an administrator for a higher limit.", Path(p.Path).Parent(), of.Limit)
	}
	return nil
}

// RefuseCreation returns a refusal to create the planned project.
func (p Project) RefuseCreation(why string) *domain.Refusal {
	return domain.Refuse(domain.Unprocessable, "The project could not be created: project %q: %s", p.Path, why)
}

// checkPushToCreate lets those who may create projects in a group do so by a push, and
// people in their own namespace, but developers at least. All others are refused as if
// there were no namespace. The limit of a namespace holds for administrators, too.
func checkPushToCreate(c *Case) finding {
	switch {
	case !c.Project.ToBeCreated:
		return skip
	case !c.mayCreateProjects():
		return errHidden
	}
	return findingOf(c.Project.CheckLimit())
}

func (c *Case) mayCreateProjects() bool {
	return c.mayPush() && c.Project.Creation.Allows(c.Role, c.Actor.Person().Admin)
}

// checkFirstPush refuses a push to create if no first push of a branch would be
// allowed in the new project, whatever the branch: it tries the default branch and
// another one under the rules for changes, with the protections that the project would
// get. Git tells the branches only after the project is created.
func (c *Case) checkFirstPush() finding {
	push := *c
	branch := c.Project.HeadBranch()
	push.Project.Protections = c.branchDefaults().Initial(branch)
	push.Answers = map[Question]Answer{branchesQuestion: No}
	for _, name := range []string{branch, branch + "-2"} {
		push.Changes = []Change{{Old: "0", New: "1", Ref: Ref{Kind: Branch, Name: name}}}
		for u := range push.updates() {
			if _, refusal := run(changeRules, &u, &questions{}); refusal == nil {
				return pass
			}
		}
	}
	return refuse(domain.Forbidden, "The first push to a new project of this group is a maintainer's. Ask a maintainer or owner of the group to make it.")
}

// CreatesWiki says whether an allowed command creates the repository of a wiki,
// if that does not exist: the first push to a wiki does.
func (c *Case) CreatesWiki() bool {
	return c.Settings.Connected && c.Repository.Kind == Wiki && c.Pushes() && len(c.Changes) == 0
}
