package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"gatehouse/application"
	"gatehouse/application/postreceive"
	"gatehouse/application/pushes"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Recorder implements pushes.Recorder.
type Recorder struct{ *state }

// Record implements pushes.Recorder.
func (r Recorder) Record(ctx context.Context, p pushes.Push) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.isRecorded(p.EntryID) {
		return nil
	}
	p.Options, p.ReceivedAt = slices.Clone(p.Options), toInstant(p.ReceivedAt)
	if r.world.Load().projects.rows[p.NonEmptyProject].Empty {
		err := r.update(ctx, func(tx *transaction) error {
			if row, ok := tx.projects.rows[p.NonEmptyProject]; ok {
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
	if r.entries[p.EntryID] { // since
		return nil
	}
	if p.EntryID != "" {
		r.entries[p.EntryID] = true
	}
	if !p.DecreaseAt.IsZero() {
		Counters(r).decrease(p.Repository, p.DecreaseAt)
	}
	r.enqueue(application.Job{Kind: pushes.PushReceived, Subject: r.pushes.add(p)})
	return nil
}

func (r Recorder) isRecorded(entry string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.entries[entry]
}

// Pushes implements postreceive.Pushes.
type Pushes struct {
	Directory // has Standing
}

// ReceivedPush implements postreceive.Pushes.
func (p Pushes) ReceivedPush(ctx context.Context, push int64) (postreceive.ReceivedPush, error) {
	if err := ctx.Err(); err != nil {
		return postreceive.ReceivedPush{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	received, ok := p.pushes.rows[push]
	if !ok {
		return postreceive.ReceivedPush{}, notFound("push %d", push)
	}
	return postreceive.ReceivedPush{
		Repository: received.Repository, Identifier: received.Identifier, Changes: received.Changes,
		Options: toStrings(received.Options), ReceivedAt: received.ReceivedAt, Processed: p.processed[push], Earlier: p.earlierPush(push),
	}, nil
}

// earlierPush returns the first push that is to be processed before another one of the
// same repository, or 0. The caller holds mu.
func (s *state) earlierPush(push int64) int64 {
	of := s.pushes.rows[push].Repository
	for id, earlier := range s.pushes.all() {
		if id == push {
			break
		}
		if earlier.Repository == of && !s.processed[id] && s.jobOf(pushes.PushReceived, id).live() {
			return id
		}
	}
	return 0
}

// Hooks implements postreceive.Pushes.
func (p Pushes) Hooks(ctx context.Context, id source.ProjectID) (found []hooks.Hook, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := p.world.Load()
	for _, h := range w.hooks.rows {
		if project, ok := w.projects.rows[id]; ok && !h.Health.Disabled && w.hookApplies(project, h.owner) {
			one := h.toSend()
			one.URL, one.Token, one.Headers, one.Variables = "", "", nil, nil // as from a store that would have to open them
			found = append(found, one)
		}
	}
	slices.SortFunc(found, func(a, b hooks.Hook) int { return cmp.Compare(a.ID, b.ID) })
	return found, nil
}

// Complete implements postreceive.Pushes.
func (p Pushes) Complete(ctx context.Context, push int64, u postreceive.ProjectUpdate, now time.Time) error {
	return p.update(ctx, func(tx *transaction) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if _, ok := p.pushes.rows[push]; !ok || p.processed[push] {
			return nil
		}
		if earlier := p.earlierPush(push); earlier != 0 {
			return conflict("push %d comes first", earlier)
		}
		if row, ok := tx.projects.rows[u.Project]; ok {
			row.activity = latest(row.activity, toInstant(u.ActiveAt))
			row.DefaultBranch = cmp.Or(u.DefaultBranch, row.DefaultBranch)
			row.Empty = valueOr(u.Empty, row.Empty)
			tx.projects.put(row.ID, row)
		}
		tx.afterCommit = append(tx.afterCommit, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.processed[push] = true
			p.addDeliveries(tx.world, u.Deliveries, max(1, u.PerHook), now)
		})
		return nil
	})
}

// addDeliveries adds the deliveries to hooks that exist, and a job for each, and
// releases those that may go. The caller holds mu.
func (s *state) addDeliveries(w *world, all []hooks.Delivery, perHook int, now time.Time) {
	for _, d := range all {
		event, err := json.Marshal(d.Event)
		if w.hooks.require(d.Hook.ID, "hook") != nil || err != nil {
			continue
		}
		row := &delivery{
			hook: d.Hook.ID, project: d.Event.Project.ID, ref: d.Event.Change.Ref.String(),
			eventID: d.EventID, key: d.Key, event: event, createdAt: toInstant(now),
		}
		row.id = s.deliveries.add(row)
		row.job = s.addJob(application.Job{Kind: postreceive.DeliverWebhook, Subject: row.id}, application.WebhookQueue, jobHeld)
	}
	for _, d := range all {
		if h, ok := w.hooks.rows[d.Hook.ID]; ok {
			s.releaseDeliveries(h.Hook, perHook)
		}
	}
}

func (s *state) listPushes() (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, p := range s.pushes.all() {
		rows = append(rows, []any{id, p.Repository, p.Identifier, p.Changes, toStrings(p.Options), p.ReceivedAt})
	}
	return rows
}

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

// delivery is an event that waits for delivery. The event is kept as JSON, as in
// other stores.
type delivery struct {
	id           int64
	hook         hooks.HookID
	project      source.ProjectID
	ref          string
	eventID, key string
	event        []byte
	createdAt    time.Time
	// released deliveries that were not tried yet take one of the hook's places. Passed
	// ones were given up before a later one arrived.
	released, passed bool
	job              *job
}

// sameRef says whether both are of one ref of a project, and for one hook.
func (d *delivery) sameRef(other *delivery) bool {
	return d.hook == other.hook && d.project == other.project && d.ref == other.ref
}

// findTurn returns the turn of a delivery, and how many earlier ones its hook has missed.
// The caller holds mu.
func (s *state) findTurn(row *delivery) (turn hooks.Turn, missed int) {
	for _, other := range s.deliveries.rows {
		if !other.sameRef(row) || other.id == row.id {
			continue
		}
		if other.id > row.id {
			if other.job.state == jobRunning && turn == hooks.TurnNow {
				turn = hooks.TurnSoon
			}
			continue
		}
		if other.passed {
			continue
		}
		missed++
		if other.job.live() {
			turn = hooks.TurnLater
		}
	}
	if row.passed {
		turn = hooks.TurnPassed
	}
	return turn, missed
}

// waits says whether a delivery has to wait for an earlier one. The caller holds mu.
func (s *state) waits(row *delivery) bool {
	for _, other := range s.deliveries.rows {
		if other.sameRef(row) && other.id < row.id && !other.passed && other.job.live() {
			return true
		}
	}
	return false
}
