package config

// Audit is about the record of Git access.
type Audit struct {
	Enabled bool `koanf:"enabled"`
}
