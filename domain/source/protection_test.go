package source_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/source"
)

func TestBranchProtection_Initial(t *testing.T) {
	t.Parallel()
	opened := func(push, merge source.Role) []source.Protection {
		return []source.Protection{{
			Kind: source.Branch, Pattern: "trunk", Push: []source.Access{{Role: push}}, Merge: []source.Access{{Role: merge}},
		}}
	}
	for level, want := range map[source.BranchProtection][]source.Protection{
		source.NotProtected:            nil,
		source.DevelopersPush:          opened(source.Developer, source.Developer),
		source.FullyProtected:          opened(source.Maintainer, source.Maintainer),
		source.DevelopersMerge:         opened(source.Maintainer, source.Developer),
		source.DevelopersPushInitially: opened(source.Maintainer, source.Maintainer),
	} {
		if diff := cmp.Diff(want, level.Defaults().Initial("trunk")); diff != "" {
			t.Errorf("level %d (-want +got):\n%s", level, diff)
		}
	}
}

func TestBranchProtection_Known(t *testing.T) {
	t.Parallel()
	for level, want := range map[source.BranchProtection]bool{-1: false, 0: true, 2: true, 4: true, 5: false} {
		if got := level.Known(); got != want {
			t.Errorf("level %d: got %t", level, got)
		}
	}
}
