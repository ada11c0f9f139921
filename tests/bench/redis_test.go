package bench_test

import (
	"testing"

	"gatehouse/bootstrap/config"
	"gatehouse/tests/servertest"
)

// rateLimit is a limit that no benchmark reaches.
const rateLimit = 1_000_000_000

// BenchmarkRateLimit compares a server that counts requests in Redis with one that
// counts alone, on the same database.
func BenchmarkRateLimit(b *testing.B) {
	address := servertest.StartRedis(b).URL()
	for name, database := range databases {
		b.Run(name, func(b *testing.B) { benchmarkRateLimit(b, database(b, small), address) })
	}
}

func benchmarkRateLimit(b *testing.B, url, redis string) {
	group := func(name string, at config.URL) *clientGroup {
		address := serve(b, url, func(c *config.Config) { c.Redis.URL, c.Git.RateLimit = at, rateLimit })
		return connect(b, name, address, newHeads().fetch(small.plain))
	}
	times := compare(b, group("with Redis", config.URL(redis)), group("without", ""))
	b.ReportMetric(times.ratio(1), "of-alone")
}
