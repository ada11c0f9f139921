// Package bench_test measures the speed of the whole server: over TCP, with a token, on
// SQLite and PostgreSQL. BenchmarkTable prints the table of `make bench`. The other
// benchmarks measure what it leaves out, in one process. Absolute numbers depend on the machine and its load,
// so each reports a ratio to another case; both are measured alternately.
package bench_test

import (
	"database/sql"
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"runtime"
	"testing"

	"gatehouse/tests/pgtest"
)

func TestMain(m *testing.M) {
	runTask()
	os.Exit(pgtest.Main(m))
}

// BenchmarkMix is for profiles: go test -bench Mix/postgres -cpuprofile cpu.out
func BenchmarkMix(b *testing.B) {
	for name, database := range databases {
		b.Run(name, func(b *testing.B) {
			s := newSetup(b, small, database)
			compare(b, connect(b, "server", s.server, s.mixed(s.world)))
		})
	}
}

func BenchmarkAllowedPush(b *testing.B) {
	for name, database := range databases {
		b.Run(name, func(b *testing.B) {
			s := newSetup(b, small, database)
			b.Run("refs=1", func(b *testing.B) { compare(b, s.pushing(b, 1)) })
			for _, refs := range []int{100, 10_000} {
				b.Run(fmt.Sprintf("refs=%d", refs), func(b *testing.B) {
					times := compare(b, s.pushing(b, refs), s.pushing(b, 1))
					b.ReportMetric(times.perRef(refs), "ns/ref")
				})
			}
		})
	}
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

// TestFloor checks what the table assumes: the server and the floor answer the mix alike,
// and their answers are as long as each other.
func TestFloor(t *testing.T) {
	t.Parallel()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t, tiny, database)
			db, err := openFloor(t.Context(), s.url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(db.close)
			low := httptest.NewServer(floor(db))
			t.Cleanup(low.Close)
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
			once := func(pick pickAccess) pickAccess {
				key, path := pick()
				return func() (int, string) { return key, path }
			}
			for name, ask := range map[string]requestWriter{
				"inherited": s.fetch(once(s.inherited)), "push": s.access("git-receive-pack", once(s.plain), granted), "public": s.fetch(once(s.public)),
				"own": s.fetch(once(s.own)), "foreign": s.access("git-upload-pack", once(s.foreign), missing), "key": s.authorizedKey(1),
			} {
				if got, want := length(low.Listener.Addr().String(), ask), length(s.server, ask); math.Abs(float64(got-want)) > 10 {
					t.Errorf("%s: the floor's answer has %d bytes, the server's %d", name, got, want)
				}
			}
			key, project := s.member()
			member := func() (int, int) { return key, project }
			one, other := s.wholePush(s.world, member), s.wholePush(s.world, member)
			for step := range 2 * requestsOfPush {
				if got, want := length(low.Listener.Addr().String(), one), length(s.server, other); math.Abs(float64(got-want)) > 10 {
					t.Errorf("step %d of a push: the floor's answer has %d bytes, the server's %d", step, got, want)
				}
			}
			if got, want := countWrites(t, s.url), [3]int{4, 4, 0}; got != want {
				t.Errorf("after two pushes to the floor and two to the server: got %d pushes, jobs and pushes under way, want %d", got, want)
			}
		})
	}
}

// countWrites returns how many pushes and jobs of pushes a database has, and how many pushes
// are under way.
func countWrites(t *testing.T, url string) (counts [3]int) {
	t.Helper()
	driver := "sqlite"
	if isPostgres(url) {
		driver = "pgx"
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM pushes), (SELECT count(*) FROM river_job WHERE kind = 'push_received'),
		(SELECT sum(value) FROM reference_counters)`).Scan(&counts[0], &counts[1], &counts[2])
	if err != nil {
		t.Fatal(err)
	}
	return counts
}
