package lookups_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/adapters/gormstore/lookups"
)

const patience = 5 * time.Millisecond // of a near database

// steady lets the mean duration become d.
func steady(t *testing.T, f *fixture, d time.Duration) {
	t.Helper()
	for range 100 {
		f.take(d, 0)
		f.start(t.Context(), 0)
		time.Sleep(d)
		synctest.Wait()
	}
	f.forget()
}

func TestCoalescer_overdue_batch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		done := make(chan struct{})
		var ended error
		f, answers := batchOf(t, func(ctx context.Context, questions []int) ([]lookups.Answer[int], error) {
			select {
			case <-ctx.Done():
				t.Error("the overdue statement is cancelled")
			case <-done:
			}
			ended = ctx.Err()
			return []lookups.Answer[int]{{Value: -1}, {Value: -1}}, nil
		}, t.Context(), t.Context())
		next := f.start(t.Context(), 5)
		f.take(time.Millisecond, 1)
		f.take(2*time.Millisecond, 2)
		f.take(time.Millisecond, 5)
		time.Sleep(patience - 1)
		f.wantCalls(t)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if len(f.started()) != 3 {
			t.Errorf("got statements %q, want one for each of 1, 2 and 5", f.started())
		}
		time.Sleep(2 * time.Millisecond)
		wantAnswers(t, quick+patience+time.Millisecond, answers[0])
		wantAnswers(t, quick+patience+2*time.Millisecond, answers[1])
		wantAnswers(t, patience+time.Millisecond, next...)
		close(done) // its answers are dropped
		synctest.Wait()
		if len(f.finished()) != 4 || ended != nil {
			t.Errorf("got ended statements %q with %v", f.finished(), ended)
		}
	})
}

// TestCoalescer_overdue_batch_left_by_all has an overdue statement whose callers
// are cancelled after they asked again.
func TestCoalescer_overdue_batch_left_by_all(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		f, answers := batchOf(t, func(ctx context.Context, questions []int) ([]lookups.Answer[int], error) {
			select {
			case <-ctx.Done():
				t.Error("the overdue statement is cancelled")
			case <-done:
			}
			return nil, nil
		}, ctx, ctx)
		f.setOne(func(ctx context.Context, _ int) (int, error) { <-ctx.Done(); return 0, ctx.Err() })
		time.Sleep(patience)
		synctest.Wait()
		cancel()
		wantError(t, quick+patience, context.Canceled, answers...)
		close(done)
	})
}

func TestCoalescer_overdue_single(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1})
		f.take(time.Second, 1)
		slow := f.start(t.Context(), 1)
		time.Sleep(patience - quick)
		waited := f.start(t.Context(), 2)
		time.Sleep(quick - 1)
		f.wantCalls(t, "one 1")
		time.Sleep(time.Nanosecond)
		f.wantCalls(t, "one 2")
		third := f.start(t.Context(), 3)
		time.Sleep(quick)
		wantAnswers(t, 2*quick, waited...)
		f.wantCalls(t, "one 3")
		time.Sleep(time.Second)
		wantAnswers(t, 2*quick, third...)
		wantAnswers(t, time.Second, slow...)
		f.wantCalls(t) // no second statement for the slow question
	})
}

func TestCoalescer_overdue_single_without_waiting_callers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1})
		f.take(time.Second, 1)
		f.start(t.Context(), 1)
		time.Sleep(patience)
		f.start(t.Context(), 2)
		f.wantCalls(t, "one 1", "one 2")
		time.Sleep(time.Second)
		// The end of the slow statement frees no slot a second time.
		f.take(time.Millisecond, 3)
		f.forget()
		f.start(t.Context(), 3, 4)
		f.wantCalls(t, "one 3")
		time.Sleep(time.Second)
	})
}

func TestCoalescer_overdue_frees_one_slot_once(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1, Pool: 1})
		f.take(patience+time.Millisecond, 1)
		f.take(patience-time.Millisecond, 2)
		f.start(t.Context(), 1)
		time.Sleep(patience)
		f.start(t.Context(), 2)
		f.start(t.Context(), 3, 4)
		f.wantCalls(t, "one 1", "one 2")
		time.Sleep(time.Millisecond) // 1 ends
		f.wantCalls(t)
		time.Sleep(time.Second)
		f.wantCalls(t, "many [3 4]")
	})
}

// TestCoalescer_overdue_after_8_means has waiting callers that see when the slot
// of a slow statement is free.
func TestCoalescer_overdue_after_8_means(t *testing.T) {
	for _, mean := range []time.Duration{quick, time.Millisecond, 20 * time.Millisecond} {
		t.Run(mean.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFixture(lookups.Limits{InFlight: 1, Pool: 1})
				steady(t, f, mean)
				want := max(8*mean, patience)
				f.take(time.Minute, 1)
				f.start(t.Context(), 1)
				f.start(t.Context(), 2)
				time.Sleep(want - time.Microsecond) // the mean comes near, not quite to it
				f.wantCalls(t, "one 1")
				time.Sleep(time.Microsecond)
				f.wantCalls(t, "one 2")
				time.Sleep(time.Minute)
				// The late result is part of the mean, as if it had just been overdue; before
				// it came the quick one of 2.
				before := mean + (quick-mean)/8
				wantLate(t, f, before, max(8*before, patience))
			})
		})
	}
}

// wantLate wants that a statement which was overdue after limit counts as one that took as
// long, where the mean was mean before.
func wantLate(t *testing.T, f *fixture, mean, limit time.Duration) {
	t.Helper()
	next := 8 * (mean + (limit-mean)/8)
	f.forget()
	f.take(2*time.Minute, 3)
	f.start(t.Context(), 3)
	f.start(t.Context(), 4)
	time.Sleep(next - 10*time.Microsecond)
	f.wantCalls(t, "one 3")
	time.Sleep(20 * time.Microsecond)
	f.wantCalls(t, "one 4")
	time.Sleep(time.Hour)
}

// TestCoalescer_overdue_sooner_when_the_mean_falls has a timer that was set for
// a longer patience.
func TestCoalescer_overdue_sooner_when_the_mean_falls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 60, Pool: 60})
		steady(t, f, 100*time.Millisecond)
		f.take(time.Hour, 1)
		f.take(time.Hour, 3)
		f.take(time.Millisecond, 2)
		f.start(t.Context(), 1)
		for range 60 { // the last one waits
			f.start(t.Context(), 2)
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		for range 59 {
			f.start(t.Context(), 3)
		}
		f.forget()
		f.start(t.Context(), 4)
		f.wantCalls(t)
		time.Sleep(8 * time.Millisecond)
		f.wantCalls(t, "one 4")
		time.Sleep(2 * time.Hour)
	})
}

// TestCoalescer_overdue_batch_is_part_of_the_mean has a batch that takes a minute.
func TestCoalescer_overdue_batch_is_part_of_the_mean(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, _ := batchOf(t, func(context.Context, []int) ([]lookups.Answer[int], error) {
			time.Sleep(time.Minute)
			return nil, nil
		}, t.Context(), t.Context())
		time.Sleep(time.Minute)
		synctest.Wait()
		wantLate(t, f, quick, patience)
	})
}

func TestCoalescer_cancelled_batches_do_not_lower_the_mean(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1, Pool: 1})
		f.many = untilEnd
		steady(t, f, 20*time.Millisecond)
		for range 30 {
			ctx, cancel := context.WithCancel(t.Context())
			f.start(t.Context(), 0)
			f.start(ctx, 1, 2)
			time.Sleep(20 * time.Millisecond)
			synctest.Wait()
			cancel()
			synctest.Wait()
		}
		f.forget()
		f.take(time.Minute, 3)
		f.start(t.Context(), 3)
		f.start(t.Context(), 4)
		time.Sleep(159 * time.Millisecond)
		f.wantCalls(t, "one 3")
		time.Sleep(time.Minute)
	})
}

func TestCoalescer_statements_at_their_deadline_raise_the_mean(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1, Pool: 1})
		steady(t, f, quick)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		f.setOne(func(ctx context.Context, _ int) (int, error) { <-ctx.Done(); return 0, ctx.Err() })
		f.start(ctx, 1)
		time.Sleep(time.Minute)
		synctest.Wait()
		f.setOne(nil)
		wantLate(t, f, quick, patience)
	})
}

func TestCoalescer_cancelled_statements_do_not_lower_the_mean(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1, Pool: 1})
		steady(t, f, 20*time.Millisecond)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		f.setOne(func(ctx context.Context, _ int) (int, error) { return 0, ctx.Err() })
		for range 100 {
			f.start(ended, 1)
		}
		f.setOne(nil)
		f.forget()
		f.take(time.Minute, 1)
		f.start(t.Context(), 1)
		f.start(t.Context(), 2)
		time.Sleep(159 * time.Millisecond)
		f.wantCalls(t, "one 1")
		time.Sleep(time.Millisecond)
		f.wantCalls(t, "one 2")
		time.Sleep(time.Minute)
	})
}

// slots counts the statements that are in flight at a time, by statements that
// last longer than all other ones.
func slots(t *testing.T, f *fixture, takes time.Duration) int {
	t.Helper()
	f.forget()
	f.take(takes, 9)
	f.start(t.Context(), 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9)
	n := len(f.started())
	time.Sleep(20 * takes)
	synctest.Wait()
	return n
}

func TestCoalescer_distance(t *testing.T) {
	for _, c := range []struct {
		took       time.Duration
		pool, want int
	}{
		{0, 0, 2}, {499 * time.Microsecond, 0, 2}, {500 * time.Microsecond, 0, 4}, {999 * time.Microsecond, 0, 4},
		{time.Millisecond, 0, 6}, {1700 * time.Microsecond, 0, 8}, {1700 * time.Microsecond, 5, 5}, {time.Hour, 7, 7},
	} {
		t.Run(c.took.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFixture(lookups.Limits{InFlight: 2, Pool: c.pool})
				steady(t, f, c.took+1) // 0 is quick
				f.take(c.took, 0)
				if c.took == 0 {
					f.setOne(func(context.Context, int) (int, error) { return 0, nil })
				}
				f.start(t.Context(), 0)
				time.Sleep(c.took)
				synctest.Wait()
				f.setOne(nil)
				if got := slots(t, f, max(c.took, quick)); got != c.want {
					t.Errorf("got %d statements in flight, want %d", got, c.want)
				}
			})
		})
	}
}

