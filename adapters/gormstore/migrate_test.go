package gormstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gormstore"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

// eachURL runs check on a fresh, empty database of each kind.
func eachURL(t *testing.T, check func(t *testing.T, url string)) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			check(t, d.empty(t))
		})
	}
}

// schema is the tables and indexes of a database, with their text on SQLite
// and their columns on PostgreSQL.
func schema(t *testing.T, url string) []string {
	t.Helper()
	driver, query := "sqlite", "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose%'"
	if strings.HasPrefix(url, "postgres") {
		driver, query = "pgx", `
			SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%'
			UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%'
			UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
			WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE 'goose%'`
	}
	pool, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	rows, err := pool.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func TestMigrate_upDownUp(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string) {
		before, err := gormstore.Migrate(t.Context(), url)
		if err != nil || before.Version != 0 || before.Target == 0 {
			t.Fatalf("Migrate: got %+v, %v", before, err)
		}
		first := schema(t, url)
		again, err := gormstore.Migrate(t.Context(), url)
		if err != nil || again.Version != before.Target || again.Check() != nil {
			t.Fatalf("Migrate again: got %+v, %v", again, err)
		}
		if err := gormstore.MigrateDown(t.Context(), url); err != nil {
			t.Fatalf("down: %v", err)
		}
		if left := schema(t, url); len(left) > 0 {
			t.Errorf("after going down there are %q", left)
		}
		if _, err := gormstore.Migrate(t.Context(), url); err != nil {
			t.Fatalf("up again: %v", err)
		}
		if diff := cmp.Diff(first, schema(t, url)); diff != "" || len(first) < 40 {
			t.Errorf("schema, first and second time (-first +second):\n%s", diff)
		}
	})
}

// routes are all routes of a database, in order.
func routes(t *testing.T, s *gormstore.Store) []string {
	t.Helper()
	return cells(t, s, "SELECT path || ' ' || coalesce('namespace ' || namespace_id, '') || coalesce('project ' || project_id, '') FROM routes ORDER BY path")
}

// TestMigrate_routes migrates a database with the schema before routes, in which a
// project and a namespace may have the same path.
func TestMigrate_routes(t *testing.T) {
	t.Parallel()
	const before = 12
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		populate(t, s)
		want := routes(t, s)
		exec := func(query string) {
			t.Helper()
			if _, err := s.Pool().ExecContext(t.Context(), query); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
		}
		if err := gormstore.MigrateDownTo(t.Context(), url, before); err != nil {
			t.Fatal(err)
		}
		old := schema(t, url)
		exec("UPDATE projects SET path = 'ACME/tools' WHERE id = 42")
		exec("UPDATE projects SET path = 'OWNER' WHERE id = 43")
		_, err := gormstore.Migrate(t.Context(), url)
		for _, part := range []string{`project 42 and group 51 have the same path "ACME/tools"`, `project 43 and user 4 have the same path "OWNER"`} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("two rows of one path: got %v, want one with %q", err, part)
			}
		}
		if got, err := gormstore.ReadSchema(t.Context(), url); err != nil || got.Version != before {
			t.Errorf("after the refusal: got %+v, %v", got, err)
		}
		if diff := cmp.Diff(old, schema(t, url)); diff != "" {
			t.Errorf("after the refusal (-before +after):\n%s", diff)
		}
		exec("UPDATE projects SET path = 'Acme/Tools/CLI' WHERE id = 42")
		exec("UPDATE projects SET path = 'owner/own' WHERE id = 43")
		if _, err := gormstore.Migrate(t.Context(), url); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, routes(t, s)); diff != "" || len(want) < 8 {
			t.Errorf("routes (-before +after):\n%s", diff)
		}
		unit(t, s, func(r worldimport.Tx) { seed{t, t.Context(), r}.group(acme, "corp") })
		got, err := s.Directory.Standing(t.Context(), source.Inquiry{Target: byPath("acme/tools/cli"), Now: now})
		if err != nil || got.Project.ID != cli || !got.Moved {
			t.Errorf("a group renamed after it: got project %d, moved %t, %v", got.Project.ID, got.Moved, err)
		}
	})
}

func TestMigrate_severalAtOnce(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string) {
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			wg.Go(func() {
				s, err := gormstore.Open(t.Context(), url, 1, true, stores.Sealer("one"))
				if err == nil {
					err = s.Close(t.Context())
				}
				errs[i] = err
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
	})
}

