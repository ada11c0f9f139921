package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	modernc "modernc.org/sqlite"
)

// Dialect is one of the two kinds of database.
type Dialect uint8

const (
	// SQLite is a file of one machine, with one writer at a time.
	SQLite Dialect = iota
	// Postgres is PostgreSQL.
	Postgres
)

// String is the name as messages show it.
func (d Dialect) String() string {
	if d == Postgres {
		return "PostgreSQL"
	}
	return "SQLite"
}

// Folder is the name that the dialect's own files have in theirs: "sqlite" or
// "postgres".
func (d Dialect) Folder() string { return strings.ToLower(strings.TrimSuffix(d.String(), "QL")) }

// Lower returns the SQL for a text with the letters A to Z in lower case.
func (d Dialect) Lower(text string) string {
	if d == Postgres {
		return "lower(" + text + ` COLLATE "C")`
	}
	return "lower(" + text + ")"
}

// Contains returns the SQL of whether a text has another one in it, as it is.
func (d Dialect) Contains(text, part string) string {
	if d == Postgres {
		return "strpos(" + text + ", " + part + ") > 0"
	}
	return "instr(" + text + ", " + part + ") > 0"
}

// Member returns the SQL of a member of a column of JSON, as text; NULL for none.
func (d Dialect) Member(column, name string) string {
	if d == Postgres {
		return "(" + column + "::jsonb->>'" + name + "')"
	}
	return "json_extract(" + column + ", '$." + name + "')"
}

// Earliest returns the SQL of what comes before every moment in an order.
func (d Dialect) Earliest() string {
	if d == Postgres {
		return "'-infinity'::timestamptz"
	}
	return "''"
}

// Position returns what a moment in RFC 3339 is compared as in an order in which Earliest
// takes the place of NULL. Any other text is Earliest.
func (d Dialect) Position(text string) any {
	at, err := time.Parse(time.RFC3339Nano, text)
	switch {
	case err == nil:
		return ToInstant(at)
	case d == Postgres:
		return "-infinity"
	default:
		return ""
	}
}

func (d Dialect) gorm(pool *sql.DB) gorm.Dialector {
	if d == Postgres {
		return postgres.New(postgres.Config{Conn: pool})
	}
	return sqlite.New(sqlite.Config{Conn: pool})
}

// PoolSize returns how many connections there are at most where the settings ask for so
// many: four for each core if they ask for none.
func PoolSize(asked int) int {
	if asked <= 0 {
		return 4 * runtime.NumCPU()
	}
	return asked
}

// newPool keeps connections as long as it can: making one takes long, and so
// does preparing its statements again.
func newPool(connector driver.Connector, size int) *sql.DB {
	size = PoolSize(size)
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	pool.SetConnMaxLifetime(time.Hour)
	return pool
}

// ConnectorFor tells from the address which database is meant, and returns what
// connects to it. It connects to nothing, but makes the file of an SQLite
// database that is missing.
func ConnectorFor(address string) (Dialect, driver.Connector, error) {
	return connectorFor(address, postgresConnector, sqliteConnector)
}

// readerFor is ConnectorFor for connections that cannot write. It makes no file.
func readerFor(address string) (Dialect, driver.Connector, error) {
	return connectorFor(address, postgresReader, sqliteReader)
}

func connectorFor(address string, toPostgres, toSQLite func(string) (driver.Connector, error)) (Dialect, driver.Connector, error) {
	switch scheme, _, found := strings.Cut(address, "://"); {
	case scheme == "postgres", scheme == "postgresql":
		connector, err := toPostgres(address)
		return Postgres, connector, err
	case found && scheme != "file":
		return SQLite, nil, errors.New("database.url: only postgres:// and the path of a file are known")
	case strings.Contains(address, ":memory:"):
		return SQLite, nil, errors.New("database.url: SQLite in memory loses its tables with each connection; use \"memory:\" for that")
	default:
		connector, err := toSQLite(address)
		return SQLite, connector, err
	}
}

// busyTimeout is how long a writer waits for another one on SQLite.
const busyTimeout = 10 * time.Second

// connectTimeout is how long one attempt to reach PostgreSQL may take, unless
// the address says otherwise.
const connectTimeout = 10 * time.Second

// statementCache is how many statements of look-ups a connection keeps prepared.
const statementCache = 128

func postgresConnector(address string) (driver.Connector, error) {
	config, err := postgresConfig(address)
	if err != nil {
		return nil, err
	}
	return stdlib.GetConnector(*config), nil
}

func postgresReader(address string) (driver.Connector, error) {
	config, err := postgresConfig(address)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	return stdlib.GetConnector(*config), nil
}

