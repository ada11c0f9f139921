package conflicts

import (
	"context"
	"fmt"
	"strings"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/source"
)

// entry is an entry of a protection, or the zero entry for a protection without one.
type entry struct {
	verb             string
	level            int
	user, group, key int64
}

// String says who may do what.
func (e entry) String() string {
	switch {
	case e.user != 0:
		return fmt.Sprintf("%s: user %d", e.verb, e.user)
	case e.group != 0:
		return fmt.Sprintf("%s: group %d", e.verb, e.group)
	case e.key != 0:
		return fmt.Sprintf("%s: deploy key %d", e.verb, e.key)
	}
	return fmt.Sprintf("%s: %s", e.verb, source.Role(e.level))
}

// mostEntries is how many entries of a protection are named.
const mostEntries = 5

// protection is a protection as a conflict names it.
type protection struct {
	id      int64
	force   bool
	entries []entry
}

// String names the protection with what it permits.
func (p *protection) String() string {
	var permits []string
	if p.force {
		permits = append(permits, "force push")
	}
	for i, e := range p.entries {
		if i == mostEntries {
			permits = append(permits, fmt.Sprintf("%d more", len(p.entries)-i))
			break
		}
		permits = append(permits, e.String())
	}
	if len(permits) == 0 {
		permits = []string{"nothing"}
	}
	return fmt.Sprintf("protection %d (%s)", p.id, strings.Join(permits, ", "))
}

// findProtections finds the protections of one project, kind and pattern. Letter case
// counts.
func findProtections(ctx context.Context, db *database.DB, _ int64) (listed []Conflict, all int, err error) {
	var doubles []*double
	named := map[int64][]*protection{} // the first ones of each double
	err = each(ctx, db, "protections", func(scan func(...any) error) error {
		var next double
		var p protection
		var project int64
		var path, kind, pattern string
		var e entry
		err := scan(&all, &next.lowest, &next.size, &p.id, &project, &path, &kind, &pattern, &p.force, &e.verb, &e.level, &e.user, &e.group, &e.key)
		if err != nil {
			return err
		}
		if len(doubles) == 0 || doubles[len(doubles)-1].lowest != next.lowest {
			next.what = fmt.Sprintf("%s %q in project %d %q", kind, pattern, project, path)
			doubles = append(doubles, &next)
		}
		d := doubles[len(doubles)-1]
		if last := len(d.ids) - 1; last < 0 || d.ids[last] != p.id {
			if len(d.ids) == mostRows {
				return nil
			}
			d.ids, named[d.lowest] = append(d.ids, p.id), append(named[d.lowest], &p)
		}
		if of := named[d.lowest]; e != (entry{}) {
			of[len(of)-1].entries = append(of[len(of)-1].entries, e)
		}
		return nil
	}, MostListed)
	for _, d := range doubles {
		for _, p := range named[d.lowest] {
			d.rows = append(d.rows, p.String())
		}
		listed = append(listed, Conflict{d.rows, fmt.Sprintf("%s are for the same %s", d.all(), d.what), protectionRemedy(d)})
	}
	return listed, all, err
}

func protectionRemedy(d *double) string {
	statements := deleteProtections(equals(d.ids[1:]))
	if d.size > len(d.ids) {
		others := fmt.Sprintf("IN (SELECT id FROM protections WHERE id <> %d AND (project_id, kind, pattern) = "+
			"(SELECT project_id, kind, pattern FROM protections WHERE id = %d))", d.lowest, d.lowest)
		statements = deleteProtections(others)
	}
	return fmt.Sprintf("any one of them permits a change, so keep the one that is meant: apply the project's row of the world file with the gatehouse "+
		"that runs now, which replaces them, or delete all but %d: %s", d.lowest, statements)
}

// deleteProtections are statements that delete protections whose number meets a
// condition. SQLite's own shell deletes nothing along with a row, so that the entries come
// first.
func deleteProtections(which string) string {
	return fmt.Sprintf("DELETE FROM protection_entries WHERE protection_id %s; DELETE FROM protections WHERE id %s", which, which)
}
