package gormstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/gormstore/conflicts"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// older returns a store with the compact world, whose database has an earlier schema, and
// what runs statements there.
func older(t *testing.T, url string, version int64) (s *gormstore.Store, exec func(statements ...string)) {
	t.Helper()
	s = open(t, url)
	populate(t, s)
	if err := gormstore.MigrateDownTo(t.Context(), url, version); err != nil {
		t.Fatal(err)
	}
	return s, func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			if _, err := s.Pool().ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%.200s: %v", statement, err)
			}
		}
	}
}

// addUser is a statement that adds a user with an e-mail.
func addUser(id int, email string) string {
	return fmt.Sprintf("INSERT INTO users (id, username, name, email, state, type, admin, external, terms_accepted, email_confirmed) "+
		"VALUES (%d, 'u%[1]d', '', '%s', 'active', 'human', false, false, false, true)", id, strings.ReplaceAll(email, "'", "''"))
}

// addProtection is a statement that adds a protection of the project cli.
func addProtection(id int, kind, pattern string) string {
	return fmt.Sprintf("INSERT INTO protections (id, project_id, kind, pattern, allow_force_push) VALUES (%d, %d, '%s', '%s', true)", id, cli, kind, pattern)
}

// problems returns the problems that are listed, by rule.
func problems(broken conflicts.Broken) map[string][]string {
	found := map[string][]string{}
	for _, rule := range broken {
		for _, c := range rule.Conflicts {
			found[rule.Name] = append(found[rule.Name], c.Problem)
		}
	}
	return found
}

// statement matches the SQL that ends a remedy.
var statement = regexp.MustCompile(`: ((?:UPDATE|DELETE) .*)$`)

// statements returns the SQL of all remedies that have some.
func statements(broken conflicts.Broken) (all []string) {
	for _, rule := range broken {
		for _, c := range rule.Conflicts {
			if found := statement.FindStringSubmatch(c.Remedy); found != nil {
				all = append(all, strings.Split(found[1], "; ")...)
			}
		}
	}
	return all
}

// contents returns the rows that conflicts are about.
func contents(t *testing.T, s *gormstore.Store) []string {
	t.Helper()
	return cells(t, s, `SELECT 'user ' || id || ' ' || email FROM users UNION ALL SELECT 'project ' || id || ' ' || path FROM projects
		UNION ALL SELECT 'protection ' || id || ' ' || pattern FROM protections UNION ALL SELECT 'entry ' || id FROM protection_entries ORDER BY 1`)
}

