package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gatehouse/application"
	"gatehouse/application/pushes"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// counter is how many pushes are under way in a repository.
type counter struct {
	value  int64
	expiry time.Time
}

// Increase implements pushes.Counters.
func (s *Store) Increase(ctx context.Context, repository string, now time.Time, expiry time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counters[repository]
	if expired(c.expiry, now) {
		c.value = 0
	}
	s.counters[repository] = counter{c.value + 1, toInstant(now.Add(expiry))}
	return nil
}

// Decrease implements pushes.Counters.
func (s *Store) Decrease(ctx context.Context, repository string, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counters[repository]
	if expired(c.expiry, now) || c.value == 0 {
		delete(s.counters, repository)
		return nil
	}
	s.counters[repository] = counter{c.value - 1, c.expiry}
	return nil
}

// Ping implements pushes.Counters.
func (s *Store) Ping(ctx context.Context) error { return ctx.Err() }

// Record implements pushes.Recorder.
func (s *Store) Record(ctx context.Context, p pushes.Push) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.Options, p.ReceivedAt = slices.Clone(p.Options), toInstant(p.ReceivedAt)
	if s.world.Load().projects.rows[p.NotEmpty].Empty {
		err := s.change(ctx, func(d *draft) error {
			if row, ok := d.projects.rows[p.NotEmpty]; ok {
				row.Empty = false
				d.projects.put(row.ID, row)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pushes = append(s.pushes, p)
	s.enqueue(application.Job{Kind: pushes.PushReceived, Subject: int64(len(s.pushes))})
	return nil
}

// PushContext implements pushes.PushContexts.
func (s *Store) PushContext(ctx context.Context, claim identity.Claim, repository source.RepositoryID, now time.Time) (pushes.PushContext, error) {
	if err := ctx.Err(); err != nil {
		return pushes.PushContext{}, err
	}
	w := s.world.Load()
	p, _, _ := w.findProject(source.Target{Repository: repository})
	return pushes.PushContext{
		Actor:   s.actor(w, claim),
		Project: source.Project{ID: p.ID, Path: p.Path, DefaultBranch: p.DefaultBranch},
		Banners: w.banners(now),
	}, nil
}

// banners are the messages that Git shows now.
func (w *world) banners(now time.Time) []source.Banner {
	var ids []int64
	for id, b := range w.broadcasts.rows {
		if b.Type == worldimport.BannerBroadcast && b.ShowInGit && !b.StartsAt.After(now) && !expired(b.EndsAt, now) {
			ids = append(ids, id)
		}
	}
	rows := w.broadcasts.rows
	slices.SortFunc(ids, func(a, b int64) int {
		return cmp.Or(rows[b].StartsAt.Compare(rows[a].StartsAt), cmp.Compare(b, a))
	})
	var banners []source.Banner
	for _, id := range ids {
		banners = append(banners, source.Banner{Message: rows[id].Message, TargetPath: rows[id].TargetPath})
	}
	return banners
}

// noticeKey is for whom a notice waits, and where.
type noticeKey struct {
	user       identity.UserID
	repository source.RepositoryID
}

// Add implements gitaccess.Notices.
func (s *Store) Add(ctx context.Context, n source.Notice) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n.ExpiresAt = toInstant(n.ExpiresAt)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notices[noticeKey{n.User, n.Repository}] = n
	return nil
}

// Take implements pushes.Notices.
func (s *Store) Take(ctx context.Context, user identity.UserID, repository source.RepositoryID, now time.Time) (source.Notice, error) {
	if err := ctx.Err(); err != nil {
		return source.Notice{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n, found := s.notices[noticeKey{user, repository}]
	delete(s.notices, noticeKey{user, repository})
	if !found || expired(n.ExpiresAt, now) {
		return source.Notice{}, notFound("notice for user %d in %s", user, repository)
	}
	return n, nil
}
