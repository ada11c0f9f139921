package integration_test

import (
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
)

// TestServer_redisSilent makes Redis unresponsive, and then responsive again. The
// client itself would wait for an hour: calls end because their contexts do.
func TestServer_redisSilent(t *testing.T) {
	t.Parallel()
	redis := miniredis.RunT(t)
	proxy, address := servertest.NewProxy(t, "redis://"+redis.Addr()+"?read_timeout=1h")
	s := servertest.Start(t, servertest.Settings(t, stores.SQLiteFile(t), "redis.url="+address, "git.rate_limit=1000000"), servertest.WithWorld(t, servertest.World))
	fetch := servertest.Fetch(`"key_id": 102`)
	countsThere := func() bool {
		redis.FlushAll()
		s.Post(t, "/allowed", fetch).Want(t, "a fetch", 200, `{"status": true}`)
		for _, key := range redis.Keys() {
			if strings.HasPrefix(key, "gatehouse-rate-limit:") {
				return true
			}
		}
		return false
	}
	healthy := func() bool { return s.Get(t, "/check").Lacks(200, `{"redis": true}`) == nil }
	servertest.Await(t, "requests to be counted in Redis", countsThere)
	servertest.Await(t, "Redis to be healthy", healthy)

	proxy.Set(servertest.Silent)
	s.Get(t, "/check").Want(t, "silent: health", 200, `{"redis": false}`)
	s.Post(t, "/allowed", fetch).Want(t, "silent: a fetch", 200, `{"status": true}`)
	moved := strings.ReplaceAll(fetch, "acme/tools/cli", "old/cli")
	s.Post(t, "/allowed", moved).Want(t, "silent: a fetch from an old path", 200, `{"status": true}`)
	servertest.Await(t, "a line in the log", func() bool {
		countsThere()
		return strings.Contains(s.Log.String(), "counts alone")
	})

	proxy.Set(servertest.Open)
	servertest.Await(t, "Redis to be healthy again", healthy)
	servertest.Await(t, "requests to be counted in Redis again", countsThere)
}
