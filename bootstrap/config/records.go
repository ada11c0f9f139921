package config

import "time"

// Audit is about the record of Git access.
type Audit struct {
	// Enabled records every command and every decision.
	Enabled bool `koanf:"enabled"`
	// Refusals records refused commands.
	Refusals bool `koanf:"refusals"`
}

func defaultAudit() Audit { return Audit{Refusals: true} }

// Retention is about how long records are kept; 0 keeps them for ever.
type Retention struct {
	// Pushes is for pushes that are processed.
	Pushes time.Duration `koanf:"pushes"`
	// Audit is for audit events.
	Audit time.Duration `koanf:"audit"`
	// Deliveries is for events to hooks whose jobs were given up.
	Deliveries time.Duration `koanf:"deliveries"`
}

// minRetention refuses a number that is meant for days: alone it counts seconds.
const minRetention = time.Hour

func defaultRetention() Retention { return Retention{Deliveries: 31 * day} }

func (r *Retention) check(m *mistakes) {
	for key, value := range map[string]time.Duration{
		"retention.audit": r.Audit, "retention.deliveries": r.Deliveries, "retention.pushes": r.Pushes,
	} {
		m.unless(value >= 0, key, "must not be negative")
		m.unless(value <= 0 || value >= minRetention, key, "must be 0, which is for ever, or an hour or more, such as 90d")
	}
}
