// Package queries has every statement of the stores that is longer than five lines, as
// templates.
package queries

import (
	"embed"

	"gatehouse/adapters/gormstore/database"
)

//go:embed *.sql
var files embed.FS

var all = database.ParseQueries(files)

// Query returns the query of that name. It panics if there is none.
func Query(name string) *database.Query { return all.Query(name) }

// Lookup returns the look-up of that name. It panics if there is none.
func Lookup[A any](db *database.DB, name string, read func(*database.Row) A) *database.Lookup[A] {
	l, err := database.NewLookup(db, func(text *database.Text) (string, error) {
		query, _, err := Write(name, text, text)
		return query, err
	}, read)
	if err != nil {
		panic(err)
	}
	return l
}

// Write runs the template of a query as database.Queries does.
func Write(name string, text *database.Text, data any) (query string, args []string, err error) {
	return all.Write(name, text, data)
}
