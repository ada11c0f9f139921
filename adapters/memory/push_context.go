package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gatehouse/application/pushes"
	"gatehouse/application/worldimport"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// PushContexts implements pushes.PushContexts.
type PushContexts struct{ *state }

// PushContext implements pushes.PushContexts.
func (c PushContexts) PushContext(ctx context.Context, claim identity.Claim, repository source.RepositoryID, withHooks bool, now time.Time) (pushes.PushContext, error) {
	if err := ctx.Err(); err != nil {
		return pushes.PushContext{}, err
	}
	w := c.world.Load()
	p, _, _ := w.findProject(source.Target{Repository: repository})
	out := pushes.PushContext{
		Actor:   c.actor(w, claim),
		Project: source.Project{ID: p.ID, Path: p.Path, DefaultBranch: p.DefaultBranch},
		Banners: w.banners(now),
	}
	if !withHooks || !out.Project.Known() {
		return out, nil
	}
	for _, h := range w.hooks.rows {
		wants := hooks.Hook{Push: h.Push, TagPush: h.TagPush, Branches: h.Branches}
		if !h.Health.Disabled && w.hookApplies(p, h.owner) && !slices.Contains(out.Hooks, wants) {
			out.Hooks = append(out.Hooks, wants)
		}
	}
	return out, nil
}

// banners returns the banners for Git that are shown at now, the newest first.
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

// PutBroadcast implements worldimport.Namespaces.
func (tx namespacesTx) PutBroadcast(ctx context.Context, b worldimport.Broadcast) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.StartsAt, b.EndsAt = toInstant(b.StartsAt), toInstant(b.EndsAt)
	tx.broadcasts.put(tx.broadcasts.idOr(tx.sameBroadcast(b)), b)
	return nil
}

// sameBroadcast returns the number of the message with that text, type and target
// path; 0 if there is none.
func (w *world) sameBroadcast(b worldimport.Broadcast) (id int64) {
	for known, row := range w.broadcasts.rows {
		if row.Message == b.Message && row.Type == b.Type && row.TargetPath == b.TargetPath {
			id = known
		}
	}
	return id
}

// Broadcast implements worldimport.Current.
func (tx currentTx) Broadcast(ctx context.Context, b worldimport.Broadcast) (worldimport.Broadcast, error) {
	if err := ctx.Err(); err != nil {
		return worldimport.Broadcast{}, err
	}
	kept, ok := tx.broadcasts.rows[tx.sameBroadcast(b)]
	if !ok {
		return worldimport.Broadcast{}, notFound("broadcast message %q", b.Message)
	}
	return kept, nil
}

func (w *world) listBroadcasts() (rows [][]any) {
	for id, b := range w.broadcasts.rows {
		rows = append(rows, []any{id, b.Message, string(b.Type), timeOrNil(b.StartsAt), timeOrNil(b.EndsAt), string(b.TargetPath)})
	}
	return rows
}
