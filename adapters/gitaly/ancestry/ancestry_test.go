package ancestry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"gatehouse/adapters/gitaly/ancestry"
	"gatehouse/domain/source"
)

// graph is a History: the parents of each commit. It counts the calls.
type graph struct {
	parents map[source.ObjectID][]source.ObjectID
	// drops and adds make listings wrong: drops leaves a commit out, adds lists
	// one that is excluded.
	drops, adds     func(source.ObjectID) bool
	listings, calls atomic.Int64
	err             error
}

// reach returns the commit and its ancestors.
func (g *graph) reach(ids ...source.ObjectID) map[source.ObjectID]bool {
	ids = slices.Clone(ids)
	seen := map[source.ObjectID]bool{}
	for len(ids) > 0 {
		id := ids[len(ids)-1]
		ids = ids[:len(ids)-1]
		if parents, ok := g.parents[id]; ok && !seen[id] {
			seen[id] = true
			ids = append(ids, parents...)
		}
	}
	return seen
}

func (g *graph) List(_ context.Context, heads, excluded []source.ObjectID, limit int) (commits []ancestry.Commit, err error) {
	g.listings.Add(1)
	for _, ids := range [][]source.ObjectID{heads, excluded} {
		for _, id := range ids {
			if _, ok := g.parents[id]; !ok {
				return nil, ancestry.ErrUnlistable
			}
		}
	}
	hidden := g.reach(excluded...)
	for id := range g.reach(heads...) {
		if (!hidden[id] || g.adds(id)) && !g.drops(id) && len(commits) < limit {
			commits = append(commits, ancestry.Commit{ID: id, Parents: g.parents[id]})
		}
	}
	return commits, g.err
}

func (g *graph) IsAncestor(_ context.Context, q source.Question) (bool, error) {
	g.calls.Add(1)
	_, ok := g.parents[q.Old]
	return ok && g.reach(q.New)[q.Old], nil
}

func never(source.ObjectID) bool { return false }

func id(n int) source.ObjectID { return source.ObjectID(fmt.Sprintf("%040x", n)) }

// drawGraph draws commits, each with up to three parents among the earlier ones,
// mostly the one before it.
func drawGraph(t *rapid.T) (g *graph, size int) {
	g = &graph{parents: map[source.ObjectID][]source.ObjectID{}, drops: never, adds: never}
	size = rapid.IntRange(1, 60).Draw(t, "commits")
	for n := range size {
		var parents []source.ObjectID
		if n > 0 {
			for range rapid.SampledFrom([]int{0, 1, 1, 1, 1, 2, 3}).Draw(t, "parents") {
				back := rapid.OneOf(rapid.Just(1), rapid.IntRange(1, n)).Draw(t, "back")
				parents = append(parents, id(n-back))
			}
		}
		g.parents[id(n)] = parents
	}
	return g, size
}

// drawQuestions draws pairs of commits with some that are related: swapped, stacked,
// equal, or missing.
func drawQuestions(t *rapid.T, size int) []source.Question {
	missing := 0
	if rapid.IntRange(0, 3).Draw(t, "some are missing") == 0 {
		missing = 2
	}
	any := rapid.IntRange(0, size-1+missing)
	seen := map[source.Question]bool{}
	var questions []source.Question
	add := func(older, newer int) {
		q := source.Question{About: source.Ancestor, Old: id(older), New: id(newer)}
		if !seen[q] {
			seen[q] = true
			questions = append(questions, q)
		}
	}
	for range rapid.IntRange(0, 40).Draw(t, "pairs") {
		a, b := any.Draw(t, "a"), any.Draw(t, "b")
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0: // two branches swap their commits
			add(a, b)
			add(b, a)
		case 1: // one moves to where another one was
			add(a, a+1)
			add(a+1, a+2)
		default:
			add(min(a, b), max(a, b))
		}
	}
	return questions
}

func TestAnswers_exact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g, size := drawGraph(t)
		questions := drawQuestions(t, size)
		if dropped := rapid.SliceOfDistinct(rapid.IntRange(0, size-1), rapid.ID).Draw(t, "dropped"); rapid.Bool().Draw(t, "truncated") {
			g.drops = among(dropped)
		}
		got, err := ancestry.Answers(t.Context(), g, questions)
		if err != nil || len(got) != len(questions) {
			t.Fatalf("got %d answers of %d, %v", len(got), len(questions), err)
		}
		for _, q := range questions {
			if want := g.naive(q); got[q] != want {
				t.Errorf("%s..%s: got %v, want %v", q.Old, q.New, got[q], want)
			}
		}
	})
}

