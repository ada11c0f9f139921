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

func TestProtection_Numbered(t *testing.T) {
	t.Parallel()
	old := source.Protection{
		ID: 1, Kind: source.Branch, Pattern: "main",
		Push: []source.Access{{ID: 2, Role: source.Maintainer}, {ID: 3, User: 7}}, Merge: []source.Access{{ID: 4, Role: source.Maintainer}},
	}
	described := source.Protection{
		Kind: source.Branch, Pattern: "main",
		Push: []source.Access{{Role: source.Maintainer}, {User: 7}}, Merge: []source.Access{{Role: source.Developer}},
	}
	if described.Equal(old) || !described.Numbered(old).Equal(described) {
		t.Errorf("got %t, %t", described.Equal(old), described.Numbered(old).Equal(described))
	}
	got := described.Numbered(old)
	if got.ID != 1 || got.Push[0].ID != 2 || got.Push[1].ID != 3 || got.Merge[0].ID != 0 || described.Push[0].ID != 0 {
		t.Errorf("got %+v of %+v", got, described)
	}
	if none := old.Numbered(source.Protection{}); none.ID != 0 || none.Push[1].ID != 0 || old.Push[1].ID != 3 {
		t.Errorf("without numbers: got %+v of %+v", none, old)
	}
	if !old.Equal(old.Numbered(source.Protection{})) || old.Equal(source.Protection{Kind: source.Tag, Pattern: "main"}) {
		t.Error("numbers do not count, all else does")
	}
	if got := old.Unprotecting(); len(got) != 1 || got[0].Role != source.Maintainer {
		t.Errorf("without an entry: got %v", got)
	}
}
