package config

import (
	"cmp"
	"time"
)

// Counters is about the reference counters of pushes.
type Counters struct {
	// Expiry is how long a counter is kept after its last increase.
	Expiry time.Duration `koanf:"expiry"`
	// FailOpen lets a push go on that could not be counted.
	FailOpen bool `koanf:"fail_open"`
}

func defaultCounters() Counters { return Counters{Expiry: 600 * time.Second, FailOpen: true} }

func (c *Counters) tidy() { c.Expiry = cmp.Or(c.Expiry, defaultCounters().Expiry) }

func (c *Counters) check(m *mistakes) { m.positive(c.Expiry, "counters.expiry") }

// Redis shares counters and notices between servers.
type Redis struct {
	// URL is empty for none.
	URL URL `koanf:"url"`
}

func (r *Redis) check(m *mistakes) {
	m.unless(r.URL == "" || hasScheme(string(r.URL), "redis", "rediss", "unix"), "redis.url", "must begin with redis://, rediss:// or unix://")
}
