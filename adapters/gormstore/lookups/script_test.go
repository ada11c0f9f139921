package lookups_test

import (
	"context"
	"testing"
	"time"

	"gatehouse/adapters/gormstore/lookups"

	"pgregory.net/rapid"
)

// script is what happens to a model.
type script struct {
	limits lookups.Limits
	costs  []cost // of the statements, in the order of their start, over and over
	events []event
}

// cost is how a statement runs.
type cost struct {
	before, after time.Duration // it reads
	stubborn      bool          // it goes on when its context ends
	outcome       int
}

// The outcomes of a statement.
const (
	works = iota
	fails
	panics
	isShort
	isLong
)

// sleep waits for d, or for the end of ctx.
func (c cost) sleep(ctx context.Context, d time.Duration) error {
	if c.stubborn {
		time.Sleep(d)
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// event is one thing that happens.
type event struct {
	delay   time.Duration // since the event before
	kind    int
	row     int
	count   int           // of requests that ask; of requests since the one that is cancelled
	timeout time.Duration // of the requests; 0 is none
	ended   bool          // whether the context of the requests has ended
}

// The kinds of events.
const (
	asks = iota
	writes
	cancels
)

var (
	delays    = micros(0, 0, 1, 50, 100, 300, 1000, 4000, 10000, 100000)
	durations = micros(50, 0, 100, 150, 300, 700, 2000, 6000, 60000, 1000000)
	timeouts  = micros(0, 0, 0, 100, 200, 1000, 6000, 50000)
	counts    = []int{1, 1, 2, 3, 1, 5, 1, 70, 10, 1, 30}
	kinds     = []int{asks, asks, asks, writes, cancels, asks}
	outcomes  = []int{works, works, works, fails, panics, isShort, works, isLong}
)

func micros(list ...int) (durations []time.Duration) {
	for _, n := range list {
		durations = append(durations, time.Duration(n)*time.Microsecond)
	}
	return durations
}

// newScript makes a script from numbers: next returns one from 0 to n-1.
func newScript(next func(n int) int) script {
	s := script{limits: lookups.Limits{InFlight: next(4), Pool: next(6), Forced: next(8) == 7}}
	for range 1 + next(8) {
		s.costs = append(s.costs, cost{
			before: pick(next, durations), after: pick(next, durations),
			stubborn: next(3) == 2, outcome: pick(next, outcomes),
		})
	}
	for range 1 + next(40) {
		s.events = append(s.events, event{
			delay: pick(next, delays), kind: pick(next, kinds), row: next(rows), count: pick(next, counts),
			timeout: pick(next, timeouts), ended: next(16) == 15,
		})
	}
	return s
}

// pick picks one of a list.
func pick[T any](next func(n int) int, list []T) T { return list[next(len(list))] }

func TestCoalescer_is_the_plain_store(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := newScript(func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "number") })
		if findings := run(t, s); len(findings) > 0 {
			rt.Fatalf("%+v\n%q", s, findings)
		}
	})
}

func FuzzCoalescer(f *testing.F) {
	// Bursts around statements that last, fail and are overdue.
	for _, seed := range []string{
		"", "\x01\x01\x00\x02\x00\x01\x00\x00\x05\x01\x00\x03\x01\x00\x00\x08\x00\x00\x07\x00\x00\x05\x00\x00\x07\x00\x00",
		"\x02\x04\x00\x07\x05\x05\x00\x00\x07\x07\x02\x03\x08\x01\x00\x00\x05\x05\x02\x04\x05\x05\x00\x05",
		"\x01\x02\x07\x03\x06\x06\x02\x00\x02\x01\x00\x03\x05\x05\x01\x04\x03\x03\x00\x07\x20\x00\x01\x02\x03\x04\x05",
	} {
		f.Add([]byte(seed))
	}
	for first := range byte(8) {
		seed := []byte{1 + first%3, first % 6, first}
		for i := range byte(250) {
			seed = append(seed, (i*i+first*i*7)>>1)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		next := func(n int) int {
			if len(input) == 0 {
				return 0
			}
			number := int(input[0]) % n
			input = input[1:]
			return number
		}
		s := newScript(next)
		if findings := run(t, s); len(findings) > 0 {
			t.Fatalf("%+v\n%q", s, findings)
		}
	})
}
