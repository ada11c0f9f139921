package redisstate

import (
	"context"
	"time"

	"gatehouse/application/inventory"
)

// WithCounters returns records with the counters of s, and everything else from
// the other ones.
func (s *State) WithCounters(other inventory.Records) inventory.Records {
	return withCounters{other, s}
}

type withCounters struct {
	inventory.Records
	state *State
}

// List implements inventory.Records.
func (w withCounters) List(ctx context.Context, thing string, now time.Time) ([]inventory.Record, error) {
	if thing == "counters" {
		return w.state.Counters(ctx, now)
	}
	return w.Records.List(ctx, thing, now)
}
