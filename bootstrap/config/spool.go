package config

import "path/filepath"

// Spool is about the pushes that could not be recorded.
type Spool struct {
	// Path is the folder where they wait; empty for the one that SpoolPath names.
	Path string `koanf:"path"`
	// MaxMiB is the size of that folder at most.
	MaxMiB int `koanf:"max_mib"`
}

func defaultSpool() Spool { return Spool{MaxMiB: 256} }

// maxSpool is a tebibyte.
const maxSpool = 1 << 20

func (s *Spool) check(m *mistakes) {
	m.unless(1 <= s.MaxMiB && s.MaxMiB <= maxSpool, "spool.max_mib", "must be 1 to %d", maxSpool)
}

// Bytes returns the size of the folder at most.
func (s Spool) Bytes() int64 { return int64(s.MaxMiB) << 20 }

// SpoolPath returns the folder where pushes wait, by default beside an SQLite database
// or in the working directory. It is empty with a database in memory, for which there
// is nothing to wait.
func (c *Config) SpoolPath() string {
	const name = "gatehouse.spool"
	switch {
	case c.Database.InMemory():
		return ""
	case c.Spool.Path != "":
		return c.Spool.Path
	default:
		return filepath.Join(filepath.Dir(c.Database.File()), name) // the folder of no file is "."
	}
}
