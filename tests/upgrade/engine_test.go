package upgrade_test

import (
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"gatehouse/tests/pgtest"
)

// engine is a kind of database.
type engine struct {
	name string
	// create returns the URL of an empty database.
	create func(*testing.T) string
	// execute runs statements.
	execute func(t *testing.T, url, statements string)
	// dump returns the statements that make the database again. Only -write
	// needs it.
	dump func(t *testing.T, url string) string
	// content returns all tables and rows, a line for each.
	content func(t *testing.T, url string) string
}

var engines = []engine{
	{"sqlite", func(t *testing.T) string { return filepath.Join(t.TempDir(), "gatehouse.db") }, executeSQLite, dumpSQLite, dumpSQLite},
	{"postgres", func(t *testing.T) string { return pgtest.Open(t) }, executePostgres, dumpPostgres, contentPostgres},
}

func executeSQLite(t *testing.T, url, statements string) {
	t.Helper()
	pool := openSQLite(t, url)
	_, err := pool.ExecContext(t.Context(), statements)
	if err != nil {
		t.Fatalf("execute: %v", err)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
}

func openSQLite(t *testing.T, path string) *sql.DB {
	t.Helper()
	pool, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	pool.SetMaxOpenConns(1) // a transaction may span statements
	return pool
}

// wantSealed fails the test if a secret of a release is left as it was, or in an
// older form.
func (e engine) wantSealed(t *testing.T, url string) {
	t.Helper()
	driver := map[string]string{"sqlite": "sqlite", "postgres": "pgx"}[e.name]
	pool, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	for _, text := range column(t, pool, `SELECT totp_secret FROM users WHERE totp_secret <> '' UNION ALL SELECT url FROM hooks
		UNION ALL SELECT token FROM hooks WHERE token <> '' UNION ALL SELECT value FROM instance_notes`) {
		if !strings.HasPrefix(text, "v2:") {
			t.Errorf("%q is left in the database", text)
		}
	}
}

// dumpSQLite writes the schema and every column that is not generated.
func dumpSQLite(t *testing.T, url string) string {
	t.Helper()
	pool := openSQLite(t, url)
	out := new(strings.Builder)
	out.WriteString("BEGIN;\n")
	const schema = "SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND type "
	writeLines(out, column(t, pool, schema+"= 'table' ORDER BY rowid"))
	// The other tables' rows fill sqlite_sequence by themselves, so it is last.
	for _, table := range column(t, pool, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name = 'sqlite_sequence', rowid") {
		if table == "sqlite_sequence" {
			out.WriteString("DELETE FROM sqlite_sequence;\n")
		}
		names := column(t, pool, `SELECT '"' || name || '"' FROM pragma_table_info('`+table+`')`)
		quoted := "quote(" + strings.Join(names, ") || ',' || quote(") + ")"
		for _, values := range column(t, pool, "SELECT "+quoted+` FROM "`+table+`" ORDER BY rowid`) {
			fmt.Fprintf(out, "INSERT INTO \"%s\" (%s) VALUES (%s);\n", table, strings.Join(names, ","), values)
		}
	}
	writeLines(out, column(t, pool, schema+"<> 'table' ORDER BY rowid"))
	out.WriteString("COMMIT;\n")
	return out.String()
}

func writeLines(out *strings.Builder, all []string) {
	for _, line := range all {
		out.WriteString(line + "\n")
	}
}

// column returns the only column of a query.
func column(t *testing.T, pool *sql.DB, query string) (values []string) {
	t.Helper()
	rows, err := pool.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }() // Err reports
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		values = append(values, value)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return values
}

func executePostgres(t *testing.T, url, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.PgConn().Exec(t.Context(), statements).ReadAll(); err != nil {
		t.Fatalf("execute: %v", err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// onlyPsql are beginnings of lines that psql or a newer server understands and
// no other does.
var onlyPsql = []string{`\restrict `, `\unrestrict `, "SET transaction_timeout "}

func dumpPostgres(t *testing.T, url string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "pg_dump", "--inserts", "--no-owner", "--no-privileges", url)
	text, err := command.Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	return strings.Join(slices.DeleteFunc(strings.SplitAfter(string(text), "\n"), func(line string) bool {
		return slices.ContainsFunc(onlyPsql, func(begin string) bool { return strings.HasPrefix(line, begin) })
	}), "")
}

func contentPostgres(t *testing.T, url string) string {
	t.Helper()
	pool, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	out := new(strings.Builder)
	writeLines(out, column(t, pool, `SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1`))
	for _, table := range column(t, pool, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`) {
		writeLines(out, column(t, pool, `SELECT '`+table+` ' || r::text FROM "`+table+`" r ORDER BY 1`))
	}
	return out.String()
}
