// Package retention removes records that were kept for long enough.
package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse/application"
)

// Records are what a server keeps of the past. Each method removes those of before,
// in the order in which they were recorded, and stops at the first of a time from
// before to now: whatever follows was recorded later, even if a wrong clock says
// otherwise. It passes over records of the future, and keeps them. It returns how many
// it removed, also if it fails.
//
// One process removes at a time; another one that calls meanwhile removes fewer, or
// nothing. Records are removed in batches, so that writers wait for one batch at most.
type Records interface {
	// RemovePushes removes pushes that are processed, by the time at which they were
	// received.
	RemovePushes(ctx context.Context, before, now time.Time) (int, error)
	// RemoveAuditEvents removes audit events.
	RemoveAuditEvents(ctx context.Context, before, now time.Time) (int, error)
	// RemoveDeliveries removes deliveries whose jobs are completed, discarded or gone.
	RemoveDeliveries(ctx context.Context, before, now time.Time) (int, error)
	// RemoveJobs removes jobs that were discarded, by the time at which they were, in
	// any order. A store in memory keeps them.
	RemoveJobs(ctx context.Context, before, now time.Time) (int, error)
}

// Notes are what the store remembers by name.
type Notes interface {
	// SetOnce gives a name its value, unless the value is empty or the name has one,
	// and returns the value that the name has.
	SetOnce(ctx context.Context, name, value string) (string, error)
	// Replace gives a name a new value if it has the old one.
	Replace(ctx context.Context, name, old, value string) error
}

// Rules say for how long records are kept; 0 is for ever.
type Rules struct{ Pushes, AuditEvents, Deliveries, Jobs time.Duration }

// Removed is how many records were removed.
type Removed struct{ Pushes, AuditEvents, Deliveries, Jobs int }

// Service removes old records. Its methods are called by one goroutine.
//
// What is removed cannot come back, so the age of a record does not depend on the
// clock alone. It counts by a time that the store remembers: it never passes the
// clock, and goes on at most twice as fast as servers run. A clock that is ahead for
// an hour makes no record older by more than an hour, however far it is ahead. The
// first run of an instance only begins that time.
type Service struct {
	records Records
	notes   Notes
	rules   Rules
	now     application.Clock
	elapsed application.Elapsed
	// seen is the time as this server saw it last, zero before its first run, and last
	// when that was, by elapsed.
	seen time.Time
	last time.Duration
}

// New makes a Service.
func New(records Records, notes Notes, rules Rules, now application.Clock, elapsed application.Elapsed) *Service {
	return &Service{records: records, notes: notes, rules: rules, now: now, elapsed: elapsed}
}

// Run removes what is old. It goes on with the other records if some cannot be removed.
func (s *Service) Run(ctx context.Context) (removed Removed, err error) {
	if s.rules == (Rules{}) {
		return Removed{}, nil
	}
	at, err := s.advance(ctx)
	if err != nil || at.IsZero() {
		return Removed{}, err
	}
	for _, kind := range []struct {
		keep    time.Duration
		remove  func(ctx context.Context, before, now time.Time) (int, error)
		removed *int
	}{
		{s.rules.Pushes, s.records.RemovePushes, &removed.Pushes},
		{s.rules.AuditEvents, s.records.RemoveAuditEvents, &removed.AuditEvents},
		{s.rules.Deliveries, s.records.RemoveDeliveries, &removed.Deliveries},
		{s.rules.Jobs, s.records.RemoveJobs, &removed.Jobs},
	} {
		if kind.keep > 0 && ctx.Err() == nil {
			n, failure := kind.remove(ctx, at.Add(-kind.keep), s.now())
			*kind.removed, err = n, errors.Join(err, failure)
		}
	}
	return removed, err
}

const (
	// timeNote is the name of the time by which age counts.
	timeNote = "retention_time"
	// speed is how much faster that time may be than servers run. It has to be more
	// than 1, or it would never make up for the time in which no server runs.
	speed = 2
)

// advance lets the time go on and returns it; zero if it has just begun.
func (s *Service) advance(ctx context.Context) (time.Time, error) {
	clock, elapsed := s.now(), s.elapsed()
	noted, err := s.notes.SetOnce(ctx, timeNote, "")
	if err != nil {
		return time.Time{}, err
	}
	if noted == "" {
		_, err := s.notes.SetOnce(ctx, timeNote, write(clock))
		s.seen, s.last = clock, elapsed
		return time.Time{}, err
	}
	before, err := time.Parse(time.RFC3339Nano, noted)
	if err != nil {
		return time.Time{}, fmt.Errorf("the note %s is no time: %w", timeNote, err)
	}
	if s.seen.IsZero() {
		s.seen = before
	}
	// Other servers may have let it go on since.
	at := later(before, s.seen.Add(speed*(elapsed-s.last)))
	s.seen = before
	if clock.Before(at) {
		at = clock
	}
	if at.After(before) {
		if err := s.notes.Replace(ctx, timeNote, noted, write(at)); err != nil {
			return time.Time{}, err
		}
		s.seen = at
	}
	s.last = elapsed
	return at, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func write(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }
