package doctor_test

import (
	"os"
	"testing"

	"gatehouse/bootstrap/config"
	"gatehouse/bootstrap/doctor"
	"gatehouse/tests/stores"
)

func TestCheck_poolSize(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.Database.URL = config.URL(stores.PostgresURL(t))
	for size, want := range map[int]string{20: "", 100_000: "100000 connections, and PostgreSQL takes "} {
		c.Database.PoolSize = size
		wantProblem(t, checkup(t, c, "database.pool_size"), want)
	}
	c.Database.PoolSize = 60
	if got, want := checkup(t, c, "database.pool_size").Detail, "60 of the 197 connections that PostgreSQL takes, enough for 3 servers"; got != want && os.Getenv("TEST_DATABASE_URL") == "" {
		t.Errorf("got %q, want %q", got, want)
	}
	c.Database.URL = config.URL(stores.SQLiteFile(t))
	for _, found := range doctor.Check(t.Context(), c) {
		if found.Name == "database.pool_size" {
			t.Errorf("on SQLite: got %+v, want no such check", found)
		}
	}
}
