package config

import (
	"cmp"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"strings"
)

// Database says where data is kept.
type Database struct {
	// URL is the path of an SQLite file, postgres://… or memory:.
	URL URL `koanf:"url"`
	// PoolSize is the number of connections; 0 means four per core.
	PoolSize int `koanf:"pool_size"`
	// LookupsInFlight is how often one statement of a look-up is in flight at a time on
	// PostgreSQL, more over a distance: questions that come meanwhile are asked together.
	// With 0 each is asked by itself.
	LookupsInFlight int `koanf:"lookups_in_flight"`
	// Migrate lets serve bring an older schema up to date.
	Migrate bool `koanf:"migrate"`
}

func defaultDatabase() Database {
	return Database{URL: "gatehouse.db", LookupsInFlight: 2, Migrate: true}
}

func (d *Database) tidy() { d.URL = cmp.Or(d.URL, defaultDatabase().URL) }

func (d *Database) check(m *mistakes) {
	m.unless(d.engine() != "", "database.url", "must be the path of a file, postgres://… or memory:")
	m.notNegative(d.PoolSize, "database.pool_size")
	m.notNegative(d.LookupsInFlight, "database.lookups_in_flight")
}

// The kinds of database.
const (
	memoryEngine   = "memory"
	sqliteEngine   = "sqlite"
	postgresEngine = "postgres"
)

// engine returns the kind of database that URL names; empty if it names none.
// SQLite's own ":memory:" is none: each connection would have an empty database
// of its own.
func (d Database) engine() string {
	text := string(d.URL)
	switch {
	case text == "memory:":
		return memoryEngine
	case hasScheme(text, "postgres", "postgresql"):
		if _, err := url.Parse(text); err == nil {
			return postgresEngine
		}
		return ""
	case strings.Contains(text, ":memory:"), strings.Contains(text, "://") && !hasScheme(text, "file"):
		return ""
	default:
		return sqliteEngine
	}
}

// OnPostgres says whether data is kept in PostgreSQL.
func (d Database) OnPostgres() bool { return d.engine() == postgresEngine }

// InMemory says whether data is lost at the end of the process.
func (d Database) InMemory() bool { return d.engine() == memoryEngine }

// File returns the path of the SQLite file, also that of a URL which begins with file:.
// It is empty for other databases.
func (d Database) File() string {
	text := string(d.URL)
	if d.engine() != sqliteEngine {
		return ""
	}
	if !strings.HasPrefix(text, "file:") {
		return text
	}
	at, err := url.Parse(text)
	if err != nil || at.Query().Get("mode") == "memory" {
		return ""
	}
	path := at.Path
	if at.Opaque != "" {
		if path, err = url.PathUnescape(at.Opaque); err != nil {
			return ""
		}
	}
	return path
}

// IsMissing says whether the SQLite file does not exist. It is false for other
// databases.
func (d Database) IsMissing() bool {
	if d.File() == "" {
		return false
	}
	_, err := os.Stat(d.File())
	return errors.Is(err, fs.ErrNotExist)
}

// Place says in words where the data is, without a password.
func (d Database) Place() string {
	switch d.engine() {
	case memoryEngine:
		return "memory, gone with this process"
	default:
		if file := d.File(); file != "" {
			return Absolute(file)
		}
		return d.URL.String()
	}
}
