// Package bench_test measures the speed of the whole server: over TCP, with a
// token, on SQLite and PostgreSQL. Absolute numbers depend on the machine and its
// load, so each benchmark also reports a ratio: to a baseline, which does only the
// necessary work, or to the plain case. Both are measured alternately.
//
// BENCH_WORLD=large fills PostgreSQL with the data of a large installation.
package bench_test

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"testing"

	"gatehouse/tests/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func BenchmarkPostgres(b *testing.B) {
	s := postgresSetup(b, chosenWorld())
	s.benchmark(b)
	if s.world == small {
		return
	}
	b.Run("AllowedFetchSize", func(b *testing.B) {
		other := postgresSetup(b, small)
		times := compare(b, s.fetching(b, s.plain), other.fetching(b, other.plain))
		b.ReportMetric(times.ratio(1), "of-small")
	})
}

func BenchmarkSQLite(b *testing.B) {
	if chosenWorld() != small {
		b.Skip("the large world runs on PostgreSQL only")
	}
	sqliteSetup(b, small).benchmark(b)
}

// chosenWorld returns the world that BENCH_WORLD names, small by default.
func chosenWorld() world {
	if os.Getenv("BENCH_WORLD") == "large" {
		return large
	}
	return small
}

func (s *setup) benchmark(b *testing.B) {
	b.Run("AllowedFetch", func(b *testing.B) {
		groups := []*clientGroup{s.fetching(b, s.plain), connect(b, "baseline", s.baseline, s.fetch(s.plain))}
		if s.statement != "" {
			groups = append(groups, connect(b, "statement", s.statement, s.fetch(s.plain)))
		}
		times := compare(b, groups...)
		b.ReportMetric(times.ratio(1), "of-floor")
		if s.statement != "" {
			b.ReportMetric(times.ratio(2), "of-statement")
		}
	})
	b.Run("AllowedFetchHeavyUser", func(b *testing.B) {
		times := compare(b, s.fetching(b, s.heavy), s.fetching(b, s.plain))
		b.ReportMetric(times.ratio(1), "of-plain")
	})
	b.Run("AllowedFetchDeepProject", func(b *testing.B) {
		times := compare(b, s.fetching(b, s.deep), s.fetching(b, s.plain))
		b.ReportMetric(times.ratio(1), "of-plain")
	})
	b.Run("AllowedPush", func(b *testing.B) {
		b.Run("refs=1", func(b *testing.B) { compare(b, s.pushing(b, 1)) })
		for _, refs := range []int{100, 10_000} {
			b.Run(fmt.Sprintf("refs=%d", refs), func(b *testing.B) {
				times := compare(b, s.pushing(b, refs), s.pushing(b, 1))
				b.ReportMetric(times.perRef(refs), "ns/ref")
			})
		}
	})
	b.Run("AuthorizedKeys", func(b *testing.B) {
		ask := s.authorizedKey(s.users)
		times := compare(b, connect(b, "server", s.server, ask), connect(b, "baseline", s.baseline, ask))
		b.ReportMetric(times.ratio(1), "of-floor")
	})
}

func (s *setup) fetching(t testing.TB, pickAccess func() (int, string)) *clientGroup {
	t.Helper()
	return connect(t, "server", s.server, s.fetch(pickAccess))
}

func (s *setup) pushing(t testing.TB, refs int) *clientGroup {
	t.Helper()
	return connect(t, "server", s.server, s.push(refs))
}

// perRef returns the time that each ref adds to a push, in nanoseconds of one core.
// The second group of clients pushes one ref.
func (m measured) perRef(refs int) float64 {
	added := make([]float64, len(m[0]))
	for round := range added {
		added[round] = float64(m[0][round]-m[1][round]) / float64(refs-1)
	}
	return math.Round(median(added) * float64(runtime.GOMAXPROCS(0)))
}

// TestSetup checks what the benchmarks assume: the server grants every request, and
// the baselines' answers are as long as the server's.
func TestSetup(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, world) *setup{"postgres": postgresSetup, "sqlite": sqliteSetup} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tiny)
			length := func(address string, ask requestWriter) int {
				t.Helper()
				one := connect(t, address, address, ask).clients[0]
				if err := one.call(); err != nil {
					t.Fatal(err)
				}
				return one.length
			}
			for _, ask := range []requestWriter{s.fetch(s.heavy), s.fetch(s.deep), s.push(1), s.push(10_000)} {
				length(s.server, ask)
			}
			first := s.fetch(func() (int, string) { return 1, s.path(1) })
			key := s.authorizedKey(1)
			for _, baseline := range []string{s.baseline, s.statement} {
				if baseline == "" {
					continue
				}
				if got, want := length(baseline, first), length(s.server, first); math.Abs(float64(got-want)) > 10 {
					t.Errorf("/allowed: the baseline's answer has %d bytes, the server's %d", got, want)
				}
			}
			if got, want := length(s.baseline, key), length(s.server, key); got != want {
				t.Errorf("/authorized_keys: the baseline's answer has %d bytes, the server's %d", got, want)
			}
		})
	}
}
