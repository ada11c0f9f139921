package memory

import (
	"cmp"
	"slices"

	"gatehouse/domain/source"
)

// replaceProtections makes the protections of a project the given ones, of which no two
// are of one kind and pattern. Those that stay keep their numbers.
func (w *world) replaceProtections(p project, protections []source.Protection) {
	var all []source.Protection
	for _, one := range protections {
		if at := slices.IndexFunc(p.Protections, one.SameRefs); at < 0 {
			one = one.Numbered(source.Protection{})
		} else if old := p.Protections[at]; one.Equal(old) {
			one = old
		} else {
			one = one.Numbered(old)
		}
		all = append(all, w.numbered(one))
	}
	slices.SortFunc(all, func(a, b source.Protection) int { return cmp.Compare(a.ID, b.ID) })
	p.Protections = all
	w.projects.put(p.ID, p)
}

// numbered returns a copy of a protection as it is kept: with a number of its own, and each
// entry too.
func (w *world) numbered(p source.Protection) source.Protection {
	p = p.Clone()
	p.UpdatedAt = toInstant(p.UpdatedAt)
	next := func(id *int64) {
		if *id == 0 {
			w.lastProtection++
			*id = w.lastProtection
		}
	}
	next(&p.ID)
	for _, verb := range source.ProtectionVerbs(p.Kind) {
		entries := *p.Entries(verb)
		for i := range entries {
			entries[i].Member = false
			next(&entries[i].ID)
		}
		slices.SortFunc(entries, func(a, b source.Access) int { return cmp.Compare(a.ID, b.ID) })
	}
	return p
}
