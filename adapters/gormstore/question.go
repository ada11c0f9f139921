package gormstore

import (
	"context"
	"strings"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// question is a claim and a target with the moment they are asked for. The text
// of its query depends on its shape.
type question struct {
	claim  identity.Claim
	target source.Target
	now    time.Time
}

// shape is what the text of a query depends on; it is the key of the prepared
// statement.
type shape struct {
	query string
	claim identity.ClaimKind
	place placeKind
	refs  bool
}

// placeKind is how a query finds its project.
type placeKind uint8

const (
	noPlace placeKind = iota
	placeByNumber
	placeByPath
)

// text is the data of the query's template.
type text struct {
	database.Text
	shape
}

// ByKey says whether the claim names a key.
func (t *text) ByKey() bool { return t.claim == identity.ByKey }

// ByUser says whether the claim names a user by number.
func (t *text) ByUser() bool { return t.claim == identity.ByUser }

// ByName says whether the claim names a user by name.
func (t *text) ByName() bool { return t.claim == identity.ByName }

// ByNumber says whether the target is a project's number.
func (t *text) ByNumber() bool { return t.place == placeByNumber }

// ByPath says whether the target is a path.
func (t *text) ByPath() bool { return t.place == placeByPath }

// Refs says whether what concerns single refs is asked for: the protections, or the
// hooks.
func (t *text) Refs() bool { return t.refs }

// write returns the text of a query of that shape and the names of its arguments.
func (sh shape) write(d database.Dialect) (query string, args []string, err error) {
	data := &text{database.Text{Dialect: d}, sh}
	return queries.Write(sh.query, &data.Text, data)
}

// scanRow runs a query about the question, which has one row, and scans it.
func (q question) scanRow(ctx context.Context, db *database.DB, query string, refs bool, columns []any) error {
	sh := q.shape(query, refs)
	stmt, err := db.PrepareAs(ctx, sh, func() (string, []string, error) { return sh.write(db.Dialect) })
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(ctx, q.values(stmt.Args)...).Scan(columns...)
}

// shape returns the shape of a query about the question.
func (q question) shape(query string, refs bool) shape {
	sh := shape{query: query, claim: q.claim.Kind, refs: refs}
	if q.claim.Kind == identity.Unresolvable || q.claim.Kind == identity.ByName && !database.Storable(q.claim.Name) {
		sh.claim = identity.Anonymous
	}
	switch repository := q.target.Repository; {
	case repository.Known() && repository.OfProject():
		sh.place = placeByNumber
	case !repository.Known() && q.target.Path != "" && database.Storable(string(q.target.Path)):
		sh.place = placeByPath
	}
	return sh
}

// values are the arguments of a statement, in its order.
func (q question) values(names []string) []any {
	values := make([]any, len(names))
	for i, name := range names {
		values[i] = q.value(name)
	}
	return values
}

func (q question) value(name string) any {
	switch name {
	case "claim":
		if q.claim.Kind == identity.ByName {
			return q.claim.Name
		}
		return q.claim.ID
	case "project":
		return q.target.Repository.ID
	case "path":
		return q.target.Path.Fold()
	case "stem":
		if stem, _, cut := stem(q.target.Path); cut {
			return stem
		}
		return nil
	case "today":
		return q.now.UTC().Format(time.DateOnly)
	default:
		return database.ToInstant(q.now)
	}
}

// stem is the path of the project whose wiki or designs the path may name.
func stem(path source.Path) (project string, kind source.RepositoryKind, cut bool) {
	fold := path.Fold()
	for _, kind := range []source.RepositoryKind{source.Wiki, source.Design} {
		if project, cut := strings.CutSuffix(fold, kind.Suffix()); cut {
			return project, kind, true
		}
	}
	return "", source.Code, false
}
