package contract_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/memory"
	"gatehouse/bootstrap"
	"gatehouse/tests/contract"
	"gatehouse/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestMemory(t *testing.T)   { contract.Run(t, memoryRow) }
func TestSQLite(t *testing.T)   { contract.Run(t, sqliteRow) }
func TestPostgres(t *testing.T) { contract.Run(t, postgresRow) }

func TestSQLite_durable(t *testing.T)   { contract.Durable(t, sqlitePlace) }
func TestPostgres_durable(t *testing.T) { contract.Durable(t, postgresPlace) }

// TestMemory_walk keeps the walk itself honest: two of one kind never part.
func TestMemory_walk(t *testing.T)   { walks(t, memoryRow) }
func TestSQLite_walk(t *testing.T)   { walks(t, sqliteRow) }
func TestPostgres_walk(t *testing.T) { walks(t, postgresRow) }

var seeds = flag.Uint64("seeds", 3, "how many walks are taken on each store")

// walks takes walks on memory and another store.
func walks(t *testing.T, open contract.Factory) {
	for seed := range *seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			contract.Walk(t, memoryRow, open, seed, 50)
		})
	}
}

// A row is a store, fresh and empty. Databases are copies of one that was
// migrated once.

func memoryRow(testing.TB) bootstrap.Ports { return bootstrap.MemoryPorts(memory.New()) }

func sqliteRow(t testing.TB) bootstrap.Ports {
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "gatehouse.db")
	if err := os.WriteFile(file, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return gorm(t, file, false)
}

// sqliteTemplate is the file of a database that was migrated.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "contract")
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

func postgresRow(t testing.TB) bootstrap.Ports {
	return gorm(t, pgtest.Open(t, migrate), false)
}

func migrate(url string) error {
	s, err := gormstore.Open(context.Background(), url, 1, true)
	if err != nil {
		return err
	}
	return s.Close(context.Background())
}

// A place is a store that can be opened again.

func sqlitePlace(t testing.TB) contract.Factory {
	file := filepath.Join(t.TempDir(), "gatehouse.db")
	return func(t testing.TB) bootstrap.Ports { return gorm(t, file, true) }
}

func postgresPlace(t testing.TB) contract.Factory {
	url := pgtest.Open(t)
	return func(t testing.TB) bootstrap.Ports { return gorm(t, url, true) }
}

// poolSize leaves something to wait for to the eight that concurrency cases
// start.
const poolSize = 5

func gorm(t testing.TB, url string, migrate bool) bootstrap.Ports {
	s, err := gormstore.Open(t.Context(), url, poolSize, migrate)
	if err != nil {
		t.Fatal(err)
	}
	return bootstrap.GormPorts(s)
}