func TestOpen_olderSchema(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string) {
		_, err := gormstore.Open(t.Context(), url, 1, false, stores.Sealer("one"))
		if err == nil || !strings.Contains(err.Error(), "gatehouse migrate") {
			t.Errorf("got %v", err)
		}
		if got, err := gormstore.ReadSchema(t.Context(), url); err != nil || got.Version != 0 {
			t.Errorf("ReadSchema: got %+v, %v", got, err)
		}
		if tables := schema(t, url); len(tables) > 0 {
			t.Errorf("there are %q", tables)
		}
	})
}

// TestOpen_newerSchema opens a database of a made-up newer schema, which records one
// oldest program or another, or none.
func TestOpen_newerSchema(t *testing.T) {
	t.Parallel()
	const newer = 99999
	record := func(oldest int64) string {
		return fmt.Sprintf("INSERT INTO schema_compatibility (version, oldest) VALUES (%d, %d)", newer, oldest)
	}
	target := newestSchema(t)
	for name, c := range map[string]struct {
		change string
		oldest int64
		want   string // the advice of the error; empty for none
	}{
		"this program is the oldest": {record(target), target, ""},
		"older programs may run":     {record(target - 1), target - 1, ""},
		"a newer program is needed":  {record(target + 1), target + 1, fmt.Sprintf("a gatehouse of schema %d or newer", target+1)},
		"only the newest may run":    {record(newer), newer, "run a newer gatehouse, or restore a backup"},
		"no row for it":              {"", 0, "run the newer gatehouse that migrated it"},
		"no table":                   {"DROP TABLE schema_compatibility", 0, "run the newer gatehouse that migrated it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachURL(t, func(t *testing.T, url string) {
				s := open(t, url)
				for _, statement := range []string{c.change, fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, true)", newer)} {
					if _, err := s.Pool().ExecContext(t.Context(), statement); err != nil {
						t.Fatal(err)
					}
				}
				tables := schema(t, url)
				wrong := func(err error) bool {
					if c.want == "" {
						return err != nil
					}
					return err == nil || !strings.Contains(err.Error(), c.want) ||
						!strings.Contains(err.Error(), fmt.Sprint(newer)) || !strings.Contains(err.Error(), fmt.Sprint(target))
				}
				for _, migrate := range []bool{false, true} {
					opened, err := gormstore.Open(t.Context(), url, 1, migrate, stores.Sealer("one"))
					if wrong(err) {
						t.Errorf("Open, migrate=%t: got %v, want %q", migrate, err, c.want)
					}
					if err == nil {
						err = opened.Close(t.Context())
					}
					if c.want == "" && err != nil {
						t.Errorf("Close, migrate=%t: got %v", migrate, err)
					}
				}
				want := gormstore.Schema{Version: newer, Target: target, Oldest: c.oldest}
				if before, err := gormstore.Migrate(t.Context(), url); before != want || wrong(err) {
					t.Errorf("Migrate: got %+v, %v, want %+v, %q", before, err, want, c.want)
				}
				got, err := gormstore.ReadSchema(t.Context(), url)
				if err != nil || got != want || wrong(got.Check()) || got.ServesNewer() != (c.want == "") {
					t.Errorf("ReadSchema: got %+v, %v, want %+v, %q", got, err, want, c.want)
				}
				if diff := cmp.Diff(tables, schema(t, url)); diff != "" {
					t.Errorf("the newer schema changed (-before +after):\n%s", diff)
				}
			})
		})
	}
}

// newestSchema returns the schema of this program.
func newestSchema(t *testing.T) int64 {
	t.Helper()
	found, err := gormstore.ReadSchema(t.Context(), filepath.Join(t.TempDir(), "empty.db"))
	if err != nil {
		t.Fatal(err)
	}
	return found.Target
}

// TestMigrate_audit goes down to the schema whose programs know no event but Git
// commands: of all others nothing is left.
func TestMigrate_audit(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		project := audit.Object{Kind: audit.Project, ID: 42, Path: "acme/cli"}
		command := audit.Event{At: world.Now, Action: "git-upload-pack", Outcome: audit.Done, Entity: project, Git: &audit.GitCommand{Repository: "project-42"}}
		refused, write := command, audit.Event{At: world.Now, Action: "project.create", Outcome: audit.Done, Entity: project, After: audit.Values{}}
		refused.Outcome, refused.Decision = audit.Refused, &audit.Decision{Rule: "block"}
		if err := s.AuditLog.Append(t.Context(), refused, command, write); err != nil {
			t.Fatal(err)
		}
		if err := gormstore.MigrateDownTo(t.Context(), url, 13); err != nil {
			t.Fatal(err)
		}
		var count int
		var action string
		if err := s.Pool().QueryRowContext(t.Context(), "SELECT count(*), min(action) FROM audit_events").Scan(&count, &action); err != nil || count != 1 || action != command.Action {
			t.Errorf("got %d events, the first is %q, %v", count, action, err)
		}
	})
}

