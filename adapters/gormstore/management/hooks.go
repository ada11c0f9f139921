package management

import (
	"context"
	"database/sql"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/application"
	"gatehouse/application/webhooks"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// Hooks reads hooks.
type Hooks struct {
	db     *database.DB
	sealer seals.Sealer
}

// NewHooks returns the reader of hooks in a database, whose secrets the sealer opens.
func NewHooks(db *database.DB, sealer seals.Sealer) *Hooks { return &Hooks{db, sealer} }

const hookColumns = `
	h.id, coalesce(h.group_id, 0), coalesce(h.project_id, 0), h.name, h.description, coalesce(h.url_shown, h.url), h.token <> '',
	h.push, h.tag_push, h.branches, h.strategy, h.trusting, h.template, h.settings, h.created_at, h.updated_at,
	h.failures, h.paused_until, h.disabled, h.status, h.last_at`

// scanHook reads the hookColumns, and what follows them into more.
func scanHook(scan func(...any) error, more ...any) (v webhooks.View, err error) {
	err = scan(append([]any{
		(*int64)(&v.ID), (*int64)(&v.In.Group), (*int64)(&v.In.Project), &v.Name, &v.Description, &v.URL, &v.HasToken,
		&v.Push, &v.TagPush, (*string)(&v.Branches), (*string)(&v.Strategy), &v.SkipVerification, &v.Template, settings(&v.Settings),
		database.Time(&v.CreatedAt), database.Time(&v.UpdatedAt),
		&v.Health.Failures, database.Time(&v.Health.PausedUntil), &v.Health.Disabled, &v.Health.Status, database.Time(&v.Health.LastAt),
	}, more...)...)
	v.URL = v.DisplayURL() // also of one that is not sealed yet
	return v, err
}

// holder is how the table has the group or project.
func holder(in source.MemberSource) int64 { return int64(in.Group) - int64(in.Project) }

// View implements webhooks.Records.
func (h *Hooks) View(ctx context.Context, in source.MemberSource, id hooks.HookID) (webhooks.View, error) {
	var headers, variables string
	row := h.db.Pool.QueryRowContext(ctx, "SELECT "+hookColumns+", h.headers, h.variables FROM hooks h WHERE h.id = $1 AND h.holder = $2", int64(id), holder(in))
	v, err := scanHook(row.Scan, &headers, &variables)
	if err != nil {
		return webhooks.View{}, database.Fault(err, "hook %d", id)
	}
	v.Headers = seals.Keys(h.sealer, seals.HookHeaders, int64(id), headers)
	v.Variables = seals.Keys(h.sealer, seals.HookVariables, int64(id), variables)
	return v, nil
}

// Views implements webhooks.Records.
func (h *Hooks) Views(ctx context.Context, in source.MemberSource, page application.Page) (application.Listed[webhooks.View], error) {
	q := query{columns: hookColumns, from: "hooks h", id: "h.id", orders: map[string]string{"id": "h.id"}}
	q.and("h.holder = ?", holder(in))
	found, err := list(ctx, h.db, q, page, func(rows *sql.Rows) (webhooks.View, error) { return scanHook(rows.Scan) })
	return found, database.Fault(err, "hooks of %v", in)
}
