package memory

import (
	"context"
	"maps"
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
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
	c.decrease(repository, now)
	return nil
}

// decrease takes one from a counter. The caller holds mu.
func (c Counters) decrease(repository string, now time.Time) {
	old := c.counters[repository]
	if expired(old.expiry, now) || old.value == 0 {
		delete(c.counters, repository)
		return
	}
	c.counters[repository] = counter{old.value - 1, old.expiry}
}

// DecreaseOnce implements pushes.Counters.
func (c Counters) DecreaseOnce(ctx context.Context, repository, entry string, until, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, done := c.decreased[entry]; done || !now.Before(until) {
		return nil
	}
	maps.DeleteFunc(c.decreased, func(_ string, until time.Time) bool { return expired(until, now.Add(-time.Hour)) })
	c.decreased[entry] = until
	c.decrease(repository, now)
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

// Notices implements gitaccess.Notices and pushes.Notices.
type Notices struct{ *state }

// noticeKey is the user who gets a notice, and the repository of the push that
// shows it.
type noticeKey struct {
	user       identity.UserID
	repository source.RepositoryID
}

// Add implements gitaccess.Notices.
func (n Notices) Add(ctx context.Context, notice source.Notice) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	notice.ExpiresAt = toInstant(notice.ExpiresAt)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.notices[noticeKey{notice.User, notice.Repository}] = notice
	return nil
}

// Take implements pushes.Notices.
func (n Notices) Take(ctx context.Context, user identity.UserID, repository source.RepositoryID, now time.Time) (source.Notice, error) {
	if err := ctx.Err(); err != nil {
		return source.Notice{}, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	key := noticeKey{user, repository}
	notice, found := n.notices[key]
	delete(n.notices, key)
	if !found || expired(notice.ExpiresAt, now) {
		return source.Notice{}, notFound("notice for user %d in %s", user, repository)
	}
	return notice, nil
}
