package lookups_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/adapters/gormstore/lookups"
)

// BenchmarkCoalescer_free asks with a slot free.
func BenchmarkCoalescer_free(b *testing.B) {
	c := lookups.New(func(_ context.Context, q int) (int, error) { return q, nil }, nil, lookups.Limits{InFlight: 2})
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = c.Ask(ctx, 1)
	}
}

// BenchmarkCoalescer_contended asks by 128 callers for each core, with
// statements of 200 µs. It reports the questions of a statement.
func BenchmarkCoalescer_contended(b *testing.B) {
	var statements atomic.Int64
	statement := func() {
		statements.Add(1)
		time.Sleep(200 * time.Microsecond)
	}
	one := func(_ context.Context, q int) (int, error) { statement(); return q, nil }
	many := func(_ context.Context, questions []int) ([]lookups.Answer[int], error) {
		statement()
		return make([]lookups.Answer[int], len(questions)), nil
	}
	c := lookups.New(one, many, lookups.Limits{InFlight: 2, Pool: 2})
	ctx := b.Context()
	b.ReportAllocs()
	b.SetParallelism(128)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _ = c.Ask(ctx, 1)
		}
	})
	b.ReportMetric(float64(b.N)/float64(statements.Load()), "questions/statement")
}
