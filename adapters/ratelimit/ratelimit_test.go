package ratelimit_test

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gatehouse/adapters/ratelimit"
	"gatehouse/application/gitaccess"
	"gatehouse/tests/contract"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// bucket returns the bucket with a number.
func bucket(n uint64) (b gitaccess.Bucket) {
	binary.BigEndian.PutUint64(b[:], n+1)
	b[15] = 1
	return b
}

func TestLimiter_contract(t *testing.T) {
	t.Parallel()
	contract.RateLimit(t, func(_ *testing.T, perMinute int) [2]gitaccess.Limiter {
		one := ratelimit.New(perMinute)
		return [2]gitaccess.Limiter{one, one}
	})
}

func TestLimiter_Count_clock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		later time.Duration
		want  bool
	}{
		"the end of the minute":              {time.Minute - 1, false},
		"the next minute":                    {time.Minute, true},
		"a request that comes late":          {-1, false},
		"a clock that was set back":          {-time.Hour, true},
		"a clock that was set to the future": {time.Hour, true},
		"the beginning of time":              {time.Unix(0, 0).Sub(now), true},
	} {
		l := ratelimit.New(1)
		l.Count(t.Context(), now, bucket(0))
		if got, _ := l.Count(t.Context(), now.Add(c.later), bucket(0)); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

// fill counts once in n buckets.
func fill(t testing.TB, l *ratelimit.Limiter, n uint64) {
	for i := range n {
		l.Count(t.Context(), now, bucket(i))
	}
}

// own is how many buckets have a count of their own.
const own = 100_000

func TestLimiter_Count_madeUpNames(t *testing.T) {
	t.Parallel()
	l := ratelimit.New(2)
	fill(t, l, own)
	if allowed, _ := l.Count(t.Context(), now, bucket(7)); !allowed {
		t.Error("a bucket that has a count was refused within the limit")
	}
	if allowed, _ := l.Count(t.Context(), now, bucket(7)); allowed {
		t.Error("a bucket that has a count was allowed beyond the limit")
	}
	for range 2 {
		l.Count(t.Context(), now, bucket(own))
	}
	if allowed, _ := l.Count(t.Context(), now, bucket(own)); allowed {
		t.Error("a bucket without a count was allowed beyond the limit")
	}
	var allowed int
	const more = 1 << 18
	for i := range uint64(more) {
		if ok, _ := l.Count(t.Context(), now, bucket(own+1+i)); ok {
			allowed++
		}
	}
	if most := 2 << 16; allowed > most {
		t.Errorf("of %d made-up names %d were allowed, want at most %d", more, allowed, most)
	}
	if ok, _ := l.Count(t.Context(), now.Add(time.Minute), bucket(own)); !ok {
		t.Error("the next minute: refused")
	}
}

// heap returns the bytes of what is in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestLimiter_bytes measures the heap, so it is alone.
func TestLimiter_bytes(t *testing.T) {
	const most = 16 << 20
	before := heap()
	l := ratelimit.New(600)
	fill(t, l, 1<<20)
	if kept := heap() - before; kept > most {
		t.Errorf("a million buckets keep %d bytes, want at most %d", kept, most)
	}
	l.Count(t.Context(), now.Add(time.Minute), bucket(0))
	if kept := heap() - before; kept > most/100 {
		t.Errorf("a minute later: they keep %d bytes, want at most %d", kept, most/100)
	}
	runtime.KeepAlive(l)
}

// BenchmarkLimiter_Count counts in buckets that are new each time. It reports how
// many bytes a full limiter keeps, and how that compares to ten times the buckets.
func BenchmarkLimiter_Count(b *testing.B) {
	kept := func(buckets uint64) int64 {
		before := heap()
		l := ratelimit.New(600)
		fill(b, l, buckets)
		defer runtime.KeepAlive(l)
		return heap() - before
	}
	one, ten := kept(1<<19), kept(10<<19)
	l := ratelimit.New(600)
	var n uint64
	for b.Loop() {
		l.Count(b.Context(), now, bucket(n))
		n++
	}
	b.ReportMetric(float64(one), "kept-B")
	b.ReportMetric(float64(ten)/float64(one), "kept-of-tenfold")
}
