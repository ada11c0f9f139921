package memory

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"gatehouse/application/pushes"
	"gatehouse/domain/audit"
)

// numbered are rows by their numbers 1, 2, …, which are given once.
type numbered[T any] struct {
	rows map[int64]T
	last int64
}

func (n *numbered[T]) add(row T) (id int64) {
	if n.rows == nil {
		n.rows = map[int64]T{}
	}
	n.last++
	n.rows[n.last] = row
	return n.last
}

// all returns the rows in order.
func (n *numbered[T]) all() iter.Seq2[int64, T] {
	return func(yield func(int64, T) bool) {
		for _, id := range slices.Sorted(maps.Keys(n.rows)) {
			if !yield(id, n.rows[id]) {
				return
			}
		}
	}
}

// removeOld removes the rows of before that are removable, up to the first one from
// before to now.
func (n *numbered[T]) removeOld(before, now time.Time, at func(T) time.Time, removable func(id int64) bool) (removed int) {
	for id, row := range n.all() {
		switch t := at(row); {
		case !t.Before(before) && !t.After(now):
			return removed
		case t.Before(before) && removable(id):
			delete(n.rows, id)
			removed++
		}
	}
	return removed
}

// Retention implements retention.Records.
type Retention struct{ *state }

// RemovePushes implements retention.Records.
func (r Retention) RemovePushes(ctx context.Context, before, now time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	received := func(p pushes.Push) time.Time { return p.ReceivedAt }
	return r.pushes.removeOld(before, now, received, func(id int64) bool { return r.processed[id] }), nil
}

// RemoveAuditEvents implements retention.Records.
func (r Retention) RemoveAuditEvents(ctx context.Context, before, now time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events.removeOld(before, now, func(e audit.Event) time.Time { return e.At }, func(int64) bool { return true }), nil
}

// RemoveDeliveries implements retention.Records.
func (r Retention) RemoveDeliveries(ctx context.Context, before, now time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	created := func(d *delivery) time.Time { return d.createdAt }
	return r.deliveries.removeOld(before, now, created, func(id int64) bool { return !r.deliveries.rows[id].job.live() }), nil
}

// RemoveJobs implements retention.Records.
func (r Retention) RemoveJobs(ctx context.Context, _, _ time.Time) (int, error) { return 0, ctx.Err() }
