package worldtx

import (
	"context"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/application/worldimport"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

type hookRow struct {
	ID        int64
	GroupID   database.Ref
	ProjectID database.Ref
	// URL and Token are sealed for the number of the row.
	URL       string
	Token     string
	URLDigest string
	Push      bool
	TagPush   bool
	Branches  string
	Trusting  bool

	Name        string
	Description string
}

// TableName is gorm's name for the table.
func (hookRow) TableName() string { return hookTable }

// hookTable is the table of hooks.
const hookTable = "hooks"

// Put implements worldimport.Hooks. A hook that is not sealed yet is found by its URL.
func (w hooksTx) Put(ctx context.Context, in source.MemberSource, h hooks.Hook) error {
	return database.Fault(w.putHook(ctx, in, h), "hook of %s", h.DisplayURL())
}

func (w *writer) putHook(ctx context.Context, in source.MemberSource, h hooks.Hook) error {
	if err := w.memberSourceExists(ctx, in); err != nil {
		return err
	}
	digests, err := w.sealer.Digests(h.URL)
	if err != nil {
		return err
	}
	same, err := w.sameHook(ctx, in, h.URL, digests)
	if err != nil {
		return err
	}
	row := hookRow{
		ID: int64(h.ID), GroupID: database.Ref(in.Group), ProjectID: database.Ref(in.Project), URLDigest: digests[0],
		Push: h.Push, TagPush: h.TagPush, Branches: string(h.Branches), Trusting: h.SkipVerification,
		Name: h.Name, Description: h.Description,
	}
	switch {
	case same == nil:
	case row.ID == 0:
		row.ID = same.ID
	case row.ID != same.ID:
		return database.Conflict("its URL is that of hook %d", same.ID)
	}
	if err := w.number(ctx, hookTable, &row.ID); err != nil {
		return err
	}
	err = upsert(ctx, w, &row, database.UpsertClause([]string{"id"}, []string{
		"group_id", "project_id", "url_digest", "push", "tag_push", "branches", "trusting", "name", "description",
	}))
	if err != nil {
		return err
	}
	return w.sealHook(ctx, row.ID, h)
}

const (
	sealHookURL   = "UPDATE hooks SET url = ?, url_digest = ?, url_shown = ? WHERE id = ?"
	sealHookToken = "UPDATE hooks SET token = ? WHERE id = ?"
)

// sealHook writes the secrets of a hook into its row, for which they are sealed. A token
// that is worldimport.NoSecret stays.
func (w *writer) sealHook(ctx context.Context, id int64, h hooks.Hook) error {
	sealed, err := seals.NewHook(w.sealer, id, h.URL, h.Token)
	if err == nil {
		err = w.exec(ctx, sealHookURL, sealed.URL, sealed.Digest, sealed.Shown, id)
	}
	if err != nil || h.Token == worldimport.NoSecret {
		return err
	}
	return w.exec(ctx, sealHookToken, sealed.Token, id)
}

// sameHook returns the hook of a group or project with that URL, or nil.
func (w *writer) sameHook(ctx context.Context, in source.MemberSource, url string, digests []string) (*hookRow, error) {
	return database.Find[hookRow](ctx, w.tx, "(url_digest IN ? OR url = ?) AND (group_id = ? OR project_id = ?)", digests, url, int64(in.Group), int64(in.Project))
}

// Hook implements worldimport.Current.
func (w currentTx) Hook(ctx context.Context, in source.MemberSource, h hooks.Hook) (worldimport.KeptHook, error) {
	kept, err := w.keptHook(ctx, in, h)
	return kept, database.Fault(err, "hook of %s", h.DisplayURL())
}

func (w *writer) keptHook(ctx context.Context, in source.MemberSource, h hooks.Hook) (worldimport.KeptHook, error) {
	digests, err := w.sealer.Digests(h.URL)
	if err != nil {
		return worldimport.KeptHook{}, err
	}
	row, err := w.sameHook(ctx, in, h.URL, digests)
	if h.ID != 0 {
		row, err = database.Find[hookRow](ctx, w.tx, "id = ?", int64(h.ID))
	}
	if row, err = found(row, err); err != nil {
		return worldimport.KeptHook{}, err
	}
	found := row.hook()
	found.URL, found.Token = w.opened(seals.HookURL, row.ID, row.URL), w.opened(seals.HookToken, row.ID, row.Token)
	return worldimport.KeptHook{In: source.MemberSource{Group: source.NamespaceID(row.GroupID), Project: source.ProjectID(row.ProjectID)}, Hook: found}, nil
}

// hook returns the hook of the row without URL and token.
func (row hookRow) hook() hooks.Hook {
	return hooks.Hook{
		ID: hooks.HookID(row.ID), Name: row.Name, Description: row.Description, Push: row.Push, TagPush: row.TagPush,
		Branches: source.Pattern(row.Branches), SkipVerification: row.Trusting,
	}
}