// TestMigrate_conflicts wants all rows that are in the way to be named at once, nothing to
// change, and the remedies to be enough.
func TestMigrate_conflicts(t *testing.T) {
	t.Parallel()
	const before = 11 // which has no routes, no public e-mails and no rule but the old ones
	eachURL(t, func(t *testing.T, url string) {
		s, exec := older(t, url, before)
		exec(
			"UPDATE projects SET path = 'ACME/tools' WHERE id = 42", "UPDATE projects SET path = 'OWNER' WHERE id = 43",
			addUser(1001, "Mia@Example.com"), addUser(1002, "mia@example.COM"), addUser(1003, "mia@example.com"),
			addUser(1004, "Ä@example.com"), addUser(1005, "ä@example.com"), addUser(1006, ""),
			addUser(1008, "'; -- \"@example.com"), addUser(1007, "'; -- \"@example.com"),
			addUser(1009, strings.Repeat("x", identity.MaxEmail)), addUser(1010, strings.Repeat("ä", identity.MaxEmail/2)+"y"),
			addProtection(1001, "branch", "main"), addProtection(1002, "branch", "Main"), addProtection(1003, "tag", "main"),
			addProtection(1004, "tag", "v*"), addProtection(1005, "tag", "v*"), addProtection(1006, "tag", strings.Repeat("z", source.MaxPattern+1)),
			"INSERT INTO protection_entries (protection_id, verb, level) VALUES (1001, 'push', 30)",
		)
		rows, old := contents(t, s), schema(t, url)
		want := map[string][]string{
			"path":  {`project 42 and group 51 have the same path "ACME/tools"`, `project 43 and user 4 have the same path "OWNER"`},
			"email": {`user 1001 "u1001", user 1002 "u1002" and user 1003 "u1003" have the same e-mail "Mia@Example.com"`, `user 1007 "u1007" and user 1008 "u1008" have the same e-mail "'; -- \"@example.com"`},
			"protection": {
				`protection 1 (push: maintainer, push: user 2, push: group 51, merge: none) and protection 1001 (force push, push: developer) are for the same branch "main" in project 42 "ACME/tools"`,
				`protection 2 (create: deploy key 201, create: group 52), protection 1004 (force push) and protection 1005 (force push) are for the same tag "v*" in project 42 "ACME/tools"`,
			},
			"length": {`user 1010 "u1010" has an e-mail of 2001 bytes, and 2000 are the most`, `protection 1006 of project "ACME/tools" has a pattern of 2001 bytes, and 2000 are the most`},
		}
		was, broken, err := gormstore.FindConflicts(t.Context(), url)
		if err != nil || was.Version != before {
			t.Fatalf("FindConflicts: got %+v, %v", was, err)
		}
		if diff := cmp.Diff(want, problems(broken)); diff != "" || broken.Count() != 8 {
			t.Errorf("%d problems (-want +got):\n%s", broken.Count(), diff)
		}
		_, err = gormstore.Migrate(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("stays at schema %d", before)) || !strings.HasSuffix(err.Error(), ":\n"+broken.Error()) {
			t.Errorf("Migrate: got %v, want one that ends with\n%v", err, broken)
		}
		if opened, err := gormstore.Open(t.Context(), url, 1, true, nil); err == nil || !strings.HasSuffix(err.Error(), broken.Error()) {
			t.Errorf("Open: got %v, %v", opened, err)
		}
		if diff := cmp.Diff(old, schema(t, url)) + cmp.Diff(rows, contents(t, s)); diff != "" {
			t.Errorf("after the refusal (-before +after):\n%s", diff)
		}
		exec(statements(broken)...)
		exec("UPDATE projects SET path = 'Acme/Tools/CLI' WHERE id = 42", "UPDATE projects SET path = 'owner/own' WHERE id = 43")
		if _, err := gormstore.Migrate(t.Context(), url); err != nil {
			t.Errorf("Migrate after the remedies: %v", err)
		}
		if diff := cmp.Diff([]string{"1001 Mia@Example.com", "1002 ", "1003 ", "1007 '; -- \"@example.com", "1008 ", "1010 "},
			cells(t, s, "SELECT id || ' ' || email FROM users WHERE id IN (1001, 1002, 1003, 1007, 1008, 1010) ORDER BY id")); diff != "" {
			t.Errorf("users (-want +got):\n%s", diff)
		}
		if got := cells(t, s, "SELECT e.id FROM protection_entries e LEFT JOIN protections p ON p.id = e.protection_id WHERE p.id IS NULL"); len(got) > 0 {
			t.Errorf("entries without a protection: %q", got)
		}
	})
}

