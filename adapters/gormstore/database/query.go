package database

import (
	"database/sql"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"gorm.io/gorm"
)

// Queries are SQL files, which are templates. A file x.postgres.sql or
// x.sqlite.sql is for that database only. What one file defines the others can
// include. The data of a template is a *Text, or embeds one.
type Queries struct{ templates [2]*template.Template }

// ParseQueries parses the files *.sql. It panics if one is malformed.
func ParseQueries(files fs.FS) *Queries {
	q := new(Queries)
	for _, d := range []Dialect{SQLite, Postgres} {
		names := must(fs.Glob(files, "*.sql"))
		other := "." + (1 - d).Folder() + ".sql"
		names = slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, other) })
		q.templates[d] = template.Must(template.ParseFS(files, names...))
	}
	return q
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Write runs the template of a query on data, whose Text notes the arguments, and
// returns the text of the statement and the names of its arguments, in order.
func (q *Queries) Write(name string, text *Text, data any) (query string, args []string, err error) {
	var out strings.Builder
	err = q.templates[text.Dialect].ExecuteTemplate(&out, q.file(name, text.Dialect), data)
	return out.String(), text.args, err
}

// file returns the name of the file of a query for the database.
func (q *Queries) file(name string, d Dialect) string {
	if q.templates[d].Lookup(name+".sql") == nil {
		return name + "." + d.Folder() + ".sql"
	}
	return name + ".sql"
}

// Text is the data of a template: it writes what depends on the database.
type Text struct {
	Dialect Dialect
	args    []string
	// batch makes the arguments columns of a table q of questions.
	batch bool
}

// Arg is the place of the argument of that name.
func (t *Text) Arg(name string) string {
	i := slices.Index(t.args, name)
	if i < 0 {
		i = len(t.args)
		t.args = append(t.args, name)
	}
	if t.batch {
		return "q." + name
	}
	place := "$" + strconv.Itoa(i+1)
	if t.Dialect == SQLite {
		// The sign hides the argument from a planner that would plan again for
		// each value, once there are statistics.
		return "+" + place
	}
	return place
}

// Join joins tables; SQLite has to join them in the order in which they are
// written.
func (t *Text) Join() string {
	if t.Dialect == SQLite {
		return "CROSS JOIN"
	}
	return "JOIN"
}

// Open stands before the columns of a Lookup, and Close behind them. On SQLite they make one
// column of all: its driver allocates memory for each, also for its name.
func (t *Text) Open() string {
	if t.Dialect == SQLite {
		return "json_array("
	}
	return ""
}

// Close stands behind the columns of a Lookup.
func (t *Text) Close() string {
	if t.Dialect == SQLite {
		return ") AS packed"
	}
	return ""
}

// Postgres says whether the statement is for PostgreSQL.
func (t *Text) Postgres() bool { return t.Dialect == Postgres }

// With returns the data of a template that is included: parameters, each a name
// and its SQL, beside the Text itself.
func (t *Text) With(parameters ...string) (Included, error) {
	in := Included{t, map[string]string{}}
	if len(parameters)%2 != 0 {
		return in, fmt.Errorf("%q is not names and values", parameters)
	}
	for pair := range slices.Chunk(parameters, 2) {
		in.parameters[pair[0]] = pair[1]
	}
	return in, nil
}

// Included is the data of a template that another one includes.
type Included struct {
	*Text
	parameters map[string]string
}

// Has says whether the parameter was given.
func (in Included) Has(name string) bool { return in.parameters[name] != "" }

// Get returns the SQL of a parameter, which has to be given.
func (in Included) Get(name string) (string, error) {
	if !in.Has(name) {
		return "", fmt.Errorf("no parameter %q among %v", name, slices.Sorted(maps.Keys(in.parameters)))
	}
	return in.parameters[name], nil
}

// Query is a statement of a file that is the same for whatever is asked.
type Query struct{ of [2]written }

// written is the text of a statement and the names of its arguments, in order.
type written struct {
	text string
	args []string
}

// Query returns the query of that name. It panics if there is none. One whose only file is
// for one database has no text for the other.
func (q *Queries) Query(name string) *Query {
	out := new(Query)
	for _, d := range []Dialect{SQLite, Postgres} {
		if other := 1 - d; q.templates[d].Lookup(q.file(name, d)) == nil && q.templates[other].Lookup(q.file(name, other)) != nil {
			continue
		}
		text := &Text{Dialect: d}
		query, args, err := q.Write(name, text, text)
		if err != nil {
			panic(err)
		}
		out.of[d] = written{query, args}
	}
	return out
}

// Text returns the text of the query on that database.
func (q *Query) Text(d Dialect) string { return q.of[d].text }

// Exec runs the query in a transaction of gorm's, as gorm.DB.Exec does.
func (q *Query) Exec(tx *gorm.DB, args ...sql.NamedArg) *gorm.DB {
	return q.run(tx, tx.Exec, args)
}

// Raw runs the query in a transaction of gorm's, as gorm.DB.Raw does.
func (q *Query) Raw(tx *gorm.DB, args ...sql.NamedArg) *gorm.DB {
	return q.run(tx, tx.Raw, args)
}

func (q *Query) run(tx *gorm.DB, run func(string, ...any) *gorm.DB, args []sql.NamedArg) *gorm.DB {
	d := SQLite
	if tx.Name() == "postgres" {
		d = Postgres
	}
	values, err := inOrder(q.of[d].args, args)
	if err != nil {
		tx = tx.Session(&gorm.Session{})
		_ = tx.AddError(err)
		return tx
	}
	return run(q.of[d].text, values...)
}

// inOrder returns the values of the arguments in the order of their names.
func inOrder(names []string, args []sql.NamedArg) ([]any, error) {
	values := make([]any, len(names))
	for i, name := range names {
		at := slices.IndexFunc(args, func(a sql.NamedArg) bool { return a.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("the argument %q is missing", name)
		}
		values[i] = args[at].Value
	}
	return values, nil
}
