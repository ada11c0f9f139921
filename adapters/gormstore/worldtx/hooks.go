package worldtx

import (
	"cmp"
	"context"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/application/webhooks"
	"gatehouse/application/worldimport"
	"gatehouse/domain/hooks"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

type hookRow struct {
	ID        int64
	GroupID   database.Ref
	ProjectID database.Ref
	// URL, Token, Headers and Variables are sealed for the number of the row.
	URL       string
	Token     string
	Headers   string
	Variables string
	URLDigest string `gorm:"->"`
	URLShown  string `gorm:"->"`
	Push      bool
	TagPush   bool
	Branches  string
	Trusting  bool

	Name        string
	Description string
	Strategy    string
	Template    string
	Settings    database.Object
	CreatedAt   database.Instant `gorm:"autoCreateTime:false"`
	UpdatedAt   database.Instant `gorm:"autoUpdateTime:false"`
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
	if h.ID == 0 {
		same, err := w.sameHook(ctx, in, h.URL)
		if err != nil {
			return err
		}
		if same != nil {
			h.ID = hooks.HookID(same.ID)
		}
	}
	_, err := w.writeHook(ctx, in, h)
	return err
}

// writeHook writes a hook with its secrets and returns its number, which is new for 0.
func (w *writer) writeHook(ctx context.Context, in source.MemberSource, h hooks.Hook) (hooks.HookID, error) {
	row := hookRow{
		ID: int64(h.ID), GroupID: database.Ref(in.Group), ProjectID: database.Ref(in.Project),
		Push: h.Push, TagPush: h.TagPush, Branches: string(h.Branches), Strategy: string(h.Strategy), Trusting: h.SkipVerification,
		Name: h.Name, Description: h.Description, Template: h.Template, Settings: database.Object(h.Settings),
		CreatedAt: database.ToInstant(h.CreatedAt), UpdatedAt: database.ToInstant(h.UpdatedAt),
	}
	if err := w.number(ctx, hookTable, &row.ID); err != nil {
		return 0, err
	}
	err := upsert(ctx, w, &row, database.UpsertClause([]string{"id"}, []string{
		"group_id", "project_id", "push", "tag_push", "branches", "strategy", "trusting", "name", "description", "template",
		"settings", "created_at", "updated_at",
	}))
	if err != nil {
		return 0, err
	}
	h.ID = hooks.HookID(row.ID)
	return h.ID, w.sealHook(ctx, h)
}

// sealHook writes the secrets of a hook into its row, for which they are sealed. A token
// that is worldimport.NoSecret stays, and so do headers and variables that are
// worldimport.NoValues.
func (w *writer) sealHook(ctx context.Context, h hooks.Hook) error {
	sealed, err := seals.NewHook(w.sealer, h)
	if err != nil {
		return err
	}
	changes := map[string]any{"url": sealed.URL, "url_digest": sealed.Digest, "url_shown": sealed.Shown}
	if h.Token != worldimport.NoSecret {
		changes["token"] = sealed.Token
	}
	if !worldimport.AreNoValues(h.Headers) {
		changes["headers"] = sealed.Headers
	}
	if !worldimport.AreNoValues(h.Variables) {
		changes["variables"] = sealed.Variables
	}
	return w.tx.WithContext(ctx).Table(hookTable).Where("id = ?", int64(h.ID)).Updates(changes).Error
}

// sameHook returns the first hook of a group or project with that URL, or nil.
func (w *writer) sameHook(ctx context.Context, in source.MemberSource, url string) (*hookRow, error) {
	digests, err := w.sealer.Digests(url)
	if err != nil {
		return nil, err
	}
	rows, err := gorm.G[hookRow](w.tx).Where("(url_digest IN ? OR url = ?) AND (group_id = ? OR project_id = ?)", digests, url, int64(in.Group), int64(in.Project)).
		Order("id").Limit(1).Find(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// Hook implements worldimport.Current.
func (w currentTx) Hook(ctx context.Context, in source.MemberSource, h hooks.Hook) (worldimport.KeptHook, error) {
	kept, err := w.keptHook(ctx, in, h)
	return kept, database.Fault(err, "hook of %s", h.DisplayURL())
}

func (w *writer) keptHook(ctx context.Context, in source.MemberSource, h hooks.Hook) (worldimport.KeptHook, error) {
	row, err := database.Find[hookRow](ctx, w.tx, "id = ?", int64(h.ID))
	if h.ID == 0 {
		row, err = w.sameHook(ctx, in, h.URL)
	}
	if row, err = found(row, err); err != nil {
		return worldimport.KeptHook{}, err
	}
	found := row.hook()
	found.URL, found.Token = w.opened(seals.HookURL, row.ID, row.URL), w.opened(seals.HookToken, row.ID, row.Token)
	found.Headers, found.Variables = w.openedValues(seals.HookHeaders, row.ID, row.Headers), w.openedValues(seals.HookVariables, row.ID, row.Variables)
	return worldimport.KeptHook{In: row.in(), Hook: found}, nil
}

// openedValues opens sealed headers or variables; those that cannot be opened are
// worldimport.NoValues.
func (w *writer) openedValues(column seals.Column, id int64, sealed string) []hooks.KeyValue {
	values, err := column.OpenValues(w.sealer, id, sealed)
	if err != nil {
		return worldimport.NoValues
	}
	return values
}

// in returns whose hook it is.
func (row hookRow) in() source.MemberSource {
	return source.MemberSource{Group: source.NamespaceID(row.GroupID), Project: source.ProjectID(row.ProjectID)}
}

// hook returns the hook of the row without its secrets.
func (row hookRow) hook() hooks.Hook {
	return hooks.Hook{
		ID: hooks.HookID(row.ID), Name: row.Name, Description: row.Description, Push: row.Push, TagPush: row.TagPush,
		Branches: source.Pattern(row.Branches), Strategy: hooks.BranchStrategy(row.Strategy), SkipVerification: row.Trusting,
		Template: row.Template, Settings: remembered.Values(row.Settings), CreatedAt: row.CreatedAt.Time, UpdatedAt: row.UpdatedAt.Time,
	}
}

// hookPorts returns the ports of webhooks.
func (w *writer) hookPorts() webhooks.Tx {
	return webhooks.Tx{Hooks: hooksTx{w}, Standings: w, Audit: w}
}

// hookOf returns the hook of that number which a group or project has, or domain.NotFound.
func (w *writer) hookOf(ctx context.Context, in source.MemberSource, id hooks.HookID) (*hookRow, error) {
	row, err := found(database.Find[hookRow](ctx, w.tx, "id = ? AND holder = ?", int64(id), holder(in)))
	return row, database.Fault(err, "hook %d", id)
}

// Hook implements webhooks.Hooks.
func (w hooksTx) Hook(ctx context.Context, in source.MemberSource, id hooks.HookID) (hooks.Hook, error) {
	row, err := w.hookOf(ctx, in, id)
	if err != nil {
		return hooks.Hook{}, err
	}
	h := row.hook()
	h.URL, h.Token = row.URL, row.Token
	if err := seals.OpenHook(w.sealer, &h, row.Headers, row.Variables); err != nil {
		return hooks.Hook{}, hooks.ErrUnreadable.Because(err)
	}
	return h, nil
}

// Shown implements webhooks.Hooks.
func (w hooksTx) Shown(ctx context.Context, in source.MemberSource, id hooks.HookID) (webhooks.View, error) {
	row, err := w.hookOf(ctx, in, id)
	if err != nil {
		return webhooks.View{}, err
	}
	view := webhooks.View{Hook: row.hook(), In: in, HasToken: row.Token != ""}
	view.URL = row.shown()
	view.Headers, view.Variables = seals.Keys(w.sealer, seals.HookHeaders, row.ID, row.Headers), seals.Keys(w.sealer, seals.HookVariables, row.ID, row.Variables)
	return view, nil
}

// shown returns the URL without its secrets, also one that is not sealed yet.
func (row hookRow) shown() string {
	return hooks.Hook{URL: cmp.Or(row.URLShown, row.URL)}.DisplayURL()
}

// PutHook implements webhooks.Hooks.
func (w hooksTx) PutHook(ctx context.Context, in source.MemberSource, h hooks.Hook) (hooks.HookID, error) {
	err := w.memberSourceExists(ctx, in)
	if err == nil {
		h.ID, err = w.writeHook(ctx, in, h)
	}
	return h.ID, database.Fault(err, "hook of %s", h.DisplayURL())
}

// RemoveHook implements webhooks.Hooks.
func (w hooksTx) RemoveHook(ctx context.Context, in source.MemberSource, id hooks.HookID) error {
	removed := w.tx.WithContext(ctx).Exec("DELETE FROM hooks WHERE id = ? AND holder = ?", int64(id), holder(in))
	err := removed.Error
	if err == nil && removed.RowsAffected == 0 {
		err = gorm.ErrRecordNotFound
	}
	return database.Fault(err, "hook %d", id)
}
