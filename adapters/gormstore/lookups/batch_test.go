package lookups_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/adapters/gormstore/lookups"
)

// batchOf makes a fixture with one slot, in which the contexts ask the questions
// 1, 2, … as one batch, which is in flight when it returns.
func batchOf(t *testing.T, many func(context.Context, []int) ([]lookups.Answer[int], error), contexts ...context.Context) (*fixture, []*answer) {
	t.Helper()
	f := newFixture(lookups.Limits{InFlight: 1})
	f.many = many
	f.start(t.Context(), 0)
	var answers []*answer
	for i, ctx := range contexts {
		answers = append(answers, f.start(ctx, i+1)...)
	}
	time.Sleep(quick)
	synctest.Wait()
	f.forget()
	return f, answers
}

// untilEnd is a batch that ends with its context.
func untilEnd(ctx context.Context, _ []int) ([]lookups.Answer[int], error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestCoalescer_batch_outlives_a_caller(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f, answers := batchOf(t, nil, ctx, t.Context())
		cancel()
		wantError(t, quick, context.Canceled, answers[0])
		time.Sleep(quick)
		wantAnswers(t, 2*quick, answers[1])
		f.wantCalls(t)
	})
}

func TestCoalescer_batch_ends_with_its_last_caller(t *testing.T) {
	bubble(t, func(t *testing.T) {
		first, cancelFirst := context.WithCancel(t.Context())
		second, cancelSecond := context.WithCancel(t.Context())
		f, answers := batchOf(t, untilEnd, first, second)
		cancelSecond()
		synctest.Wait()
		if len(f.finished()) > 0 {
			t.Error("the batch ended with the first caller that left")
		}
		cancelFirst()
		wantError(t, quick, context.Canceled, answers...)
		f.start(t.Context(), 9)
		f.wantCalls(t, "one 9") // in the slot of the batch
		time.Sleep(quick)
		if len(f.failures()) > 0 {
			t.Errorf("a cancelled batch is reported as failed: %q", f.failures())
		}
	})
}

func TestCoalescer_batch_context_ends_with_the_batch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var batch context.Context
		batchOf(t, func(ctx context.Context, questions []int) ([]lookups.Answer[int], error) {
			batch = ctx
			return tenfold(questions), nil
		}, t.Context(), t.Context())
		if batch.Err() == nil {
			t.Error("the context of a batch that ended is not released")
		}
	})
}

func TestCoalescer_batch_has_the_latest_deadline(t *testing.T) {
	for name, c := range map[string]struct {
		timeouts []time.Duration
		want     time.Duration // 0 is none
	}{
		"all have one":       {[]time.Duration{2 * time.Millisecond, 4 * time.Millisecond, 3 * time.Millisecond}, 4 * time.Millisecond},
		"the first has none": {[]time.Duration{0, 4 * time.Millisecond}, 0},
		"the last has none":  {[]time.Duration{4 * time.Millisecond, 0}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				begin := time.Now()
				many := func(ctx context.Context, questions []int) ([]lookups.Answer[int], error) {
					deadline, ok := ctx.Deadline()
					if ok != (c.want > 0) || ok && !deadline.Equal(begin.Add(c.want)) {
						t.Errorf("got deadline %v (%v), want after %v", deadline.Sub(begin), ok, c.want)
					}
					if c.want == 0 {
						return tenfold(questions), nil
					}
					return untilEnd(ctx, questions)
				}
				var contexts []context.Context
				for _, timeout := range c.timeouts {
					ctx := t.Context()
					if timeout > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, timeout)
						defer cancel()
					}
					contexts = append(contexts, ctx)
				}
				f, answers := batchOf(t, many, contexts...)
				time.Sleep(c.want)
				synctest.Wait()
				for i, a := range answers {
					if !a.returned || c.want > 0 && (a.err != context.DeadlineExceeded || a.after != c.timeouts[i]) {
						t.Errorf("question %d: got %+v", i+1, *a)
					}
				}
				f.wantCalls(t) // nothing is asked again
				if len(f.failures()) > 0 {
					t.Errorf("a batch at its deadline is reported as failed: %q", f.failures())
				}
			})
		})
	}
}

func TestCoalescer_batch_context_carries_no_values(t *testing.T) {
	bubble(t, func(t *testing.T) {
		type key struct{}
		ctx := context.WithValue(t.Context(), key{}, "caller's")
		batchOf(t, func(ctx context.Context, questions []int) ([]lookups.Answer[int], error) {
			if got := ctx.Value(key{}); got != nil {
				t.Errorf("got value %v, want none", got)
			}
			return tenfold(questions), nil
		}, ctx, ctx)
	})
}

