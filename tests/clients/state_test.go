package clients_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"gatehouse/application/inventory"
	"gatehouse/tests/world"
)

// state is everything that a store holds, a line for each row, but for when keys and
// tokens were last used.
type state []string

// reader reads the state of the store of a graph.
type reader struct {
	graph
	// db is one connection to the database; nil for a store in memory.
	db *sql.DB
	// version is that of the database when it was read, and last what was read.
	version string
	last    state
}

// newReader makes a reader, which the caller closes.
func newReader(g graph) (*reader, error) {
	r := &reader{graph: g}
	if g.file == "" {
		return r, nil
	}
	db, err := sql.Open("sqlite", "file:"+g.file+"?mode=ro")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	r.db = db
	return r, nil
}

func (r *reader) close() {
	if r.db != nil {
		_ = r.db.Close()
	}
}

// read returns the state. A database that has not changed is not read again.
func (r *reader) read() (state, error) {
	if r.db == nil {
		return r.graph.listed()
	}
	version, err := texts(r.db, "pragma data_version")
	if err != nil {
		return nil, err
	}
	if version[0] != r.version {
		r.version = version[0]
		r.last, err = dump(r.db)
	}
	return r.last, err
}

// isOfMachine says whether a member of a record depends on the machine: the number of a request,
// and when a job is due, by the machine's clock.
func isOfMachine(name string) bool { return name == "correlation_id" || name == "due_at" }

// listed returns what an operator can list, but for what depends on the machine.
func (g graph) listed() (state, error) {
	var lines state
	for _, thing := range inventory.Names() {
		records, err := g.Inventory.List(context.Background(), thing, world.Now)
		if err != nil {
			return nil, err
		}
		for _, record := range records {
			record = slices.DeleteFunc(record, func(f inventory.Field) bool { return isUse(f.Name) || isOfMachine(f.Name) })
			text, err := json.Marshal(record)
			if err != nil {
				return nil, err
			}
			lines = append(lines, thing+" "+string(text))
		}
	}
	return lines, nil
}

// isUse says whether a field tells when something was last used.
func isUse(name string) bool {
	return strings.HasPrefix(name, "last_used") || name == "last_activity_on"
}

// dump reads every table of a SQLite database.
func dump(db *sql.DB) (lines state, err error) {
	tables, err := texts(db, "select name from sqlite_master where type = 'table' order by name")
	if err != nil {
		return nil, err
	}
	for _, table := range tables {
		columns, err := texts(db, "select name from pragma_table_info('"+table+"')")
		if err != nil {
			return nil, err
		}
		columns = slices.DeleteFunc(columns, isUse)
		for i, column := range columns {
			columns[i] = `quote("` + column + `")`
		}
		rows, err := texts(db, fmt.Sprintf(`select %s from "%s"`, strings.Join(columns, " || ' ' || "), table))
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", table, err)
		}
		for _, row := range rows {
			lines = append(lines, table+" "+row)
		}
	}
	slices.Sort(lines)
	return lines, nil
}

// orphans returns an error if a row of a SQLite database refers to one that is not there.
func (g graph) orphans() error {
	db, err := sql.Open("sqlite", "file:"+g.file+"?mode=ro")
	if err != nil {
		return err
	}
	defer db.Close()
	found, err := texts(db, `select "table" || ' ' || coalesce(rowid, '') || ' ' || parent from pragma_foreign_key_check`)
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("orphans: %q", found)
	}
	return err
}

// texts returns the one column of a query.
func texts(db *sql.DB, query string) (out []string, err error) {
	rows, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text sql.NullString
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text.String)
	}
	return out, rows.Err()
}

// changed returns an error that names the lines that differ, unless the states are equal.
func (s state) changed(now state) error {
	if slices.Equal(s, now) {
		return nil
	}
	var lines []string
	for _, line := range s {
		if !slices.Contains(now, line) {
			lines = append(lines, "- "+line)
		}
	}
	for _, line := range now {
		if !slices.Contains(s, line) {
			lines = append(lines, "+ "+line)
		}
	}
	return fmt.Errorf("the store has changed:\n%.3000s", strings.Join(lines, "\n"))
}

// without returns the lines that do not begin with any of the words.
func (s state) without(words ...string) state {
	return slices.DeleteFunc(slices.Clone(s), func(line string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(line, w) })
	})
}
