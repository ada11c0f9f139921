package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/application/webhooks"
	"gatehouse/application/worldimport"
	"gatehouse/domain/audit"
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
	if h.ID == 0 {
		h.ID = tx.hookByURL(in, h.URL)
	}
	tx.writeHook(in, h)
	return nil
}

// writeHook keeps a hook and returns its number, which is new for 0.
func (tx *transaction) writeHook(in source.MemberSource, h hooks.Hook) hooks.HookID {
	h.ID = tx.hooks.idOr(h.ID)
	old := tx.hooks.rows[h.ID]
	h = copyHook(h)
	h.Health = old.Health
	if h.Token == worldimport.NoSecret {
		h.Token = old.Token
	}
	if worldimport.AreNoValues(h.Headers) {
		h.Headers = old.Headers
	}
	if worldimport.AreNoValues(h.Variables) {
		h.Variables = old.Variables
	}
	h.CreatedAt, h.UpdatedAt = toInstant(h.CreatedAt), toInstant(h.UpdatedAt)
	tx.hooks.put(h.ID, hook{h, in})
	return h.ID
}

// copyHook returns a hook that shares no memory with h.
func copyHook(h hooks.Hook) hooks.Hook {
	h.Headers, h.Variables, h.Settings = slices.Clone(h.Headers), slices.Clone(h.Variables), maps.Clone(h.Settings)
	return h
}

// toSend returns what of a hook its deliveries need.
func (h hook) toSend() hooks.Hook {
	out := copyHook(h.Hook)
	out.Name, out.Description, out.Template, out.Settings = "", "", "", nil
	out.CreatedAt, out.UpdatedAt = time.Time{}, time.Time{}
	return out
}

// hookByURL returns the first hook of a group or project with that URL; 0 if there is
// none.
func (w *world) hookByURL(in source.MemberSource, url string) (found hooks.HookID) {
	for id, h := range w.hooks.rows {
		if h.owner == in && h.URL == url && (found == 0 || id < found) {
			found = id
		}
	}
	return found
}

// Hook implements worldimport.Current.
func (tx currentTx) Hook(ctx context.Context, in source.MemberSource, h hooks.Hook) (worldimport.KeptHook, error) {
	if err := ctx.Err(); err != nil {
		return worldimport.KeptHook{}, err
	}
	id := h.ID
	if id == 0 {
		id = tx.hookByURL(in, h.URL)
	}
	kept, ok := tx.hooks.rows[id]
	if !ok {
		return worldimport.KeptHook{}, notFound("hook of %s", h.DisplayURL())
	}
	kept.Health = hooks.Health{}
	return worldimport.KeptHook{Hook: copyHook(kept.Hook), In: kept.owner}, nil
}

// hookApplies says whether a hook of owner is for the project: owner is the
// project or a group above it.
func (w *world) hookApplies(p project, owner source.MemberSource) bool {
	if owner.Project != 0 {
		return p.ID == owner.Project
	}
	return strings.HasPrefix(fold(p.Path), fold(w.namespaces.rows[owner.Group].Path)+"/")
}

// Deliveries implements webhooks.Deliveries.
type Deliveries struct{ *state }

// Delivery implements webhooks.Deliveries.
func (d Deliveries) Delivery(ctx context.Context, id int64) (hooks.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return hooks.Delivery{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	row, ok := d.deliveries.rows[id]
	if !ok {
		return hooks.Delivery{}, notFound("delivery %d", id)
	}
	h, hookExists := d.world.Load().hooks.rows[row.hook]
	if !hookExists {
		return hooks.Delivery{}, notFound("delivery %d", id)
	}
	out := hooks.Delivery{ID: id, Hook: h.toSend(), EventID: row.eventID, Key: row.key}
	out.Turn, out.Missed = d.findTurn(row)
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
	return h.toSend(), out, nil
}

// hookOwner returns the group or project whose hook it is.
func (tx *transaction) hookOwner(in source.MemberSource) audit.Object {
	if in.Group != 0 {
		return audit.Object{Kind: audit.Group, ID: int64(in.Group), Path: tx.namespaces.rows[in.Group].Path}
	}
	return audit.Object{Kind: audit.Project, ID: int64(in.Project), Path: tx.projects.rows[in.Project].Path}
}

// RecordAttempt implements webhooks.Deliveries.
func (d Deliveries) RecordAttempt(ctx context.Context, id hooks.HookID, a webhooks.Attempt, change func(hooks.Health) (hooks.Health, []audit.Event)) error {
	return d.update(ctx, func(tx *transaction) error {
		h, ok := tx.hooks.rows[id]
		if !ok {
			return notFound("hook %d", id)
		}
		var events []audit.Event
		h.Health, events = change(h.Health)
		h.Health.PausedUntil, h.Health.LastAt = toInstant(h.Health.PausedUntil), toInstant(h.Health.LastAt)
		tx.hooks.put(id, h)
		for i := range events {
			events[i].Entity = tx.hookOwner(h.owner)
		}
		if err := (auditTx{tx}).Append(ctx, events...); err != nil {
			return err
		}
		tx.afterCommit = append(tx.afterCommit, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.recordDelivery(a)
			d.releaseDeliveries(h.Hook, a.PerHook)
		})
		return nil
	})
}

// recordDelivery notes what became of a delivery. The caller holds mu.
func (s *state) recordDelivery(a webhooks.Attempt) {
	row, ok := s.deliveries.rows[a.Delivery]
	if !ok {
		return
	}
	row.released = false
	if !a.Accepted {
		return
	}
	for _, other := range s.deliveries.rows {
		if other.sameRef(row) && other.id < row.id {
			other.passed = true
		}
	}
	delete(s.deliveries.rows, row.id)
}

