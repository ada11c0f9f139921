// Package conflicts finds the rows that are in the way of a migration: they break a rule
// that a later schema enforces, and no program may decide which of them is right.
package conflicts

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"gatehouse/adapters/gormstore/database"
)

//go:embed *.sql
var files embed.FS

var queries = database.ParseQueries(files)

const (
	// MostListed is how many conflicts with one rule are listed.
	MostListed = 50
	// mostRows is how many rows of one conflict are named.
	mostRows = 10
)

// Conflict is some rows that break a rule together, or one that does by itself.
type Conflict struct {
	// Rows name the rows by kind, number and name.
	Rows []string
	// Problem is a sentence about the rows, Remedy one on what an operator does about
	// them while the release runs that has the older schema.
	Problem, Remedy string
}

// String returns the problem with its remedy, in one line.
func (c Conflict) String() string { return c.Problem + ": " + c.Remedy }

// Rule is a rule of a later schema with the rows that break it.
type Rule struct {
	// Name is a word for the rule, such as "email".
	Name string
	// Conflicts are the first ones, by the lowest number of their rows; Unlisted is how
	// many follow.
	Conflicts []Conflict
	Unlisted  int
}

// Broken are all rules that rows break, those of the earliest schema first. They are an
// error if there are any.
type Broken []Rule

// Error returns a line for each conflict.
func (b Broken) Error() string {
	var lines []string
	for _, r := range b {
		for _, c := range r.Conflicts {
			lines = append(lines, c.String())
		}
		if r.Unlisted > 0 {
			lines = append(lines, fmt.Sprintf("and %d more conflicts with the rule %q, which are listed once these are gone", r.Unlisted, r.Name))
		}
	}
	return strings.Join(lines, "\n")
}

// Count returns how many conflicts there are, listed or not.
func (b Broken) Count() (n int) {
	for _, r := range b {
		n += len(r.Conflicts) + r.Unlisted
	}
	return n
}

// check finds the conflicts with a rule.
type check struct {
	rule string
	// since is the schema from which on the rule holds.
	since int64
	// find looks into a database of an earlier schema, and counts all conflicts.
	find func(ctx context.Context, db *database.DB, version int64) (listed []Conflict, all int, err error)
}

// checks are in the order of their schemas.
var checks = []check{
	{"path", 13, findPaths},
	{"email", 18, findEmails},
	{"protection", 18, findProtections},
	{"length", 18, findLengths},
}

// Find returns what is in the way of a migration from the schema that the database has
// to a later one. It only reads.
func Find(ctx context.Context, db *database.DB, from, to int64) (Broken, error) {
	var broken Broken
	if from == 0 { // there are no tables
		return nil, nil
	}
	for _, c := range checks {
		if from >= c.since || to < c.since {
			continue
		}
		listed, all, err := c.find(ctx, db, from)
		if err != nil {
			return nil, database.Fault(err, "look for conflicts with the rule %q of schema %d", c.rule, c.since)
		}
		if all > 0 {
			broken = append(broken, Rule{c.rule, listed, all - len(listed)})
		}
	}
	return broken, nil
}

// each calls take with each row of a query.
func each(ctx context.Context, db *database.DB, name string, take func(scan func(...any) error) error, args ...any) error {
	rows, err := db.Pool.QueryContext(ctx, queries.Query(name).Text(db.Dialect), args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err returns the same
	for rows.Next() {
		if err := take(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// list joins texts as "a, b and c".
func list(texts []string) string {
	last := len(texts) - 1
	if last <= 0 {
		return strings.Join(texts, "")
	}
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}

// equals is a condition for numbers, to be read behind the name of a column.
func equals(ids []int64) string {
	if len(ids) == 1 {
		return fmt.Sprintf("= %d", ids[0])
	}
	return "IN (" + strings.Join(strings.Fields(strings.Trim(fmt.Sprint(ids), "[]")), ", ") + ")"
}
