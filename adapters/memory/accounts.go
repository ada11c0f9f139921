package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"gatehouse/application/accounts"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// changeAccounts runs a transaction with the ports of accounts. It is an
// accounts.UnitOfWork.
func (s *state) changeAccounts(ctx context.Context, do func(accounts.Tx) error) error {
	return s.update(ctx, func(tx *transaction) error {
		a := accountsTx{tx}
		return do(accounts.Tx{Users: a, Projects: a, Names: a, Emails: a, Keys: a, Tokens: a, Audit: auditTx{tx}, Jobs: jobsTx{tx}})
	})
}

// accountsTx implements the ports of accounts.
type accountsTx struct{ *transaction }

// Account implements accounts.Users.
func (tx accountsTx) Account(ctx context.Context, id identity.UserID) (identity.Account, error) {
	if err := ctx.Err(); err != nil {
		return identity.Account{}, err
	}
	if err := tx.users.require(id, "user"); err != nil {
		return identity.Account{}, err
	}
	return tx.users.rows[id].Account.Clone(), nil
}

// PutAccount implements accounts.Users.
func (tx accountsTx) PutAccount(ctx context.Context, a identity.Account) (identity.UserID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return tx.putUser(a, tx.emailsOf(a.ID), 0, nil)
}

// Delete implements accounts.Users.
func (tx accountsTx) Delete(ctx context.Context, id identity.UserID, remember bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.users.require(id, "user"); err != nil {
		return err
	}
	tx.deleteNamespace(tx.users.rows[id].namespace, remember)
	for _, k := range tx.keys.rows {
		switch {
		case k.Owner != id:
		case k.Kind == identity.UserKey:
			tx.deleteKey(k.ID)
		default:
			k.Owner = 0
			tx.keys.rows[k.ID] = k
		}
	}
	maps.DeleteFunc(tx.accessTokens.rows, func(_ int64, t identity.AccessToken) bool { return t.User == id })
	maps.DeleteFunc(tx.members, func(m membership, _ member) bool { return m.user == id })
	maps.DeleteFunc(tx.otpSessions, func(s sessionKey, _ time.Time) bool { return s.user == id })
	delete(tx.recoveryCodes, id)
	tx.removeAccess(func(a source.Access) bool { return a.User == id })
	tx.forgetCreator(id)
	delete(tx.emails, fold(tx.users.rows[id].Email))
	tx.replaceEmails(id, nil)
	delete(tx.users.rows, id)
	return nil
}

// Owned implements accounts.Projects.
func (tx accountsTx) Owned(ctx context.Context, user identity.UserID) ([]source.Project, error) {
	if _, ok := tx.users.rows[user]; !ok {
		return nil, ctx.Err()
	}
	return tx.projectsIn(tx.users.rows[user].namespace), ctx.Err()
}

// SoleOwner implements accounts.Users.
func (tx accountsTx) SoleOwner(ctx context.Context, id identity.UserID, now time.Time) (paths []string, err error) {
	for m := range tx.members {
		if m.user == id && m.in.Group != 0 && slices.Equal(tx.owners(m.in.Group, now), []identity.UserID{id}) {
			paths = append(paths, tx.namespaces.rows[m.in.Group].Path)
		}
	}
	slices.SortFunc(paths, func(a, b string) int { return strings.Compare(fold(a), fold(b)) })
	return paths, ctx.Err()
}

// OtherAdministrators implements accounts.Users.
func (tx accountsTx) OtherAdministrators(ctx context.Context, id identity.UserID) (bool, error) {
	for _, u := range tx.users.rows {
		if u.ID != id && u.Admin && u.State == identity.Active {
			return true, ctx.Err()
		}
	}
	return false, ctx.Err()
}

// owners returns the direct owners of a group whose membership counts at now.
func (w *world) owners(group source.NamespaceID, now time.Time) (owners []identity.UserID) {
	for m := range w.members {
		if m.in.Group == group && w.memberRole(m.user, m.in, now) == source.Owner {
			owners = append(owners, m.user)
		}
	}
	return owners
}

// EmailOwner implements accounts.Names.
func (tx accountsTx) EmailOwner(ctx context.Context, email string) (identity.UserID, error) {
	return tx.emails[fold(email)], ctx.Err()
}

// PathTaken implements accounts.Names.
func (tx accountsTx) PathTaken(ctx context.Context, path string) (taken, user bool, err error) {
	at, taken := tx.routes[fold(path)]
	return taken, tx.namespaces.rows[at.namespace].owner != 0, ctx.Err()
}

// HasAdministrator implements accounts.Names.
func (tx accountsTx) HasAdministrator(ctx context.Context) (bool, error) {
	return tx.hasAdministrator(), ctx.Err()
}

// HasAdministrator implements accounts.Records.
func (m AccountRecords) HasAdministrator(ctx context.Context) (bool, error) {
	return m.world.Load().hasAdministrator(), ctx.Err()
}

func (w *world) hasAdministrator() bool {
	for _, u := range w.users.rows {
		if u.Admin && u.State == identity.Active && !u.Type.IsInternal() {
			return true
		}
	}
	return false
}

