package worldtx

import (
	"context"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

type hookRow struct {
	ID        int64
	GroupID   database.Ref
	ProjectID database.Ref
	URL       string
	Token     string
	Push      bool
	TagPush   bool
	Branches  string
	Trusting  bool
}

// TableName is gorm's name for the table.
func (hookRow) TableName() string { return hookTable }

// hookTable is the table of hooks.
const hookTable = "hooks"

// Put implements worldimport.Hooks.
func (w hooksTx) Put(ctx context.Context, in source.MemberSource, h hooks.Hook) error {
	return database.Fault(w.putHook(ctx, in, h), "hook of %s", h.DisplayURL())
}

func (w *writer) putHook(ctx context.Context, in source.MemberSource, h hooks.Hook) error {
	if err := w.memberSourceExists(ctx, in); err != nil {
		return err
	}
	same, err := database.Find[hookRow](ctx, w.tx, "url = ? AND (group_id = ? OR project_id = ?)", h.URL, int64(in.Group), int64(in.Project))
	if err != nil {
		return err
	}
	row := hookRow{
		ID: int64(h.ID), GroupID: database.Ref(in.Group), ProjectID: database.Ref(in.Project), URL: h.URL, Token: h.Token,
		Push: h.Push, TagPush: h.TagPush, Branches: string(h.Branches), Trusting: h.SkipVerification,
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
	return upsert(ctx, w, &row, database.UpsertClause([]string{"id"}, []string{
		"group_id", "project_id", "url", "token", "push", "tag_push", "branches", "trusting",
	}))
}