// TestMigrate_manyConflicts wants the first ones to be listed, with how many follow, and
// the remedy of one with many rows to be for all of these.
func TestMigrate_manyConflicts(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string) {
		s, exec := older(t, url, 17)
		var adding []string
		for i := range conflicts.MostListed + 2 {
			adding = append(adding, addUser(2000+2*i, fmt.Sprint(i, "@x")), addUser(2001+2*i, fmt.Sprint(i, "@X")))
		}
		for i := range 30 {
			adding = append(adding, addUser(3000+i, "all@x"), addProtection(3000+i, "tag", "all"))
		}
		exec(adding...)
		exec("INSERT INTO protection_entries (protection_id, verb, level) SELECT id, 'create', 40 FROM protections WHERE id >= 3000", "UPDATE users SET public_email = email WHERE email <> ''")
		_, broken, err := gormstore.FindConflicts(t.Context(), url)
		if err != nil || len(broken) != 2 || len(broken[0].Conflicts) != conflicts.MostListed || broken[0].Unlisted != 3 || broken.Count() != conflicts.MostListed+3+1 {
			t.Fatalf("got %+v, %v", broken, err)
		}
		if text := broken.Error(); !strings.Contains(text, `user 2001 "u2001" have the same e-mail "0@x"`) || !strings.Contains(text, `and 3 more conflicts with the rule "email"`) ||
			!strings.Contains(text, `protection 3009 (force push, create: maintainer) and 20 more are for the same tag "all"`) {
			t.Errorf("got %s", text)
		}
		for range 2 { // then those are listed that were not
			_, broken, err := gormstore.FindConflicts(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			exec(statements(broken)...)
		}
		if _, err := gormstore.Migrate(t.Context(), url); err != nil {
			t.Errorf("Migrate after the remedies: %v", err)
		}
		if got := cells(t, s, "SELECT id FROM users WHERE email = 'all@x' AND public_email = email UNION ALL SELECT id FROM protections WHERE pattern = 'all'"); !slices.Equal(got, []string{"3000", "3000"}) {
			t.Errorf("got %q, want the first of each", got)
		}
		if got := cells(t, s, "SELECT protection_id FROM protection_entries WHERE protection_id >= 3000"); !slices.Equal(got, []string{"3000"}) {
			t.Errorf("entries: got those of %q", got)
		}
	})
}

// TestFindConflicts_changesNothing looks into databases of several schemas, and at an
// SQLite file that is missing.
func TestFindConflicts_changesNothing(t *testing.T) {
	t.Parallel()
	files := func(t *testing.T, folder string) (all []string) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			text, err := os.ReadFile(filepath.Join(folder, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, e.Name()+string(text))
		}
		return all
	}
	for _, version := range []int64{0, 1, 8, 12, 13, 17} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			eachURL(t, func(t *testing.T, url string) {
				ctx := context.WithoutCancel(t.Context())
				s, err := gormstore.Open(ctx, url, 1, true, nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Close(ctx); err != nil {
					t.Fatal(err)
				}
				if err := gormstore.MigrateDownTo(ctx, url, version); err != nil {
					t.Fatal(err)
				}
				before := schema(t, url)
				var bytes []string
				if !strings.Contains(url, "://") {
					bytes = files(t, filepath.Dir(url))
				}
				got, broken, err := gormstore.FindConflicts(ctx, url)
				if err != nil || len(broken) > 0 || got.Version != version || got.Target != newestSchema(t) {
					t.Errorf("got %+v, %v, %v", got, broken, err)
				}
				if bytes != nil && !slices.Equal(bytes, files(t, filepath.Dir(url))) {
					t.Error("the file changed, or another one is beside it")
				}
				if diff := cmp.Diff(before, schema(t, url)); diff != "" {
					t.Errorf("(-before +after):\n%s", diff)
				}
			})
		})
	}
	folder := t.TempDir()
	for _, url := range []string{filepath.Join(folder, "missing.db"), "file:" + folder + "/missing.db", "file:" + folder + "/missing.db?mode=rwc"} {
		if _, _, err := gormstore.FindConflicts(t.Context(), url); err == nil || len(files(t, folder)) > 0 {
			t.Errorf("%s: got %v, %q", url, err, files(t, folder))
		}
	}
}

func TestOpenToRead_refusesWrites(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		db, err := database.OpenToRead(t.Context(), d.migrated(t), 1)
		if err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		for _, statement := range []string{"UPDATE users SET name = ''", "CREATE TABLE a (b integer)"} {
			if _, err := db.Pool.ExecContext(t.Context(), statement); err == nil {
				t.Errorf("%s: %s: got no error", d.name, statement)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