// TestMigrate_management migrates rows of the schema before the columns of the management
// API, and then writes some as programs of that schema do.
func TestMigrate_management(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string) {
		s, exec := older(t, url, 17)
		exec("UPDATE users SET name = 'Dede / E.' WHERE id = 2")
		if _, err := gormstore.Migrate(t.Context(), url); err != nil {
			t.Fatal(err)
		}
		exec(
			addUser(1001, ""), addUser(1002, ""), addUser(1003, "a@example.com"), addProtection(1001, "branch", "Main"), addProtection(1002, "tag", "Main"),
			"INSERT INTO namespaces (id, path, visibility, allowed_ips, protocols, require_ssh_certificates, pending_delete, hidden) VALUES (1001, 'new', 'private', '[]', 'all', false, false, false)",
			"UPDATE members SET created_by = 1001", "UPDATE shares SET created_by = 1001", "UPDATE projects SET creator_id = 1001", "UPDATE users SET created_by = 1001 WHERE id = 1002",
			"DELETE FROM users WHERE id = 1001",
		)
		for _, c := range []struct {
			query string
			want  []string
		}{
			{"SELECT id || ' ' || path || ': ' || name FROM namespaces WHERE owner_id IS NULL OR id = (SELECT id FROM namespaces WHERE owner_id = 2) ORDER BY owner_id IS NULL, id",
				[]string{"1 Dede: Dede / E.", "50 Acme: Acme", "51 Acme/Tools: Tools", "52 guests: guests", "1001 new: "}},
			{"SELECT path || ': ' || name || ' ' || topics || ' ' || settings || ' ' || object_format FROM projects ORDER BY id", []string{"Acme/Tools/CLI: CLI [] {} sha1", "owner/own: own [] {} sha1"}},
			{"SELECT count(*) FROM users WHERE can_create_group AND projects_limit = 100000 AND note = '' AND settings = '{}' AND created_at IS NULL AND updated_at IS NULL AND last_activity_on IS NULL", []string{"6"}},
			{"SELECT count(*) FROM namespaces WHERE lfs IS NULL AND project_creation = 'developer' AND subgroup_creation = 'maintainer' AND NOT share_lock AND NOT membership_lock AND NOT require_two_factor", []string{"8"}},
			{"SELECT created_by FROM members UNION SELECT created_by FROM shares UNION SELECT creator_id FROM projects UNION SELECT created_by FROM users", []string{""}},
		} {
			if diff := cmp.Diff(c.want, cells(t, s, c.query)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.query, diff)
			}
		}
		for _, refused := range []string{addUser(1004, "A@example.com"), addProtection(1003, "branch", "Main"), addProtection(1004, "branch", "main")} {
			if _, err := s.Pool().ExecContext(t.Context(), refused); err == nil {
				t.Errorf("%s: got no error", refused)
			}
		}
	})
}

// TestMigrations_recordOldestProgram goes down from the newest schema, step by step: from
// schema 15 on each records the oldest schema whose program may run on it, in its own row.
// No schema takes back what an earlier one refused.
func TestMigrations_recordOldestProgram(t *testing.T) {
	t.Parallel()
	const first = 15
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		for later := newestSchema(t); ; {
			found, err := gormstore.ReadSchema(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			if found.Version < first {
				break
			}
			var newest, oldest int64
			const query = "SELECT version, oldest FROM schema_compatibility ORDER BY version DESC LIMIT 1"
			if err := s.Pool().QueryRowContext(t.Context(), query).Scan(&newest, &oldest); err != nil {
				t.Fatalf("schema %d: %v", found.Version, err)
			}
			if newest != found.Version || oldest > newest || oldest > later || oldest < first {
				t.Errorf("schema %d: the last row is (%d, %d), want (%d, %d to %d)", found.Version, newest, oldest, found.Version, first, min(later, newest))
			}
			later = oldest
			if err := gormstore.MigrateDownTo(t.Context(), url, found.Version-1); err != nil {
				t.Fatalf("down from schema %d: %v", found.Version, err)
			}
		}
	})
}