// TestAnswers_tooMany has listings with excluded commits: a Yes stays right, and so
// does the first No.
func TestAnswers_tooMany(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g, size := drawGraph(t)
		questions := drawQuestions(t, size)
		g.adds = among(rapid.SliceOfDistinct(rapid.IntRange(0, size-1), rapid.ID).Draw(t, "added"))
		got, err := ancestry.Answers(t.Context(), g, questions)
		if err != nil {
			t.Fatal(err)
		}
		refused := false
		for _, q := range questions {
			want := g.naive(q)
			if got[q] != want && (want == source.No || !refused) {
				t.Errorf("%s..%s: got %v, want %v", q.Old, q.New, got[q], want)
			}
			refused = refused || got[q] == source.No
		}
	})
}

func among(numbers []int) func(source.ObjectID) bool {
	set := map[source.ObjectID]bool{}
	for _, n := range numbers {
		set[id(n)] = true
	}
	return func(id source.ObjectID) bool { return set[id] }
}

func (g *graph) naive(q source.Question) source.Answer {
	if _, ok := g.parents[q.Old]; ok && g.reach(q.New)[q.Old] {
		return source.Yes
	}
	return source.No
}

// TestAnswers_calls counts the calls for two thousand changes.
func TestAnswers_calls(t *testing.T) {
	t.Parallel()
	const count = 2000
	for name, c := range map[string]struct {
		// parents and pair are those of the n-th branch; commits have numbers.
		parents func(g *graph, n int)
		pair    func(n int) (older, newer int)
		most    int64
	}{
		"each from the same commit": {
			func(g *graph, n int) { g.parents[id(n+1)] = []source.ObjectID{id(0)} },
			func(n int) (int, int) { return 0, n + 1 }, 4,
		},
		"each from its own": {
			func(g *graph, n int) {
				g.parents[id(n+1)], g.parents[id(n+10_001)] = []source.ObjectID{id(0)}, []source.ObjectID{id(n + 1)}
			},
			func(n int) (int, int) { return n + 1, n + 10_001 }, 4,
		},
		"each to where the next one was": {
			func(g *graph, n int) { g.parents[id(n+1)] = []source.ObjectID{id(n)} },
			func(n int) (int, int) { return n, n + 1 }, 12,
		},
		"each back to where the one before was": {
			func(g *graph, n int) { g.parents[id(n+1)] = []source.ObjectID{id(n)} },
			func(n int) (int, int) { return n + 1, n }, 13,
		},
		"each forced": {
			func(g *graph, n int) {
				g.parents[id(n+1)], g.parents[id(n+10_001)] = []source.ObjectID{id(0)}, []source.ObjectID{id(0)}
			},
			func(n int) (int, int) { return n + 1, n + 10_001 }, 9,
		},
		"each forced, without a common commit": {
			func(g *graph, n int) { g.parents[id(n+1)], g.parents[id(n+10_001)] = nil, nil },
			func(n int) (int, int) { return n + 1, n + 10_001 }, 4,
		},
	} {
		g := &graph{parents: map[source.ObjectID][]source.ObjectID{id(0): nil}, drops: never, adds: never}
		var questions []source.Question
		for n := range count {
			c.parents(g, n)
			older, newer := c.pair(n)
			questions = append(questions, source.Question{About: source.Ancestor, Old: id(older), New: id(newer)})
		}
		got, err := ancestry.Answers(t.Context(), g, questions)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range questions {
			if got[q] != g.naive(q) {
				t.Fatalf("%s: %s..%s: got %v", name, q.Old, q.New, got[q])
			}
		}
		if n := g.listings.Load() + g.calls.Load(); n > c.most {
			t.Errorf("%s: got %d listings and %d calls, want at most %d", name, g.listings.Load(), g.calls.Load(), c.most)
		}
	}
}

// TestAnswers_fails has a History that fails: the answers are not known.
func TestAnswers_fails(t *testing.T) {
	t.Parallel()
	g := &graph{parents: map[source.ObjectID][]source.ObjectID{id(0): nil}, drops: never, adds: never, err: errors.New("connection refused")}
	var questions []source.Question
	for n := range 10 {
		g.parents[id(n+1)] = []source.ObjectID{id(n)}
		questions = append(questions, source.Question{Old: id(n), New: id(n + 1)})
	}
	if got, err := ancestry.Answers(t.Context(), g, questions); !errors.Is(err, g.err) || got != nil {
		t.Errorf("got %v, %v", got, err)
	}
}
