package gormstore

import (
	"context"
	"sync/atomic"
	"time"

	"gatehouse/adapters/gormstore/database"
)

const (
	// sweepInterval is how much the time of pushes advances between two sweeps.
	sweepInterval = 10 * time.Minute
	// sweepAge is how long ago something must have expired to be removed.
	sweepAge = time.Hour
	// deliveryAge is how long events can be sent again whose jobs were given up;
	// these are removed by then.
	deliveryAge = 31 * 24 * time.Hour
)

// sweeper removes counters, notices and sessions that expired long ago, and
// events that were never delivered. It takes the time from the pushes that come
// in.
type sweeper struct {
	db            *database.DB
	latest, swept atomic.Int64 // in microseconds
}

// note takes the time of a push.
func (s *sweeper) note(now time.Time) {
	for {
		latest := s.latest.Load()
		if now.UnixMicro() <= latest || s.latest.CompareAndSwap(latest, now.UnixMicro()) {
			return
		}
	}
}

// sweep removes rows, unless it did so less than sweepInterval ago.
func (s *sweeper) sweep(ctx context.Context) error {
	latest := s.latest.Load()
	if latest-s.swept.Load() < sweepInterval.Microseconds() {
		return nil
	}
	s.swept.Store(latest)
	limit := database.ToInstant(time.UnixMicro(latest).Add(-sweepAge))
	for query, limit := range map[string]database.Instant{
		"DELETE FROM reference_counters WHERE expires_at < $1": limit,
		"DELETE FROM notices WHERE expires_at < $1":            limit,
		"DELETE FROM otp_sessions WHERE expires_at < $1":       limit,
		"DELETE FROM hook_deliveries WHERE created_at < $1":    database.ToInstant(time.UnixMicro(latest).Add(-deliveryAge)),
	} {
		if _, err := s.db.Exec(ctx, query, limit); err != nil {
			return database.Fault(err, "sweep up")
		}
	}
	return nil
}
