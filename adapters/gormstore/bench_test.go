package gormstore_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gatehouse/adapters/gormstore"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// largeWorld is a world of size users, projects and keys, each with the same
// number and a member of its own group: big enough for its indexes to matter.
// The heavy user has as many memberships as half of that, the deep project lies
// in the last of twenty groups.
type largeWorld struct{ size int64 }

const deepest = 20

const (
	namespaceColumns = `(id, path, parent_id, root_id, owner_id, visibility, allowed_ips, protocols, require_ssh_certificates, default_branch_protection,
		pending_delete, hidden) `
	projectColumns = `(id, namespace_id, path, visibility, archived, read_only, repository, wiki, lfs, default_branch, empty, storage, legacy_path,
		pending_delete, last_activity_at) `
)

func (c largeWorld) heavy() int64 { return c.size - 1 }
func (c largeWorld) deep() int64  { return c.size + 1 }

// plain is some other number.
func (c largeWorld) plain() int64 { return 1 + rand.Int64N(c.size-2) }

// path is that of the project of that number.
func (c largeWorld) path(n int64) source.Path {
	return source.Path(fmt.Sprintf("group%d/p%d", c.size+1+n%(c.size/4), n))
}

// fill puts the world in, by SQL that both databases know.
func (c largeWorld) fill(t testing.TB, s *gormstore.Store) {
	t.Helper()
	numbers := func(from, to int64) string {
		return fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)", from, to)
	}
	all := numbers(1, c.size)
	// Groups have the numbers behind those of the personal namespaces.
	group := func(of string) string { return fmt.Sprintf("(%d + 1 + %s %% %d)", c.size, of, c.size/4) }
	deepGroups := 2 * c.size
	statements := []string{
		"INSERT INTO users (id, username, name, email, state, type, admin, external, terms_accepted, email_confirmed, password_expires_at) " + all + " SELECT i, 'user' || i, 'User ' || i, 'u' || i || '@example.com', 'active', 'human', false, false, true, true, NULL FROM n",
		"INSERT INTO namespaces " + namespaceColumns + all + " SELECT i, 'user' || i, NULL, NULL, i, 'private', '[]', 'all', false, NULL, false, false FROM n",
		"INSERT INTO namespaces " + namespaceColumns + numbers(c.size+1, c.size+c.size/4) + " SELECT i, 'group' || i, NULL, NULL, NULL, 'private', '[]', 'all', false, NULL, false, false FROM n",
		"INSERT INTO namespaces " + namespaceColumns + numbers(1, deepest) + fmt.Sprintf(" SELECT %d + i, 'deep' || substr('%s', 1, 2 * (i - 1)), CASE WHEN i > 1 THEN %[1]d + i - 1 END, CASE WHEN i > 1 THEN %[1]d + 1 END, NULL, 'private', '[]', 'all', false, NULL, false, false FROM n", deepGroups, strings.Repeat("/x", deepest)),
		"INSERT INTO namespace_closure (descendant_id, ancestor_id) SELECT id, id FROM namespaces",
		fmt.Sprintf("INSERT INTO namespace_closure (descendant_id, ancestor_id) SELECT a.id, b.id FROM namespaces a JOIN namespaces b ON b.id < a.id WHERE a.id > %d AND b.id > %[1]d", deepGroups),
		"INSERT INTO projects " + projectColumns + all + " SELECT i, " + group("i") + ", 'group' || " + group("i") + " || '/p' || i, 'private', false, false, 'enabled', 'enabled', true, 'main', false, 'default', '', false, NULL FROM n",
		fmt.Sprintf("INSERT INTO projects "+projectColumns+"SELECT %d, id, path || '/p', 'private', false, false, 'enabled', 'enabled', true, 'main', false, 'default', '', false, NULL FROM namespaces WHERE id = %d", c.deep(), deepGroups+deepest),
		"INSERT INTO routes (path, namespace_id) SELECT path, id FROM namespaces",
		"INSERT INTO routes (path, project_id) SELECT path, id FROM projects",
		"INSERT INTO members (user_id, group_id, level, state) " + all + " SELECT i, " + group("i") + ", 30, 'active' FROM n",
		"INSERT INTO members (user_id, project_id, level, state) " + all + fmt.Sprintf(" SELECT i, 1 + (i * 7) %% %d, 40, 'active' FROM n", c.size),
		fmt.Sprintf("DELETE FROM members WHERE user_id = %d", c.heavy()),
		"INSERT INTO members (user_id, group_id, level, state) " + numbers(1, c.size/4) + fmt.Sprintf(" SELECT %d, %d + i, 30, 'active' FROM n", c.heavy(), c.size),
		"INSERT INTO members (user_id, project_id, level, state) " + numbers(1, c.size/4) + fmt.Sprintf(" SELECT %d, i, 30, 'active' FROM n", c.heavy()),
		fmt.Sprintf("INSERT INTO members (user_id, group_id, level, state) VALUES (1, %d, 30, 'active')", deepGroups+1),
		"INSERT INTO shares (group_id, with_id, level) " + numbers(1, c.size/8) + fmt.Sprintf(" SELECT %d + i, %d - i, 30 FROM n", c.size, c.size+c.size/4),
		"INSERT INTO keys (id, kind, user_id, title, line, fingerprint, usage) " + all + " SELECT i, 'key', i, 'laptop', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPrint', 'print' || i, 'auth_and_signing' FROM n",
		"INSERT INTO protections (id, project_id, kind, pattern, allow_force_push) SELECT id, id, 'branch', 'main', false FROM projects",
		"INSERT INTO protection_entries (protection_id, verb, level) SELECT id, 'push', 40 FROM protections",
		"INSERT INTO protection_entries (protection_id, verb, level) SELECT id, 'merge', 40 FROM protections",
		"INSERT INTO deploy_key_projects (key_id, project_id, can_push) SELECT id, id, true FROM keys",
		"INSERT INTO user_emails (user_id, email) SELECT id, 'more' || id || '@example.com' FROM users",
		"INSERT INTO otp_sessions (user_id, key_id, expires_at) SELECT id, 0, '2026-01-01 00:00:00+00:00' FROM users",
		"INSERT INTO redirects (path, project_id) SELECT 'old/' || path, id FROM projects",
		"ANALYZE",
	}
	for _, statement := range statements {
		if _, err := s.Pool().ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// questions are the claims and targets that the benchmarks ask for.
var questions = []struct {
	name string
	ask  func(c largeWorld) (key, project int64)
}{
	{"plain", func(c largeWorld) (int64, int64) { n := c.plain(); return n, n }},
	{"heavy", func(c largeWorld) (int64, int64) { return c.heavy(), c.plain() }},
	{"deep", func(c largeWorld) (int64, int64) { return 1, c.deep() }},
}

func BenchmarkStanding(b *testing.B) {
	each(b, func(b *testing.B, s *gormstore.Store) {
		c := largeWorld{20_000}
		c.fill(b, s)
		for _, q := range questions {
			for _, refs := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/refs=%t", q.name, refs), func(b *testing.B) {
					for b.Loop() {
						key, project := q.ask(c)
						standing(b, s, key, byNumber(source.Code, source.ProjectID(project)), refs)
					}
				})
			}
		}
		b.Run("path", func(b *testing.B) {
			for b.Loop() {
				n := c.plain()
				standing(b, s, n, byPath(c.path(n)), false)
			}
		})
		b.Run("parallel", func(b *testing.B) {
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					n := c.plain()
					standing(b, s, n, byNumber(source.Code, source.ProjectID(n)), false)
				}
			})
		})
	})
}

func standing(b *testing.B, s *gormstore.Store, key int64, target source.Target, refs bool) {
	got, err := s.Directory.Standing(b.Context(), source.Inquiry{
		Claim: identity.Claim{Kind: identity.ByKey, ID: key}, Target: target, Refs: refs, Now: now,
	})
	if err != nil || !got.Project.Known() || !got.Actor.Key.Known() || refs == (got.Project.Protections == nil) {
		b.Errorf("got %+v, %v", got, err)
	}
}
