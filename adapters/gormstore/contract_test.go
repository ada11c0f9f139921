package gormstore_test

import (
	"path/filepath"
	"testing"

	"gatehouse/bootstrap"
	"gatehouse/tests/contract"
	"gatehouse/tests/pgtest"
	"gatehouse/tests/stores"
)

func TestSQLite_contract(t *testing.T)   { contract.Run(t, stores.SQLite) }
func TestPostgres_contract(t *testing.T) { contract.Run(t, stores.Postgres) }

func TestSQLite_walk(t *testing.T)   { contract.Walks(t, stores.SQLite) }
func TestPostgres_walk(t *testing.T) { contract.Walks(t, stores.Postgres) }

func TestSQLite_durable(t *testing.T) {
	contract.Durable(t, func(t testing.TB) stores.Factory {
		return reopened(filepath.Join(t.TempDir(), "gatehouse.db"))
	})
}

func TestPostgres_durable(t *testing.T) {
	contract.Durable(t, func(t testing.TB) stores.Factory { return reopened(pgtest.Open(t)) })
}

// reopened opens one database again and again, and migrates it where needed.
func reopened(url string) stores.Factory {
	return func(t testing.TB) bootstrap.Ports { return stores.Gorm(t, url, true) }
}
