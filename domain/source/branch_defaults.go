package source

// BranchDefaults say how the default branch of a new project is protected, in GitLab's
// newer form, which can say more than a BranchProtection.
type BranchDefaults struct {
	// Push and Merge are the lowest roles that may.
	Push, Merge Role
	ForcePush   bool
	// InitialPush lets developers push while the repository is empty.
	InitialPush bool
}

// branchDefaults are the BranchDefaults of each level. Without merge requests the role that
// merges has no effect.
var branchDefaults = map[BranchProtection]BranchDefaults{
	NotProtected:            {Push: Developer, Merge: Developer, ForcePush: true},
	DevelopersPush:          {Push: Developer, Merge: Maintainer},
	FullyProtected:          {Push: Maintainer, Merge: Maintainer},
	DevelopersMerge:         {Push: Maintainer, Merge: Developer},
	DevelopersPushInitially: {Push: Maintainer, Merge: Maintainer, InitialPush: true},
}

// Defaults returns the level in the newer form.
func (b BranchProtection) Defaults() BranchDefaults { return branchDefaults[b] }

// Level returns the level that says the same; ok is false if none does. Where developers
// push they may merge, too, whatever Merge is.
func (d BranchDefaults) Level() (level BranchProtection, ok bool) {
	if d.Push == Developer && d.Merge == Developer && !d.ForcePush {
		d.Merge = Maintainer
	}
	for level, defaults := range branchDefaults {
		if d == defaults {
			return level, true
		}
	}
	return NotProtected, false
}
