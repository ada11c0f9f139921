// Package batched_test runs what every store has to pass on PostgreSQL once more, with each
// look-up asked as several at once are. A batch that fails fails the test.
package batched_test

import (
	"os"
	"testing"

	"gatehouse/tests/contract"
	"gatehouse/tests/contract/accountcases"
	"gatehouse/tests/contract/projectcases"
	"gatehouse/tests/pgtest"
	"gatehouse/tests/stores"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestContract(t *testing.T) { contract.Run(t, stores.Batched) }
func TestAccounts(t *testing.T) { accountcases.Run(t, stores.Batched) }
func TestWalk(t *testing.T)     { contract.Walks(t, stores.Batched) }
func TestProjects(t *testing.T) { projectcases.Run(t, stores.Batched) }
