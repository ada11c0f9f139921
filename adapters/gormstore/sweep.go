package gormstore

import (
	"context"
	"sync/atomic"
	"time"

	"gatehouse/adapters/gormstore/database"
)

const (
	// flushInterval is how long a stamp may wait.
	flushInterval = 5 * time.Second
	// flushBudget bounds one flush and sweep.
	flushBudget = 30 * time.Second
	// sweepInterval is how long the sweeper waits after a sweep.
	sweepInterval = 10 * time.Minute
	// sweepAge is for how long something must have been expired to be removed.
	sweepAge = time.Hour
)

// background flushes stamps and sweeps, every flushInterval.
type background struct{ end, done chan struct{} }

func startBackground(stamps *KeyUses, sweeper *sweeper) *background {
	b := &background{make(chan struct{}), make(chan struct{})}
	start := time.Now()
	go func() {
		defer close(b.done)
		ticker := time.NewTicker(flushInterval)
		defer ticker.Stop()
		for {
			select {
			case <-b.end:
				return
			case <-ticker.C:
				ctx, cancel := context.WithTimeout(context.Background(), flushBudget)
				_ = stamps.flush(ctx) // what could not be written waits for the next time
				_ = sweeper.sweep(ctx, reading{time.Now(), time.Since(start)})
				cancel()
			}
		}
	}()
	return b
}

// stop returns when the background has ended.
func (b *background) stop() {
	close(b.end)
	<-b.done
}

// sweeper removes counters, notices and sessions that expired. The clock may be
// wrong: it removes what had expired at every sweep of an hour, and counters that
// this process saw unchanged for twice as long as a counter lives.
type sweeper struct {
	db *database.DB
	// lifetime is how long counters live; 0 while no push was counted here.
	lifetime atomic.Int64

	// next and nextCounters are when to sweep again.
	next, nextCounters time.Duration
	// readings are those of the last sweepAge, and the one before.
	readings []reading
	counters map[string]sighting
}

// reading is the time of the clock, and for how long the process had run then.
type reading struct {
	clock   time.Time
	elapsed time.Duration
}

// sighting is the expiry of a counter and since when, at the latest, it is that. Each
// increase changes the expiry.
type sighting struct {
	expiry time.Time
	since  time.Duration
}

// noteLifetime takes the lifetime of a counter.
func (s *sweeper) noteLifetime(lifetime time.Duration) { s.lifetime.Store(int64(lifetime)) }

// sweep removes counters twice in a lifetime, and other rows each sweepInterval.
func (s *sweeper) sweep(ctx context.Context, now reading) error {
	if now.elapsed >= s.nextCounters {
		lifetime := time.Duration(s.lifetime.Load())
		s.nextCounters = now.elapsed + min(sweepInterval, lifetime/2)
		if err := s.removeCounters(ctx, now.elapsed, lifetime); err != nil {
			return database.Fault(err, "sweep up counters")
		}
	}
	if now.elapsed < s.next {
		return nil
	}
	s.next = now.elapsed + sweepInterval
	return database.Fault(s.remove(ctx, now), "sweep up")
}

func (s *sweeper) remove(ctx context.Context, now reading) error {
	if err := s.bringForward(ctx, now.clock); err != nil {
		return err
	}
	limit, ok := s.expiredSince(now)
	if !ok {
		return nil
	}
	for _, query := range []string{
		"DELETE FROM notices WHERE expires_at < $1",
		"DELETE FROM otp_sessions WHERE expires_at < $1",
	} {
		if _, err := s.db.Exec(ctx, query, database.ToInstant(limit)); err != nil {
			return err
		}
	}
	return nil
}

// expiredSince returns the earliest time that the clock told at a sweep of the last
// hour: what had expired by then has been expired since. There is none before this
// process has run for an hour.
func (s *sweeper) expiredSince(now reading) (limit time.Time, ok bool) {
	s.readings = append(s.readings, now)
	for len(s.readings) > 1 && now.elapsed-s.readings[1].elapsed >= sweepAge {
		s.readings = s.readings[1:]
	}
	limit = now.clock
	for _, r := range s.readings {
		if r.clock.Before(limit) {
			limit = r.clock
		}
	}
	return limit, now.elapsed-s.readings[0].elapsed >= sweepAge
}

const (
	// maxWait is longer than a job waits.
	maxWait = 25 * time.Hour
	// maxAhead is more than the clocks of servers differ by.
	maxAhead = 10 * time.Minute
)

const (
	bringForward = `UPDATE river_job SET scheduled_at = $1
		WHERE state IN ('available', 'retryable', 'scheduled') AND scheduled_at > $2`
	// beganNow lets River rescue a job whose server ended while it ran it.
	beganNow = `UPDATE river_job SET attempted_at = $1 WHERE state = 'running' AND attempted_at > $2`
	// depose lets servers elect the one that rescues jobs and makes them due.
	depose = `DELETE FROM river_leader WHERE expires_at > $1`
)

// bringForward undoes what a wrong clock put off until a day in the future: when a job
// is due, when River rescues a job of a server that was killed, and when it elects
// another leader than that server.
func (s *sweeper) bringForward(ctx context.Context, now time.Time) error {
	at := func(d time.Duration) any { return riverTime(s.db.Dialect, now.Add(d)) }
	for _, one := range []struct {
		query string
		args  []any
	}{
		{bringForward, []any{at(0), at(maxWait)}},
		{beganNow, []any{at(0), at(maxAhead)}},
		{depose, []any{at(maxAhead)}},
	} {
		if _, err := s.db.Exec(ctx, one.query, one.args...); err != nil {
			return err
		}
	}
	return nil
}

// riverTime is a time as River keeps it.
func riverTime(d database.Dialect, at time.Time) any {
	if d == database.Postgres {
		return at
	}
	return at.UTC().Format("2006-01-02 15:04:05.000")
}

const (
	allCounters   = `SELECT repository, expires_at FROM reference_counters`
	removeCounter = `DELETE FROM reference_counters WHERE repository = $1 AND expires_at = $2`
)

// removeCounters removes those that were not increased for two lifetimes, whatever
// their expiry: it may come from a clock that was wrong.
func (s *sweeper) removeCounters(ctx context.Context, elapsed, lifetime time.Duration) error {
	if lifetime == 0 {
		return nil
	}
	seen, err := s.see(ctx, elapsed)
	if err != nil {
		return err
	}
	s.counters = seen
	for repository, counter := range seen {
		if elapsed-counter.since < 2*lifetime {
			continue
		}
		if _, err := s.db.Exec(ctx, removeCounter, []byte(repository), database.ToInstant(counter.expiry)); err != nil {
			return err
		}
		delete(seen, repository)
	}
	return nil
}

// see returns all counters. One that has the expiry that it had at the last sweep
// keeps its sighting.
func (s *sweeper) see(ctx context.Context, elapsed time.Duration) (map[string]sighting, error) {
	rows, err := s.db.Pool.QueryContext(ctx, allCounters)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err returns the same
	seen := map[string]sighting{}
	for rows.Next() {
		var repository []byte
		counter := sighting{since: elapsed}
		if err := rows.Scan(&repository, database.Time(&counter.expiry)); err != nil {
			return nil, err
		}
		if before, ok := s.counters[string(repository)]; ok && before.expiry.Equal(counter.expiry) {
			counter = before
		}
		seen[string(repository)] = counter
	}
	return seen, rows.Err()
}
