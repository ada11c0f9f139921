package credentials

import (
	"context"
	"errors"
	"strings"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

var (
	errNoOTP       = domain.Refuse(domain.Unprocessable, "One-time passwords over SSH are not available here")
	errNoPush      = domain.Refuse(domain.Unprocessable, "Push notifications are not available here; type a one-time password")
	errNoFactor    = domain.Refuse(domain.Unprocessable, "Two-factor authentication is not enabled for this user")
	errLocked      = domain.Refuse(domain.TooMany, "Too many wrong one-time passwords. Wait ten minutes and try again.")
	errWrongOTP    = domain.Refuse(domain.Forbidden, "Invalid OTP")
	errRobotNoCode = domain.Refuse(domain.Forbidden, "Deploy keys have no second factor")
)

// CheckOTP lets the caller use Git for a while if attempt is the one-time
// password of now, of which each counts once. Anything else is a Refusal; ten
// wrong ones lock the factor for ten minutes.
func (o *Office) CheckOTP(ctx context.Context, caller Caller, attempt string) error {
	h, err := o.factor(ctx, caller)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	now, key := o.now(), h.Actor.Key.ID
	code := strings.Join(strings.Fields(attempt), "")
	var verdict error
	err = o.holders.UpdateFactor(ctx, h.Actor.User.ID, func(f identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession) {
		if f.Locked(now) {
			verdict = errLocked
			return f, nil
		}
		step, ok, err := o.step(f, code, now)
		switch {
		case err != nil:
			verdict = err
			return f, nil
		case !ok || step <= f.LastStep:
			verdict = errWrongOTP
			return f.Failed(now), nil
		}
		verdict = nil
		return f.Accepted(step), &identity.OTPSession{User: h.Actor.User.ID, Key: key, ExpiresAt: now.Add(o.rules.OTPSession)}
	})
	if err != nil {
		return errUnavailable.Because(err)
	}
	return verdict
}

// step finds the code's time step; a factor without a secret, as WebAuthn is,
// has no right code.
func (o *Office) step(f identity.TwoFactor, code string, now time.Time) (int64, bool, error) {
	if f.Secret == "" {
		return 0, false, nil
	}
	step, ok, err := o.authenticator.Step(f.Secret, code, now)
	if err != nil {
		return 0, false, errUnavailable.Because(err)
	}
	return step, ok, nil
}

// PushOTP would wait for the caller to confirm on another device. There is no
// way to reach one, so it is a Refusal always.
func (o *Office) PushOTP(ctx context.Context, caller Caller) error {
	if _, err := o.factor(ctx, caller); err != nil {
		return err
	}
	return errNoPush
}

// factor returns a holder who has a second factor.
func (o *Office) factor(ctx context.Context, caller Caller) (Holder, error) {
	if !o.rules.OTP {
		return Holder{}, errNoOTP
	}
	h, err := o.holder(ctx, caller, errRobotNoCode)
	if err != nil {
		return Holder{}, err
	}
	if refusal := o.rules.Users.CheckUser(h.Actor.User, o.now()); refusal != nil {
		return Holder{}, refusal
	}
	if !h.Factor.Enabled {
		return Holder{}, errNoFactor
	}
	return h, nil
}

// TwoFactorRequired says whether the caller has to show a second factor. A
// deploy key never has.
func (o *Office) TwoFactorRequired(ctx context.Context, caller Caller) (bool, error) {
	if !o.rules.OTP {
		return false, errNoOTP
	}
	h, err := o.holder(ctx, caller, errRobotNoCode)
	if errors.Is(err, errRobotNoCode) {
		return false, nil
	}
	return h.Factor.Enabled, err
}
