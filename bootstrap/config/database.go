package config

import (
	"net/url"
	"strings"
)

// The stores that can be swapped for each other.
const (
	memoryEngine   = "memory"
	sqliteEngine   = "sqlite"
	postgresEngine = "postgres"
)

// engine is the store that URL asks for; empty if there is none of that kind.
// SQLite's own ":memory:" is none: it is empty anew with each connection.
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

// InMemory says whether data is gone with the process.
func (d Database) InMemory() bool { return d.engine() == memoryEngine }
