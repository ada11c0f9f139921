package memory

import (
	"context"
	"slices"
	"time"

	"gatehouse/application/credentials"
	"gatehouse/application/worldimport"
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

// Person implements credentials.Accounts.
func (a Accounts) Person(ctx context.Context, claim identity.Claim) (credentials.Person, error) {
	if err := ctx.Err(); err != nil {
		return credentials.Person{}, err
	}
	w := a.world.Load()
	switch claim.Kind {
	case identity.ByUser:
		return w.person(identity.UserID(claim.ID)), nil
	case identity.ByName:
		return w.person(w.userByName(claim.Name)), nil
	default:
		return credentials.Person{}, nil
	}
}

// person returns the user of that number; the zero Person if there is none.
func (w *world) person(id identity.UserID) credentials.Person {
	u := w.users.rows[id]
	return credentials.Person{
		Account:   identity.Account{User: u.User, Profile: identity.Profile{CanCreateGroup: u.CanCreateGroup, ProjectsLimit: u.ProjectsLimit}},
		Namespace: u.namespace,
	}
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

// AccessTokens implements credentials.Tokens.
type AccessTokens struct{ *state }

// Add implements credentials.Tokens.
func (a AccessTokens) Add(ctx context.Context, t identity.AccessToken, event audit.Event) (id int64, err error) {
	err = a.update(ctx, func(tx *transaction) error {
		if err := tx.users.require(t.User, "user"); err != nil {
			return err
		}
		if tx.accessToken(t.Digest).ID != 0 {
			return conflict("an access token with that digest")
		}
		t.ID = 0
		id = tx.putAccessToken(t)
		event.Target.ID = id
		return auditTx{tx}.Append(ctx, event)
	})
	return id, err
}

// Bearer implements credentials.Tokens.
func (a AccessTokens) Bearer(ctx context.Context, digest identity.TokenDigest) (credentials.Bearer, error) {
	if err := ctx.Err(); err != nil {
		return credentials.Bearer{}, err
	}
	w := a.world.Load()
	t := w.accessToken(digest)
	if t.ID == 0 {
		return credentials.Bearer{}, notFound("access token")
	}
	a.mu.Lock()
	t.LastUsedAt = a.accessTokenUses[t.ID]
	a.mu.Unlock()
	t.Scopes = slices.Clone(t.Scopes)
	return credentials.Bearer{Token: t, User: w.person(t.User)}, nil
}

// TokenUsed implements credentials.Tokens.
func (a AccessTokens) TokenUsed(id int64, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.accessTokenUses[id] = latest(a.accessTokenUses[id], toInstant(now))
}

// credentialsTx implements worldimport.Credentials.
type credentialsTx struct{ *transaction }

// PutAccessToken implements worldimport.Credentials.
func (tx credentialsTx) PutAccessToken(ctx context.Context, u identity.UserID, t worldimport.AccessToken) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.requirePerson(u); err != nil {
		return err
	}
	old := tx.accessToken(t.Digest)
	tx.putAccessToken(identity.AccessToken{
		ID: old.ID, User: u, Name: t.Name, Scopes: identity.SplitScopes(t.Scopes), Digest: t.Digest, Description: t.Description,
		ExpiresAt: t.ExpiresAt, Revoked: t.Revoked, CreatedAt: t.CreatedAt, Family: old.Family,
	})
	return nil
}

// AccessToken implements worldimport.Credentials.
func (tx credentialsTx) AccessToken(ctx context.Context, digest identity.TokenDigest) (identity.AccessToken, error) {
	if err := ctx.Err(); err != nil {
		return identity.AccessToken{}, err
	}
	t := tx.accessToken(digest)
	if t.ID == 0 {
		return identity.AccessToken{}, notFound("access token")
	}
	t.Scopes = slices.Clone(t.Scopes)
	return t, nil
}

// accessToken returns the token of that digest; one with ID 0 if there is none.
func (w *world) accessToken(digest identity.TokenDigest) identity.AccessToken {
	for _, t := range w.accessTokens.rows {
		if t.Digest == digest {
			return t
		}
	}
	return identity.AccessToken{}
}

// putAccessToken keeps a token, under a new number if its ID is 0, and returns
// the number.
func (tx *transaction) putAccessToken(t identity.AccessToken) int64 {
	t.ID = tx.accessTokens.idOr(t.ID)
	t.Scopes, t.ExpiresAt, t.CreatedAt = slices.Clone(t.Scopes), toInstant(t.ExpiresAt), toInstant(t.CreatedAt)
	tx.accessTokens.put(t.ID, t)
	return t.ID
}

func (s *state) listAccessTokens(w *world) (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range w.accessTokens.rows {
		rows = append(rows, []any{
			id, w.usernameOrNil(t.User), t.Name, toStrings(t.Scopes), timeOrNil(t.ExpiresAt), t.Revoked, timeOrNil(s.accessTokenUses[id]),
			t.Description, timeOrNil(t.CreatedAt),
		})
	}
	return rows
}
