package pushes

import (
	"context"
	"sync"
	"time"

	"gatehouse/application"
)

// SteadyCounters are Counters whose time does not follow a step of the clock, such
// as an administrator or NTP makes: no counter ends by it that lives, and none lives
// on that ends. The clock counts again once it has differed for twice the lifetime of
// a counter, which it also does after the machine was suspended, or earlier if no push
// begins meanwhile.
//
// At that moment, too, no counter ends that lives. One that has ended may live on if
// the clock was set back, until the store removes what is not increased any more.
type SteadyCounters struct {
	Counters
	elapsed application.Elapsed

	mu sync.Mutex
	// start is the time at which elapsed was 0; zero before the first push.
	start time.Time
	// last is when a push began, by elapsed.
	last time.Duration
	// other is what start is by the clock since it differs; zero while it agrees.
	other time.Time
	since time.Duration
}

const (
	// tolerance is by how much a clock may differ that was not set.
	tolerance = time.Second
	// quietLifetimes are so many that a store has removed all counters that ended.
	quietLifetimes = 4
)

// NewSteadyCounters makes SteadyCounters of counters that follow the clock.
func NewSteadyCounters(counters Counters, elapsed application.Elapsed) *SteadyCounters {
	return &SteadyCounters{Counters: counters, elapsed: elapsed}
}

// Increase implements Counters. Now is the time of the clock.
func (c *SteadyCounters) Increase(ctx context.Context, repository string, now time.Time, expiry time.Duration) error {
	now, ahead := c.read(now, expiry)
	return c.Counters.Increase(ctx, repository, now, expiry+ahead)
}

// Decrease implements Counters. Now counts only before the first Increase.
func (c *SteadyCounters) Decrease(ctx context.Context, repository string, now time.Time) error {
	return c.Counters.Decrease(ctx, repository, c.current(now))
}

// DecreaseOnce implements Counters. Until is as far away as the clock says.
func (c *SteadyCounters) DecreaseOnce(ctx context.Context, repository, entry string, until, now time.Time) error {
	steady := c.current(now)
	return c.Counters.DecreaseOnce(ctx, repository, entry, steady.Add(until.Sub(now)), steady)
}

// Recorder returns a Recorder that decreases these counters as Decrease does.
func (c *SteadyCounters) Recorder(recorder Recorder) Recorder { return steadyRecorder{recorder, c} }

type steadyRecorder struct {
	Recorder
	counters *SteadyCounters
}

// Record implements Recorder. DecreaseAt is the time of the clock.
func (r steadyRecorder) Record(ctx context.Context, p Push) error {
	if !p.DecreaseAt.IsZero() {
		p.DecreaseAt = r.counters.current(p.DecreaseAt)
	}
	return r.Recorder.Record(ctx, p)
}

// read returns the steady time, and how much longer a counter has to live that may
// see the time of the clock.
func (c *SteadyCounters) read(clock time.Time, lifetime time.Duration) (now time.Time, ahead time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	elapsed := c.elapsed()
	start, quiet := clock.Add(-elapsed), elapsed-c.last
	difference := start.Sub(c.start)
	c.last = elapsed
	switch {
	case c.start.IsZero(), quiet >= lifetime && difference > 0, quiet >= quietLifetimes*lifetime:
		c.start, c.other = start, time.Time{}
	case difference.Abs() <= tolerance:
		c.other = time.Time{}
	case c.other.IsZero() || start.Sub(c.other).Abs() > tolerance:
		c.other, c.since = start, elapsed
	case elapsed-c.since >= 2*lifetime:
		c.start, c.other = start, time.Time{}
	case elapsed-c.since >= lifetime:
		ahead = max(0, difference+tolerance) // by as much it may differ from other
	}
	return c.start.Add(elapsed), ahead
}

// current returns the steady time, or clock if there is none yet.
func (c *SteadyCounters) current(clock time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.start.IsZero() {
		return clock
	}
	return c.start.Add(c.elapsed())
}
