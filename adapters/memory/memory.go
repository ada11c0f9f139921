// Package memory answers every port from maps, within one process: it forgets
// all when it ends. It is the fake of the other layers' tests and a store that
// needs nothing, so tests/contract holds it to the same promises as the rest.
package memory

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse/application"
	"gatehouse/application/audit"
	"gatehouse/application/pushes"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Store keeps what the use cases ask of persistence. It is safe for concurrent
// use.
type Store struct {
	// unit is held by the unit of work that is running: there is one at a time.
	unit chan struct{}
	// world is what directory described. It is never changed once it is here:
	// a unit of work puts another in its place.
	world atomic.Pointer[world]

	mu       sync.Mutex // guards what happens meanwhile:
	counters map[string]counter
	notices  map[noticeKey]source.Notice
	pushes   []pushes.Push
	events   []audit.Event
	keyUses  map[identity.KeyID]time.Time
	// used are the stamps of access tokens.
	accessTokenUses map[int64]time.Time
	values          map[string]string
	jobs            []*job
	crew            *crew // nil while nobody works
	// settled are the pushes that were worked on.
	processed    map[int64]bool
	deliveries   map[int64]delivery
	lastDelivery int64

	// bell rings when there may be something to do.
	jobAdded chan struct{}

	reported
}

// New makes an empty Store.
func New() *Store {
	s := &Store{
		unit:            make(chan struct{}, 1),
		counters:        map[string]counter{},
		notices:         map[noticeKey]source.Notice{},
		keyUses:         map[identity.KeyID]time.Time{},
		accessTokenUses: map[int64]time.Time{},

		values:     map[string]string{},
		processed:  map[int64]bool{},
		deliveries: map[int64]delivery{},
		jobAdded:   make(chan struct{}, 1),

		reported: newReported(),
	}
	s.world.Store(newWorld())
	return s
}

// WorldImport returns the unit of work on what is described. A unit works on a
// copy that others see when it has succeeded; units run one after the other,
// so one within another waits for ever.
func (s *Store) WorldImport() worldimport.UnitOfWork {
	return func(ctx context.Context, do func(worldimport.Tx) error) error {
		return s.change(ctx, func(d *draft) error {
			return do(worldimport.Tx{Users: d, Namespaces: d, Projects: d, Keys: d, Credentials: d, Jobs: d, Hooks: d, Billing: d})
		})
	}
}

// change runs one unit of work.
func (s *Store) change(ctx context.Context, do func(*draft) error) error {
	select {
	case s.unit <- struct{}{}:
		defer func() { <-s.unit }()
	case <-ctx.Done():
		return ctx.Err()
	}
	d := &draft{world: s.world.Load().clone()}
	if err := do(d); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.world.Store(d.world)
	for _, do := range d.afterCommit {
		do()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, job := range d.jobsToAdd {
		s.enqueue(job)
	}
	return nil
}

// Flush has nothing to write: stamps count at once.
func (s *Store) Flush(ctx context.Context) error { return ctx.Err() }

// SetOnce keeps a value under a name unless one is kept there, and returns
// the one that is.
func (s *Store) SetOnce(ctx context.Context, name, value string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, kept := s.values[name]; !kept && value != "" {
		s.values[name] = value
	}
	return s.values[name], nil
}

// Close has nothing to let go of.
func (s *Store) Close(context.Context) error { return nil }

// draft is the world that a unit of work changes. Each of its methods leaves
// it as it was if it fails.
type draft struct {
	*world
	// then is done once the world is in its place.
	afterCommit []func()
	// left are the jobs that wait from then on.
	jobsToAdd []application.Job
}

// micro is t as stores keep it: in UTC, to the microsecond.
func toInstant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// day is the beginning of t's day in UTC; zero stays zero.
func toDay(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(24 * time.Hour)
}

// over says whether a moment that ends something has come; zero never does.
func expired(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }
