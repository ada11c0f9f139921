package ancestry

import "gatehouse/domain/source"

// traced is what a listing tells of the histories of some heads.
type traced struct {
	heads  int
	listed map[source.ObjectID]Commit
	// reached has the heads that reach a commit through listed ones: of commits
	// that are listed, and of those at the border.
	reached map[source.ObjectID]set
}

// trace follows the parents of all heads at once, each commit after all of its
// listed children.
func trace(heads []source.ObjectID, commits []Commit) traced {
	t := traced{len(heads), make(map[source.ObjectID]Commit, len(commits)), make(map[source.ObjectID]set, len(commits))}
	children := make(map[source.ObjectID]int, len(commits))
	for _, c := range commits {
		if _, twice := t.listed[c.ID]; twice {
			continue
		}
		t.listed[c.ID] = c
		for _, parent := range c.Parents {
			children[parent]++
		}
	}
	for i, head := range heads {
		t.headsOf(head).add(i)
	}
	var ready []source.ObjectID
	for id := range t.listed {
		if children[id] == 0 {
			ready = append(ready, id)
		}
	}
	for len(ready) > 0 {
		id := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		for _, parent := range t.listed[id].Parents {
			if from := t.reached[id]; from != nil {
				t.headsOf(parent).addAll(from)
			}
			children[parent]--
			if _, listed := t.listed[parent]; listed && children[parent] == 0 {
				ready = append(ready, parent)
			}
		}
	}
	return t
}

// headsOf returns the heads that reach a commit, to be added to.
func (t traced) headsOf(id source.ObjectID) set {
	heads, ok := t.reached[id]
	if !ok {
		heads = newSet(t.heads)
		t.reached[id] = heads
	}
	return heads
}

// unlisted returns the heads whose history is not listed as a whole.
func (t traced) unlisted() set {
	all := newSet(t.heads)
	for id, heads := range t.reached {
		if _, listed := t.listed[id]; !listed {
			all.addAll(heads)
		}
	}
	return all
}

// border returns the commits at which the histories of some heads leave the
// listing.
func (t traced) border(heads set) (ids []source.ObjectID) {
	for id, reaching := range t.reached {
		if _, listed := t.listed[id]; !listed && reaching.meets(heads) {
			ids = append(ids, id)
		}
	}
	return ids
}

// set is a set of small numbers. A nil set is empty.
type set []uint64

func newSet(size int) set { return make(set, (size+63)/64) }

func (s set) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s set) has(i int) bool { return s != nil && s[i/64]&(1<<(i%64)) != 0 }

func (s set) addAll(others set) {
	for i, word := range others {
		s[i] |= word
	}
}

func (s set) meets(others set) bool {
	for i, word := range others {
		if s[i]&word != 0 {
			return true
		}
	}
	return false
}
