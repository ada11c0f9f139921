// Package bench_test asks how fast the server is, through the whole of it: over
// TCP, with a token, on SQLite and PostgreSQL. A number alone says little about
// a machine that is not known and that others use; what counts is the ratio to
// a floor, which does the least there is to do, or to the plain case, both
// measured at the same time.
//
// BENCH_WORLD=large fills PostgreSQL with as much as a big customer has.
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
	s := postgresStage(b, chosen())
	s.benchmark(b)
	if s.world == small {
		return
	}
	b.Run("AllowedFetchSize", func(b *testing.B) {
		other := postgresStage(b, small)
		times := compare(b, s.fetching(b, s.plain), other.fetching(b, other.plain))
		b.ReportMetric(times.pace(1), "of-small")
	})
}

func BenchmarkSQLite(b *testing.B) {
	if chosen() != small {
		b.Skip("the large world is PostgreSQL's")
	}
	sqliteStage(b, small).benchmark(b)
}

// chosen is the world that BENCH_WORLD names.
func chosen() world {
	if os.Getenv("BENCH_WORLD") == "large" {
		return large
	}
	return small
}

func (s *stage) benchmark(b *testing.B) {
	b.Run("AllowedFetch", func(b *testing.B) {
		crowds := []*crowd{s.fetching(b, s.plain), gather(b, "floor", s.floor, s.fetch(s.plain))}
		if s.statement != "" {
			crowds = append(crowds, gather(b, "statement", s.statement, s.fetch(s.plain)))
		}
		times := compare(b, crowds...)
		b.ReportMetric(times.pace(1), "of-floor")
		if s.statement != "" {
			b.ReportMetric(times.pace(2), "of-statement")
		}
	})
	b.Run("AllowedFetchHeavyUser", func(b *testing.B) {
		times := compare(b, s.fetching(b, s.heavy), s.fetching(b, s.plain))
		b.ReportMetric(times.pace(1), "of-plain")
	})
	b.Run("AllowedFetchDeepProject", func(b *testing.B) {
		times := compare(b, s.fetching(b, s.deep), s.fetching(b, s.plain))
		b.ReportMetric(times.pace(1), "of-plain")
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
		times := compare(b, gather(b, "server", s.server, ask), gather(b, "floor", s.floor, ask))
		b.ReportMetric(times.pace(1), "of-floor")
	})
}

func (s *stage) fetching(t testing.TB, someone func() (int, string)) *crowd {
	t.Helper()
	return gather(t, "server", s.server, s.fetch(someone))
}

func (s *stage) pushing(t testing.TB, refs int) *crowd {
	t.Helper()
	return gather(t, "server", s.server, s.push(refs))
}

// perRef is what each ref adds to a push, in nanoseconds of one core: the
// second crowd pushes one ref.
func (m measured) perRef(refs int) float64 {
	added := make([]float64, len(m[0]))
	for round := range added {
		added[round] = float64(m[0][round]-m[1][round]) / float64(refs-1)
	}
	return math.Round(median(added) * float64(runtime.GOMAXPROCS(0)))
}

// TestStage keeps the benchmarks honest: everything they ask is granted, and
// the floors answer as much as the server.
func TestStage(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, world) *stage{"postgres": postgresStage, "sqlite": sqliteStage} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tiny)
			length := func(address string, ask asking) int {
				t.Helper()
				one := gather(t, address, address, ask).clients[0]
				if err := one.call(); err != nil {
					t.Fatal(err)
				}
				return one.length
			}
			for _, ask := range []asking{s.fetch(s.heavy), s.fetch(s.deep), s.push(1), s.push(10_000)} {
				length(s.server, ask)
			}
			first := s.fetch(func() (int, string) { return 1, s.path(1) })
			key := s.authorizedKey(1)
			for _, floor := range []string{s.floor, s.statement} {
				if floor == "" {
					continue
				}
				if got, want := length(floor, first), length(s.server, first); math.Abs(float64(got-want)) > 10 {
					t.Errorf("/allowed: the floor's answer has %d bytes, the server's %d", got, want)
				}
			}
			if got, want := length(s.floor, key), length(s.server, key); got != want {
				t.Errorf("/authorized_keys: the floor's answer has %d bytes, the server's %d", got, want)
			}
		})
	}
}
