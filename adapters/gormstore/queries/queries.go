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

// Write runs the template of a query as database.Queries does.
func Write(name string, text *database.Text, data any) (query string, args []string, err error) {
	return all.Write(name, text, data)
}
