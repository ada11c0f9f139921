package worldimport

import (
	"cmp"
	"slices"
	"strings"

	"gatehouse/domain/source"
)

// row is a description that may give its row's number.
type row interface{ number() int64 }

func (u User) number() int64      { return int64(u.User.ID) }
func (g Group) number() int64     { return int64(g.Namespace.ID) }
func (p Project) number() int64   { return int64(p.Project.ID) }
func (k Key) number() int64       { return int64(k.Key.ID) }
func (k DeployKey) number() int64 { return int64(k.Key.ID) }
func (a Agent) number() int64     { return a.ID }

// splitNumbered tells entries that give their number from those that take the next
// free one. The former have to go first: the next free number may be theirs.
func splitNumbered[T row](entries []T) (numbered, unnumbered []T) {
	for _, e := range entries {
		if e.number() != 0 {
			numbered = append(numbered, e)
		} else {
			unnumbered = append(unnumbered, e)
		}
	}
	return numbered, unnumbered
}

// numberedFirst puts the entries that give their number first.
func numberedFirst[T row](entries []T) []T {
	numbered, unnumbered := splitNumbered(entries)
	return append(numbered, unnumbered...)
}

// groupsInOrder puts parents before their children. Those that have to wait for
// the next free number, their own or that of a group above them, come later:
// users have namespaces with numbers of the same sequence.
func groupsInOrder(groups []Group) (first, later []Group) {
	sorted := slices.Clone(groups)
	slices.SortStableFunc(sorted, func(a, b Group) int { return cmp.Compare(a.depth(), b.depth()) })
	waits := make(map[string]bool)
	for _, g := range sorted {
		path := source.Path(g.Namespace.Path)
		if g.number() == 0 || waits[path.Parent().Fold()] {
			waits[path.Fold()] = true
			later = append(later, g)
		} else {
			first = append(first, g)
		}
	}
	return first, later
}

// depth is how many groups the path names.
func (g Group) depth() int { return strings.Count(g.Namespace.Path, "/") + 1 }
