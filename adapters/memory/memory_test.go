package memory_test

import (
	"testing"

	"gatehouse/tests/contract"
	"gatehouse/tests/contract/accountcases"
	"gatehouse/tests/contract/projectcases"
	"gatehouse/tests/stores"
)

func TestStore_contract(t *testing.T) { contract.Run(t, stores.Memory) }

func TestStore_accounts(t *testing.T) { accountcases.Run(t, stores.Memory) }

// TestStore_walk keeps the walk itself honest: two of one kind never differ.
func TestStore_walk(t *testing.T)     { contract.Walks(t, stores.Memory) }
func TestStore_projects(t *testing.T) { projectcases.Run(t, stores.Memory) }
