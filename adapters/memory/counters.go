package memory

import (
	"context"
	"time"
)

// Counters implements pushes.Counters.
type Counters struct{ *state }

// counter counts the pushes that are under way in a repository.
type counter struct {
	value  int64
	expiry time.Time
}

// Increase implements pushes.Counters.
func (c Counters) Increase(ctx context.Context, repository string, now time.Time, expiry time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.counters[repository]
	if expired(old.expiry, now) {
		old.value = 0
	}
	c.counters[repository] = counter{old.value + 1, toInstant(now.Add(expiry))}
	return nil
}

// Decrease implements pushes.Counters.
func (c Counters) Decrease(ctx context.Context, repository string, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.counters[repository]
	if expired(old.expiry, now) || old.value == 0 {
		delete(c.counters, repository)
		return nil
	}
	c.counters[repository] = counter{old.value - 1, old.expiry}
	return nil
}

// Ping implements pushes.Counters.
func (c Counters) Ping(ctx context.Context) error { return ctx.Err() }

func (s *state) listCounters(now time.Time) (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, c := range s.counters {
		if !expired(c.expiry, now) {
			rows = append(rows, []any{name, c.value})
		}
	}
	return rows
}
