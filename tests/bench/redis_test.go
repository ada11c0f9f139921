package bench_test

import (
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"gatehouse/bootstrap/config"
	"gatehouse/tests/pgtest"
)

// rateLimit is a limit that no benchmark reaches.
const rateLimit = 1_000_000_000

// BenchmarkRateLimit compares a server that counts requests in Redis with one that
// counts alone, on the same database.
func BenchmarkRateLimit(b *testing.B) {
	address := startRedis(b)
	b.Run("Postgres", func(b *testing.B) {
		url := pgtest.Open(b)
		fillPostgres(b, small, url)
		benchmarkRateLimit(b, url, address)
	})
	b.Run("SQLite", func(b *testing.B) {
		file := filepath.Join(b.TempDir(), "gatehouse.db")
		fillSQLite(b, small, file)
		benchmarkRateLimit(b, file, address)
	})
}

func benchmarkRateLimit(b *testing.B, url, redis string) {
	group := func(name string, at config.URL) *clientGroup {
		address, heads := serve(b, url, func(c *config.Config) { c.Redis.URL, c.Git.RateLimit = at, rateLimit })
		return connect(b, name, address, heads.fetch(small.plain))
	}
	times := compare(b, group("with Redis", config.URL(redis)), group("without", ""))
	b.ReportMetric(times.ratio(1), "of-alone")
}

// startRedis runs a redis-server until the end of the benchmark, and returns its URL.
// It skips the benchmark where none is installed.
func startRedis(b *testing.B) (url string) {
	b.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		b.Skip("there is no redis-server here; the Debian package redis-server has it")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := free.Addr().(*net.TCPAddr)
	_ = free.Close()
	server := exec.Command(program, "--bind", "127.0.0.1", "--port", strconv.Itoa(address.Port), "--save", "", "--dir", b.TempDir())
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	for range 100 {
		if conn, err := net.Dial("tcp", address.String()); err == nil {
			_ = conn.Close()
			return "redis://" + address.String()
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.Fatal("redis-server does not listen")
	return ""
}
