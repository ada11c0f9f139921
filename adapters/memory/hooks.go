package memory

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// hook is a hook of a group or project.
type hook struct {
	hooks.Hook
	owner source.MemberSource
}

// hooksTx implements worldimport.Hooks.
type hooksTx struct{ *transaction }

// Put implements worldimport.Hooks.
func (tx hooksTx) Put(ctx context.Context, in source.MemberSource, h hooks.Hook) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.requireMemberSource(in); err != nil {
		return err
	}
	for id, other := range tx.hooks.rows {
		if other.owner != in || other.URL != h.URL {
			continue
		}
		if h.ID != 0 && h.ID != id {
			return conflict("the URL is that of hook %d", id)
		}
		h.ID = id
	}
	h.ID = tx.hooks.idOr(h.ID)
	h.Health = tx.hooks.rows[h.ID].Health
	tx.hooks.put(h.ID, hook{h, in})
	return nil
}

// hookApplies says whether a hook of owner is for the project: owner is the
// project or a group above it.
func (w *world) hookApplies(p project, owner source.MemberSource) bool {
	if owner.Project != 0 {
		return p.ID == owner.Project
	}
	return strings.HasPrefix(fold(p.Path), fold(w.namespaces.rows[owner.Group].Path)+"/")
}

// delivery is an event that waits for delivery. The event is kept as JSON, as in
// other stores.
type delivery struct {
	hook         hooks.HookID
	eventID, key string
	event        []byte
	createdAt    time.Time
}

// Deliveries implements webhooks.Deliveries.
type Deliveries struct{ *state }

// Delivery implements webhooks.Deliveries.
func (d Deliveries) Delivery(ctx context.Context, id int64) (hooks.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return hooks.Delivery{}, err
	}
	d.mu.Lock()
	row, ok := d.deliveries.rows[id]
	d.mu.Unlock()
	h, hookExists := d.world.Load().hooks.rows[row.hook]
	if !ok || !hookExists {
		return hooks.Delivery{}, notFound("delivery %d", id)
	}
	out := hooks.Delivery{ID: id, Hook: h.Hook, EventID: row.eventID, Key: row.key}
	return out, json.Unmarshal(row.event, &out.Event)
}

// Hook implements webhooks.Deliveries.
func (d Deliveries) Hook(ctx context.Context, id hooks.HookID) (hooks.Hook, source.Project, error) {
	if err := ctx.Err(); err != nil {
		return hooks.Hook{}, source.Project{}, err
	}
	w := d.world.Load()
	h, ok := w.hooks.rows[id]
	if !ok {
		return hooks.Hook{}, source.Project{}, notFound("hook %d", id)
	}
	var first project
	for _, p := range w.projects.rows {
		if w.hookApplies(p, h.owner) && (!first.Known() || p.ID < first.ID) {
			first = p
		}
	}
	out := source.Project{
		ID: first.ID, Path: first.Path, Visibility: first.Visibility, DefaultBranch: first.DefaultBranch,
		Storage: first.Storage, LegacyPath: first.LegacyPath,
	}
	for _, p := range first.Protections {
		out.Protections = append(out.Protections, source.Protection{Kind: p.Kind, Pattern: p.Pattern})
	}
	return h.Hook, out, nil
}

// RecordAttempt implements webhooks.Deliveries.
func (d Deliveries) RecordAttempt(ctx context.Context, id hooks.HookID, delivery int64, change func(hooks.Health) hooks.Health) error {
	return d.update(ctx, func(tx *transaction) error {
		h, ok := tx.hooks.rows[id]
		if !ok {
			return notFound("hook %d", id)
		}
		h.Health = change(h.Health)
		h.Health.PausedUntil, h.Health.LastAt = toInstant(h.Health.PausedUntil), toInstant(h.Health.LastAt)
		tx.hooks.put(id, h)
		tx.afterCommit = append(tx.afterCommit, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			delete(d.deliveries.rows, delivery)
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
		} else if h.Health.Slow() {
			state = "slow"
		}
		group, project := w.memberSourcePaths(h.owner)
		rows = append(rows, []any{
			int64(h.ID), group, project, h.DisplayURL(), h.Push, h.TagPush, string(h.Branches), !h.SkipVerification,
			state, int64(h.Health.Failures), timeOrNil(h.Health.PausedUntil), numberOrNil(int64(h.Health.Status)), timeOrNil(h.Health.LastAt),
		})
	}
	return rows
}
