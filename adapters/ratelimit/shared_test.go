package ratelimit_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/adapters/ratelimit"
)

// timeout is how long a Limiter waits for its counters.
const timeout = 100 * time.Millisecond

// fakeCounters are counters that answer after a delay, or the time of the call, with
// an error if there is one.
type fakeCounters struct {
	mu     sync.Mutex
	delay  time.Duration
	err    error
	values map[string]int64
	calls  [][]string
}

func (f *fakeCounters) Increment(ctx context.Context, names []string, _ time.Duration) (values []int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, names)
	select {
	case <-time.After(f.delay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if f.err != nil {
		return nil, f.err
	}
	for _, name := range names {
		f.values[name]++
		values = append(values, f.values[name])
	}
	return values, nil
}

// change changes how the counters answer from now on.
func (f *fakeCounters) change(delay time.Duration, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delay, f.err = delay, err
}

// shared returns a limiter over counters of its own, and its log.
func shared(perMinute int) (*ratelimit.Limiter, *fakeCounters, *observer.ObservedLogs) {
	core, log := observer.New(zap.DebugLevel)
	counters := &fakeCounters{values: map[string]int64{}}
	return ratelimit.NewShared(perMinute, counters, timeout, zap.New(core)), counters, log
}

// request counts in a bucket, and returns the last word and how long it took.
func request(t *testing.T, l *ratelimit.Limiter, n uint64) (allowed bool, took time.Duration) {
	began := time.Now()
	allowed, confirm := l.Count(t.Context(), began, bucket(n))
	return confirm() && allowed, time.Since(began)
}

func TestLimiter_Count_oneCallAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, counters, _ := shared(600)
		counters.delay = timeout / 4
		var requests sync.WaitGroup
		for i := range uint64(5) {
			requests.Go(func() {
				if allowed, took := request(t, l, i); !allowed || took > timeout/2 {
					t.Errorf("request %d: got %t after %v", i, allowed, took)
				}
			})
			synctest.Wait()
		}
		requests.Wait()
		if len(counters.calls) != 2 || len(counters.calls[0]) != 1 || len(counters.calls[1]) != 4 {
			t.Errorf("got calls %q, want one for the first request and one for all others", counters.calls)
		}
	})
}

// TestLimiter_Count_beside wants no wait for the counters before the last word is
// asked for, and none at all if they have answered by then.
func TestLimiter_Count_beside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, counters, _ := shared(1)
		counters.delay = timeout / 2
		for _, want := range []bool{true, false} {
			began := time.Now()
			allowed, confirm := l.Count(t.Context(), began.Truncate(time.Minute), bucket(0))
			if took := time.Since(began); took != 0 || allowed != want {
				t.Errorf("got %t after %v, want %t at once", allowed, took, want)
			}
			time.Sleep(2 * timeout) // as long as the facts take
			began = time.Now()
			if got := confirm(); got != want || time.Since(began) != 0 {
				t.Errorf("the last word: got %t after %v, want %t at once", got, time.Since(began), want)
			}
		}
	})
}

// TestLimiter_Count_countersAway makes the counters fail or stay silent for more
// than two minutes, and then work again.
func TestLimiter_Count_countersAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		delay time.Duration
		err   error
	}{"silent": {time.Hour, nil}, "down": {0, errors.New("connection refused")}} {
		synctest.Test(t, func(t *testing.T) {
			l, counters, log := shared(10)
			counters.change(c.delay, c.err)
			var waited time.Duration
			for i := range uint64(2*60 + 10) {
				allowed, took := request(t, l, i)
				_, again := request(t, l, i) // within the pause
				if !allowed || took > timeout || again != 0 {
					t.Fatalf("%s: request %d: got %t after %v, and again after %v", name, i, allowed, took, again)
				}
				waited += took
				time.Sleep(time.Second - took)
			}
			if most := time.Duration(2*60+10) * timeout; waited > most {
				t.Errorf("%s: the requests waited for %v", name, waited)
			}
			if lines := log.FilterLevelExact(zap.WarnLevel).Len(); lines != 3 || log.Len() != lines {
				t.Errorf("%s: got %d lines in a bit more than two minutes, want 3: %v", name, log.Len(), log.All())
			}
			for i := range 12 {
				if allowed, _ := request(t, l, 1000); allowed != (i < 10) {
					t.Errorf("%s: request %d of one bucket: got %t", name, i, allowed)
				}
			}
			counters.change(0, nil)
			time.Sleep(time.Second)
			before := len(counters.calls)
			request(t, l, 2000)
			request(t, l, 2000)
			if got := counters.calls[before:]; len(got) != 2 {
				t.Errorf("%s: the counters work again: got %q, want two calls", name, got)
			}
		})
	}
}

// TestLimiter_Count_countersFail wants that a failed call delays neither those who
// wait for the next one nor those who come while one tries again.
func TestLimiter_Count_countersFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, counters, _ := shared(10)
		counters.change(time.Hour, nil)
		var requests sync.WaitGroup
		later := func(n uint64, want time.Duration) {
			requests.Go(func() {
				if allowed, took := request(t, l, n); !allowed || took != want {
					t.Errorf("request %d: got %t after %v, want true after %v", n, allowed, took, want)
				}
			})
			synctest.Wait()
		}
		later(0, timeout)
		time.Sleep(timeout / 2)
		later(1, timeout/2)
		requests.Wait()
		time.Sleep(time.Second)
		later(2, timeout)
		later(3, 0)
		requests.Wait()
		if len(counters.calls) != 2 {
			t.Errorf("got calls %q, want two", counters.calls)
		}
	})
}

// TestLimiter_Count_names wants the same names on every server, others each minute,
// and none for buckets beyond those with a count.
func TestLimiter_Count_names(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, counters, _ := shared(600)
		for minute := range time.Duration(2) {
			_, confirm := l.Count(t.Context(), now.Add(minute*time.Minute), bucket(0))
			confirm()
		}
		want := [][]string{{"29627280:00000000000000010000000000000001"}, {"29627281:00000000000000010000000000000001"}}
		if got := counters.calls; !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("got %q, want %q", got, want)
		}
		fill(t, l, own)
		synctest.Wait()
		before := len(counters.calls)
		l.Count(t.Context(), now, bucket(own))
		synctest.Wait()
		if got := counters.calls[before:]; len(got) > 0 {
			t.Errorf("a bucket without a count: got %q, want no call", got)
		}
	})
}
