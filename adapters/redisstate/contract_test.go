package redisstate_test

import (
	"path/filepath"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"gatehouse/bootstrap"
	"gatehouse/tests/contract"
	"gatehouse/tests/stores"
)

// TestState_contract runs the contract of counters and notices on Redis. Every
// other port of the store is in memory here.
func TestState_contract(t *testing.T) {
	contract.RunSuites(t, overMemory, "counters", "push context", "notices", "set_once", "inventory", "concurrency", "cancelled")
}

func TestState_walk(t *testing.T) { contract.Walks(t, overMemory) }

func TestState_durable(t *testing.T) {
	contract.Durable(t, func(t testing.TB, migrated bool) stores.Factory {
		file := filepath.Join(t.TempDir(), "gatehouse.db")
		if migrated {
			file = stores.SQLiteFile(t)
		}
		return storeOver(file, miniredis.RunT(t))
	})
}

func overMemory(t testing.TB) bootstrap.Ports { return storeOver("memory:", miniredis.RunT(t))(t) }

// storeOver opens the store at url, with counters and notices in the Redis of
// server.
func storeOver(url string, server *miniredis.Miniredis) stores.Factory {
	return func(t testing.TB) bootstrap.Ports { return stores.Redis(t, url, server.Addr()) }
}
