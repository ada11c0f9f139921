package config

import (
	"cmp"
	"time"
)

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
