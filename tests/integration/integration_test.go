// Package integration_test tests a whole server through its listeners, on a real
// database: what every caller may count on, also while the database fails and
// while the server stops.
package integration_test

import (
	"testing"

	"gatehouse/tests/servertest"
)

func TestMain(m *testing.M) {
	runCommand()
	servertest.Main(m)
}
