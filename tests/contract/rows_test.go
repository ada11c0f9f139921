package contract_test

import (
	"testing"

	"gatehouse/adapters/memory"
	"gatehouse/bootstrap"
	"gatehouse/tests/contract"
)

func TestMemory(t *testing.T) { contract.Run(t, openMemory) }

func openMemory(testing.TB) bootstrap.Ports { return bootstrap.MemoryPorts(memory.New()) }
