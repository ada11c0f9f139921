package identity

import "time"

// TwoFactor is a user's second factor and the attempts at it.
type TwoFactor struct {
	// Enabled is true also for a user whose only factor is WebAuthn, which
	// has no Secret.
	Enabled bool
	// Secret is the TOTP secret, sealed; empty if there is none.
	Secret string
	// LastStep is the time step of the code that was accepted last. That code
	// and all before it are used up.
	LastStep int64
	// Failures counts wrong codes since the last right one.
	Failures int
	// LockedUntil is zero unless too many codes were wrong.
	LockedUntil time.Time
}

// Lockout, after GitLab: ten wrong codes lock the factor for ten minutes.
const (
	maxFailures  = 10
	lockDuration = 10 * time.Minute
)

// Locked says whether the factor refuses every code at now.
func (f TwoFactor) Locked(now time.Time) bool { return now.Before(f.LockedUntil) }

// Failed returns the factor after a wrong code at now.
func (f TwoFactor) Failed(now time.Time) TwoFactor {
	f.Failures++
	if f.Failures >= maxFailures {
		f.Failures, f.LockedUntil = 0, now.Add(lockDuration)
	}
	return f
}

// Accepted returns the factor after the right code of a time step.
func (f TwoFactor) Accepted(step int64) TwoFactor {
	f.LastStep, f.Failures, f.LockedUntil = step, 0, time.Time{}
	return f
}

// OTPSession lets one way of logging in use Git for a while after a second
// factor was shown: by one key, or without a key.
type OTPSession struct {
	User UserID
	// Key is 0 for a login without a key.
	Key       KeyID
	ExpiresAt time.Time
}
