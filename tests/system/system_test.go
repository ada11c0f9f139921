// Package system_test tests what only several servers on one database, or a
// server that is killed, can show: that nothing is lost and nothing happens twice.
package system_test

import (
	"testing"

	"gatehouse/tests/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }
