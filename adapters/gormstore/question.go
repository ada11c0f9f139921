package gormstore

import (
	"context"
	"strings"
	"sync"
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

// shape is what the text of a query depends on.
type shape struct {
	claim identity.ClaimKind
	place placeKind
	parts parts
}

// parts are what a query is asked for besides what it always returns.
type parts struct {
	// refs is what concerns single refs: the protections, or the hooks.
	refs bool
	// rare is what few questions have: deploy keys, paths of the past, wikis and designs by
	// their path, and sessions of a second factor.
	rare bool
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
	*database.Text
	shape
}

// ByKey says whether the claim names a key.
func (t text) ByKey() bool { return t.claim == identity.ByKey }

// ByUser says whether the claim names a user by number.
func (t text) ByUser() bool { return t.claim == identity.ByUser }

// ByName says whether the claim names a user by name.
func (t text) ByName() bool { return t.claim == identity.ByName }

// ByNumber says whether the target is a project's number.
func (t text) ByNumber() bool { return t.place == placeByNumber }

// ByPath says whether the target is a path.
func (t text) ByPath() bool { return t.place == placeByPath }

// Refs says whether what concerns single refs is asked for.
func (t text) Refs() bool { return t.parts.refs }

// Rare says whether what few questions have is asked for.
func (t text) Rare() bool { return t.parts.rare }

// variants are the look-ups of one query, one for each shape. They are safe for concurrent
// use.
type variants[A any] struct {
	db    *database.DB
	query string
	read  func(*database.Row, parts) A
	known sync.Map // of *database.Lookup[A] by shape
}

func (v *variants[A]) ask(ctx context.Context, q question, p parts) (answer A, err error) {
	l, err := v.lookup(q.shape(p))
	if err != nil {
		return answer, err
	}
	return l.Ask(ctx, q.values(l.Args)...)
}

func (v *variants[A]) lookup(sh shape) (*database.Lookup[A], error) {
	if known, ok := v.known.Load(sh); ok {
		return known.(*database.Lookup[A]), nil
	}
	write := func(t *database.Text) (string, error) { return sh.write(v.query, t) }
	l, err := database.NewLookup(v.db, write, func(row *database.Row) A { return v.read(row, sh.parts) })
	if err != nil {
		return nil, err
	}
	known, _ := v.known.LoadOrStore(sh, l)
	return known.(*database.Lookup[A]), nil
}

// write returns the text of a query of that shape.
func (sh shape) write(query string, t *database.Text) (string, error) {
	written, _, err := queries.Write(query, t, text{t, sh})
	return written, err
}

// shape returns the shape of a query about the question.
func (q question) shape(p parts) shape {
	sh := shape{claim: q.claim.Kind, parts: p}
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

// values are the arguments of a look-up, in its order.
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
		stem, _, _ := stem(q.target.Path)
		return stem
	case "today":
		return database.ToDay(q.now)
	default:
		return database.ToInstant(q.now)
	}
}

// stem is the path of the project whose wiki or designs the path may name; it is empty for
// other paths.
func stem(path source.Path) (project string, kind source.RepositoryKind, cut bool) {
	fold := path.Fold()
	for _, kind := range []source.RepositoryKind{source.Wiki, source.Design} {
		if project, cut := strings.CutSuffix(fold, kind.Suffix()); cut {
			return project, kind, true
		}
	}
	return "", source.Code, false
}
