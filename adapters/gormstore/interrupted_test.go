package gormstore_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gormstore"
)

// migrateVariable is the environment variable that makes the test binary migrate the
// database of that URL.
const migrateVariable = "GORMSTORE_TEST_MIGRATE"

// migrateSpawned migrates and ends the process, if TestMigrate_interrupted has started it.
func migrateSpawned() {
	url, ok := os.LookupEnv(migrateVariable)
	if !ok {
		return
	}
	if _, err := gormstore.Migrate(context.Background(), url); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// interruptions begin a migration, and return what ends it at once.
var interruptions = map[string]func(t *testing.T, url string) (end func()){
	"killed": func(t *testing.T, url string) func() {
		process, err := os.StartProcess(os.Args[0], os.Args[:1], &os.ProcAttr{Env: append(os.Environ(), migrateVariable+"="+url)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = process.Kill() }) // unless it has ended
		return func() {
			_ = process.Kill() // unless it has ended
			if state, err := process.Wait(); err != nil || state.Exited() {
				t.Errorf("the process that migrates ended before it was killed: %v, %v", state, err)
			}
		}
	},
	"cancelled": func(t *testing.T, url string) func() {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := gormstore.Migrate(ctx, url)
			done <- err
		}()
		return func() {
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("Migrate: got %v, want that it was cancelled", err)
			}
		}
	},
}

// hold makes the migration to schema 18 wait when it has changed some tables. within says
// whether it does, release lets the next one go on.
func hold(t *testing.T, url string, s *gormstore.Store, exec func(...string)) (within func() bool, release func()) {
	t.Helper()
	if !s.OnPostgres() {
		exec("CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
			"CREATE TRIGGER hold BEFORE UPDATE ON projects BEGIN SELECT count(*) FROM endless; END")
		other, err := sql.Open("sqlite", url+"?_txlock=immediate") // which does not wait for another writer
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = other.Close() })
		return func() bool {
			tx, err := other.BeginTx(t.Context(), nil)
			if err == nil {
				err = tx.Rollback()
			}
			return err != nil
		}, func() { exec("DROP TRIGGER hold", "DROP VIEW endless") }
	}
	tx, err := s.Pool().BeginTx(t.Context(), nil)
	if err == nil {
		_, err = tx.ExecContext(t.Context(), "LOCK TABLE schema_compatibility IN SHARE MODE") // which the migration writes last
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() bool {
			return len(cells(t, s, "SELECT pid FROM pg_locks WHERE relation = 'schema_compatibility'::regclass AND NOT granted")) > 0
		}, func() {
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
		}
}

// TestMigrate_interrupted ends a migration half-way: nothing of it is left, and a second
// one completes it.
func TestMigrate_interrupted(t *testing.T) {
	t.Parallel()
	const before = 17
	for name, begin := range interruptions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachURL(t, func(t *testing.T, url string) {
				want := schema(t, migratedTwin(t, url))
				s, exec := older(t, url, before)
				old, rows := schema(t, url), contents(t, s)
				within, release := hold(t, url, s, exec)
				end := begin(t, url)
				awaitTrue(t, "the migration", within)
				end()
				release()
				if got, err := gormstore.ReadSchema(t.Context(), url); err != nil || got.Version != before {
					t.Errorf("half-way: got %+v, %v", got, err)
				}
				if diff := cmp.Diff(old, schema(t, url)) + cmp.Diff(rows, contents(t, s)); diff != "" {
					t.Errorf("half-way (-before +after):\n%s", diff)
				}
				if _, err := gormstore.Migrate(t.Context(), url); err != nil {
					t.Fatalf("the second migration: %v", err)
				}
				if diff := cmp.Diff(want, schema(t, url)) + cmp.Diff(rows, contents(t, s)); diff != "" {
					t.Errorf("in the end (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// awaitTrue returns once done is true.
func awaitTrue(t *testing.T, what string, done func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(time.Minute); !done(); <-look.C {
		if time.Now().After(deadline) {
			t.Fatalf("timeout while waiting for %s", what)
		}
	}
}

// migratedTwin returns the URL of another database of the same kind, of this program's
// schema.
func migratedTwin(t *testing.T, url string) string {
	t.Helper()
	for _, d := range databases {
		if (d.name == "postgres") == strings.Contains(url, "://") {
			return d.migrated(t)
		}
	}
	return ""
}

// TestMigrate_deadlock has the migration and a reader wait for each other, as while an
// earlier program serves: PostgreSQL ends the migration, and it is tried again.
func TestMigrate_deadlock(t *testing.T) {
	t.Parallel()
	url := databases[1].empty(t)
	s, _ := older(t, url, 17)
	begin := func(statements ...string) *sql.Tx {
		t.Helper()
		tx, err := s.Pool().BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range statements {
			if _, err := tx.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		return tx
	}
	waitFor := func(table string) {
		t.Helper()
		awaitTrue(t, "a lock of "+table, func() bool {
			return len(cells(t, s, "SELECT pid FROM pg_locks WHERE relation = '"+table+"'::regclass AND NOT granted")) > 0
		})
	}
	first := begin("LOCK TABLE projects IN ACCESS SHARE MODE")
	reader := begin("SET LOCAL deadlock_timeout = '5min'", "LOCK TABLE hooks IN ACCESS SHARE MODE")
	migrated, read := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := gormstore.Migrate(t.Context(), url)
		migrated <- err
	}()
	waitFor("projects")
	go func() {
		_, err := reader.ExecContext(t.Context(), "SELECT count(*) FROM users")
		read <- errors.Join(err, reader.Rollback())
	}()
	waitFor("users")
	if err := first.Rollback(); err != nil {
		t.Error(err)
	}
	if err := <-read; err != nil {
		t.Errorf("the reader: %v", err)
	}
	if err := <-migrated; err != nil {
		t.Errorf("Migrate: %v", err)
	}
}