func TestCoalescer_error_of_a_question_is_its_answer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		absent := errors.New("no such row")
		f, answers := batchOf(t, func(_ context.Context, questions []int) ([]lookups.Answer[int], error) {
			answers := tenfold(questions)
			answers[1] = lookups.Answer[int]{Err: absent}
			return answers, nil
		}, t.Context(), t.Context(), t.Context())
		wantAnswers(t, quick, answers[0], answers[2])
		wantError(t, quick, absent, answers[1])
		f.wantCalls(t)
		if len(f.failures()) > 0 {
			t.Errorf("got failures %q", f.failures())
		}
	})
}

func TestCoalescer_failed_batch_is_asked_singly(t *testing.T) {
	for name, c := range map[string]struct {
		fail func(questions []int) ([]lookups.Answer[int], error)
		want string
	}{
		"error":            {func(q []int) ([]lookups.Answer[int], error) { return tenfold(q), errors.New("syntax error") }, "syntax error"},
		"panic":            {func([]int) ([]lookups.Answer[int], error) { panic("index out of range") }, "lookups: panic: index out of range\n"},
		"end of goroutine": {func([]int) ([]lookups.Answer[int], error) { runtime.Goexit(); return nil, nil }, "lookups: many ended its goroutine"},
		"too few answers":  {func(q []int) ([]lookups.Answer[int], error) { return tenfold(q[1:]), nil }, "lookups: 2 answers to 3 questions"},
		"too many answers": {func(q []int) ([]lookups.Answer[int], error) { return tenfold(append(q, 4)), nil }, "lookups: 4 answers to 3 questions"},
		"no answers":       {func([]int) ([]lookups.Answer[int], error) { return nil, nil }, "lookups: 0 answers to 3 questions"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				leaves, leave := context.WithCancel(t.Context())
				f, answers := batchOf(t, func(_ context.Context, questions []int) ([]lookups.Answer[int], error) {
					time.Sleep(quick)
					return c.fail(questions)
				}, t.Context(), leaves, t.Context())
				leave()
				f.take(3*time.Millisecond, 1)
				f.take(3*time.Millisecond, 3)
				time.Sleep(quick)
				synctest.Wait()
				if len(f.started()) != 2 || f.started()[0] == f.started()[1] {
					t.Errorf("got statements %q, want one of question 1 and one of 3", f.started())
				}
				f.forget()
				f.start(t.Context(), 9)
				f.wantCalls(t, "one 9") // the slot is free
				time.Sleep(3 * time.Millisecond)
				wantAnswers(t, 2*quick+3*time.Millisecond, answers[0], answers[2])
				wantError(t, quick, context.Canceled, answers[1])
				if len(f.failures()) != 1 || !strings.HasPrefix(f.failures()[0], c.want) {
					t.Errorf("got failures %q, want %q", f.failures(), c.want)
				}
				if name == "panic" && !strings.Contains(strings.Join(f.failures(), ""), "batch_test.go") {
					t.Errorf("got failures %q, want the stack", f.failures())
				}
			})
		})
	}
}

func TestCoalescer_failed_batch_passes_the_callers_context(t *testing.T) {
	bubble(t, func(t *testing.T) {
		type key struct{}
		first := context.WithValue(t.Context(), key{}, 1)
		second := context.WithValue(t.Context(), key{}, 2)
		f, answers := batchOf(t, func(context.Context, []int) ([]lookups.Answer[int], error) {
			time.Sleep(quick)
			return nil, errors.New("syntax error")
		}, first, second)
		f.setOne(func(ctx context.Context, q int) (int, error) {
			if got := ctx.Value(key{}); got != q {
				t.Errorf("question %d: got the context of %v", q, got)
			}
			return 10 * q, nil
		})
		time.Sleep(quick)
		wantAnswers(t, 2*quick, answers...)
	})
}

// TestCoalescer_without_Failed has failures that are not reported.
func TestCoalescer_without_Failed(t *testing.T) {
	t.Parallel()
	one := func(_ context.Context, q int) (int, error) { return 10 * q, nil }
	many := func(context.Context, []int) ([]lookups.Answer[int], error) { return nil, errors.New("syntax error") }
	c := lookups.New(one, many, lookups.Limits{InFlight: 1, Forced: true})
	if got, err := c.Ask(t.Context(), 1); got != 10 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}