// AddEmail implements accounts.Emails.
func (tx accountsTx) AddEmail(ctx context.Context, e identity.Email) (int64, error) {
	if err := tx.users.require(e.User, "user"); err != nil {
		return 0, err
	}
	if other := tx.emails[fold(e.Address)]; other != 0 {
		return 0, conflict("the e-mail is that of user %d", other)
	}
	e.ID = 0
	return tx.putEmail(e), ctx.Err()
}

// Emails implements accounts.Emails.
func (tx accountsTx) Emails(ctx context.Context, user identity.UserID) ([]identity.Email, error) {
	return tx.emailsOf(user), ctx.Err()
}

// RemoveEmail implements accounts.Emails.
func (tx accountsTx) RemoveEmail(ctx context.Context, id int64) error {
	if err := tx.userEmails.require(id, "e-mail"); err != nil {
		return err
	}
	tx.removeEmail(id)
	return ctx.Err()
}

// emailsOf returns the secondary e-mails of a user in the order of their numbers.
func (w *world) emailsOf(user identity.UserID) (all []identity.Email) {
	for _, e := range w.userEmails.rows {
		if e.User == user {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b identity.Email) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// putEmail keeps a secondary e-mail, under a new number if its ID is 0, and returns the
// number.
func (w *world) putEmail(e identity.Email) int64 {
	e.ID = w.userEmails.idOr(e.ID)
	e.ConfirmedAt, e.CreatedAt = toInstant(e.ConfirmedAt), toInstant(e.CreatedAt)
	w.userEmails.put(e.ID, e)
	w.emails[fold(e.Address)] = e.User
	return e.ID
}

func (w *world) removeEmail(id int64) {
	delete(w.emails, fold(w.userEmails.rows[id].Address))
	delete(w.userEmails.rows, id)
}

// replaceEmails gives a user those secondary e-mails in place of the others, which keep their
// numbers and their times of creation.
func (w *world) replaceEmails(user identity.UserID, all []identity.Email) {
	kept := w.emailsOf(user)
	primary := fold(w.users.rows[user].Email)
	for _, e := range kept {
		if _, stays := identity.FindEmail(all, e.Address); !stays {
			delete(w.userEmails.rows, e.ID)
			if fold(e.Address) != primary {
				delete(w.emails, fold(e.Address))
			}
		}
	}
	for _, e := range all {
		old, _ := identity.FindEmail(kept, e.Address)
		e.ID, e.User = old.ID, user
		if old.ID != 0 {
			e.CreatedAt = old.CreatedAt
		}
		w.putEmail(e)
	}
}

// AddKey implements accounts.Keys.
func (tx accountsTx) AddKey(ctx context.Context, key identity.Key) (identity.KeyID, error) {
	if same, taken := tx.keysByFingerprint[key.Fingerprint]; taken {
		return 0, conflict("the fingerprint of key %d", same)
	}
	key.ID = 0
	return keysTx(tx).Put(ctx, key)
}

// Key implements accounts.Keys.
func (tx accountsTx) Key(ctx context.Context, id identity.KeyID) (identity.Key, error) {
	k, ok := tx.keys.rows[id]
	if !ok || k.Kind != identity.UserKey {
		return identity.Key{}, notFound("key %d", id)
	}
	return k.Key, ctx.Err()
}

// RemoveKey implements accounts.Keys.
func (tx accountsTx) RemoveKey(ctx context.Context, id identity.KeyID) error {
	if _, err := tx.Key(ctx, id); err != nil {
		return err
	}
	tx.deleteKey(id)
	return nil
}

// deleteKey removes a key.
func (w *world) deleteKey(id identity.KeyID) {
	delete(w.keysByFingerprint, w.keys.rows[id].Fingerprint)
	delete(w.keys.rows, id)
}

// AddToken implements accounts.Tokens.
func (tx accountsTx) AddToken(ctx context.Context, t identity.AccessToken) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := tx.requirePerson(t.User); err != nil {
		return 0, err
	}
	if tx.accessToken(t.Digest).ID != 0 {
		return 0, conflict("an access token with that digest")
	}
	t.ID = tx.accessTokens.idOr(0)
	if t.Family == 0 {
		t.Family = t.ID
	}
	return tx.putAccessToken(t), nil
}

// Token implements accounts.Tokens.
func (tx accountsTx) Token(ctx context.Context, id int64) (identity.AccessToken, error) {
	t, ok := tx.accessTokens.rows[id]
	if !ok {
		return identity.AccessToken{}, notFound("access token %d", id)
	}
	t.Scopes = slices.Clone(t.Scopes)
	return t, ctx.Err()
}

// TokenOf implements accounts.Tokens.
func (tx accountsTx) TokenOf(ctx context.Context, digest identity.TokenDigest) (identity.AccessToken, error) {
	for _, t := range tx.accessTokens.rows {
		if t.Digest == digest {
			return tx.Token(ctx, t.ID)
		}
	}
	return identity.AccessToken{}, notFound("access token by its digest")
}

// RevokeTokens implements accounts.Tokens.
func (tx accountsTx) RevokeTokens(ctx context.Context, id, family int64) (revoked []int64, err error) {
	for _, t := range tx.accessTokens.rows {
		if !t.Revoked && (t.ID == id || family != 0 && t.Family == family) {
			t.Revoked = true
			tx.accessTokens.rows[t.ID] = t
			revoked = append(revoked, t.ID)
		}
	}
	slices.Sort(revoked)
	return revoked, ctx.Err()
}
