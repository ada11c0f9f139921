package memory

import (
	"context"
	"slices"
	"time"

	"gatehouse/application/credentials"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
)

// Accounts implements credentials.Accounts.
type Accounts struct{ *state }

// Account implements credentials.Accounts.
func (a Accounts) Account(ctx context.Context, claim identity.Claim) (credentials.Account, error) {
	if err := ctx.Err(); err != nil {
		return credentials.Account{}, err
	}
	w := a.world.Load()
	actor := a.actor(w, claim)
	factor := w.users.rows[actor.User.ID].factor
	factor.Secret = "" // as from a store that would have to open it
	return credentials.Account{Actor: actor, Factor: factor}, nil
}

// UpdateTwoFactor implements credentials.Accounts.
func (a Accounts) UpdateTwoFactor(ctx context.Context, id identity.UserID, change func(identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession)) error {
	return a.update(ctx, func(tx *transaction) error {
		u := tx.users.rows[id]
		if !u.factor.Enabled {
			return notFound("second factor of user %d", id)
		}
		var session *identity.OTPSession
		u.factor, session = change(u.factor)
		u.factor.LockedUntil = toInstant(u.factor.LockedUntil)
		tx.users.put(id, u)
		if session != nil {
			tx.otpSessions[sessionKey{session.User, session.Key}] = toInstant(session.ExpiresAt)
		}
		return nil
	})
}

// sessionKey is the user and the SSH key for which an OTP session counts.
type sessionKey struct {
	user identity.UserID
	key  identity.KeyID
}

// hasOTPSession says whether the actor has an OTP session at now.
func (w *world) hasOTPSession(a identity.Actor, now time.Time) bool {
	expiry, found := w.otpSessions[sessionKey{a.User.ID, a.Key.ID}]
	return found && now.Before(expiry)
}

// RecoveryCodes implements credentials.RecoveryCodes.
type RecoveryCodes struct{ *state }

// Replace implements credentials.RecoveryCodes.
func (r RecoveryCodes) Replace(ctx context.Context, id identity.UserID, digests []identity.TokenDigest, event audit.Event) error {
	return r.update(ctx, func(tx *transaction) error {
		if err := tx.users.require(id, "user"); err != nil {
			return err
		}
		tx.recoveryCodes[id] = slices.Clone(digests)
		return auditTx{tx}.Append(ctx, event)
	})
}

// Spend implements credentials.RecoveryCodes.
func (r RecoveryCodes) Spend(ctx context.Context, id identity.UserID, digest identity.TokenDigest) error {
	return r.update(ctx, func(tx *transaction) error {
		i := slices.Index(tx.recoveryCodes[id], digest)
		if i < 0 {
			return notFound("recovery code of user %d", id)
		}
		tx.recoveryCodes[id] = slices.Delete(slices.Clone(tx.recoveryCodes[id]), i, i+1)
		return nil
	})
}
