// Package integration_test tests a whole server through its listeners, on a real
// database, also while the database is unavailable and while the server stops.
package integration_test

import (
	"testing"

	"gatehouse/tests/servertest"
)

func TestMain(m *testing.M) {
	runCommand()
	servertest.Main(m)
}
