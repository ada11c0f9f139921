package contract_test

import (
	"path/filepath"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"gatehouse/bootstrap"
	"gatehouse/tests/contract"
)

// TestRedis holds counters and notices in Redis to the same promises.
func TestRedis(t *testing.T) { contract.Run(t, redisRow) }

func TestRedis_walk(t *testing.T)    { walks(t, redisRow) }
func TestRedis_durable(t *testing.T) { contract.Durable(t, redisPlace) }

func redisRow(t testing.TB) bootstrap.Ports { return withRedis("memory:", miniredis.RunT(t))(t) }

// redisPlace is shared by several servers.
func redisPlace(t testing.TB) contract.Factory {
	return withRedis(filepath.Join(t.TempDir(), "gatehouse.db"), miniredis.RunT(t))
}

func withRedis(url string, server *miniredis.Miniredis) contract.Factory {
	config := bootstrap.Default()
	config.Database.URL, config.Redis.URL = bootstrap.URL(url), bootstrap.URL("redis://"+server.Addr())
	return func(t testing.TB) bootstrap.Ports {
		ports, err := bootstrap.OpenPorts(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		return ports
	}
}
