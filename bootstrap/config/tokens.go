package config

import "strings"

// Tokens is about personal access tokens.
type Tokens struct {
	Prefix string `koanf:"prefix"`
	// MaxLifetimeDays is 0 for no limit.
	MaxLifetimeDays int  `koanf:"max_lifetime_days"`
	RequireExpiry   bool `koanf:"require_expiry"`
	// AllowPastExpiry lets new tokens have an expiry date in the past.
	AllowPastExpiry bool `koanf:"allow_past_expiry"`
}

func defaultTokens() Tokens { return Tokens{Prefix: "glpat-", MaxLifetimeDays: 365} }

func (t *Tokens) check(m *mistakes) {
	m.notNegative(t.MaxLifetimeDays, "tokens.max_lifetime_days")
	m.unless(len(t.Prefix) <= 20 && strings.IndexFunc(t.Prefix, notInToken) < 0,
		"tokens.prefix", "must be at most 20 letters, digits, dots, dashes or underscores")
}

func notInToken(c rune) bool {
	return c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
}