// Release implements webhooks.Deliveries.
func (d Deliveries) Release(ctx context.Context, perHook int) error {
	return d.update(ctx, func(tx *transaction) error {
		tx.afterCommit = append(tx.afterCommit, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			for _, h := range tx.hooks.rows {
				d.releaseDeliveries(h.Hook, perHook)
			}
		})
		return nil
	})
}

// releaseDeliveries releases the deliveries of a hook that may go, and discards those
// of a disabled one. The caller holds mu.
func (s *state) releaseDeliveries(h hooks.Hook, perHook int) {
	taken := 0
	var held []*delivery
	for _, row := range s.deliveries.rows {
		if row.hook != h.ID {
			continue
		}
		if row.released && row.job.live() {
			taken++
		}
		if row.job.state == jobHeld {
			held = append(held, row)
		}
	}
	slices.SortFunc(held, func(a, b *delivery) int { return cmp.Compare(a.id, b.id) })
	for _, row := range held {
		j := row.job
		switch {
		case h.Health.Disabled:
			j.state, j.lastFailure = jobDiscarded, fmt.Sprintf("hook %d is disabled", h.ID)
		case taken < perHook && !s.waits(row):
			j.state, j.due, row.released = jobWaiting, time.Now(), true
			taken++
		}
	}
	s.wakeRunner()
}

// changeHooks runs a transaction with the ports of webhooks. It is a webhooks.UnitOfWork.
func (s *state) changeHooks(ctx context.Context, do func(webhooks.Tx) error) error {
	return s.update(ctx, func(tx *transaction) error {
		return do(webhooks.Tx{Hooks: hooksTx{tx}, Standings: groupsTx{tx}, Audit: auditTx{tx}})
	})
}

// hookOf returns the hook of that number which a group or project has, or domain.NotFound.
func (w *world) hookOf(in source.MemberSource, id hooks.HookID) (hook, error) {
	h, ok := w.hooks.rows[id]
	if !ok || h.owner != in {
		return hook{}, notFound("hook %d", id)
	}
	return hook{copyHook(h.Hook), in}, nil
}

// Hook implements webhooks.Hooks.
func (tx hooksTx) Hook(ctx context.Context, in source.MemberSource, id hooks.HookID) (hooks.Hook, error) {
	h, err := tx.hookOf(in, id)
	return h.Hook, cmp.Or(ctx.Err(), err)
}

// Shown implements webhooks.Hooks.
func (tx hooksTx) Shown(ctx context.Context, in source.MemberSource, id hooks.HookID) (webhooks.View, error) {
	h, err := tx.hookOf(in, id)
	return h.view(), cmp.Or(ctx.Err(), err)
}

// view returns the hook as the API shows it.
func (h hook) view() webhooks.View {
	out := webhooks.View{Hook: h.Hook, In: h.owner, HasToken: h.Token != ""}
	out.URL, out.Token = h.DisplayURL(), ""
	for _, values := range [][]hooks.KeyValue{out.Headers, out.Variables} {
		for i := range values {
			values[i].Value = ""
		}
	}
	return out
}

// PutHook implements webhooks.Hooks.
func (tx hooksTx) PutHook(ctx context.Context, in source.MemberSource, h hooks.Hook) (hooks.HookID, error) {
	if err := cmp.Or(ctx.Err(), tx.requireMemberSource(in)); err != nil {
		return 0, err
	}
	return tx.writeHook(in, h), nil
}

// RemoveHook implements webhooks.Hooks.
func (tx hooksTx) RemoveHook(ctx context.Context, in source.MemberSource, id hooks.HookID) error {
	if _, err := tx.hookOf(in, id); err != nil {
		return err
	}
	delete(tx.hooks.rows, id)
	return ctx.Err()
}

// HookRecords implements webhooks.Records.
type HookRecords struct{ *state }

// View implements webhooks.Records.
func (r HookRecords) View(ctx context.Context, in source.MemberSource, id hooks.HookID) (webhooks.View, error) {
	h, err := r.world.Load().hookOf(in, id)
	return h.view(), cmp.Or(ctx.Err(), err)
}

// Views implements webhooks.Records.
func (r HookRecords) Views(ctx context.Context, in source.MemberSource, page application.Page) (application.Listed[webhooks.View], error) {
	var all []webhooks.View
	for _, h := range r.world.Load().hooks.rows {
		if h.owner == in {
			v := hook{copyHook(h.Hook), in}.view()
			v.Headers, v.Variables = nil, nil
			all = append(all, v)
		}
	}
	return listByID(all, page, func(v webhooks.View) int64 { return int64(v.ID) }), ctx.Err()
}

// Undelivered implements webhooks.Backlog.
func (d Deliveries) Undelivered(ctx context.Context, id hooks.HookID, page application.Page) (application.Listed[webhooks.Undelivered], error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []webhooks.Undelivered
	for number, row := range d.deliveries.rows {
		if _, exists := d.world.Load().hooks.rows[id]; row.hook != id || !exists {
			continue
		}
		u := webhooks.Undelivered{ID: number, CreatedAt: row.createdAt, GivenUp: !row.job.live()}
		if err := json.Unmarshal(row.event, &u.Event); err != nil {
			return application.Listed[webhooks.Undelivered]{}, err
		}
		all = append(all, u)
	}
	return listByID(all, page, func(u webhooks.Undelivered) int64 { return u.ID }), ctx.Err()
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
			h.Name, h.Description, string(h.Strategy), timeOrNil(h.CreatedAt), timeOrNil(h.UpdatedAt),
		})
	}
	return rows
}
