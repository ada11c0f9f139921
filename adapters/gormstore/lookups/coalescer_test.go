package lookups_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/adapters/gormstore/lookups"
)

// goroutine is the header of the stack of the goroutine that calls it.
func goroutine() string {
	stack := make([]byte, 64)
	header, _, _ := bytes.Cut(stack[:runtime.Stack(stack, false)], []byte("["))
	return string(header)
}

func TestCoalescer_free_slot_caller_asks_in_its_goroutine(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "mine")
	caller := goroutine()
	failure := errors.New("no such row")
	one := func(got context.Context, q int) (int, error) {
		if got != ctx {
			t.Error("the statement has another context than its caller")
		}
		if goroutine() != caller {
			t.Error("the statement runs in another goroutine than its caller")
		}
		return 10 * q, failure
	}
	c := lookups.New(one, nil, lookups.Limits{InFlight: 1})
	for q := range 3 {
		if got, err := c.Ask(ctx, q); got != 10*q || err != failure {
			t.Errorf("question %d: got %d, %v", q, got, err)
		}
	}
}

// TestCoalescer_free_slot_allocates_nothing is not parallel: it measures.
func TestCoalescer_free_slot_allocates_nothing(t *testing.T) {
	one := func(_ context.Context, q int) (int, error) { return 10 * q, nil }
	c := lookups.New(one, nil, lookups.Limits{InFlight: 2})
	ctx := t.Context()
	if got := testing.AllocsPerRun(1000, func() { _, _ = c.Ask(ctx, 1) }); got != 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}

func TestCoalescer_without_limit_every_question_is_a_statement(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{Pool: 1})
		answers := f.start(t.Context(), 1, 2, 3)
		f.wantCalls(t, "one 1", "one 2", "one 3")
		time.Sleep(quick)
		wantAnswers(t, quick, answers...)
	})
}

func TestCoalescer_slots_in_flight(t *testing.T) {
	for _, c := range []struct{ inFlight, pool, want int }{
		{1, 0, 1}, {2, 0, 2}, {3, 5, 3}, {3, 3, 3}, {5, 3, 3},
	} {
		t.Run(fmt.Sprintf("%d of %d", c.inFlight, c.pool), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFixture(lookups.Limits{InFlight: c.inFlight, Pool: c.pool})
				f.start(t.Context(), numbers(1, 9)...)
				if len(f.started()) != c.want {
					t.Errorf("got %d statements in flight, want %d", len(f.started()), c.want)
				}
				time.Sleep(time.Second)
			})
		})
	}
}

func TestCoalescer_one_waits_asks_itself_with_its_context(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1})
		first := f.start(t.Context(), 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		f.setOne(func(got context.Context, q int) (int, error) {
			if got != ctx {
				t.Error("the statement has another context than its caller")
			}
			time.Sleep(quick)
			return 10 * q, nil
		})
		second := f.start(ctx, 2)
		f.wantCalls(t, "one 1")
		time.Sleep(quick)
		wantAnswers(t, quick, first...)
		f.wantCalls(t, "one 2")
		third := f.start(ctx, 3)
		f.wantCalls(t) // the second keeps the slot
		time.Sleep(quick)
		wantAnswers(t, 2*quick, second...)
		f.wantCalls(t, "one 3")
		time.Sleep(quick)
		wantAnswers(t, 2*quick, third...)
	})
}

func TestCoalescer_several_wait_share_a_statement(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1})
		f.take(3*quick, 2)
		first := f.start(t.Context(), 1)
		batch := f.start(t.Context(), 2, 3, 4)
		time.Sleep(quick)
		wantAnswers(t, quick, first...) // it does not wait for the batch
		f.wantCalls(t, "one 1", "many [2 3 4]")
		next := f.start(t.Context(), 5, 6)
		f.wantCalls(t) // they do not join the statement that was sent
		time.Sleep(3 * quick)
		wantAnswers(t, 4*quick, batch...)
		f.wantCalls(t, "many [5 6]")
		last := f.start(t.Context(), 7)
		time.Sleep(quick)
		wantAnswers(t, 4*quick, next...)
		f.wantCalls(t, "one 7")
		time.Sleep(quick)
		wantAnswers(t, 2*quick, last...)
	})
}

func TestCoalescer_64_share_a_statement_in_the_order_of_arrival(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1})
		f.start(t.Context(), 0)
		f.start(t.Context(), numbers(1, 130)...)
		time.Sleep(time.Second)
		f.wantCalls(t, "one 0", fmt.Sprint("many ", numbers(1, 64)), fmt.Sprint("many ", numbers(65, 128)), "many [129 130]")
		for _, a := range f.order {
			if a.err != nil || a.value != 10*a.question {
				t.Errorf("got %+v", *a)
			}
		}
		if len(f.order) != 131 {
			t.Errorf("got %d answers, want 131", len(f.order))
		}
	})
}

func TestCoalescer_context_ended_while_waiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1})
		f.take(4*time.Millisecond, 1)
		f.start(t.Context(), 1)
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := f.start(ctx, 2)
		short, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		late := f.start(short, 3)
		stays := f.start(t.Context(), 4)
		cancel(errors.New("not what Ask returns"))
		wantError(t, 0, context.Canceled, gone...)
		wantError(t, 0, context.Canceled, f.start(ctx, 5)...)
		time.Sleep(time.Millisecond)
		wantError(t, time.Millisecond, context.DeadlineExceeded, late...)
		time.Sleep(3 * time.Millisecond)
		f.wantCalls(t, "one 1", "one 4") // no slot and no batch for those that left
		time.Sleep(quick)
		wantAnswers(t, 4*time.Millisecond+quick, stays...)
	})
}

