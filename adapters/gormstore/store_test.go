package gormstore_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"gatehouse/adapters/gormstore"
	"gatehouse/tests/pgtest"
	"gatehouse/tests/stores"
)

func TestMain(m *testing.M) {
	migrateSpawned()
	// Most of a case's time on PostgreSQL is waiting for it.
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	os.Exit(pgtest.Main(m))
}

// databases make a fresh database of each kind and return its URL: an empty
// one, or one that is migrated.
var databases = []struct {
	name            string
	empty, migrated func(testing.TB) string
}{
	{"sqlite", func(t testing.TB) string { return filepath.Join(t.TempDir(), "gatehouse.db") }, stores.SQLiteFile},
	{"postgres", func(t testing.TB) string { return pgtest.Open(t) }, stores.PostgresURL},
}

// runner is what tests and benchmarks have in common.
type runner[T any] interface {
	testing.TB
	Run(name string, f func(T)) bool
}

// each runs check on a fresh store in each kind of database.
func each[T runner[T]](t T, check func(t T, s *gormstore.Store)) {
	for _, d := range databases {
		t.Run(d.name, func(t T) {
			if t, ok := any(t).(*testing.T); ok {
				t.Parallel()
			}
			check(t, open(t, d.migrated(t)))
		})
	}
}

// open opens a store, and closes it after the test.
func open(t testing.TB, url string) *gormstore.Store {
	t.Helper()
	s, err := gormstore.Open(t.Context(), url, 8, true, stores.Sealer("one"))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}
