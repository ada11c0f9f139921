package config

import "cmp"

// Log says what is logged, and how.
type Log struct {
	// Level is debug, info, warn or error.
	Level string `koanf:"level"`
	// Format is console or json; empty means console on a terminal.
	Format string `koanf:"format"`
}

func defaultLog() Log { return Log{Level: "info"} }

func (l *Log) tidy() { l.Level = cmp.Or(l.Level, defaultLog().Level) }

func (l *Log) check(m *mistakes) {
	m.oneOf(l.Level, "log.level", "debug", "info", "warn", "error")
	if l.Format != "" {
		m.oneOf(l.Format, "log.format", "console", "json")
	}
}
