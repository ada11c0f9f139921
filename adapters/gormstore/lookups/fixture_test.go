package lookups_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/adapters/gormstore/lookups"
)

// quick is how long a statement takes if a test does not say otherwise: less
// than 500 µs, so that the database is near.
const quick = 100 * time.Microsecond

// fixture is a Coalescer over a database that answers q with 10*q, in a bubble
// of synctest.
type fixture struct {
	*lookups.Coalescer[int, int]

	// many replaces what a batch does, if it is not nil.
	many func(context.Context, []int) ([]lookups.Answer[int], error)

	mu     sync.Mutex
	one    func(context.Context, int) (int, error) // replaces what a single does, if it is not nil
	takes  map[int]time.Duration                   // of the statements with a question, if not quick
	calls  []string                                // statements in the order of their start
	ended  []string                                // statements in the order of their end
	failed []string                                // errors that Failed was called with
	order  []*answer                               // answers in the order of their return
}

// answer is what a call of Ask returned.
type answer struct {
	question int
	returned bool
	value    int
	err      error
	after    time.Duration // the call
}

func newFixture(limits lookups.Limits) *fixture {
	f := &fixture{takes: map[int]time.Duration{}}
	limits.Failed = func(err error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.failed = append(f.failed, err.Error())
	}
	f.Coalescer = lookups.New(f.askOne, f.askMany, limits)
	return f
}

func (f *fixture) askOne(ctx context.Context, q int) (int, error) {
	defer f.record(fmt.Sprint("one ", q))()
	f.mu.Lock()
	one := f.one
	f.mu.Unlock()
	if one != nil {
		return one(ctx, q)
	}
	time.Sleep(f.duration(q))
	return 10 * q, nil
}

func (f *fixture) askMany(ctx context.Context, questions []int) ([]lookups.Answer[int], error) {
	defer f.record(fmt.Sprint("many ", questions))()
	if f.many != nil {
		return f.many(ctx, questions)
	}
	time.Sleep(f.duration(questions...))
	return tenfold(questions), nil
}

// tenfold answers questions.
func tenfold(questions []int) []lookups.Answer[int] {
	var answers []lookups.Answer[int]
	for _, q := range questions {
		answers = append(answers, lookups.Answer[int]{Value: 10 * q})
	}
	return answers
}

// duration is the longest duration of the questions that have one.
func (f *fixture) duration(questions ...int) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	var longest time.Duration
	for _, q := range questions {
		longest = max(longest, f.takes[q])
	}
	if longest == 0 {
		return quick
	}
	return longest
}

// take makes the statements with the questions take d.
func (f *fixture) take(d time.Duration, questions ...int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, q := range questions {
		f.takes[q] = d
	}
}

// setOne replaces what a single does; nil undoes it.
func (f *fixture) setOne(one func(context.Context, int) (int, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.one = one
}

// forget forgets the recorded statements.
func (f *fixture) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.ended = nil, nil
}

// started returns the recorded statements, in the order of their start.
func (f *fixture) started() []string { return f.copy(&f.calls) }

// finished returns the recorded statements that ended, in the order of their end.
func (f *fixture) finished() []string { return f.copy(&f.ended) }

// failures returns the errors that were reported.
func (f *fixture) failures() []string { return f.copy(&f.failed) }

func (f *fixture) copy(list *[]string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(*list)
}

// record records the start of a statement, and by what it returns the end.
func (f *fixture) record(call string) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.ended = append(f.ended, call)
	}
}

// start calls Ask for the questions, one after the other, in goroutines of their own,
// and returns when each of them waits or has its answer.
func (f *fixture) start(ctx context.Context, questions ...int) []*answer {
	var started []*answer
	for _, q := range questions {
		a := &answer{question: q}
		started = append(started, a)
		begin := time.Now()
		go func() {
			value, err := f.Ask(ctx, q)
			f.mu.Lock()
			defer f.mu.Unlock()
			*a = answer{question: q, returned: true, value: value, err: err, after: time.Since(begin)}
			f.order = append(f.order, a)
		}()
		synctest.Wait()
	}
	return started
}

// wantCalls holds the statements that were started since the last call.
func (f *fixture) wantCalls(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.calls, want) {
		t.Errorf("statements: got %q, want %q", f.calls, want)
	}
	f.calls = nil
}

// wantAnswers holds the answers to be there, without errors, after the duration.
func wantAnswers(t *testing.T, after time.Duration, answers ...*answer) {
	t.Helper()
	synctest.Wait()
	for _, a := range answers {
		if !a.returned || a.err != nil || a.value != 10*a.question || a.after != after {
			t.Errorf("question %d: got %+v, want %d after %v", a.question, *a, 10*a.question, after)
		}
	}
}

// wantError holds the answers to be the error, after the duration.
func wantError(t *testing.T, after time.Duration, err error, answers ...*answer) {
	t.Helper()
	synctest.Wait()
	for _, a := range answers {
		if !a.returned || a.err != err || a.after != after {
			t.Errorf("question %d: got %+v, want error %q after %v", a.question, *a, err, after)
		}
	}
}

// bubble runs test in a bubble, beside other tests.
func bubble(t *testing.T, test func(*testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// numbers are those from first to last.
func numbers(first, last int) (list []int) {
	for i := first; i <= last; i++ {
		list = append(list, i)
	}
	return list
}
