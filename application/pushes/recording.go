package pushes

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gatehouse/domain"
)

const (
	// outageTimeout is the time of each step while no push can be recorded: the
	// pushes that come in meanwhile do not wait for what the first ones missed.
	outageTimeout = time.Second
	// outageRetry is how long after the last failure a push tries again, if no push
	// of the spool was recorded before.
	outageRetry = 2 * StepTimeout
)

// record records the push, or adds it to the spool, in the order in which pushes to
// its repository arrive. An outage of the database is found out by few pushes: while
// others wait, the next ones go to the spool. The error says what went wrong, also if
// the push is safe.
func (r *Receiver) record(ctx context.Context, p Push) (place, error) {
	defer r.arrivals.enter(p.Queue())()
	others, earlier := r.spool.Waiting(p.Queue())
	timeout := StepTimeout
	if !r.outage.mayTry(r.now()) {
		timeout = outageTimeout
	}
	var spoolErr error
	spoolFirst := earlier || others && timeout < StepTimeout
	if spoolFirst {
		if spoolErr = r.spool.Add(p); spoolErr == nil {
			return inSpool, nil
		}
	}
	recordErr := r.tryRecord(ctx, p, timeout)
	if recordErr == nil {
		return inDatabase, spoolErr
	}
	if !spoolFirst {
		if spoolErr = r.spool.Add(p); spoolErr == nil {
			return inSpool, recordErr
		}
	}
	err := errors.Join(recordErr, spoolErr)
	r.spool.LogPush(p, err)
	return inLog, err
}

// place is where a push was kept.
type place int

const (
	inDatabase place = iota
	inSpool
	inLog
)

// tryRecord records the push, and fails with domain.Unavailable if no push can be
// recorded now.
func (r *Receiver) tryRecord(ctx context.Context, p Push, timeout time.Duration) error {
	p.NonEmptyProject = projectWithBranch(p)
	if now := r.now(); !r.rules.CountersApart && now.Before(p.ReceivedAt.Add(r.rules.Expiry)) {
		p.DecreaseAt = now
	}
	err := within(ctx, timeout, func(ctx context.Context) error { return r.recorder.Record(ctx, p) })
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, domain.Unavailable) {
		err = fmt.Errorf("%w: %w", domain.Unavailable, err)
	}
	r.outage.note(err, r.now())
	return err
}

// RecordWaiting records a push of the spool. An error that is domain.Unavailable says
// that no push can be recorded now; any other one is about this push alone.
func (r *Receiver) RecordWaiting(ctx context.Context, p Push) error {
	return r.tryRecord(ctx, p, StepTimeout)
}

// DecreaseWaiting decreases the counter for a push of the spool that has been recorded,
// unless that was done before, as by the record itself, or the counter has expired.
func (r *Receiver) DecreaseWaiting(ctx context.Context, p Push) error {
	if !r.rules.CountersApart {
		return nil
	}
	return within(ctx, StepTimeout, func(ctx context.Context) error { return r.decreaseOnce(ctx, p, r.now()) })
}

// decrease decreases the counter for a push that was received now. If the counters are
// where pushes are recorded the record does so, be it that of the replay.
func (r *Receiver) decrease(ctx context.Context, p Push, at place) error {
	switch {
	case at != inLog && !r.rules.CountersApart:
		return nil
	case at == inDatabase:
		return r.counters.Decrease(ctx, p.Repository, p.ReceivedAt)
	default:
		return r.decreaseOnce(ctx, p, p.ReceivedAt)
	}
}

func (r *Receiver) decreaseOnce(ctx context.Context, p Push, now time.Time) error {
	return r.counters.DecreaseOnce(ctx, p.Repository, p.EntryID, p.ReceivedAt.Add(r.rules.Expiry), now)
}

// arrivals lets the pushes of a queue through one after the other, in the order in
// which they came.
type arrivals struct {
	mu   sync.Mutex
	last map[string]chan struct{}
}

// enter waits until all who entered the queue before have left it, and returns the
// function that leaves it.
func (a *arrivals) enter(queue string) (leave func()) {
	gone := make(chan struct{})
	a.mu.Lock()
	before := a.last[queue]
	a.last[queue] = gone
	a.mu.Unlock()
	if before != nil {
		<-before
	}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.last[queue] == gone {
			delete(a.last, queue)
		}
		close(gone)
	}
}

// outage knows whether pushes can be recorded.
type outage struct {
	mu sync.Mutex
	// next is when a push may try again; zero if there is no outage.
	next time.Time
}

// note takes the result of an attempt to record a push.
func (o *outage) note(err error, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err == nil:
		o.next = time.Time{}
	case errors.Is(err, domain.Unavailable):
		o.next = now.Add(outageRetry)
	}
}

// mayTry says whether a push may take its time to be recorded. In an outage that is
// one push at an interval.
func (o *outage) mayTry(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.next.IsZero() {
		return true
	}
	if now.Before(o.next) {
		return false
	}
	o.next = now.Add(outageRetry)
	return true
}

// timeout returns how long a step may take that is not worth waiting for in an outage.
func (o *outage) timeout() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.next.IsZero() {
		return StepTimeout
	}
	return outageTimeout
}
