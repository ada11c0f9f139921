package bootstrap

import (
	"net/url"
	"runtime"
	"strings"
)

// The stores that can be swapped for each other.
const (
	memoryEngine   = "memory"
	sqliteEngine   = "sqlite"
	postgresEngine = "postgres"
)

// engine is the store that URL asks for; empty if there is none of that kind.
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
	case strings.Contains(text, "://"):
		return ""
	default:
		return sqliteEngine
	}
}

// connections is how many there may be at a time. Four per core kept both
// busy in our measurements.
func (d Database) connections() int {
	if d.PoolSize > 0 {
		return d.PoolSize
	}
	return 4 * runtime.GOMAXPROCS(0)
}
