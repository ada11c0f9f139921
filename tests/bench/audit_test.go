package bench_test

import (
	"path/filepath"
	"testing"
	"time"

	"gatehouse/bootstrap/config"
	"gatehouse/tests/pgtest"
)

// Events are written after the answers. The interval is long, so that few of them are
// written while the other server is measured.
const (
	auditInterval = 3 * time.Second
	auditRounds   = 5
)

// BenchmarkAudit compares a server that records decisions with one that does not, each
// on a database of its own, so that neither waits for what the other one writes.
func BenchmarkAudit(b *testing.B) {
	stores := map[string]func(*testing.B) string{
		"Postgres": func(b *testing.B) string {
			url := pgtest.Open(b)
			fillPostgres(b, small, url)
			return url
		},
		"SQLite": func(b *testing.B) string {
			file := filepath.Join(b.TempDir(), "gatehouse.db")
			fillSQLite(b, small, file)
			return file
		},
	}
	for _, name := range []string{"Postgres", "SQLite"} {
		b.Run(name, func(b *testing.B) {
			benchmarkAudit(b, stores[name], "Allowed", granted, small.plain, config.Audit{Enabled: true, Refusals: true})
			absent := func() (int, string) { return 1, "absent/cli" }
			benchmarkAudit(b, stores[name], "Refused", missing, absent, config.Audit{Refusals: true})
		})
	}
}

func benchmarkAudit(b *testing.B, open func(*testing.B) string, name string, want []byte, pick pickAccess, on config.Audit) {
	b.Run(name, func(b *testing.B) {
		urls := []string{open(b), open(b)}
		var groups []*clientGroup
		for i, audit := range []config.Audit{on, {}} {
			address := serve(b, urls[i], func(c *config.Config) { c.Audit = audit })
			groups = append(groups, connect(b, name, address, newHeads().access("git-upload-pack", pick, want)))
		}
		times := compareFor(b, auditInterval, auditRounds, groups...)
		b.ReportMetric(times.ratio(1), "of-off")
	})
}
