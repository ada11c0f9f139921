package source_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

func TestBranchDefaults_Level(t *testing.T) {
	t.Parallel()
	for level := source.NotProtected; level.Known(); level++ {
		if got, exact := level.Defaults().Level(); got != level || !exact {
			t.Errorf("got %d, %t, want %d", got, exact, level)
		}
	}
	const nobody, developer, maintainer = source.NoRole, source.Developer, source.Maintainer
	for d, want := range map[source.BranchDefaults]source.BranchProtection{
		{Push: developer, Merge: developer}:                                      source.DevelopersPush,
		{Push: developer, Merge: nobody, InitialPush: true}:                      source.DevelopersPush,
		{Push: developer, Merge: maintainer, ForcePush: true}:                    source.DevelopersPush,
		{Push: developer, Merge: developer, ForcePush: true, InitialPush: true}:  source.NotProtected,
		{Push: maintainer, Merge: maintainer, ForcePush: true}:                   source.FullyProtected,
		{Push: nobody, Merge: nobody}:                                            source.FullyProtected,
		{Push: nobody, Merge: developer}:                                         source.DevelopersMerge,
		{Push: maintainer, Merge: developer, ForcePush: true, InitialPush: true}: source.DevelopersPushInitially,
	} {
		if got, exact := d.Level(); got != want || exact {
			t.Errorf("%s: got %d, %t, want about %d", d, got, exact, want)
		}
	}
}

func TestBranchDefaults_Initial(t *testing.T) {
	t.Parallel()
	const nobody, developer, maintainer = source.NoRole, source.Developer, source.Maintainer
	for d, want := range map[source.BranchDefaults]*source.Protection{
		{Push: developer, Merge: developer, ForcePush: true}:                    nil,
		{Push: developer, Merge: developer, ForcePush: true, InitialPush: true}: nil,
		{Push: developer, Merge: maintainer, ForcePush: true}:                   new(forceable(opened("trunk", developer, developer))),
		{Push: developer, Merge: nobody}:                                        new(opened("trunk", developer, developer)),
		{Push: maintainer, Merge: developer, ForcePush: true}:                   new(forceable(opened("trunk", maintainer, developer))),
		{Push: nobody, Merge: maintainer}:                                       new(opened("trunk", nobody, maintainer)),
	} {
		var all []source.Protection
		if want != nil {
			all = []source.Protection{*want}
		}
		if diff := cmp.Diff(all, d.Initial("trunk")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", d, diff)
		}
	}
}

// opened is a protection of a branch with one role each.
func opened(pattern source.Pattern, push, merge source.Role) source.Protection {
	return source.Protection{Kind: source.Branch, Pattern: pattern, Push: []source.Access{by(push)}, Merge: []source.Access{by(merge)}}
}

func TestParseBranchDefaults(t *testing.T) {
	t.Parallel()
	levels := func(all ...any) (list []any) {
		for _, level := range all {
			list = append(list, map[string]any{"access_level": level})
		}
		return list
	}
	none, some := int64(0), map[string]any{"allow_force_push": true}
	for name, tt := range map[string]struct {
		setting any
		want    source.BranchDefaults
		ok      bool
	}{
		"nothing":          {nil, source.StandardBranchDefaults, false},
		"a text":           {"x", source.StandardBranchDefaults, false},
		"empty":            {map[string]any{}, source.StandardBranchDefaults, true},
		"part":             {some, source.BranchDefaults{Push: source.Maintainer, Merge: source.Maintainer, ForcePush: true}, true},
		"the lowest":       {map[string]any{"allowed_to_push": levels(int64(40), int64(30), none)}, source.BranchDefaults{Push: source.Developer, Merge: source.Maintainer}, true},
		"nobody":           {map[string]any{"allowed_to_merge": levels(none, none)}, source.BranchDefaults{Push: source.Maintainer}, true},
		"another level":    {map[string]any{"allowed_to_push": levels(int64(50))}, source.BranchDefaults{Merge: source.Maintainer}, false},
		"no level":         {map[string]any{"allowed_to_push": []any{}}, source.BranchDefaults{Merge: source.Maintainer}, false},
		"a text for one":   {map[string]any{"allowed_to_push": levels("30")}, source.BranchDefaults{Merge: source.Maintainer}, false},
		"a text for flags": {map[string]any{"allow_force_push": "true"}, source.StandardBranchDefaults, false},
		"another name":     {map[string]any{"allowed_to_pull": true}, source.StandardBranchDefaults, false},
	} {
		if got, ok := source.ParseBranchDefaults(tt.setting); got != tt.want || ok != tt.ok {
			t.Errorf("%s: got %s, %t", name, got, ok)
		}
	}
	for _, d := range []source.BranchDefaults{{}, {Push: source.Developer, ForcePush: true}, {Merge: source.Developer, InitialPush: true}} {
		if got, ok := source.ParseBranchDefaults(d.Setting()); got != d || !ok {
			t.Errorf("%s: got %s, %t", d, got, ok)
		}
	}
}

