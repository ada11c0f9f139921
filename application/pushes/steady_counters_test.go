package pushes_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gatehouse/application/pushes"
)

const expiry = 600 * time.Second

// counter is what stores keep of the counter of project-1, as Counters promises it.
type counter struct {
	pushes.Counters
	value int
	until time.Time
}

func (c *counter) Increase(_ context.Context, _ string, now time.Time, expiry time.Duration) error {
	if !now.Before(c.until) {
		c.value = 0
	}
	c.value, c.until = c.value+1, now.Add(expiry)
	return nil
}

func (c *counter) Decrease(_ context.Context, _ string, now time.Time) error {
	c.value--
	if c.value < 0 || !now.Before(c.until) {
		c.value, c.until = 0, time.Time{}
	}
	return nil
}

func (c *counter) DecreaseOnce(ctx context.Context, repository, _ string, until, now time.Time) error {
	if !now.Before(until) {
		return nil
	}
	return c.Decrease(ctx, repository, now)
}

// Record implements pushes.Recorder, for a push that is counted here.
func (c *counter) Record(ctx context.Context, p pushes.Push) error {
	if p.DecreaseAt.IsZero() {
		return nil
	}
	return c.Decrease(ctx, p.Repository, p.DecreaseAt)
}

// machine has a clock that can be set, and time that passes.
type machine struct {
	t       failer
	kept    *counter
	steady  *pushes.SteadyCounters
	elapsed time.Duration
	set     time.Duration // by how much the clock was set
}

type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func newMachine(t failer) *machine {
	m := &machine{t: t, kept: &counter{}}
	m.steady = pushes.NewSteadyCounters(m.kept, func() time.Duration { return m.elapsed })
	return m
}

func (m *machine) clock() time.Time { return now.Add(m.elapsed + m.set) }

func (m *machine) increase() {
	if err := m.steady.Increase(context.Background(), "project-1", m.clock(), expiry); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) decrease() {
	if err := m.steady.Decrease(context.Background(), "project-1", m.clock()); err != nil {
		m.t.Fatal(err)
	}
}

// record records a push, which decreases the counter, and one that does not.
func (m *machine) record() {
	for _, at := range []time.Time{m.clock(), {}} {
		if err := m.steady.Recorder(m.kept).Record(context.Background(), pushes.Push{Repository: "project-1", DecreaseAt: at}); err != nil {
			m.t.Fatal(err)
		}
	}
}

// decreaseOnce decreases for a push that was received so long ago, by the clock.
func (m *machine) decreaseOnce(ago time.Duration) {
	if err := m.steady.DecreaseOnce(context.Background(), "project-1", "entry", m.clock().Add(expiry-ago), m.clock()); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) want(what string, value int) {
	m.t.Helper()
	if m.kept.value != value {
		m.t.Fatalf("%s, after %v, the clock set by %v: the counter is %d, want %d", what, m.elapsed, m.set, m.kept.value, value)
	}
}

// wantClock wants that the counter lives for its lifetime by the clock.
func (m *machine) wantClock() {
	m.t.Helper()
	if got, want := m.kept.until, m.clock().Add(expiry); !got.Equal(want) {
		m.t.Fatalf("the clock set by %v: the counter lives until %v, want %v", m.set, got, want)
	}
}

// TestSteadyCounters_steps sets the clock at any moments, and wants that a counter
// loses nothing within its lifetime.
func TestSteadyCounters_steps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		value, last := 0, -expiry
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				m.set += time.Duration(rapid.Int64Range(-int64(40*24*time.Hour), int64(40*24*time.Hour)).Draw(t, "set"))
			case 1:
				if m.elapsed-last < expiry {
					rapid.SampledFrom([]func(){m.decrease, m.record}).Draw(t, "decrease")()
					value = max(0, value-1)
					m.want("decreased", value)
				}
			default:
				m.elapsed += time.Duration(rapid.Int64Range(0, int64(expiry)-1).Draw(t, "pass"))
				if m.elapsed-last >= expiry {
					m.kept.until, value = time.Time{}, 0 // whether it expires is for the next test
				}
				m.increase()
				value, last = value+1, m.elapsed
				m.want("increased", value)
			}
		}
	})
}

// TestSteadyCounters_expiry wants that a counter expires as long after its last
// increase as always, in whatever direction the clock was set.
func TestSteadyCounters_expiry(t *testing.T) {
	t.Parallel()
	for _, set := range []time.Duration{0, time.Second, 2 * time.Hour, 40 * 24 * time.Hour, -time.Second, -2 * time.Hour, -40 * 24 * time.Hour} {
		for _, before := range []bool{true, false} {
			m := newMachine(t)
			m.increase()
			m.elapsed = time.Minute
			if before {
				m.set = set
			}
			m.increase()
			m.set = set
			m.elapsed += expiry - 1
			m.increase()
			m.want("alive", 3)
			m.elapsed += expiry
			m.increase()
			m.want("expired", 1)
		}
	}
}

// TestSteadyCounters_busy wants that counters follow a clock that stays different,
// on a server on which some push begins every minute, and that they are then as on
// every other server.
func TestSteadyCounters_busy(t *testing.T) {
	t.Parallel()
	for _, set := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		m := newMachine(t)
		m.increase()
		m.set = set
		for i := range 25 {
			m.elapsed += time.Minute
			m.increase()
			m.want("busy", i+2)
		}
		m.wantClock()
	}
}

// TestSteadyCounters_quiet wants that the clock counts at once if no counter is left.
func TestSteadyCounters_quiet(t *testing.T) {
	t.Parallel()
	for set, quiet := range map[time.Duration]time.Duration{2 * time.Hour: expiry, -2 * time.Hour: 4 * expiry} {
		m := newMachine(t)
		m.increase()
		m.set, m.elapsed = set, quiet
		m.increase()
		m.wantClock()
	}
}

// TestSteadyCounters_start wants that a push that ends before any began is judged
// by the clock.
func TestSteadyCounters_start(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.kept.value, m.kept.until = 2, now.Add(time.Minute)
	m.decrease()
	m.want("alive", 1)
	m.elapsed = time.Minute
	m.decrease()
	m.want("expired", 0)
}

// TestSteadyCounters_once wants that a push of the spool takes one away, and no more,
// after the clock was set.
func TestSteadyCounters_once(t *testing.T) {
	t.Parallel()
	for _, set := range []time.Duration{0, 2 * time.Hour, -2 * time.Hour} {
		m := newMachine(t)
		m.increase()
		m.increase()
		m.increase()
		m.elapsed, m.set = expiry/2, set
		m.decreaseOnce(0)
		m.want("received now", 2)
		m.decreaseOnce(expiry - 1)
		m.want("received before", 1)
		m.decreaseOnce(expiry)
		m.want("expired", 1)
	}
}
