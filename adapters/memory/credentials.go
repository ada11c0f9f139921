package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"gatehouse/application/credentials"
	"gatehouse/application/worldimport"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
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
func (a AccessTokens) TokenUsed(t identity.AccessToken, now time.Time) {
	a.mu.Lock()
	a.accessTokenUses[t.ID] = latest(a.accessTokenUses[t.ID], toInstant(now))
	a.mu.Unlock()
	KeyUses(a).UserActive(t.User, now)
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

// key is a user's key or a deploy key.
type key struct {
	identity.Key
	// projects are the projects on which a deploy key is enabled; the value says
	// whether it may push.
	projects map[source.ProjectID]bool
	// updated says when that was changed last, as far as it is known.
	updated map[source.ProjectID]time.Time
}

// clone returns a copy whose maps may be changed.
func (k key) clone() key {
	projects, updated := map[source.ProjectID]bool{}, map[source.ProjectID]time.Time{}
	maps.Copy(projects, k.projects)
	maps.Copy(updated, k.updated)
	k.projects, k.updated = projects, updated
	return k
}

// keysTx implements worldimport.Keys.
type keysTx struct{ *transaction }

// Put implements worldimport.Keys.
func (tx keysTx) Put(ctx context.Context, k identity.Key) (identity.KeyID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := tx.requireOwner(k); err != nil {
		return 0, err
	}
	sameFingerprint, taken := tx.keysByFingerprint[k.Fingerprint]
	if k.ID == 0 {
		k.ID = sameFingerprint
	}
	old, exists := tx.keys.rows[k.ID]
	switch {
	case taken && sameFingerprint != k.ID:
		return 0, conflict("the key with fingerprint %q has number %d", k.Fingerprint, sameFingerprint)
	case exists && old.Kind != k.Kind:
		return 0, conflict("the number %d or the fingerprint %q is that of a %s", k.ID, k.Fingerprint, old.Kind)
	}
	k.ID = tx.keys.idOr(k.ID)
	k.ExpiresAt, k.CreatedAt, k.LastUsedAt = toInstant(k.ExpiresAt), toInstant(k.CreatedAt), toInstant(k.LastUsedAt)
	if exists {
		k.CreatedAt, k.LastUsedAt = old.CreatedAt, old.LastUsedAt
		delete(tx.keysByFingerprint, old.Fingerprint)
	}
	tx.keys.put(k.ID, key{k, old.projects, old.updated})
	tx.keysByFingerprint[k.Fingerprint] = k.ID
	return k.ID, nil
}

// requireOwner returns why the key cannot be that of its owner.
func (w *world) requireOwner(k identity.Key) error {
	switch {
	case k.Kind == identity.UserKey:
		return w.requirePerson(k.Owner)
	case k.Owner != 0:
		return w.users.require(k.Owner, "user")
	}
	return nil
}

// Current implements worldimport.Keys.
func (tx keysTx) Current(ctx context.Context, k identity.Key) (identity.Key, error) {
	if err := ctx.Err(); err != nil {
		return identity.Key{}, err
	}
	id := k.ID
	if id == 0 {
		id = tx.keysByFingerprint[k.Fingerprint]
	}
	kept, ok := tx.keys.rows[id]
	if !ok {
		return identity.Key{}, notFound("key %d", id)
	}
	return kept.Key, nil
}

// Enabled implements worldimport.Keys.
func (tx keysTx) Enabled(ctx context.Context, id identity.KeyID) (map[source.ProjectID]bool, error) {
	return maps.Clone(tx.keys.rows[id].projects), ctx.Err()
}

// Enable implements worldimport.Keys.
func (tx keysTx) Enable(ctx context.Context, id identity.KeyID, projects map[source.ProjectID]bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.requireDeployKey(id); err != nil {
		return err
	}
	for p := range projects {
		if err := tx.projects.require(p, "project"); err != nil {
			return err
		}
	}
	tx.keys.put(id, key{Key: tx.keys.rows[id].Key, projects: maps.Clone(projects)})
	return nil
}

// DeployKeyExists implements worldimport.Keys.
func (tx keysTx) DeployKeyExists(ctx context.Context, id identity.KeyID) (bool, error) {
	return tx.requireDeployKey(id) == nil, ctx.Err()
}

// requireDeployKey returns domain.NotFound unless a deploy key has that number.
func (w *world) requireDeployKey(id identity.KeyID) error {
	if w.keys.rows[id].Kind != identity.DeployKey {
		return notFound("deploy key %d", id)
	}
	return nil
}

// KeyUses implements gitaccess.KeyUses.
type KeyUses struct{ *state }

// Record implements gitaccess.KeyUses.
func (s KeyUses) Record(id identity.KeyID, now time.Time) {
	if _, exists := s.world.Load().keys.rows[id]; !exists {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keyUses[id] = latest(s.keyUses[id], toInstant(now))
}

// UserActive implements gitaccess.KeyUses.
func (s KeyUses) UserActive(id identity.UserID, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.activeDays[id] = latest(s.activeDays[id], toDay(now))
}

// lastActivityOn returns the day on which a user was active last.
func (s *state) lastActivityOn(id identity.UserID) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.activeDays[id]
}

// key returns the key with its last use. It returns the zero Key if the key does
// not exist or is for signing only.
func (s *state) key(w *world, id identity.KeyID) identity.Key {
	k := w.keys.rows[id].Key
	if !k.Known() || !k.Usage.Authenticates() {
		return identity.Key{}
	}
	k.LastUsedAt, k.Comment = s.keyLastUsed(k), ""
	return k
}

// keyLastUsed returns the last use of a key, recorded here or imported.
func (s *state) keyLastUsed(k identity.Key) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return latest(k.LastUsedAt, s.keyUses[k.ID])
}

func (s *state) listKeys(w *world) (rows [][]any) {
	for _, k := range w.keys.rows {
		rows = append(rows, []any{
			int64(k.ID), string(k.Kind), k.Title, string(k.Fingerprint), string(k.Usage),
			w.usernameOrNil(k.Owner), timeOrNil(k.ExpiresAt), timeOrNil(s.keyLastUsed(k.Key)), k.Public,
		})
	}
	return rows
}