func TestGroup_WithBranchDefaults(t *testing.T) {
	t.Parallel()
	level := source.FullyProtected
	old := source.Group{DefaultBranchProtection: &level, GroupProfile: source.GroupProfile{Settings: remembered.Values{"emails_enabled": false}}}
	forced := source.BranchDefaults{Push: source.Maintainer, Merge: source.Maintainer, ForcePush: true}
	own := old.WithBranchDefaults(&forced)
	for name, tt := range map[string]struct {
		group source.Group
		level source.BranchProtection
		want  source.BranchDefaults
		size  int
	}{
		"own ones":             {own, source.FullyProtected, forced, 2},
		"a level":              {old.WithBranchDefaults(new(source.NotProtected.Defaults())), source.NotProtected, source.NotProtected.Defaults(), 1},
		"a level after others": {own.WithBranchDefaults(new(source.DevelopersMerge.Defaults())), source.DevelopersMerge, source.DevelopersMerge.Defaults(), 1},
	} {
		got := source.OwnBranchDefaults(tt.group.DefaultBranchProtection, tt.group.Settings)
		if *got != tt.want || *tt.group.DefaultBranchProtection != tt.level || len(tt.group.Settings) != tt.size {
			t.Errorf("%s: got %s, level %d, settings %v", name, got, *tt.group.DefaultBranchProtection, tt.group.Settings)
		}
	}
	if got := own.WithBranchDefaults(nil); got.DefaultBranchProtection != nil || source.OwnBranchDefaults(nil, got.Settings) != nil {
		t.Errorf("none: got %v, %v", got.DefaultBranchProtection, got.Settings)
	}
	if len(old.Settings) != 1 || *old.DefaultBranchProtection != source.FullyProtected {
		t.Error("the old group has changed")
	}
}

// Own defaults decide on the first push in place of the instance's level.
func TestCase_Decide_branchDefaults(t *testing.T) {
	t.Parallel()
	const nobody, developer, maintainer = source.NoRole, source.Developer, source.Maintainer
	for d, want := range map[source.BranchDefaults]bool{
		{Push: developer, Merge: nobody}:                          true,
		{Push: maintainer, Merge: developer}:                      false,
		{Push: maintainer, Merge: developer, InitialPush: true}:   true,
		{Push: nobody, Merge: nobody}:                             false,
		{Push: nobody, Merge: nobody, InitialPush: true}:          true,
		{Push: maintainer, Merge: maintainer, ForcePush: true}:    false,
		{Push: developer, Merge: developer, ForcePush: true}:      true,
		{Push: maintainer, Merge: maintainer, InitialPush: false}: false,
	} {
		c := push(role(developer), changes(zero, one, "refs/heads/main"))
		c.Project.Empty, c.Project.BranchDefaults, c.Settings.DefaultBranchProtection = true, &d, source.FullyProtected
		if !want {
			c.Settings.DefaultBranchProtection = source.NotProtected
		}
		if got := c.Decide().Refusal; (got == nil) != want {
			t.Errorf("%s: got %v", d, got)
		}
	}
}
