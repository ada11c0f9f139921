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

// Counters implements pushes.Counters.
type Counters struct{ *state }

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
	old := c.counters[repository]
	if expired(old.expiry, now) || old.value == 0 {
		delete(c.counters, repository)
		return nil
	}
	c.counters[repository] = counter{old.value - 1, old.expiry}
	return nil
}

// Ping implements pushes.Counters.
func (c Counters) Ping(ctx context.Context) error { return ctx.Err() }

// Recorder implements pushes.Recorder.
type Recorder struct{ *state }

// Record implements pushes.Recorder.
func (r Recorder) Record(ctx context.Context, p pushes.Push) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.Options, p.ReceivedAt = slices.Clone(p.Options), toInstant(p.ReceivedAt)
	if r.world.Load().projects.rows[p.NotEmpty].Empty {
		err := r.update(ctx, func(tx *transaction) error {
			if row, ok := tx.projects.rows[p.NotEmpty]; ok {
				row.Empty = false
				tx.projects.put(row.ID, row)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pushes = append(r.pushes, p)
	r.enqueue(application.Job{Kind: pushes.PushReceived, Subject: int64(len(r.pushes))})
	return nil
}

// PushContexts implements pushes.PushContexts.
type PushContexts struct{ *state }

// PushContext implements pushes.PushContexts.
func (c PushContexts) PushContext(ctx context.Context, claim identity.Claim, repository source.RepositoryID, now time.Time) (pushes.PushContext, error) {
	if err := ctx.Err(); err != nil {
		return pushes.PushContext{}, err
	}
	w := c.world.Load()
	p, _, _ := w.findProject(source.Target{Repository: repository})
	return pushes.PushContext{
		Actor:   c.actor(w, claim),
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

// Notices implements gitaccess.Notices and pushes.Notices.
type Notices struct{ *state }

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
