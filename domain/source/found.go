package source

// Plot is where a project could be made: a group or a personal namespace. The
// zero Plot is none.
type Plot struct {
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

// MayFound says whether a push that found no project may be meant to make one:
// over a path, before its changes are known, by a person.
func (c *Case) MayFound() bool {
	person := c.Actor.Person()
	return c.Settings.PushToCreate && !c.Project.Known() && c.Pushes() && len(c.Changes) == 0 &&
		!c.Target.Repository.Known() && c.Target.Path.Parent() != "" && person.Known() && !person.External && !c.Actor.IsDeployKey()
}

// Plan lets the rules judge a push as if the project were there already.
func (c *Case) Plan(p Plot, storage string) {
	c.Project = Project{
		Planned: true, Path: p.Path, Root: p.Root, DefaultBranchProtection: p.DefaultBranchProtection,
		Visibility: Private, Repository: FeatureEnabled, Wiki: FeatureEnabled, LFS: true, Empty: true, Storage: storage,
	}
	c.Role, c.Repository = p.Role, RepositoryID{Kind: Code}
}

// checkFounding lets developers of a group make projects there, and people in
// their own namespace. Whoever may not learns nothing of what is there.
func checkFounding(c *Case) finding {
	switch {
	case !c.Project.Planned:
		return skip
	case !c.develops():
		return errHidden
	}
	return pass
}

// MakesWiki says whether an allowed command needs the repository of a wiki to
// be made, if it is not there yet: wikis begin with their first push.
func (c *Case) MakesWiki() bool {
	return c.Settings.Connected && c.Repository.Kind == Wiki && c.Pushes() && len(c.Changes) == 0
}
