// Package stores opens the stores that tests run on: each one fresh, and empty
// or a copy of a database that was migrated once in this process.
package stores

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/memory"
	"gatehouse/adapters/seal"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/pgtest"
)

// Factory opens a store; the caller closes it.
type Factory func(t testing.TB) bootstrap.Ports

// Memory opens a store in memory.
func Memory(testing.TB) bootstrap.Ports {
	return bootstrap.MemoryPorts(memory.New())
}

// SQLite opens a migrated SQLite database, a file of the test's own.
func SQLite(t testing.TB) bootstrap.Ports { return Gorm(t, SQLiteFile(t), false) }

// SQLiteFile returns the path of a migrated SQLite database, the test's own.
func SQLiteFile(t testing.TB) string {
	t.Helper()
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "gatehouse.db")
	if err := os.WriteFile(file, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// sqliteTemplate is the content of a database that was migrated.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "stores")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "gatehouse.db")
	if err := migrate(file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// Postgres opens a migrated PostgreSQL database that no other test uses at the
// same time. Through the ports no test can change more than its rows.
func Postgres(t testing.TB) bootstrap.Ports { return Gorm(t, pgtest.Reuse(t, migrate), false) }

// Batched is Postgres with every look-up asked as several at once are.
func Batched(t testing.TB) bootstrap.Ports {
	t.Helper()
	limits := gormstore.Limits{
		Connections: poolSize, Lookups: gormstore.UsualLookups, Batched: true,
		Failed: func(err error) { t.Errorf("a batch failed: %v", err) },
	}
	s, err := gormstore.New(pgtest.Reuse(t, migrate), limits, false, Sealer("one"))
	if err == nil {
		err = s.Connect(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return bootstrap.GormPorts(s)
}

// PostgresURL returns the URL of a migrated PostgreSQL database of the test's
// own.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return pgtest.Open(t, migrate)
}

// Own returns the URL of a migrated database, the test's own, on a server that is the
// test's own too.
func Own(t testing.TB, server *pgtest.Owned) string {
	t.Helper()
	return server.Open(t, migrate)
}

func migrate(url string) error {
	s, err := gormstore.Open(context.Background(), url, 1, true, Sealer("one"))
	if err != nil {
		return err
	}
	return s.Close(context.Background())
}

// poolSize is less than subject.Goroutines, so that concurrency cases also wait
// for connections.
const poolSize = 5

// Gorm opens the database at url, and migrates it if asked to.
func Gorm(t testing.TB, url string, migrate bool) bootstrap.Ports {
	s, err := gormstore.Open(t.Context(), url, poolSize, migrate, Sealer("one"))
	if err != nil {
		t.Fatal(err)
	}
	return bootstrap.GormPorts(s)
}

// Redis opens the store at url with counters and notices in the Redis at
// address.
func Redis(t testing.TB, url, address string) bootstrap.Ports {
	settings := config.Default()
	settings.Database.URL, settings.Redis.URL = config.URL(url), config.URL(RedisURL(address))
	settings.Instance.KeyFile = filepath.Join(t.TempDir(), "instance")
	if err := os.WriteFile(settings.Instance.KeyFile, []byte(strings.Repeat("key-", 8)), 0o600); err != nil {
		t.Fatal(err)
	}
	ports, err := bootstrap.OpenPorts(t.Context(), settings, zap.NewNop())
	if err == nil {
		err = ports.Unlock(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return ports.Ports
}

// RedisURL returns the URL of the Redis at address. A busy machine may take its time.
func RedisURL(address string) string { return "redis://" + address + "?read_timeout=1m" }

// Sealer seals with a key that is always open. It also opens what the previous keys
// sealed.
func Sealer(key string, previous ...string) gormstore.Sealer {
	var older [][]byte
	for _, p := range previous {
		older = append(older, []byte(p))
	}
	return sealer{seal.New([]byte(key), older...)}
}

type sealer struct{ box *seal.Box }

// Seal implements gormstore.Sealer.
func (s sealer) Seal(text, place string) (string, error) { return s.box.Seal(text, place), nil }

// Open implements gormstore.Sealer.
func (s sealer) Open(sealed, place string) (string, error) { return s.box.Open(sealed, place) }

// Prefix implements gormstore.Sealer.
func (s sealer) Prefix() (string, error) { return s.box.Prefix(), nil }

// Foreign implements gormstore.Sealer.
func (s sealer) Foreign(sealed string) (bool, error) { return s.box.Foreign(sealed), nil }

// Digests implements gormstore.Sealer.
func (s sealer) Digests(text string) ([]string, error) { return s.box.Digests(text), nil }

// Fresh opens a store and closes it after the test.
func Fresh(t testing.TB, open Factory) bootstrap.Ports {
	ports := open(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := ports.Store.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return ports
}
