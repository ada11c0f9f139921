package config

import (
	"cmp"
	"time"
)

// LFS is about large files.
type LFS struct {
	// TokenTTL is how long a token for Git LFS is valid.
	TokenTTL time.Duration `koanf:"token_ttl"`
}

func defaultLFS() LFS { return LFS{TokenTTL: 1800 * time.Second} }

func (l *LFS) tidy() { l.TokenTTL = cmp.Or(l.TokenTTL, defaultLFS().TokenTTL) }

func (l *LFS) check(m *mistakes) {
	m.unless(l.TokenTTL >= time.Second, "lfs.token_ttl", "must be a second or more")
}
