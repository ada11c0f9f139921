package bench_test

import (
	"testing"
	"time"

	"gatehouse/bootstrap/config"
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
	for name, database := range databases {
		b.Run(name, func(b *testing.B) {
			benchmarkAudit(b, database, "Allowed", granted, small.plain, config.Audit{Enabled: true, Refusals: true})
			absent := func() (int, string) { return 1, "absent/cli" }
			benchmarkAudit(b, database, "Refused", missing, absent, config.Audit{Refusals: true})
		})
	}
}

func benchmarkAudit(b *testing.B, database func(testing.TB, world) string, name string, want []byte, pick pickAccess, on config.Audit) {
	b.Run(name, func(b *testing.B) {
		urls := []string{database(b, small), database(b, small)}
		var groups []*clientGroup
		for i, audit := range []config.Audit{on, {}} {
			address := serve(b, urls[i], func(c *config.Config) { c.Audit = audit })
			groups = append(groups, connect(b, name, address, newHeads().access("git-upload-pack", pick, want)))
		}
		times := compareFor(b, auditInterval, auditRounds, groups...)
		b.ReportMetric(times.ratio(1), "of-off")
	})
}
