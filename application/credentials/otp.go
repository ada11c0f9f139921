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
	errNoOTP          = domain.Refuse(domain.Unprocessable, "One-time passwords over SSH are not available here")
	errNoPush         = domain.Refuse(domain.Unprocessable, "Push notifications are not available here; type a one-time password")
	errNoFactor       = domain.Refuse(domain.Unprocessable, "Two-factor authentication is not enabled for this user")
	errLocked         = domain.Refuse(domain.TooMany, "Too many wrong one-time passwords. Wait ten minutes and try again.")
	errWrongOTP       = domain.Refuse(domain.Forbidden, "Invalid OTP")
	errDeployKeyNoOTP = domain.Refuse(domain.Forbidden, "Deploy keys have no second factor")
)

// CheckOTP starts a session for the caller if attempt is the current one-time
// password; each password counts once. Anything else is a Refusal; ten wrong
// ones lock the factor for ten minutes. A password that is used up is refused, but
// is not one of the ten: a client that sends it again has guessed nothing.
func (s *Service) CheckOTP(ctx context.Context, caller Caller, attempt string) error {
	account, err := s.factor(ctx, caller)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	now, key := s.now(), account.Actor.Key.ID
	code := strings.Join(strings.Fields(attempt), "")
	var verdict error
	err = s.accounts.UpdateTwoFactor(ctx, account.Actor.User.ID, func(f identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession) {
		if f.Locked(now) {
			verdict = errLocked
			return f, nil
		}
		step, ok, err := s.step(f, code, now)
		switch {
		case err != nil:
			verdict = err
			return f, nil
		case !ok:
			verdict = errWrongOTP
			return f.Failed(now), nil
		case step <= f.LastStep:
			verdict = errWrongOTP // used up, but not guessed
			return f, nil
		}
		verdict = nil
		return f.Accepted(step), &identity.OTPSession{User: account.Actor.User.ID, Key: key, ExpiresAt: now.Add(s.rules.OTPSession)}
	})
	if err != nil {
		return errUnavailable.Because(err)
	}
	return verdict
}

// step finds the code's time step; a factor without a secret, as WebAuthn is,
// has no right code.
func (s *Service) step(f identity.TwoFactor, code string, now time.Time) (int64, bool, error) {
	if f.Secret == "" {
		return 0, false, nil
	}
	step, ok, err := s.authenticator.Step(f.Secret, code, now)
	if err != nil {
		return 0, false, errUnavailable.Because(err)
	}
	return step, ok, nil
}

// PushOTP always returns a Refusal: GitLab waits here for a confirmation on
// another device, and none can be reached.
func (s *Service) PushOTP(ctx context.Context, caller Caller) error {
	if _, err := s.factor(ctx, caller); err != nil {
		return err
	}
	return errNoPush
}

// factor returns an account that has a second factor.
func (s *Service) factor(ctx context.Context, caller Caller) (Account, error) {
	if !s.rules.OTP {
		return Account{}, errNoOTP
	}
	account, err := s.account(ctx, caller, errDeployKeyNoOTP)
	if err != nil {
		return Account{}, err
	}
	if refusal := s.rules.Users.CheckUser(account.Actor.User, s.now()); refusal != nil {
		return Account{}, refusal
	}
	if !account.Factor.Enabled {
		return Account{}, errNoFactor
	}
	return account, nil
}

// TwoFactorRequired says whether the caller has to show a second factor. A
// deploy key never has to.
func (s *Service) TwoFactorRequired(ctx context.Context, caller Caller) (bool, error) {
	if !s.rules.OTP {
		return false, errNoOTP
	}
	account, err := s.account(ctx, caller, errDeployKeyNoOTP)
	if errors.Is(err, errDeployKeyNoOTP) {
		return false, nil
	}
	return account.Factor.Enabled, err
}
