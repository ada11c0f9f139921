package gormstore_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gatehouse/adapters/gormstore"
	"gatehouse/application/gitaccess"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// crowd is a world that is big enough for its indexes to matter. User and key
// n, for n up to 20,000, are a member of their own group; the heavy user has
// 10,000 memberships; the deep project lies in the last of twenty groups.
const (
	crowdSize = 20_000
	heavy     = crowdSize - 1
	deepest   = 20
	deepID    = crowdSize + 1
)

// fill puts the crowd in, by SQL that both databases know.
func fill(t testing.TB, s *gormstore.Store) {
	t.Helper()
	numbers := func(from, to int) string {
		return fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)", from, to)
	}
	all := numbers(1, crowdSize)
	// Groups have the numbers behind those of the personal namespaces.
	group := func(of string) string { return fmt.Sprintf("(%d + 1 + %s %% %d)", crowdSize, of, crowdSize/4) }
	const deepGroups = 2 * crowdSize
	statements := []string{
		"INSERT INTO users " + all + " SELECT i, 'user' || i, 'User ' || i, 'u@example.com', 'active', 'human', false, false, true, true, NULL FROM n",
		"INSERT INTO namespaces " + all + " SELECT i, 'user' || i, NULL, NULL, i, 'private', '[]', 'all', false, NULL, false, false FROM n",
		"INSERT INTO namespaces " + numbers(crowdSize+1, crowdSize+crowdSize/4) + " SELECT i, 'group' || i, NULL, NULL, NULL, 'private', '[]', 'all', false, NULL, false, false FROM n",
		"INSERT INTO namespaces " + numbers(1, deepest) + fmt.Sprintf(" SELECT %d + i, 'deep' || substr('%s', 1, 2 * (i - 1)), CASE WHEN i > 1 THEN %[1]d + i - 1 END, CASE WHEN i > 1 THEN %[1]d + 1 END, NULL, 'private', '[]', 'all', false, NULL, false, false FROM n", deepGroups, strings.Repeat("/x", deepest)),
		"INSERT INTO namespace_closure (descendant_id, ancestor_id) SELECT id, id FROM namespaces",
		fmt.Sprintf("INSERT INTO namespace_closure (descendant_id, ancestor_id) SELECT a.id, b.id FROM namespaces a JOIN namespaces b ON b.id < a.id WHERE a.id > %d AND b.id > %[1]d", deepGroups),
		"INSERT INTO projects " + all + " SELECT i, " + group("i") + ", 'group' || " + group("i") + " || '/p' || i, 'private', false, false, 'enabled', 'enabled', true, 'main', false, 'default', '', false FROM n",
		fmt.Sprintf("INSERT INTO projects SELECT %d, id, path || '/p', 'private', false, false, 'enabled', 'enabled', true, 'main', false, 'default', '', false FROM namespaces WHERE id = %d", deepID, deepGroups+deepest),
		"INSERT INTO members (user_id, group_id, level, state) " + all + " SELECT i, " + group("i") + ", 30, 'active' FROM n",
		"INSERT INTO members (user_id, project_id, level, state) " + all + fmt.Sprintf(" SELECT i, 1 + (i * 7) %% %d, 40, 'active' FROM n", crowdSize),
		fmt.Sprintf("DELETE FROM members WHERE user_id = %d", heavy),
		"INSERT INTO members (user_id, group_id, level, state) " + numbers(1, crowdSize/4) + fmt.Sprintf(" SELECT %d, %d + i, 30, 'active' FROM n", heavy, crowdSize),
		"INSERT INTO members (user_id, project_id, level, state) " + numbers(1, 5000) + fmt.Sprintf(" SELECT %d, i, 30, 'active' FROM n", heavy),
		fmt.Sprintf("INSERT INTO members (user_id, group_id, level, state) VALUES (1, %d, 30, 'active')", deepGroups+1),
		"INSERT INTO shares (group_id, with_id, level) " + numbers(1, crowdSize/8) + fmt.Sprintf(" SELECT %d + i, %d - i, 30 FROM n", crowdSize, crowdSize+crowdSize/4),
		"INSERT INTO keys (id, kind, user_id, title, line, fingerprint, usage) " + all + " SELECT i, 'key', i, 'laptop', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPrint', 'print' || i, 'auth_and_signing' FROM n",
		"INSERT INTO protections (id, project_id, kind, pattern, allow_force_push) SELECT id, id, 'branch', 'main', false FROM projects",
		"INSERT INTO protection_entries (protection_id, verb, level) SELECT id, 'push', 40 FROM protections",
		"INSERT INTO protection_entries (protection_id, verb, level) SELECT id, 'merge', 40 FROM protections",
		"INSERT INTO deploy_key_projects (key_id, project_id, can_push) SELECT id, id, true FROM keys",
		"INSERT INTO redirects (path, project_id) SELECT 'old/' || path, id FROM projects",
		"ANALYZE",
	}
	for _, statement := range statements {
		if _, err := s.Pool().ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// questions ask for a random plain user, the heavy one, and in the deep project.
var questions = []struct {
	name string
	ask  func() (key, project int64)
}{
	{"plain", func() (int64, int64) { n := 1 + rand.Int64N(crowdSize-2); return n, n }},
	{"heavy", func() (int64, int64) { return heavy, 1 + rand.Int64N(crowdSize) }},
	{"deep", func() (int64, int64) { return 1, deepID }},
}

func BenchmarkStanding(b *testing.B) {
	each(b, func(b *testing.B, s *gormstore.Store) {
		fill(b, s)
		for _, q := range questions {
			for _, refs := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/refs=%t", q.name, refs), func(b *testing.B) {
					for b.Loop() {
						key, project := q.ask()
						got, err := s.Standing(b.Context(), gitaccess.Question{
							Claim:  identity.Claim{Kind: identity.ByKey, ID: key},
							Target: source.Target{Repository: source.RepositoryID{ID: project}}, Refs: refs,
						})
						if err != nil || got.Role == source.NoRole && q.name != "heavy" {
							b.Fatal(got.Role, err)
						}
					}
				})
			}
		}
		b.Run("path", func(b *testing.B) {
			for b.Loop() {
				n := 1 + rand.Int64N(crowdSize-2)
				path := fmt.Sprintf("group%d/p%d", crowdSize+1+n%(crowdSize/4), n)
				got, err := s.Standing(b.Context(), gitaccess.Question{
					Claim: identity.Claim{Kind: identity.ByKey, ID: n}, Target: source.Target{Path: source.Path(path)},
				})
				if err != nil || got.Project.ID != source.ProjectID(n) {
					b.Fatal(got.Project, err)
				}
			}
		})
	})
}
