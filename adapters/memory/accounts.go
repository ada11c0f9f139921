package memory

import (
	"context"
	"slices"
	"time"

	"gatehouse/application/audit"
	"gatehouse/application/credentials"
	"gatehouse/domain/identity"
)

// sessionKey is whom a session lets in.
type sessionKey struct {
	user identity.UserID
	key  identity.KeyID
}

// hasSession says whether the actor has shown a second factor lately.
func (w *world) hasOTPSession(a identity.Actor, now time.Time) bool {
	ends, found := w.otpSessions[sessionKey{a.User.ID, a.Key.ID}]
	return found && now.Before(ends)
}

// Account implements credentials.Accounts.
func (s *Store) Account(ctx context.Context, claim identity.Claim) (credentials.Account, error) {
	if err := ctx.Err(); err != nil {
		return credentials.Account{}, err
	}
	w := s.world.Load()
	actor := s.actor(w, claim)
	return credentials.Account{Actor: actor, Factor: w.users.rows[actor.User.ID].factor}, nil
}

// UpdateTwoFactor implements credentials.Accounts.
func (s *Store) UpdateTwoFactor(ctx context.Context, id identity.UserID, change func(identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession)) error {
	return s.change(ctx, func(d *draft) error {
		u := d.users.rows[id]
		if !u.factor.Enabled {
			return notFound("second factor of user %d", id)
		}
		var session *identity.OTPSession
		u.factor, session = change(u.factor)
		u.factor.LockedUntil = toInstant(u.factor.LockedUntil)
		d.users.put(id, u)
		if session != nil {
			d.otpSessions[sessionKey{session.User, session.Key}] = toInstant(session.ExpiresAt)
		}
		return nil
	})
}

// ReplaceRecoveryCodes implements credentials.RecoveryCodes.
func (s *Store) ReplaceRecoveryCodes(ctx context.Context, id identity.UserID, digests []identity.TokenDigest) error {
	return s.change(ctx, func(d *draft) error {
		if err := d.users.require(id, "user"); err != nil {
			return err
		}
		d.recoveryCodes[id] = slices.Clone(digests)
		return nil
	})
}

// SpendRecoveryCode implements credentials.RecoveryCodes.
func (s *Store) SpendRecoveryCode(ctx context.Context, id identity.UserID, digest identity.TokenDigest) error {
	return s.change(ctx, func(d *draft) error {
		i := slices.Index(d.recoveryCodes[id], digest)
		if i < 0 {
			return notFound("recovery code of user %d", id)
		}
		d.recoveryCodes[id] = slices.Delete(slices.Clone(d.recoveryCodes[id]), i, i+1)
		return nil
	})
}

// AddToken implements credentials.Tokens.
func (s *Store) AddToken(ctx context.Context, t identity.AccessToken) (id int64, err error) {
	err = s.change(ctx, func(d *draft) error {
		if err := d.users.require(t.User, "user"); err != nil {
			return err
		}
		if d.accessToken(t.Digest).ID != 0 {
			return conflict("an access token with that digest")
		}
		t.ID = 0
		id = d.putAccessToken(t)
		return nil
	})
	return id, err
}

// Bearer implements credentials.Tokens.
func (s *Store) Bearer(ctx context.Context, digest identity.TokenDigest) (credentials.Bearer, error) {
	if err := ctx.Err(); err != nil {
		return credentials.Bearer{}, err
	}
	w := s.world.Load()
	t := w.accessToken(digest)
	if t.ID == 0 {
		return credentials.Bearer{}, notFound("access token")
	}
	s.mu.Lock()
	t.LastUsedAt = s.accessTokenUses[t.ID]
	s.mu.Unlock()
	t.Scopes = slices.Clone(t.Scopes)
	return credentials.Bearer{Token: t, User: w.users.rows[t.User].User}, nil
}

// TokenUsed implements credentials.Tokens.
func (s *Store) TokenUsed(id int64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accessTokenUses[id] = latest(s.accessTokenUses[id], toInstant(now))
}

// Append implements audit.Log.
func (s *Store) Append(ctx context.Context, e audit.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.At = toInstant(e.At)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	return nil
}
