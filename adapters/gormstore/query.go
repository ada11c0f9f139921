package gormstore

import (
	"context"
	"embed"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

//go:embed queries
var queryFiles embed.FS

// queries are the templates by dialect. A file whose name has a dialect is that
// dialect's only.
var queries = map[dialect]*template.Template{
	onSQLite:   parseQueries(onSQLite),
	onPostgres: parseQueries(onPostgres),
}

func parseQueries(d dialect) *template.Template {
	return template.Must(template.ParseFS(queryFiles,
		"queries/actor.sql", "queries/place.sql", "queries/key.sql", "queries/*."+d.folder()+".sql"))
}

// shape is what the text of a query depends on; it is the key of the prepared
// statement.
type shape struct {
	query string
	who   identity.ClaimKind
	where where
	refs  bool
}

// where is how a query finds its project.
type where uint8

const (
	nowhere where = iota
	byNumber
	byPath
)

// text is what a template is run with: the shape in its words.
type text struct {
	shape
	dialect dialect
	args    []string
}

// ByKey says whether the claim names a key.
func (t *text) ByKey() bool { return t.who == identity.ByKey }

// ByUser says whether the claim names a user by number.
func (t *text) ByUser() bool { return t.who == identity.ByUser }

// ByName says whether the claim names a user by name.
func (t *text) ByName() bool { return t.who == identity.ByName }

// ByNumber says whether the target is a project's number.
func (t *text) ByNumber() bool { return t.where == byNumber }

// ByPath says whether the target is a path.
func (t *text) ByPath() bool { return t.where == byPath }

// Refs says whether the protections are asked for.
func (t *text) Refs() bool { return t.refs }

// Join joins tables in the order in which they are written, where the planner
// has to be told.
func (t *text) Join() string {
	if t.dialect == onSQLite {
		return "CROSS JOIN"
	}
	return "JOIN"
}

// Arg is the place of an argument.
func (t *text) Arg(name string) string {
	i := slices.Index(t.args, name)
	if i < 0 {
		i = len(t.args)
		t.args = append(t.args, name)
	}
	place := "$" + strconv.Itoa(i+1)
	if t.dialect == onSQLite {
		// The sign hides the argument from a planner that would plan again for
		// each value, once there are statistics.
		return "+" + place
	}
	return place
}

// shaped returns the prepared statement of that shape.
func (s *Store) shaped(ctx context.Context, sh shape) (*statement, error) {
	return s.prepare(ctx, sh, func() (string, []string, error) { return s.dialect.write(sh) })
}

// write returns the text of a query and the names of its arguments.
func (d dialect) write(sh shape) (query string, args []string, err error) {
	var out strings.Builder
	data := &text{shape: sh, dialect: d}
	name := sh.query + ".sql"
	if queries[d].Lookup(name) == nil {
		name = sh.query + "." + d.folder() + ".sql"
	}
	err = queries[d].ExecuteTemplate(&out, name, data)
	return out.String(), data.args, err
}

// asked is a claim and a target with the moment they are asked for.
type asked struct {
	claim  identity.Claim
	target source.Target
	now    time.Time
}

// shape returns the shape of a query for what is asked.
func (a asked) shape(query string) shape {
	sh := shape{query: query, who: a.claim.Kind}
	if a.claim.Kind == identity.Unresolvable || a.claim.Kind == identity.ByName && !storable(a.claim.Name) {
		sh.who = identity.Anonymous
	}
	switch repository := a.target.Repository; {
	case repository.Known() && repository.OfProject():
		sh.where = byNumber
	case !repository.Known() && a.target.Path != "" && storable(string(a.target.Path)):
		sh.where = byPath
	}
	return sh
}

// values are the arguments of a statement, in its order.
func (a asked) values(names []string) []any {
	values := make([]any, len(names))
	for i, name := range names {
		values[i] = a.value(name)
	}
	return values
}

func (a asked) value(name string) any {
	switch name {
	case "claim":
		if a.claim.Kind == identity.ByName {
			return strings.ToLower(a.claim.Name)
		}
		return a.claim.ID
	case "project":
		return a.target.Repository.ID
	case "path":
		return a.target.Path.Fold()
	case "stem":
		if stem, _, cut := stem(a.target.Path); cut {
			return stem
		}
		return nil
	case "today":
		return a.now.UTC().Format(time.DateOnly)
	default:
		return at(a.now)
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
