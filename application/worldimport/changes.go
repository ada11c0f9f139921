package worldimport

import "fmt"

// Change is what an entry of a world changes, in words to show. It holds no secret.
type Change struct {
	// Line is 0 if the world came from no file.
	Line int
	// Kind is that of the entry, such as "member", and Name its name; In is what it
	// belongs to, or empty.
	Kind, Name, In string
	// New says that the row does not exist yet. It has no Fields then, but for
	// protections.
	New    bool
	Fields []Field
	// Warning is what may not be meant, or empty.
	Warning string
}

// Check is the result of a check.
type Check struct {
	// Changes are in the order of the kinds of entries.
	Changes []Change
	// Unchanged is how many entries change nothing.
	Unchanged int
	// Warnings are those of the changes.
	Warnings Mistakes
}

// warnings returns what of a world may not be meant. It is no mistake.
func warnings(steps []*step) (all Mistakes) {
	for _, s := range steps {
		if s.warning != "" {
			all = append(all, Mistake{s.line, fmt.Sprintf("%s %q: %s", s.kind, s.name, s.warning)})
		}
	}
	return all.Sorted()
}

func newCheck(steps []*step) (c Check) {
	c.Warnings = warnings(steps)
	entries := map[string]bool{"protections": true, "projects of deploy key": true, "creator of user": true}
	for _, s := range steps {
		switch {
		case s.effect != 0:
			c.Changes = append(c.Changes, Change{s.line, s.kind, s.name, s.in, s.effect.has(fresh), s.fields, s.warning})
		case !entries[s.kind]:
			c.Unchanged++
		}
	}
	return c
}

// Progress says how far an import is.
type Progress struct {
	// Writing is false during the check.
	Writing bool
	// Done of All entries are checked, or All changes written.
	Done, All int
}