func postgresConfig(address string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil || !plainHosts(config) {
		// The error of pgx is not repeated: it shows the address, and only guesses
		// which part is a password. Of a password with an "@" it takes a part for
		// the host.
		return nil, errors.New("database.url: not a valid postgres:// address; write special characters in user and password as %XX")
	}
	// Look-ups are prepared, whatever the address says.
	config.StatementCacheCapacity = max(config.StatementCacheCapacity, statementCache)
	if !strings.Contains(address, "connect_timeout") {
		config.ConnectTimeout = connectTimeout
	}
	for name, value := range map[string]string{
		"application_name": "gatehouse",
		// Our statements look up a handful of rows by indexes, whatever the
		// arguments: planning them again, or compiling them, costs more than
		// running them.
		"plan_cache_mode": "force_generic_plan",
		"jit":             "off",
	} {
		if _, given := config.RuntimeParams[name]; !given {
			config.RuntimeParams[name] = value
		}
	}
	return config, nil
}

// plainHosts says whether no host has an "@" in it.
func plainHosts(config *pgx.ConnConfig) bool {
	hosts := config.Host
	for _, fallback := range config.Fallbacks {
		hosts += fallback.Host
	}
	return !strings.Contains(hosts, "@")
}

// sqliteConnector makes a file that is missing itself, so that only its owner can
// read it. SQLite gives its other files, of the write-ahead log, the same mode.
func sqliteConnector(address string) (driver.Connector, error) {
	path, err := sqliteFile(address)
	if err == nil && path != "" {
		err = makeFile(path)
	}
	if err != nil {
		return nil, err
	}
	return openSQLite(address, url.Values{
		// Writers wait for each other from the beginning of their transaction: one
		// that began by reading could not wait, only fail.
		"_txlock":      {"immediate"},
		"_time_format": {"sqlite"},
		// Times are texts that compare in one time zone only. River hands some over in
		// that of the machine.
		"_timezone": {"UTC"},
		// What was deleted is overwritten, since it may have been a secret.
		"_pragma": {busyPragma(), "journal_mode(WAL)", "foreign_keys(1)", "secure_delete(1)"},
	})
}

func sqliteReader(address string) (driver.Connector, error) {
	path, err := sqliteFile(address)
	if err != nil {
		return nil, err
	}
	values := url.Values{"_time_format": {"sqlite"}, "_timezone": {"UTC"}, "_pragma": {busyPragma(), "query_only(1)"}}
	if path != "" {
		// Not "ro": such a connection would leave the files of a write-ahead log behind.
		values.Set("mode", "rw")
	}
	return openSQLite(address, values)
}

func busyPragma() string { return fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()) }

// openSQLite adds values to an address, a path or a URL that begins with file:.
func openSQLite(address string, values url.Values) (driver.Connector, error) {
	if !strings.HasPrefix(address, "file:") {
		address = "file:" + (&url.URL{Path: address}).EscapedPath()
	}
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	connector, err := modernc.NewConnector(address + separator + values.Encode())
	return sqliteConnections{connector}, err
}

// sqliteFile returns the path of the file that SQLite would make at an address, a path
// or a URL that begins with file:. It is empty if SQLite would make none.
func sqliteFile(address string) (path string, err error) {
	text, isURL := strings.CutPrefix(address, "file:")
	if !isURL {
		return address, nil
	}
	text, _, _ = strings.Cut(text, "#")
	text, query, _ := strings.Cut(text, "?")
	if below, ok := strings.CutPrefix(text, "//"); ok { // behind it is the host: none, or this one
		_, text, _ = strings.Cut(below, "/")
		text = "/" + text
	}
	values, err := url.ParseQuery(query)
	if err == nil {
		path, err = url.PathUnescape(text)
	}
	if err != nil {
		return "", errors.New("database.url: not a valid file: URL; write special characters as %XX")
	}
	for _, mode := range values["mode"] {
		if mode != "rwc" {
			return "", nil
		}
	}
	return path, nil
}

// makeFile makes a file for its owner alone, unless it exists.
func makeFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if broken, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("database.url: cannot open the SQLite file: %w", broken.Err)
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// sqliteConnections makes connections to SQLite.
type sqliteConnections struct{ driver.Connector }

// Connect returns as soon as ctx ends. SQLite itself goes on: while it opens a
// connection it waits for a lock as long as busyTimeout, whatever ctx is.
func (c sqliteConnections) Connect(ctx context.Context) (driver.Conn, error) {
	type result struct {
		conn driver.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		conn, err := c.Connector.Connect(ctx)
		done <- result{conn, err}
	}()
	select {
	case r := <-done:
		return r.conn, r.err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil {
				_ = r.conn.Close()
			}
		}()
		return nil, ctx.Err()
	}
}
