package gormstore_test

import (
	"fmt"
	"testing"

	"gatehouse/adapters/gormstore"
	"gatehouse/application"
	"gatehouse/application/groups"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// forest is a world of groups: a tenth of them at the top, each with a tree of ten that is
// four deep. User 1 is a member of three groups, user 2 of a thousand, user 3 owns every
// top-level group, and others have five memberships each. Of ten groups one is public and two are internal. A tenth of the groups
// is shared with another one.
type forest struct{ size int64 }

// fill puts the world in, by SQL that both databases know.
func (f forest) fill(b *testing.B, s *gormstore.Store) {
	b.Helper()
	n := func(from, to int64) string {
		return fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)", from, to)
	}
	all := n(1, f.size)
	// Within a tree group 1 is above 2 to 4, 2 above 5 to 7, and 5 above 8 to 10.
	const parent = "CASE (i - 1) % 10 + 1 WHEN 1 THEN 0 WHEN 2 THEN 1 WHEN 3 THEN 2 WHEN 4 THEN 3 WHEN 5 THEN 3 WHEN 6 THEN 4 WHEN 7 THEN 5 WHEN 8 THEN 3 WHEN 9 THEN 4 ELSE 5 END"
	columns := "(id, path, parent_id, root_id, visibility, allowed_ips, protocols, require_ssh_certificates, pending_delete, hidden, name)"
	statements := []string{
		"INSERT INTO users (id, username, name, email, state, type, admin, external, terms_accepted, email_confirmed) " + n(1, f.size/5) + " SELECT i, 'user' || i, '', '', 'active', 'human', false, false, true, true FROM n",
		"INSERT INTO namespaces " + columns + " " + all + " SELECT i, 'group' || i, CASE WHEN (i - 1) % 10 > 0 THEN i - (" + parent + ") END, CASE WHEN (i - 1) % 10 > 0 THEN i - (i - 1) % 10 END, " +
			"CASE i % 10 WHEN 0 THEN 'public' WHEN 1 THEN 'internal' WHEN 2 THEN 'internal' ELSE 'private' END, '[]', 'all', false, false, false, 'Group ' || ((i * 7919) % " + fmt.Sprint(f.size) + ") FROM n",
		"INSERT INTO namespace_closure (descendant_id, ancestor_id) WITH RECURSIVE up(d, a) AS (SELECT id, id FROM namespaces UNION ALL SELECT up.d, g.parent_id FROM up JOIN namespaces g ON g.id = up.a WHERE g.parent_id IS NOT NULL) SELECT d, a FROM up",
		"UPDATE namespaces SET path = 'tree' || root_id || '/' || path WHERE parent_id IS NOT NULL",
		"INSERT INTO routes (path, namespace_id) SELECT path, id FROM namespaces",
		"INSERT INTO members (user_id, group_id, level, state) " + all + fmt.Sprintf(" SELECT 4 + i %% %d, 1 + (i * 31) %% %d, 30, 'active' FROM n", f.size/5-4, f.size),
		"INSERT INTO members (user_id, group_id, level, state) SELECT 1, id, 30, 'active' FROM namespaces WHERE id IN (1, 15, 29)",
		"INSERT INTO members (user_id, group_id, level, state) SELECT 2, id, 30, 'active' FROM namespaces WHERE id % " + fmt.Sprint(f.size/1000) + " = 3",
		"INSERT INTO members (user_id, group_id, level, state) SELECT 3, id, 50, 'active' FROM namespaces WHERE parent_id IS NULL",
		"INSERT INTO shares (group_id, with_id, level) SELECT id, " + fmt.Sprint(f.size) + " - id, 30 FROM namespaces WHERE id % 10 = 4",
		"ANALYZE",
	}
	for _, statement := range statements {
		if _, err := s.Pool().ExecContext(b.Context(), statement); err != nil {
			b.Fatalf("%s: %v", statement, err)
		}
	}
}

// BenchmarkGroups_Views reads the first pages of lists among a hundred thousand groups.
func BenchmarkGroups_Views(b *testing.B) {
	each(b, func(b *testing.B, s *gormstore.Store) {
		forest{100_000}.fill(b, s)
		sight := func(id identity.UserID) rights.Sight {
			return rights.Sight{User: id, Visibilities: []source.Visibility{source.Internal, source.Public}}
		}
		for _, c := range []struct {
			name   string
			filter groups.Filter
		}{
			{"administrator", groups.Filter{Sight: rights.Sight{All: true, User: 1}}},
			{"stranger", groups.Filter{Sight: rights.Sight{Visibilities: []source.Visibility{source.Public}}}},
			{"few memberships", groups.Filter{Sight: sight(1)}},
			{"1,000 memberships", groups.Filter{Sight: sight(2)}},
			{"owner of 10,000 trees", groups.Filter{Sight: sight(3)}},
			{"few memberships, own", groups.Filter{Sight: sight(1), Least: source.Guest}},
			{"1,000 memberships, own", groups.Filter{Sight: sight(2), Least: source.Guest}},
			{"few memberships, search", groups.Filter{Sight: sight(1), Search: "up 77"}},
			{"few memberships, subgroups", groups.Filter{Sight: sight(1), Parent: 1}},
			{"few memberships, descendants", groups.Filter{Sight: sight(1), Ancestor: 1}},
		} {
			b.Run(c.name, func(b *testing.B) {
				var total int64
				for b.Loop() {
					found, err := s.GroupRecords.Views(b.Context(), c.filter, application.Page{Order: "name", Size: 20}, now)
					if err != nil {
						b.Fatal(err)
					}
					total = found.Total
				}
				b.ReportMetric(float64(total), "groups")
			})
		}
	})
}