// TestCoalescer_distance_at_the_start is before the first measurement.
func TestCoalescer_distance_at_the_start(t *testing.T) {
	bubble(t, func(t *testing.T) {
		if got := slots(t, newFixture(lookups.Limits{InFlight: 2}), time.Millisecond); got != 2 {
			t.Errorf("got %d statements in flight, want 2", got)
		}
	})
}

func TestCoalescer_distance_is_the_least_of_two_spans(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1})
		single := func(d time.Duration) {
			f.take(d, 0)
			f.start(t.Context(), 0)
			time.Sleep(d)
			synctest.Wait()
		}
		inFlight := func(want int) {
			t.Helper()
			f.forget()
			f.start(t.Context(), numbers(9, 20)...)
			if got := len(f.started()); got != want {
				t.Errorf("got %d statements in flight, want %d", got, want)
			}
			time.Sleep(50 * time.Millisecond)
			synctest.Wait()
		}
		single(2 * time.Millisecond) // at 0 s
		f.take(2*time.Millisecond, numbers(9, 20)...)
		inFlight(5)
		single(time.Millisecond)
		inFlight(3)
		time.Sleep(5 * time.Second)
		single(2 * time.Millisecond) // the span before has the millisecond
		inFlight(3)
		time.Sleep(5 * time.Second)
		single(2 * time.Millisecond)
		inFlight(5)
		single(quick)
		time.Sleep(time.Minute)
		single(2 * time.Millisecond)
		inFlight(5)
	})
}

// TestCoalescer_distance_without_singles has nothing but batches for longer than
// two spans.
func TestCoalescer_distance_without_singles(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1, Pool: 2})
		f.take(600*time.Microsecond, 0)
		f.start(t.Context(), 0)
		time.Sleep(time.Millisecond)
		f.take(time.Second, numbers(1, 9)...)
		f.start(t.Context(), 1, 2) // two slots
		f.start(t.Context(), 3, 4)
		f.wantCalls(t, "one 0", "one 1", "one 2")
		time.Sleep(time.Hour)
		f.forget()
		f.setOne(func(context.Context, int) (int, error) { return 0, context.DeadlineExceeded })
		f.start(t.Context(), 5) // it fails, and is no measure of the distance
		f.setOne(nil)
		f.forget()
		f.start(t.Context(), 6, 7, 8)
		f.wantCalls(t, "one 6", "one 7")
		time.Sleep(time.Hour)
	})
}

// TestCoalescer_distance_hands_on_the_new_slots has callers that wait when the
// limit rises.
func TestCoalescer_distance_hands_on_the_new_slots(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1})
		f.take(600*time.Microsecond, 0)
		f.start(t.Context(), 0)
		f.start(t.Context(), numbers(1, 66)...)
		time.Sleep(600 * time.Microsecond)
		synctest.Wait()
		if len(f.started()) != 3 {
			t.Errorf("got %d statements, want a single and two batches", len(f.started()))
		}
		time.Sleep(time.Minute)
	})
}

func TestCoalescer_distance_spans_of_5_seconds(t *testing.T) {
	for age, want := range map[time.Duration]int{10*time.Second - 1: 3, 10 * time.Second: 5} {
		t.Run(age.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFixture(lookups.Limits{InFlight: 1})
				f.take(time.Millisecond, 1)
				f.take(2*time.Millisecond, 2)
				f.start(t.Context(), 1)
				time.Sleep(time.Millisecond) // the span starts
				synctest.Wait()
				time.Sleep(age - 2*time.Millisecond)
				f.start(t.Context(), 2)
				time.Sleep(2 * time.Millisecond)
				synctest.Wait()
				if got := slots(t, f, 2*time.Millisecond); got != want {
					t.Errorf("got %d statements in flight, want %d", got, want)
				}
			})
		})
	}
}

// TestCoalescer_distance_after_a_span_without_singles has a span before whose
// singles took longer than those of the one before that.
func TestCoalescer_distance_after_a_span_without_singles(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 1})
		for q, d := range micros(1000, 2000) {
			f.take(d, q)
			f.start(t.Context(), q)
			time.Sleep(5*time.Second + d)
			synctest.Wait()
		}
		f.setOne(func(context.Context, int) (int, error) { return 0, context.DeadlineExceeded })
		f.start(t.Context(), 3) // the third span has no answered single
		f.setOne(nil)
		if got := slots(t, f, 2*time.Millisecond); got != 5 {
			t.Errorf("got %d statements in flight, want 5", got)
		}
	})
}

func TestCoalescer_distance_is_not_measured_by_many(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFixture(lookups.Limits{InFlight: 2, Forced: true})
		steady(t, f, 2*time.Millisecond)
		if got := slots(t, f, 2*time.Millisecond); got != 2 {
			t.Errorf("got %d statements in flight, want 2", got)
		}
	})
}
