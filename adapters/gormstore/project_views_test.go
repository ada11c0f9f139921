package gormstore_test

import (
	"fmt"
	"testing"

	"gatehouse/adapters/gormstore"
	"gatehouse/application"
	"gatehouse/application/members"
	"gatehouse/application/projects"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
)

// viewWorld is a world of that many projects: four in each group, and a tenth of the groups
// at the top with nine below each. User 1 has a thousand memberships, half of them in
// groups at the top, as far as there are so many; each other user has four.
type viewWorld struct{ size int64 }

func (c viewWorld) groups() int64 { return c.size / 4 }
func (c viewWorld) users() int64  { return c.size / 10 }

// fill puts the world in, by SQL that both databases know.
func (c viewWorld) fill(t testing.TB, s *gormstore.Store) {
	t.Helper()
	numbers := func(n int64) string {
		return fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", n)
	}
	users, groups, tops := c.users(), c.groups(), c.groups()/10
	// Groups have the numbers behind those of the personal namespaces, those at the top first.
	top := func(of string) string { return fmt.Sprintf("(%d + 1 + %s %% %d)", users, of, tops) }
	group := func(of string) string { return fmt.Sprintf("(%d + 1 + %s %% %d)", users, of, groups) }
	namespace := "INSERT INTO namespaces (id, path, name, parent_id, root_id, owner_id, visibility, allowed_ips, protocols, require_ssh_certificates, pending_delete, hidden) "
	member := "INSERT INTO members (user_id, %s_id, level, state) "
	for _, statement := range []string{
		"INSERT INTO users (id, username, name, email, state, type, admin, external, terms_accepted, email_confirmed) " + numbers(users) +
			" SELECT i, 'user' || i, 'User ' || i, 'u' || i || '@example.com', 'active', 'human', false, false, true, true FROM n",
		namespace + numbers(users) + " SELECT i, 'user' || i, 'User ' || i, NULL, NULL, i, 'private', '[]', 'all', false, false, false FROM n",
		namespace + numbers(tops) + fmt.Sprintf(" SELECT %d + i, 'group' || i, 'Group ' || i, NULL, NULL, NULL, 'private', '[]', 'all', false, false, false FROM n", users),
		namespace + numbers(groups-tops) + fmt.Sprintf(" SELECT %d + i, 'group' || (1 + i %% %d) || '/g' || i, 'G ' || i, %s, %[3]s, NULL, 'private', '[]', 'all', false, false, false FROM n", users+tops, tops, top("i")),
		"INSERT INTO namespace_closure (descendant_id, ancestor_id) SELECT id, id FROM namespaces UNION ALL SELECT id, parent_id FROM namespaces WHERE parent_id IS NOT NULL",
		"INSERT INTO projects (id, namespace_id, path, name, description, visibility, archived, read_only, repository, wiki, lfs, default_branch, empty, storage, legacy_path, pending_delete, created_at) " + numbers(c.size) +
			" SELECT n.i, g.id, g.path || '/p' || n.i, 'Project ' || n.i, '', CASE WHEN n.i % 20 = 0 THEN 'public' WHEN n.i % 20 = 1 THEN 'internal' ELSE 'private' END," +
			" n.i % 10 = 0, false, 'enabled', 'enabled', true, 'main', false, 'default', '', false, '2026-01-01 00:00:00+00:00' FROM n JOIN namespaces g ON g.id = " + group("n.i"),
		fmt.Sprintf(member, "group") + numbers(2*users) + fmt.Sprintf(" SELECT 2 + i %% %d, %s, 30, 'active' FROM n", users-1, group("i * 7")) + " WHERE true ON CONFLICT DO NOTHING",
		fmt.Sprintf(member, "project") + numbers(2*users) + fmt.Sprintf(" SELECT 2 + i %% %d, 1 + i * 11 %% %d, 40, 'active' FROM n", users-1, c.size) + " WHERE true ON CONFLICT DO NOTHING",
		fmt.Sprintf(member, "group") + numbers(min(500, tops)) + " SELECT 1, " + top("i") + ", 30, 'active' FROM n WHERE true ON CONFLICT DO NOTHING",
		fmt.Sprintf(member, "project") + numbers(min(500, c.size)) + fmt.Sprintf(" SELECT 1, 1 + i * 13 %% %d, 30, 'active' FROM n", c.size) + " WHERE true ON CONFLICT DO NOTHING",
		"INSERT INTO shares (group_id, with_id, level) " + numbers(groups/10) + " SELECT " + group("i * 3") + ", " + group("i * 5 + 1") + ", 30 FROM n WHERE true ON CONFLICT DO NOTHING",
		"INSERT INTO shares (project_id, with_id, level) " + numbers(groups/10) + fmt.Sprintf(" SELECT 1 + i * 17 %% %d, ", c.size) + group("i * 5 + 2") + ", 30 FROM n WHERE true ON CONFLICT DO NOTHING",
		"ANALYZE",
	} {
		if _, err := s.Pool().ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// viewLists are lists that clients ask for, of the user with a thousand memberships.
var viewLists = []struct {
	name   string
	filter projects.Filter
	page   application.Page
}{
	{"administrator", projects.Filter{User: 2, All: true}, application.Page{Order: "created_at", Descending: true, Size: 20}},
	{"visible", projects.Filter{User: 1, Open: []source.Visibility{source.Internal, source.Public}}, application.Page{Order: "created_at", Descending: true, Size: 20}},
	{"visible, by number", projects.Filter{User: 1, Open: []source.Visibility{source.Internal, source.Public}}, application.Page{Order: "id", Descending: true, Size: 20, Keyset: true}},
	{"stranger", projects.Filter{Open: []source.Visibility{source.Public}}, application.Page{Order: "created_at", Descending: true, Size: 20}},
	{"membership", projects.Filter{User: 1, LeastRole: source.Developer}, application.Page{Order: "id", Size: 100}},
	{"membership of another", projects.Filter{User: 7, LeastRole: source.Developer}, application.Page{Order: "id", Size: 100}},
	{"search", projects.Filter{User: 1, Open: []source.Visibility{source.Internal, source.Public}, Search: "ject 77"}, application.Page{Order: "similarity", Descending: true, Size: 20}},
	{"group", projects.Filter{User: 1, Open: []source.Visibility{source.Internal, source.Public}}, application.Page{Order: "created_at", Descending: true, Size: 20}},
	{"one", projects.Filter{User: 1, All: true, ID: 7}, application.Page{Order: "id", Size: 1}},
}

// TestProjectViews_work holds lists to how much PostgreSQL reads for them: for a page by
// keyset as much in a table of four times the size, for a page with a total all projects
// once, and for few memberships none but by indexes.
func TestProjectViews_work(t *testing.T) {
	t.Parallel()
	seen := []source.Visibility{source.Internal, source.Public}
	keyset := application.Page{Order: "id", Size: 20, Keyset: true}
	offset := application.Page{Order: "created_at", Descending: true, Size: 20}
	pages := map[string][]int{}
	for _, c := range []viewWorld{{4_000}, {16_000}} {
		t.Run(fmt.Sprint(c.size), func(t *testing.T) {
			s := open(t, stores.PostgresURL(t))
			c.fill(t, s)
			plan := func(f projects.Filter, page application.Page) planNode {
				query, args, err := s.ProjectViews.Query(f, page, now)
				if err != nil {
					t.Fatal(err)
				}
				return postgresPlan(t, s, query, args)
			}
			for name, f := range map[string]projects.Filter{
				"all": {User: 7, All: true}, "all, from the middle": {User: 7, All: true, IDAfter: c.size / 2},
				"visible": {User: 7, Open: seen}, "visible, from the middle": {User: 7, Open: seen, IDAfter: c.size / 2},
				"visible to strangers": {Open: seen[1:]}, "with a role": {User: 7, LeastRole: source.Guest},
			} {
				p := plan(f, keyset)
				pages[name] = append(pages[name], p.Hit+p.Read)
			}
			if c.size < 10_000 { // which may be read as a whole for the rows of the page alone
				return
			}
			for name, want := range map[string]struct {
				filter projects.Filter
				looks  int
			}{
				"all":         {projects.Filter{User: 7, All: true}, 1},
				"all, search": {projects.Filter{User: 7, All: true, Search: "ject 1"}, 1},
				"visible":     {projects.Filter{User: 7, Open: seen}, 1},
				"search":      {projects.Filter{User: 7, Open: seen, Search: "ject 1"}, 1},
				"with a role": {projects.Filter{User: 7, LeastRole: source.Guest}, 0},
			} {
				looks := 0
				plan(want.filter, offset).each(func(n planNode) {
					if n.Relation == "projects" && n.Type == "Seq Scan" {
						looks++
					}
				})
				if looks != want.looks {
					t.Errorf("%s: got %d looks at all projects, want %d", name, looks, want.looks)
				}
			}
		})
	}
	for name, of := range pages {
		if of[1] > of[0]+100 {
			t.Errorf("%s: got %d pages in a table four times as large, and %d", name, of[1], of[0])
		}
	}
}

func BenchmarkProjectViews(b *testing.B) {
	each(b, func(b *testing.B, s *gormstore.Store) {
		c := viewWorld{100_000}
		c.fill(b, s)
		for _, l := range viewLists {
			if l.name == "group" {
				l.filter.In = &projects.Scope{Namespace: source.NamespaceID(c.users() + 2), Own: true, Below: true, Shared: true}
			}
			b.Run(l.name, func(b *testing.B) {
				for b.Loop() {
					got, err := s.ProjectViews.List(b.Context(), l.filter, l.page, now)
					if err != nil || len(got.Items) == 0 {
						b.Fatalf("got %d of %d, %v", len(got.Items), got.Total, err)
					}
				}
			})
		}
		b.Run("members", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.MemberRecords.Views(b.Context(), source.MemberSource{Project: 7}, members.Filter{Inherited: true}, application.Page{Order: "id", Size: 20}, now); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("member", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.MemberRecords.Views(b.Context(), source.MemberSource{Project: 7}, members.Filter{Inherited: true, Users: []identity.UserID{1}}, application.Page{Order: "id", Size: 1}, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}