func TestOpen_badURL(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	missing := filepath.Join(t.TempDir(), "no", "such", "folder", secret+".db")
	for url, want := range map[string]string{
		"postgres://gatehouse:" + secret + "@127.0.0.1:1/gatehouse":                  "PostgreSQL",
		"postgres://gatehouse:" + secret + "/x@127.0.0.1/gatehouse":                  "%XX",
		"postgres://gatehouse:" + secret + "%@127.0.0.1/gatehouse":                   "%XX",
		"postgres://gatehouse:" + secret + "@" + secret + "@127.0.0.1:1/gatehouse":   "%XX",
		"postgres://gatehouse:" + secret + "@x," + secret + "@127.0.0.1:1/gatehouse": "%XX",
		"postgres://127.0.0.1:1/gatehouse?password=" + secret + "&connect_timeout=2": "PostgreSQL",
		"postgres://127.0.0.1:1/gatehouse?password=" + secret + "&sslmode=perhaps":   "%XX",
		"mysql://gatehouse:" + secret + "@127.0.0.1/gatehouse":                       "only postgres://",
		":memory:": "memory:",
		missing:    "no such file",
	} {
		_, err := gormstore.Open(t.Context(), url, 1, true, stores.Sealer("one"))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v, want one with %q", url, err, want)
		}
	}
}

func TestOpen_unreachable(t *testing.T) {
	t.Parallel()
	_, err := gormstore.Open(t.Context(), "postgres://gatehouse:s3cr3t@127.0.0.1:1/gatehouse", 1, true, stores.Sealer("one"))
	if !errors.Is(err, domain.Unavailable) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, d := range databases {
		if _, err := gormstore.Open(ctx, d.empty(t), 1, true, stores.Sealer("one")); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: got %v", d.name, err)
		}
	}
}

func TestOpen_file(t *testing.T) {
	t.Parallel()
	odd := filepath.Join(t.TempDir(), "100% odd?name#here & more.db")
	open(t, odd)
	info, err := os.Stat(odd)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v; want a file for its owner alone", info, err)
	}
	plain := filepath.Join(t.TempDir(), "plain.db")
	populate(t, open(t, "file:"+plain+"?mode=rwc"))
	s := open(t, plain)
	if _, err := s.Actors.KeyByFingerprint(t.Context(), "laptop"); err != nil {
		t.Errorf("the same file by its path: %v", err)
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "10000", "secure_delete": "1"} {
		var got string
		if err := s.Pool().QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %q, %v", pragma, got, err)
		}
	}
}

// TestOpen_fileURL wants the files of a database that a URL names to be for their owner
// alone, as those at a path are.
func TestOpen_fileURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ prefix, name, suffix, file string }{
		"absolute":          {"file:", "a.db", "", "a.db"},
		"mode":              {"file:", "a.db", "?mode=rwc", "a.db"},
		"another parameter": {"file:", "a.db", "?cache=private&x=%20", "a.db"},
		"fragment":          {"file:", "a.db", "?mode=rwc#there", "a.db"},
		"no host":           {"file://", "a.db", "", "a.db"},
		"this host":         {"file://localhost", "a.db", "?mode=rwc", "a.db"},
		"escaped":           {"file:", "100%25%20od%3fd%23+.db", "", "100% od?d#+.db"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			open(t, c.prefix+folder+"/"+c.name+c.suffix)
			wantOwnerOnly(t, folder, c.file)
		})
	}
}

// wantOwnerOnly wants a folder to have the files of one SQLite database that is open,
// which only their owner can read.
func wantOwnerOnly(t *testing.T, folder, name string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(filepath.Join(folder, name+suffix))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v; want a file for its owner alone", info, err)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 3 {
		t.Errorf("got %v, %v, want three files", entries, err)
	}
}

func TestOpen_fileURL_relative(t *testing.T) { // not parallel: it changes the working folder
	folder := t.TempDir()
	t.Chdir(folder)
	open(t, "file:a%20b.db?mode=rwc")
	wantOwnerOnly(t, folder, "a b.db")
}

// TestOpen_fileURL_none wants no file where SQLite itself would make none.
func TestOpen_fileURL_none(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"?mode=memory&cache=shared", "?mode=ro", "?mode=rw", "?mode=rwc&mode=rw"} {
		folder := t.TempDir()
		s, err := gormstore.Open(t.Context(), "file:"+folder+"/a.db"+suffix, 1, true, stores.Sealer("one"))
		if err == nil {
			err = s.Close(t.Context())
		} else if strings.HasPrefix(suffix, "?mode=r") {
			err = nil
		}
		if entries, readErr := os.ReadDir(folder); err != nil || readErr != nil || len(entries) > 0 {
			t.Errorf("%s: got %v, %v, %v, want no file", suffix, entries, err, readErr)
		}
	}
	for _, url := range []string{"file:/tmp/s3cr3t%zz", "file:/tmp/a?%zz=s3cr3t", "file:/no/such/folder/s3cr3t.db", "file:/tmp/s3cr3t%00.db"} {
		_, err := gormstore.Open(t.Context(), url, 1, true, stores.Sealer("one"))
		if err == nil || !strings.Contains(err.Error(), "database.url") || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: got %v", url, err)
		}
	}
}
