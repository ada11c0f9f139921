package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"gatehouse/application/inventory"
	"gatehouse/application/pushes"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// AuditLog implements gitaudit.Log.
type AuditLog struct{ *state }

// Append implements gitaudit.Log.
func (l AuditLog) Append(ctx context.Context, events ...audit.Event) error {
	if err := cmp.Or(ctx.Err(), checkEvents(events)); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keepEvents(events)
	return nil
}

// checkEvents refuses what cannot be written as JSON, as a database does.
func checkEvents(events []audit.Event) error {
	for _, e := range events {
		if err := errors.Join(e.Before.Check(), e.After.Check()); err != nil {
			return fmt.Errorf("audit event %q: %w", e.Action, err)
		}
	}
	return nil
}

// auditTx implements provisioning.AuditLog.
type auditTx struct{ *transaction }

// Append implements provisioning.AuditLog.
func (tx auditTx) Append(ctx context.Context, events ...audit.Event) error {
	tx.eventsToAdd = append(tx.eventsToAdd, events...)
	return cmp.Or(ctx.Err(), checkEvents(events))
}

// MaxAuditEvents is how many audit events are kept, the newest: strangers cause some of
// them, and memory is not a disk.
const MaxAuditEvents = 10_000

// keepEvents keeps audit events; s.mu is held.
func (s *state) keepEvents(events []audit.Event) {
	for _, e := range events {
		e.At = toInstant(e.At)
		delete(s.events.rows, s.events.add(e)-MaxAuditEvents)
	}
}

// AuditEvents implements inventory.Records.
func (r Records) AuditEvents(ctx context.Context, f inventory.AuditFilter) iter.Seq2[inventory.Record, error] {
	return func(yield func(inventory.Record, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return
		}
		for _, e := range r.pickEvents(f) {
			if !yield(inventory.AuditRecord(e.id, e.Event), nil) {
				return
			}
		}
	}
}

// pickEvents returns the events that the filter picks, in order.
func (r Records) pickEvents(f inventory.AuditFilter) (picked []keptEvent) {
	ofUser, ofProject := r.world.Load().auditUser(f.User), r.world.Load().auditProject(f.Project)
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, e := range r.events.all() {
		switch {
		case !f.Since.IsZero() && e.At.Before(toInstant(f.Since)),
			!f.Until.IsZero() && !e.At.Before(toInstant(f.Until)),
			f.Refused && e.Outcome != audit.Refused,
			f.User != "" && !ofUser(e),
			f.Project != "" && !ofProject(e):
			continue
		}
		picked = append(picked, keptEvent{id, e})
	}
	if f.Limit > 0 && len(picked) > f.Limit {
		slices.SortStableFunc(picked, func(a, b keptEvent) int { return a.At.Compare(b.At) })
		picked = picked[len(picked)-f.Limit:]
		slices.SortFunc(picked, func(a, b keptEvent) int { return cmp.Compare(a.id, b.id) })
	}
	return picked
}

type keptEvent struct {
	id int64
	audit.Event
}

// auditUser says which events are a user's.
func (w *world) auditUser(user string) func(audit.Event) bool {
	number, _ := identity.ParseID(user)
	id := identity.UserID(number)
	if id == 0 {
		id = w.userByName(user)
	}
	return func(e audit.Event) bool {
		return id != 0 && (e.Actor.User == id || e.Actor.Sudo == id) || e.Actor.Username == user || e.Actor.SudoName == user
	}
}

// auditProject says which events are a project's.
func (w *world) auditProject(project string) func(audit.Event) bool {
	repository, named := source.ParseRepositoryID(project)
	id := repository.ID
	if !named {
		id = int64(w.routes[fold(project)].project)
	}
	repositories := append(inventory.RepositoriesOf(id), project)
	return func(e audit.Event) bool {
		return e.Git != nil && slices.Contains(repositories, e.Git.Repository) ||
			id != 0 && e.Entity.Kind == audit.Project && e.Entity.ID == id || e.Entity.Path == project
	}
}

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
