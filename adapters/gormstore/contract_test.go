package gormstore_test

import (
	"testing"

	"gatehouse/bootstrap"
	"gatehouse/tests/contract"
	"gatehouse/tests/contract/accountcases"
	"gatehouse/tests/contract/projectcases"
	"gatehouse/tests/stores"
)

func TestSQLite_contract(t *testing.T)   { contract.Run(t, stores.SQLite) }
func TestPostgres_contract(t *testing.T) { contract.Run(t, stores.Postgres) }

func TestSQLite_accounts(t *testing.T)   { accountcases.Run(t, stores.SQLite) }
func TestPostgres_accounts(t *testing.T) { accountcases.Run(t, stores.Postgres) }

func TestSQLite_walk(t *testing.T)   { contract.Walks(t, stores.SQLite) }
func TestPostgres_walk(t *testing.T) { contract.Walks(t, stores.Postgres) }

func TestSQLite_durable(t *testing.T)   { durable(t, databases[0].empty, databases[0].migrated) }
func TestPostgres_durable(t *testing.T) { durable(t, databases[1].empty, databases[1].migrated) }

func durable(t *testing.T, empty, full func(testing.TB) string) {
	contract.Durable(t, func(t testing.TB, migrated bool) stores.Factory {
		if migrated {
			return reopened(full(t))
		}
		return reopened(empty(t))
	})
}

// reopened opens one database again and again, and migrates it where needed.
func reopened(url string) stores.Factory {
	return func(t testing.TB) bootstrap.Ports { return stores.Gorm(t, url, true) }
}
func TestSQLite_projects(t *testing.T)   { projectcases.Run(t, stores.SQLite) }
func TestPostgres_projects(t *testing.T) { projectcases.Run(t, stores.Postgres) }
