package contract_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"

	"gatehouse/bootstrap"
	"gatehouse/tests/contract"
)

// TestRedis holds counters and notices in Redis to the same promises.
func TestRedis(t *testing.T) { contract.Run(t, redisRow) }

func redisRow(t testing.TB) bootstrap.Ports {
	config := bootstrap.Default()
	config.Database.URL = "memory:"
	config.Redis.URL = bootstrap.URL("redis://" + miniredis.RunT(t).Addr())
	ports, err := bootstrap.OpenPorts(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return ports
}