func TestCoalescer_context_ended_while_waiting_costs_no_slot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1})
		for q := range 100 { // the slot is free and the context ends in the same moment
			f.start(t.Context(), q)
			ctx, cancel := context.WithTimeout(t.Context(), quick)
			f.start(ctx, 1000)
			time.Sleep(quick)
			synctest.Wait()
			time.Sleep(quick)
			synctest.Wait()
			cancel()
		}
		f.forget()
		f.start(t.Context(), 1)
		f.wantCalls(t, "one 1")
		time.Sleep(quick)
	})
}

// endsWhenAsked is a context that ends after it was first asked for its error.
type endsWhenAsked struct {
	context.Context
	end func()
}

func (c endsWhenAsked) Err() error {
	defer c.end()
	return c.Context.Err()
}

// silent is a context whose end does not show but by its error.
type silent struct{ context.Context }

func (silent) Done() <-chan struct{} { return nil }

// TestCoalescer_context_ended_with_a_slot_frees_it has a context that ends after
// its caller was given the slot, before the caller goes on.
func TestCoalescer_context_ended_with_a_slot_frees_it(t *testing.T) {
	for name, wrap := range map[string]func(context.Context) context.Context{
		"while it waits": func(ctx context.Context) context.Context { return ctx },
		"when it wakes":  func(ctx context.Context) context.Context { return silent{ctx} },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFixture(lookups.Limits{InFlight: 1})
				f.start(t.Context(), 1)
				ctx, cancel := context.WithCancel(t.Context())
				gone := f.start(endsWhenAsked{wrap(ctx), cancel}, 2)
				time.Sleep(quick)
				wantError(t, quick, context.Canceled, gone...)
				next := f.start(t.Context(), 3)
				f.wantCalls(t, "one 1", "one 3")
				time.Sleep(quick)
				wantAnswers(t, quick, next...)
			})
		})
	}
}

// TestCoalescer_panic_of_one_frees_the_slot: the panic is the caller's.
func TestCoalescer_panic_of_one_frees_the_slot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1})
		f.setOne(func(context.Context, int) (int, error) { panic("one") })
		for range 3 {
			func() {
				defer func() {
					if p := recover(); p != "one" {
						t.Errorf("got panic %v, want one", p)
					}
				}()
				_, _ = f.Ask(t.Context(), 1)
			}()
		}
		f.setOne(nil)
		wantCall := f.start(t.Context(), 2)
		time.Sleep(quick)
		wantAnswers(t, quick, wantCall...)
	})
}

func TestCoalescer_forced_alone(t *testing.T) {
	for _, inFlight := range []int{0, 1} {
		t.Run(fmt.Sprint(inFlight, " in flight"), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFixture(lookups.Limits{InFlight: inFlight, Forced: true})
				answers := f.start(t.Context(), 1)
				f.wantCalls(t, "many [1]")
				time.Sleep(quick)
				wantAnswers(t, quick, answers...)
			})
		})
	}
}

func TestCoalescer_forced_waiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1, Forced: true})
		f.start(t.Context(), 1)
		f.start(t.Context(), 2)
		time.Sleep(quick)
		f.wantCalls(t, "many [1]", "many [2]")
		f.start(t.Context(), 3, 4)
		time.Sleep(quick)
		f.wantCalls(t, "many [3 4]")
		time.Sleep(quick)
	})
}

// TestCoalescer_forced_waiting_is_a_batch, so that its caller does not wait for
// it when it is overdue.
func TestCoalescer_forced_waiting_is_a_batch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1, Forced: true})
		f.start(t.Context(), 1)
		f.many = func(context.Context, []int) ([]lookups.Answer[int], error) {
			time.Sleep(time.Minute)
			return nil, errors.New("late")
		}
		waited := f.start(t.Context(), 2)
		time.Sleep(quick + patience + quick)
		wantAnswers(t, quick+patience+quick, waited...)
		f.wantCalls(t, "many [1]", "many [2]", "one 2")
		time.Sleep(time.Minute)
	})
}

func TestCoalescer_forced_failure_is_asked_by_one(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1, Forced: true})
		f.many = func(context.Context, []int) ([]lookups.Answer[int], error) { panic("many") }
		answers := f.start(t.Context(), 1)
		f.wantCalls(t, "many [1]", "one 1")
		time.Sleep(quick)
		wantAnswers(t, quick, answers...)
		if len(f.failures()) != 1 {
			t.Errorf("got failures %q, want one", f.failures())
		}
	})
}

// TestCoalescer_under_load runs outside of a bubble, for the race detector.
func TestCoalescer_under_load(t *testing.T) {
	t.Parallel()
	one := func(_ context.Context, q int) (int, error) { runtime.Gosched(); return 10 * q, nil }
	many := func(_ context.Context, questions []int) ([]lookups.Answer[int], error) {
		if slices.Contains(questions, 13) {
			panic("thirteen")
		}
		return tenfold(questions), nil
	}
	c := lookups.New(one, many, lookups.Limits{InFlight: 2, Pool: 4})
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for i := range 500 {
				q := worker*500 + i
				ctx, cancel := context.WithCancel(t.Context())
				if i%7 == 0 {
					go cancel()
				}
				if got, err := c.Ask(ctx, q); err == nil && got != 10*q || err != nil && ctx.Err() == nil {
					t.Errorf("question %d: got %d, %v", q, got, err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
}
