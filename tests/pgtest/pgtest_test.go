package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"gatehouse/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var migrations atomic.Int32

// migrate stands for a store's migrations. It forgets its connection on
// purpose: that must not keep the template from being copied.
func migrate(dsn string) error {
	migrations.Add(1)
	c, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		return err
	}
	_, err = c.Exec(context.Background(), "CREATE TABLE names (name text PRIMARY KEY); INSERT INTO names VALUES ('seed')")
	return err
}

func TestOpen_template(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			c := connect(t, pgtest.Open(t, migrate))
			// The key would clash if two tests shared a database.
			if _, err := c.Exec(t.Context(), "INSERT INTO names VALUES ('mine')"); err != nil {
				t.Fatal(err)
			}
			if got := query[int](t, c, "SELECT count(*) FROM names"); got != 2 {
				t.Errorf("got %d rows, want the seed and mine", got)
			}
			if got := migrations.Load(); got != 1 {
				t.Errorf("migrated %d times, want once", got)
			}
		})
	}
}

func TestOpen_empty(t *testing.T) {
	t.Parallel()
	c := connect(t, pgtest.Open(t))
	if got := query[int](t, c, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"); got != 0 {
		t.Errorf("got %d tables, want none", got)
	}
	if got := query[string](t, c, "SELECT min(v) FROM (VALUES ('B'), ('a')) AS s (v)"); got != "a" {
		t.Logf("this server sorts %q first: too old for ICU, so it hides queries that forget their order", got)
	}
}

func TestOpen_dropped(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("test", func(t *testing.T) {
		dsn = pgtest.Open(t)
		connect(t, dsn)
		if _, err := pgx.Connect(t.Context(), dsn); err != nil { // left open, on purpose
			t.Fatal(err)
		}
	})
	if _, err := pgx.Connect(t.Context(), dsn); err == nil {
		t.Errorf("the database outlived its test")
	}
}

func TestOpen_failing(t *testing.T) {
	t.Parallel()
	failed := false
	t.Run("test", func(t *testing.T) {
		pgtest.Open(&fatal{TB: t, failed: &failed}, func(string) error { return errors.New("no") })
	})
	if !failed {
		t.Errorf("a failing migration went unnoticed")
	}
}

// fatal is a test that notes its failure, and skips instead.
type fatal struct {
	testing.TB
	failed *bool
}

func (f *fatal) Fatalf(format string, args ...any) {
	*f.failed = true
	f.Skipf(format, args...)
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		pgtest.Open(b, migrate)
	}
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func query[T any](t *testing.T, c *pgx.Conn, sql string) (value T) {
	t.Helper()
	if err := c.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}
