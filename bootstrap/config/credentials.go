package config

import (
	"cmp"
	"strings"
	"time"
)

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

// OTP is about one-time passwords.
type OTP struct {
	Enabled bool `koanf:"enabled"`
	// RequiredForGit refuses Git over SSH to users with a second factor until they
	// have entered a one-time password.
	RequiredForGit bool `koanf:"required_for_git"`
	// Session is for how long a one-time password opens Git over SSH.
	Session time.Duration `koanf:"session"`
}

func defaultOTP() OTP { return OTP{Enabled: true, Session: 15 * time.Minute} }

func (o *OTP) tidy() { o.Session = cmp.Or(o.Session, defaultOTP().Session) }

func (o *OTP) check(m *mistakes) {
	m.positive(o.Session, "otp.session")
	m.unless(o.Enabled || !o.RequiredForGit, "otp.required_for_git", "cannot be met while otp.enabled is off")
}
