package gormstore

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
	"github.com/pressly/goose/v3"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	modernc "modernc.org/sqlite"
)

// dialect is one of the two kinds of database.
type dialect uint8

const (
	onSQLite dialect = iota
	onPostgres
)

// String is the name for people.
func (d dialect) String() string {
	if d == onPostgres {
		return "PostgreSQL"
	}
	return "SQLite"
}

// folder is where the dialect's own files lie.
func (d dialect) folder() string { return strings.ToLower(strings.TrimSuffix(d.String(), "QL")) }

func (d dialect) goose() goose.Dialect {
	if d == onPostgres {
		return goose.DialectPostgres
	}
	return goose.DialectSQLite3
}

func (d dialect) gorm(pool *sql.DB) gorm.Dialector {
	if d == onPostgres {
		return postgres.New(postgres.Config{Conn: pool})
	}
	return sqlite.New(sqlite.Config{Conn: pool})
}

// connect makes a pool that connects when it is first used.
func connect(address string, size int) (dialect, *sql.DB, error) {
	d, connector, err := connectorFor(address)
	if err != nil {
		return d, nil, err
	}
	return d, newPool(connector, size), nil
}

// newPool keeps connections as long as it can: they are dear, above all for
// what is prepared on them.
func newPool(connector driver.Connector, size int) *sql.DB {
	if size <= 0 {
		size = 4 * runtime.NumCPU()
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	pool.SetConnMaxLifetime(time.Hour)
	return pool
}

// connectorFor tells from the address which database is meant.
func connectorFor(address string) (dialect, driver.Connector, error) {
	switch scheme, _, found := strings.Cut(address, "://"); {
	case scheme == "postgres", scheme == "postgresql":
		connector, err := postgresConnector(address)
		return onPostgres, connector, err
	case found && scheme != "file":
		return onSQLite, nil, errors.New("database.url: only postgres:// and the path of a file are known")
	case strings.Contains(address, ":memory:"):
		return onSQLite, nil, errors.New("database.url: SQLite in memory loses its tables with each connection; use \"memory:\" for that")
	default:
		connector, err := sqliteConnector(address)
		return onSQLite, connector, err
	}
}

// busyTimeout is how long a writer waits for another one on SQLite.
const busyTimeout = 10 * time.Second

// connectTimeout is how long one attempt to reach PostgreSQL may take, unless
// the address says otherwise.
const connectTimeout = 10 * time.Second

func postgresConnector(address string) (driver.Connector, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil || !plainHosts(config) {
		// The error is not repeated: what is a password in there it guesses. Of
		// one with an "@" a part may be taken for the host.
		return nil, errors.New("database.url: not a valid postgres:// address; write special characters in user and password as %XX")
	}
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
	return stdlib.GetConnector(*config), nil
}

// plainHosts says whether no host has an "@" in it.
func plainHosts(config *pgx.ConnConfig) bool {
	hosts := config.Host
	for _, fallback := range config.Fallbacks {
		hosts += fallback.Host
	}
	return !strings.Contains(hosts, "@")
}

// sqliteConnector makes the file itself, if need be, for nobody else to read.
func sqliteConnector(address string) (driver.Connector, error) {
	if !strings.HasPrefix(address, "file:") {
		file, err := os.OpenFile(address, os.O_RDWR|os.O_CREATE, 0o600)
		if broken, ok := errors.AsType[*fs.PathError](err); ok {
			return nil, fmt.Errorf("database.url: cannot open the SQLite file: %w", broken.Err)
		}
		if err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
		address = "file:" + (&url.URL{Path: address}).EscapedPath()
	}
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	connector, err := modernc.NewConnector(address + separator + url.Values{
		// Writers wait for each other from the beginning of their transaction:
		// one that began by reading could only fail.
		"_txlock":      {"immediate"},
		"_time_format": {"sqlite"},
		"_pragma":      {fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "journal_mode(WAL)", "foreign_keys(1)"},
	}.Encode())
	return sqliteConnections{connector}, err
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
