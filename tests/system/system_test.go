// Package system_test tests several servers on one database, and servers that are
// killed: no change is lost, none is made twice.
package system_test

import (
	"testing"

	"gatehouse/tests/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }
