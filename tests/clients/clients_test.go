// Package clients_test drives the management API as its clients do: client-go against
// whole servers, and a call of each role, random ones included, against each route.
package clients_test

import (
	"testing"

	"gatehouse/tests/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }
