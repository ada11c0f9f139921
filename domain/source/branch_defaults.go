package source

import (
	"fmt"
	"slices"

	"gatehouse/domain/remembered"
)

// BranchDefaults say how the default branch of a new project is protected, in GitLab's
// newer form, which can say more than a BranchProtection.
type BranchDefaults struct {
	// Push and Merge are the lowest roles that may; NoRole for no user.
	Push, Merge Role
	ForcePush   bool
	// InitialPush lets developers push while the repository is empty.
	InitialPush bool
}

// StandardBranchDefaults hold for what a group's own defaults leave out.
var StandardBranchDefaults = BranchDefaults{Push: Maintainer, Merge: Maintainer}

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

// Level returns the level that says the same. If none does, exact is false, and the level
// is the one that comes nearest, for those who read only levels.
func (d BranchDefaults) Level() (level BranchProtection, exact bool) {
	for level, defaults := range branchDefaults {
		if d == defaults {
			return level, true
		}
	}
	switch {
	case d.protectsNothing():
		return NotProtected, false
	case d.Push == Developer:
		return DevelopersPush, false
	case d.InitialPush:
		return DevelopersPushInitially, false
	case d.Merge == Developer:
		return DevelopersMerge, false
	}
	return FullyProtected, false
}

func (d BranchDefaults) protectsNothing() bool {
	return d.Push == Developer && d.Merge == Developer && d.ForcePush
}

// Protects says whether the defaults keep developers from pushing to the default branch
// once it exists.
func (d BranchDefaults) Protects() bool { return d.Push != Developer }

// Initial returns the protections that a new project begins with, of its default branch;
// none if it is not protected. Whoever pushes to it merges, too.
func (d BranchDefaults) Initial(branch string) []Protection {
	if d.protectsNothing() {
		return nil
	}
	if d.Push == Developer {
		d.Merge = Developer
	}
	return []Protection{{
		Kind: Branch, Pattern: Pattern(branch), AllowForcePush: d.ForcePush, Push: []Access{{Role: d.Push}}, Merge: []Access{{Role: d.Merge}},
	}}
}

// String describes the defaults, as "push: maintainer, merge: developer, force push".
func (d BranchDefaults) String() string {
	text := fmt.Sprintf("push: %s, merge: %s", d.Push, d.Merge)
	if d.ForcePush {
		text += ", force push"
	}
	if d.InitialPush {
		text += ", initial push by developers"
	}
	return text
}

// BranchDefaultsSetting is the name among the settings of a group of BranchDefaults that no
// level says.
const BranchDefaultsSetting = "default_branch_protection_defaults"

const (
	allowedToPush  = "allowed_to_push"
	allowedToMerge = "allowed_to_merge"
	allowForcePush = "allow_force_push"
	initialPush    = "developer_can_initial_push"
	accessLevel    = "access_level"
)

// Setting returns the defaults as the settings of a group keep them, in GitLab's form.
func (d BranchDefaults) Setting() map[string]any {
	levels := func(role Role) []any { return []any{map[string]any{accessLevel: int64(role)}} }
	return map[string]any{allowedToPush: levels(d.Push), allowedToMerge: levels(d.Merge), allowForcePush: d.ForcePush, initialPush: d.InitialPush}
}

// ParseBranchDefaults reads what Setting returns. What is left out is standard. ok is false
// for anything else.
func ParseBranchDefaults(setting any) (d BranchDefaults, ok bool) {
	members, ok := setting.(map[string]any)
	d = StandardBranchDefaults
	for name, value := range members {
		valid := false
		switch name {
		case allowedToPush:
			d.Push, valid = parseLevels(value)
		case allowedToMerge:
			d.Merge, valid = parseLevels(value)
		case allowForcePush:
			d.ForcePush, valid = value.(bool)
		case initialPush:
			d.InitialPush, valid = value.(bool)
		}
		ok = ok && valid
	}
	return d, ok
}

func parseLevels(value any) (Role, bool) {
	list, ok := value.([]any)
	var levels []Role
	for _, element := range list {
		entry, _ := element.(map[string]any)
		level, isLevel := entry[accessLevel].(int64)
		if !isLevel || len(entry) != 1 {
			return NoRole, false
		}
		levels = append(levels, Role(level))
	}
	role, known := LowestLevel(levels)
	return role, ok && known
}

// defaultLevels are the levels of access to a default branch.
var defaultLevels = []Role{NoRole, Developer, Maintainer}

// LowestLevel returns the role that some levels of access to a default branch give it to:
// the lowest of them, or NoRole if they are of no user. ok is false if there is none, or
// one that gives no such access.
func LowestLevel(levels []Role) (lowest Role, ok bool) {
	for _, level := range levels {
		if !slices.Contains(defaultLevels, level) {
			return NoRole, false
		}
		if lowest == NoRole || level != NoRole && level < lowest {
			lowest = level
		}
	}
	return lowest, len(levels) > 0
}

// OwnBranchDefaults returns the defaults of a group with that level, nil for none, and with
// those settings: the settings win over the level. It returns nil if both say nothing, so
// that the instance's level counts.
func OwnBranchDefaults(level *BranchProtection, settings remembered.Values) *BranchDefaults {
	if d, ok := ParseBranchDefaults(settings[BranchDefaultsSetting]); ok {
		return &d
	}
	if level == nil {
		return nil
	}
	d := level.Defaults()
	return &d
}

// WithBranchDefaults returns the group with those defaults, nil for the instance's level.
func (g Group) WithBranchDefaults(d *BranchDefaults) Group {
	g.Settings = g.Settings.Without(BranchDefaultsSetting)
	if g.DefaultBranchProtection = nil; d == nil {
		return g
	}
	level, exact := d.Level()
	if g.DefaultBranchProtection = &level; !exact {
		g.Settings = g.Settings.With(remembered.Values{BranchDefaultsSetting: d.Setting()})
	}
	return g
}

// Audited returns the defaults as an audit event has them: the level, or else a description.
func (d BranchDefaults) Audited() map[string]any {
	if level, exact := d.Level(); exact {
		return map[string]any{"default_branch_protection": int64(level)}
	}
	return map[string]any{BranchDefaultsSetting: d.String()}
}
