package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"gatehouse/application"
	"gatehouse/application/postreceive"
	"gatehouse/application/pushes"
	"gatehouse/domain/hooks"
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
			h.URL, h.Token = "", "" // as from a store that would have to open them
			found = append(found, h.Hook)
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
