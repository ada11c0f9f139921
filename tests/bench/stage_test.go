package bench_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/pgtest"
)

// stage is a server on a database that holds a world, and the floors on the
// same database, by their addresses.
type stage struct {
	world
	heads
	server string
	floor  string
	// statement runs the server's own one for /allowed; empty on SQLite.
	statement string
}

func postgresStage(t testing.TB, w world) *stage {
	t.Helper()
	url := pgtest.Open(t)
	migrate(t, url)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	w.fill(t, onPostgres, func(ctx context.Context, query string) error {
		_, err := conn.Exec(ctx, query)
		return err
	})
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &stage{world: w}
	s.server, s.heads = serve(t, url)
	pool := openPgx(t, url)
	s.floor = listen(t, floor(byDirectRole(askPgx(pool)), askPgx(pool)))
	s.statement = listen(t, floor(byStanding(t, pool), askPgx(pool)))
	return s
}

func sqliteStage(t testing.TB, w world) *stage {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gatehouse.db")
	migrate(t, file)
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w.fill(t, onSQLite, func(ctx context.Context, query string) error {
		_, err := db.ExecContext(ctx, query)
		return err
	})
	s := &stage{world: w}
	s.server, s.heads = serve(t, file)
	ask := askSQL(t, db)
	s.floor = listen(t, floor(byDirectRole(ask), ask))
	return s
}

func migrate(t testing.TB, url string) {
	t.Helper()
	settings := config.Default()
	settings.Database.URL = config.URL(url)
	if _, _, err := bootstrap.Migrate(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
}

// fill brings the world into a database. Of a large one it says how it gets on.
func (w world) fill(t testing.TB, d dialect, exec func(ctx context.Context, query string) error) {
	t.Helper()
	start := time.Now()
	report := func(what string) {
		if w == large && what != "" {
			fmt.Fprintf(os.Stderr, "bench: %4.0f s %s\n", time.Since(start).Seconds(), what)
		}
	}
	for _, s := range w.filling(d) {
		report(s.what)
		if err := exec(t.Context(), s.sql); err != nil {
			t.Fatalf("%s: %v", s.sql, err)
		}
	}
	report("the large world is there")
}
