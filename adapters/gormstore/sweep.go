package gormstore

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// sweepInterval is how far the time of pushes goes on between two sweeps.
	sweepInterval = 10 * time.Minute
	// sweepAge is how long ago something must have expired to be swept away.
	sweepAge = time.Hour
	// deliveryAge is how long events can be sent again whose jobs were given up;
	// these are removed by then.
	deliveryAge = 31 * 24 * time.Hour
)

// sweep removes counters, notices and sessions that have expired and that
// nobody asked for again, and events that were never delivered. It knows the time only from the pushes that come in.
type sweep struct{ latest, swept atomic.Int64 } // in microseconds

// note takes the time of a push.
func (w *sweep) note(now time.Time) {
	for {
		latest := w.latest.Load()
		if now.UnixMicro() <= latest || w.latest.CompareAndSwap(latest, now.UnixMicro()) {
			return
		}
	}
}

// run sweeps if it is time.
func (w *sweep) run(ctx context.Context, s *Store) error {
	latest := w.latest.Load()
	if latest-w.swept.Load() < sweepInterval.Microseconds() {
		return nil
	}
	w.swept.Store(latest)
	limit := at(time.UnixMicro(latest).Add(-sweepAge))
	for query, limit := range map[string]instant{
		"DELETE FROM reference_counters WHERE expires_at < $1": limit,
		"DELETE FROM notices WHERE expires_at < $1":            limit,
		"DELETE FROM otp_sessions WHERE expires_at < $1":       limit,
		"DELETE FROM hook_deliveries WHERE created_at < $1":    at(time.UnixMicro(latest).Add(-deliveryAge)),
	} {
		if _, err := s.exec(ctx, query, limit); err != nil {
			return fault(err, "sweep up")
		}
	}
	return nil
}
