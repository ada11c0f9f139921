package bench_test

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

const (
	// turn is how long one crowd works before it is the next one's.
	turn = 100 * time.Millisecond
	// rounds is how often each has its turn in one measurement. Others use the
	// machine too: a ratio is taken within each round, and the median counts.
	rounds = 15
	// warmUp is a turn before it counts: connections are made, statements are
	// prepared.
	warmUp = 3 * turn
)

// measured is what crowds did in their turns: the time an answer took, if one
// was worked on at a time, by crowd and round.
type measured [][]time.Duration

// compare lets crowds take turns, and reports of the first what it does in a
// second and what that takes of memory.
func compare(b *testing.B, crowds ...*crowd) measured {
	b.Helper()
	for _, c := range crowds {
		work(b, c, warmUp)
	}
	times := make(measured, len(crowds))
	var answers, allocated, bytes uint64
	var before, after runtime.MemStats
	for b.Loop() {
		for round := range rounds {
			for i := range crowds {
				if round%2 == 1 { // so that nobody always comes after the same
					i = len(crowds) - 1 - i
				}
				if i == 0 {
					runtime.ReadMemStats(&before)
				}
				n, took := work(b, crowds[i], turn)
				if i == 0 {
					runtime.ReadMemStats(&after)
					answers += uint64(n)
					allocated += after.Mallocs - before.Mallocs
					bytes += after.TotalAlloc - before.TotalAlloc
				}
				times[i] = append(times[i], took/time.Duration(n))
			}
		}
	}
	each := median(times[0])
	b.ReportMetric(each, "ns/op")
	b.ReportMetric(float64(time.Second)/each, "req/s")
	b.ReportMetric(float64(allocated/answers), "allocs/op")
	b.ReportMetric(float64(bytes/answers), "B/op")
	return times
}

func work(b *testing.B, c *crowd, turn time.Duration) (answers int, took time.Duration) {
	b.Helper()
	answers, took, err := c.work(turn)
	if err != nil {
		b.Fatal(err)
	}
	return answers, took
}

// pace is how fast the first crowd is, as a part of how fast another one is.
func (m measured) pace(other int) float64 {
	ratios := make([]float64, len(m[0]))
	for round := range ratios {
		ratios[round] = float64(m[other][round]) / float64(m[0][round])
	}
	return median(ratios)
}

func median[T float64 | time.Duration](values []T) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return float64(sorted[len(sorted)/2])
}
