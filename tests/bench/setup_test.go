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

// setup is a server in this process, on a database with a world.
type setup struct {
	world
	heads
	url    string
	server string
}

// databases make a database with a world, and return its URL.
var databases = map[string]func(testing.TB, world) (url string){"postgres": postgresDatabase, "sqlite": sqliteDatabase}

func newSetup(t testing.TB, w world, database func(testing.TB, world) string) *setup {
	t.Helper()
	url := database(t, w)
	return &setup{w, newHeads(), url, serve(t, url)}
}

func postgresDatabase(t testing.TB, w world) (url string) {
	t.Helper()
	url = pgtest.Open(t)
	fillPostgres(t, w, url)
	return url
}

func sqliteDatabase(t testing.TB, w world) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "gatehouse.db")
	migrate(t, file)
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	w.fill(t, onSQLite, func(ctx context.Context, query string) error {
		_, err := db.ExecContext(ctx, query)
		return err
	})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

// fillPostgres inserts the world into a new database.
func fillPostgres(t testing.TB, w world, url string) {
	t.Helper()
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
}

func migrate(t testing.TB, url string) {
	t.Helper()
	settings := config.Default()
	settings.Database.URL = config.URL(url)
	if _, _, err := bootstrap.Migrate(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
}

// fill inserts the world into a database. It reports the progress of a large one.
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
	report("the large world is complete")
}
