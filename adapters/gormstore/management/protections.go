package management

import (
	"context"
	"database/sql"
	"errors"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application"
	"gatehouse/application/protections"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Protections reads protections.
type Protections struct{ db *database.DB }

// NewProtections returns the reader of protections in a database.
func NewProtections(db *database.DB) *Protections { return &Protections{db} }

// protectionListing is the data of protection_views.
type protectionListing struct{ listing }

// Views implements protections.Records.
func (p *Protections) Views(ctx context.Context, f protections.Filter, page application.Page) (out application.Listed[protections.View], err error) {
	if !database.Storable(string(f.Pattern)) || !database.Storable(f.Search) {
		return out, nil
	}
	data := &protectionListing{listing{Text: database.Text{Dialect: p.db.Dialect}, page: page, args: map[string]any{
		"project": int64(f.Project), "kind": refKinds[f.Kind],
	}}}
	if f.Pattern != "" {
		data.args["pattern"] = string(f.Pattern)
	}
	if f.Search != "" {
		data.args["search"] = identity.Fold(f.Search)
	}
	out.Items, err = p.views(ctx, data)
	if err == nil {
		err = complete(&out, page, func(total *int64) error {
			query, args, err := statement("protection_views", data, true)
			if err != nil {
				return err
			}
			return p.db.Pool.QueryRowContext(ctx, query, args...).Scan(total)
		})
	}
	return out, database.Fault(err, "protections of project %d", f.Project)
}

// refKinds are the kinds of protected ref, as they are kept.
var refKinds = map[source.RefKind]string{source.Branch: "branch", source.Tag: "tag"}

// views reads the rows of a page, of which each protection has one for each entry.
func (p *Protections) views(ctx context.Context, data *protectionListing) (views []protections.View, err error) {
	query, args, err := statement("protection_views", data, false)
	if err != nil {
		return nil, err
	}
	rows, err := p.db.Pool.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, verb, entry, name, err := scanProtection(rows)
		if err != nil {
			return nil, err
		}
		if last := len(views) - 1; last < 0 || views[last].ID != v.ID {
			views = append(views, v)
		}
		v = views[len(views)-1]
		if entries := views[len(views)-1].Entries(verb); entries != nil {
			*entries = append(*entries, entry)
			if name != "" {
				v.Names[entry.ID] = name
			}
		}
	}
	return views, rows.Err()
}

// scanProtection reads one row: a protection without entries, and one entry or none.
func scanProtection(rows *sql.Rows) (v protections.View, verb source.ProtectionVerb, a source.Access, name string, err error) {
	var kind, path string
	err = rows.Scan(&v.ID, &kind, (*string)(&v.Pattern), &v.AllowForcePush, database.Time(&v.UpdatedAt),
		database.Null(&a.ID), database.Null((*string)(&verb)), database.Null((*int)(&a.Role)), database.Null((*int64)(&a.User)),
		database.Null((*int64)(&a.Group)), database.Null((*int64)(&a.DeployKey)), database.Null(&name), database.Null(&path))
	if v.Kind = source.Branch; kind == refKinds[source.Tag] {
		v.Kind = source.Tag
	}
	v.Names = map[int64]string{}
	if a.Group != 0 {
		name = source.GroupProfile{Name: name}.Complete(path).Name
	}
	return v, verb, a, name, err
}
