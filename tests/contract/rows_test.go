package contract_test

import (
	"fmt"
	"testing"

	"gatehouse/adapters/memory"
	"gatehouse/bootstrap"
	"gatehouse/tests/contract"
)

func TestMemory(t *testing.T) { contract.Run(t, openMemory) }

// TestMemory_walk keeps the walk itself honest: two of one kind never part.
func TestMemory_walk(t *testing.T) { walks(t, openMemory) }

func openMemory(testing.TB) bootstrap.Ports { return bootstrap.MemoryPorts(memory.New()) }

// walks takes several walks.
func walks(t *testing.T, open contract.Factory) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			contract.Walk(t, open, seed, 60)
		})
	}
}
