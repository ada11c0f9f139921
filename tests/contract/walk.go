package contract

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/bootstrap"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

var seeds = flag.Uint64("seeds", 3, "how many walks are taken on each store")

// Walks does the same random steps on memory and on another store, and compares
// all answers after each step. The flag -seeds is the number of walks.
func Walks(t *testing.T, open stores.Factory) {
	for seed := range *seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			walkOn(t, stores.Memory, open, seed, 50)
		})
	}
}

// walkOn does the steps of a seed on two stores.
func walkOn(t *testing.T, ours, theirs stores.Factory, seed uint64, length int) {
	walk := newWalk(seed)
	var steps []step
	for range length {
		steps = append(steps, walk.step())
	}
	failed := firstDifference(t, ours, theirs, steps)
	if failed == nil {
		return
	}
	path := shorten(steps[:failed.at+1], func(steps []step) bool { return firstDifference(t, ours, theirs, steps) != nil })
	failed = firstDifference(t, ours, theirs, path)
	if failed == nil {
		t.Fatalf("seed %d: a difference after %d steps that is not reproducible", seed, len(path))
	}
	t.Errorf("seed %d, after\n%s(-ours +theirs):\n%s", seed, names(path), failed.diff)
}

// step is a change and the reads after it. Its result is text, equal on all
// correct stores.
type step struct {
	name string
	do   func(ctx context.Context, p bootstrap.Ports) string
}

func names(steps []step) string {
	var out strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&out, "  %d. %s\n", i+1, s.name)
	}
	return out.String()
}

// difference is the first step with different results.
type difference struct {
	at   int
	diff string
}

// firstDifference does the steps on two fresh stores up to the first difference.
func firstDifference(t *testing.T, ours, theirs stores.Factory, steps []step) *difference {
	one, other := stores.Fresh(t, ours), stores.Fresh(t, theirs)
	world.Apply(t, one.WorldImport, walkWorld)
	world.Apply(t, other.WorldImport, walkWorld)
	for i, s := range steps {
		want, got := s.do(t.Context(), one), s.do(t.Context(), other)
		if want != got {
			return &difference{i, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n"))}
		}
	}
	return nil
}

// shorten removes steps that the failure does not need.
func shorten(steps []step, fails func([]step) bool) []step {
	for i := len(steps) - 2; i >= 0; i-- {
		if without := append(append([]step(nil), steps[:i]...), steps[i+1:]...); fails(without) {
			steps = without
		}
	}
	return steps
}

// pick draws one of several values.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }
