package contract_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/memory"
	"gatehouse/application/directory"
	"gatehouse/application/gitaccess"
	"gatehouse/application/pushes"
	"gatehouse/application/whois"
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

var seeds = flag.Uint64("seeds", 8, "how many walks are taken on each store")

// walks takes walks on memory and another store.
func walks(t *testing.T, open contract.Factory) {
	for seed := range *seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			contract.Walk(t, memoryRow, open, seed, 60)
		})
	}
}

// A row is a store, fresh and empty.

func memoryRow(testing.TB) bootstrap.Ports { return ports(memory.New()) }

func sqliteRow(t testing.TB) bootstrap.Ports {
	return gorm(t, filepath.Join(t.TempDir(), "gatehouse.db"), true)
}

// postgresRow is a copy of a database that was migrated once.
func postgresRow(t testing.TB) bootstrap.Ports {
	url := pgtest.Open(t, func(url string) error {
		s, err := gormstore.Open(t.Context(), url, 1, true)
		if err != nil {
			return err
		}
		return s.Close(t.Context())
	})
	return gorm(t, url, false)
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
	return ports(s)
}

// store is what fills every port.
type store interface {
	gitaccess.Directory
	gitaccess.Notices
	gitaccess.Stamps
	whois.People
	pushes.Counters
	pushes.Journal
	pushes.Scenes
	pushes.Notices
	directory.Inventory
	bootstrap.Keeper
	Registries() directory.Registries
}

func ports(s store) bootstrap.Ports {
	return bootstrap.Ports{
		Directory: s, Leave: s, Stamps: s, People: s, Counters: s, Journal: s, Scenes: s, Take: s,
		Registries: s.Registries(), Inventory: s, Keeper: s,
	}
}
