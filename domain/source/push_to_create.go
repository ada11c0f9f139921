package source

// ProjectDestination is where a project could be made: a group or a personal
// namespace. The zero ProjectDestination is none.
type ProjectDestination struct {
	// Path is the full path of the project, with the namespace's in its
	// canonical letter case.
	Path string
	Root Namespace
	// DefaultBranchProtection is the group's own setting, nil for the
	// instance's.
	DefaultBranchProtection *BranchProtection
	// Role is that of who asks, in the namespace.
	Role Role
}

// MayCreateProject says whether a push that findingOf no project may be meant to
// make one: over a path, before its changes are known, by a person.
func (c *Case) MayCreateProject() bool {
	person := c.Actor.Person()
	return c.Settings.PushToCreate && !c.Project.Known() && c.Pushes() && len(c.Changes) == 0 &&
		!c.Target.Repository.Known() && c.Target.Path.Parent() != "" && person.Known() && !person.External && !c.Actor.IsDeployKey()
}

// PlanProject lets the rules judge a push as if the project were there already.
func (c *Case) PlanProject(p ProjectDestination, storage string) {
	c.Project = Project{
		ToBeCreated: true, Path: p.Path, Root: p.Root, DefaultBranchProtection: p.DefaultBranchProtection,
		Visibility: Private, Repository: FeatureEnabled, Wiki: FeatureEnabled, LFS: true, Empty: true, Storage: storage,
	}
	c.Role, c.Repository = p.Role, RepositoryID{Kind: Code}
}

// checkPushToCreate lets developers of a group make projects there, and people in
// their own namespace. Whoever may not learns nothing of what is there.
func checkPushToCreate(c *Case) finding {
	switch {
	case !c.Project.ToBeCreated:
		return skip
	case !c.mayPush():
		return errHidden
	}
	return pass
}

// CreatesWiki says whether an allowed command needs the repository of a wiki to
// be made, if it is not there yet: wikis begin with their first push.
func (c *Case) CreatesWiki() bool {
	return c.Settings.Connected && c.Repository.Kind == Wiki && c.Pushes() && len(c.Changes) == 0
}
