package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/application/postreceive"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// hook is a hook and whose it is.
type hook struct {
	hooks.Hook
	in source.MemberSource
}

// delivery is an event on its way. It is kept as text, as other stores do.
type delivery struct {
	hook         hooks.HookID
	eventID, key string
	event        []byte
}

// PutHook implements worldimport.Hooks.
func (d *draft) PutHook(ctx context.Context, in source.MemberSource, h hooks.Hook) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.requireMemberSource(in); err != nil {
		return err
	}
	for id, other := range d.hooks.rows {
		if other.in != in || other.URL != h.URL {
			continue
		}
		if h.ID != 0 && h.ID != id {
			return conflict("the URL is that of hook %d", id)
		}
		h.ID = id
	}
	h.ID = d.hooks.idOr(h.ID)
	h.Health = d.hooks.rows[h.ID].Health
	d.hooks.put(h.ID, hook{h, in})
	return nil
}

// hears says whether the project is the holder or below it.
func (w *world) hookApplies(p project, in source.MemberSource) bool {
	if in.Project != 0 {
		return p.ID == in.Project
	}
	return strings.HasPrefix(fold(p.Path), fold(w.namespaces.rows[in.Group].Path)+"/")
}

// Hooks implements postreceive.Pushes.
func (s *Store) Hooks(ctx context.Context, id source.ProjectID) (found []hooks.Hook, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := s.world.Load()
	for _, h := range w.hooks.rows {
		if p, ok := w.projects.rows[id]; ok && !h.Health.Disabled && w.hookApplies(p, h.in) {
			found = append(found, h.Hook)
		}
	}
	slices.SortFunc(found, func(a, b hooks.Hook) int { return cmp.Compare(a.ID, b.ID) })
	return found, nil
}

// ReceivedPush implements postreceive.Pushes.
func (s *Store) ReceivedPush(ctx context.Context, push int64) (postreceive.ReceivedPush, error) {
	if err := ctx.Err(); err != nil {
		return postreceive.ReceivedPush{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if push < 1 || push > int64(len(s.pushes)) {
		return postreceive.ReceivedPush{}, notFound("push %d", push)
	}
	p := s.pushes[push-1]
	return postreceive.ReceivedPush{
		Repository: p.Repository, Identifier: p.Identifier, Changes: p.Changes, Options: toStrings(p.Options),
		ReceivedAt: p.ReceivedAt, Processed: s.processed[push],
	}, nil
}

// Complete implements postreceive.Pushes.
func (s *Store) Complete(ctx context.Context, push int64, o postreceive.ProjectUpdate, now time.Time) error {
	return s.change(ctx, func(d *draft) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.processed[push] || push < 1 || push > int64(len(s.pushes)) {
			return nil
		}
		if p, ok := d.projects.rows[o.Project]; ok {
			p.activity = latest(p.activity, toInstant(o.ActiveAt))
			p.DefaultBranch = cmp.Or(o.DefaultBranch, p.DefaultBranch)
			p.Empty = valueOr(o.Empty, p.Empty)
			d.projects.put(p.ID, p)
		}
		d.afterCommit = append(d.afterCommit, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.processed[push] = true
			s.addDeliveries(d, o.Deliveries)
		})
		return nil
	})
}

// leaveDeliveries keeps deliveries and their jobs. The caller holds mu.
func (s *Store) addDeliveries(d *draft, all []hooks.Delivery) {
	for _, one := range all {
		event, err := json.Marshal(one.Event)
		if d.hooks.require(one.Hook.ID, "hook") != nil || err != nil {
			continue
		}
		s.lastDelivery++
		s.deliveries[s.lastDelivery] = delivery{one.Hook.ID, one.EventID, one.Key, event}
		s.enqueue(application.Job{Kind: postreceive.DeliverWebhook, Subject: s.lastDelivery})
	}
}

// Delivery implements webhooks.Deliveries.
func (s *Store) Delivery(ctx context.Context, id int64) (hooks.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return hooks.Delivery{}, err
	}
	s.mu.Lock()
	row, ok := s.deliveries[id]
	s.mu.Unlock()
	h, there := s.world.Load().hooks.rows[row.hook]
	if !ok || !there {
		return hooks.Delivery{}, notFound("delivery %d", id)
	}
	d := hooks.Delivery{ID: id, Hook: h.Hook, EventID: row.eventID, Key: row.key}
	return d, json.Unmarshal(row.event, &d.Event)
}

// Hook implements webhooks.Deliveries.
func (s *Store) Hook(ctx context.Context, id hooks.HookID) (hooks.Hook, source.Project, error) {
	if err := ctx.Err(); err != nil {
		return hooks.Hook{}, source.Project{}, err
	}
	w := s.world.Load()
	h, ok := w.hooks.rows[id]
	if !ok {
		return hooks.Hook{}, source.Project{}, notFound("hook %d", id)
	}
	var first source.Project
	for _, p := range w.projects.rows {
		if w.hookApplies(p, h.in) && (!first.Known() || p.ID < first.ID) {
			first = source.Project{ID: p.ID, Path: p.Path, Visibility: p.Visibility, DefaultBranch: p.DefaultBranch}
		}
	}
	return h.Hook, first, nil
}

// RecordAttempt implements webhooks.Deliveries.
func (s *Store) RecordAttempt(ctx context.Context, id hooks.HookID, made int64, change func(hooks.Health) hooks.Health) error {
	return s.change(ctx, func(d *draft) error {
		h, ok := d.hooks.rows[id]
		if !ok {
			return notFound("hook %d", id)
		}
		h.Health = change(h.Health)
		h.Health.PausedUntil, h.Health.LastAt = toInstant(h.Health.PausedUntil), toInstant(h.Health.LastAt)
		d.hooks.put(id, h)
		d.afterCommit = append(d.afterCommit, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.deliveries, made)
		})
		return nil
	})
}

func (w *world) listHooks(now time.Time) (rows [][]any) {
	for _, h := range w.hooks.rows {
		state := "active"
		if h.Health.Disabled {
			state = "disabled"
		} else if h.Health.Pause(now) > 0 {
			state = "paused"
		}
		group, project := w.holder(h.in)
		rows = append(rows, []any{
			int64(h.ID), group, project, h.Shown(), h.Push, h.TagPush, string(h.Branches), !h.Trusting,
			state, int64(h.Health.Failures), timeOrNil(h.Health.PausedUntil), numberOrNil(int64(h.Health.Status)), timeOrNil(h.Health.LastAt),
		})
	}
	return rows
}
