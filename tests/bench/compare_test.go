package bench_test

import (
	"iter"
	"runtime"
	"slices"
	"testing"
	"time"
)

const (
	// interval is how long one group of clients sends requests before the next one.
	interval = 100 * time.Millisecond
	// rounds is how many intervals each group has in one measurement. Other load on
	// the machine varies, so a ratio is taken within each round, then the median. It is
	// an even number: as many rounds go upwards as downwards.
	rounds = 16
	// warmUp is an interval that is not measured: connections are opened, statements
	// are prepared.
	warmUp = 3 * interval
)

// measured is the time for each answer, by group of clients and round.
type measured [][]time.Duration

// compare lets groups of clients send requests in turn. It reports requests per
// second, and time and memory for each request, of the first group.
func compare(b *testing.B, groups ...*clientGroup) measured {
	b.Helper()
	return compareFor(b, interval, rounds, groups...)
}

// compareFor is compare with other intervals and rounds.
func compareFor(b *testing.B, interval time.Duration, rounds int, groups ...*clientGroup) measured {
	b.Helper()
	for _, c := range groups {
		work(b, c, warmUp)
	}
	times := make(measured, len(groups))
	var answers, allocated, bytes uint64
	var before, after runtime.MemStats
	for b.Loop() {
		for i := range alternately(rounds, len(groups)) {
			if i == 0 {
				runtime.ReadMemStats(&before)
			}
			done := work(b, groups[i], interval)
			if i == 0 {
				runtime.ReadMemStats(&after)
				answers += uint64(done.Answers)
				allocated += after.Mallocs - before.Mallocs
				bytes += after.TotalAlloc - before.TotalAlloc
			}
			times[i] = append(times[i], done.each())
		}
	}
	each := median(times[0])
	b.ReportMetric(each, "ns/op")
	b.ReportMetric(float64(time.Second)/each, "req/s")
	b.ReportMetric(float64(allocated/answers), "allocs/op")
	b.ReportMetric(float64(bytes/answers), "B/op")
	return times
}

// alternately yields the numbers below n, once for each round: upwards, then downwards, so
// that none always follows the same other one.
func alternately(rounds, n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for round := range rounds {
			for i := range n {
				if round%2 == 1 {
					i = n - 1 - i
				}
				if !yield(i) {
					return
				}
			}
		}
	}
}

func work(b *testing.B, c *clientGroup, interval time.Duration) throughput {
	b.Helper()
	done, err := c.work(interval)
	if err != nil {
		b.Fatal(err)
	}
	return done
}

// ratio returns the speed of the first group divided by that of another group.
func (m measured) ratio(other int) float64 {
	ratios := make([]float64, len(m[0]))
	for round := range ratios {
		ratios[round] = float64(m[other][round]) / float64(m[0][round])
	}
	return median(ratios)
}

// median returns the middle value, or the mean of the two in the middle.
func median[T float64 | time.Duration](values []T) float64 {
	sorted := slices.Sorted(slices.Values(values))
	upper := len(sorted) / 2
	lower := (len(sorted) - 1) / 2
	return (float64(sorted[lower]) + float64(sorted[upper])) / 2
}
