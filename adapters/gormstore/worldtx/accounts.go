package worldtx

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/management"
	"gatehouse/application/accounts"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// accountPorts returns the ports of accounts.
func (w *writer) accountPorts() accounts.Tx {
	tx := accountsTx{w}
	return accounts.Tx{Users: tx, Projects: tx, Names: tx, Emails: tx, Keys: tx, Tokens: tx, Audit: w, Jobs: w}
}

// accountsTx implements the ports of accounts.
type accountsTx struct{ *writer }

// Account implements accounts.Users.
func (w accountsTx) Account(ctx context.Context, id identity.UserID) (identity.Account, error) {
	row, err := found(database.Find[userRow](ctx, w.tx, "id = ?", int64(id)))
	if err != nil {
		return identity.Account{}, database.Fault(err, "user %d", id)
	}
	return row.account(), nil
}

// PutAccount implements accounts.Users.
func (w accountsTx) PutAccount(ctx context.Context, a identity.Account) (identity.UserID, error) {
	emails, err := w.emailsOf(ctx, int64(a.ID))
	if err != nil {
		return 0, database.Fault(err, "user %q", a.Username)
	}
	id, err := w.putUser(ctx, a, emails, 0, nil)
	return identity.UserID(id), database.Fault(err, "user %q", a.Username)
}

const (
	// keepRemoved remembers the repositories of projects below a personal namespace.
	keepRemoved = `
		INSERT INTO removed_repositories (project_id, storage, legacy_path)
		SELECT id, storage, legacy_path FROM projects WHERE namespace_id IN ` + below + `
		ON CONFLICT (project_id) DO NOTHING`
	projectsInTree = "SELECT id, path, visibility, storage FROM projects WHERE namespace_id IN " + below + " ORDER BY id"
)

// Delete implements accounts.Users.
func (w accountsTx) Delete(ctx context.Context, id identity.UserID, remember bool) error {
	home, err := found(database.Find[namespaceRow](ctx, w.tx, "owner_id = ?", int64(id)))
	if err == nil {
		err = w.deleteNamespace(ctx, home.ID, remember)
	}
	if err == nil {
		err = w.exec(ctx, "DELETE FROM users WHERE id = ?", int64(id))
	}
	return database.Fault(err, "user %d", id)
}

// deleteNamespace removes a namespace with all that is below. It remembers where the
// repositories of the projects lie, or does not. What refers to the rows goes with them.
func (w *writer) deleteNamespace(ctx context.Context, id int64, remember bool) error {
	if remember {
		if err := w.exec(ctx, keepRemoved, id); err != nil {
			return err
		}
	}
	clear(w.known)
	return w.exec(ctx, "DELETE FROM namespaces WHERE id IN "+below, id)
}

// Owned implements accounts.Projects.
func (w accountsTx) Owned(ctx context.Context, user identity.UserID) ([]source.Project, error) {
	home, err := database.Find[namespaceRow](ctx, w.tx, "owner_id = ?", int64(user))
	if err != nil || home == nil {
		return nil, database.Fault(err, "namespace of user %d", user)
	}
	projects, err := w.projectsIn(ctx, home.ID)
	return projects, database.Fault(err, "projects of user %d", user)
}

// projectsIn returns the projects in a namespace and below. Only ID, Path, Visibility and
// Storage are filled in.
func (w *writer) projectsIn(ctx context.Context, namespace int64) (projects []source.Project, err error) {
	var rows []projectRow
	err = w.tx.WithContext(ctx).Raw(projectsInTree, namespace).Scan(&rows).Error
	for _, row := range rows {
		projects = append(projects, source.Project{
			ID: source.ProjectID(row.ID), Path: row.Path, Visibility: source.Visibility(row.Visibility), Storage: row.Storage,
		})
	}
	return projects, err
}

const soleOwner = `
	SELECT g.path FROM members m JOIN namespaces g ON g.id = m.group_id
	WHERE m.user_id = ? AND m.level = 50 AND m.state = 'active' AND (m.expires_at IS NULL OR m.expires_at > ?) AND NOT EXISTS (
		SELECT 1 FROM members o WHERE o.group_id = m.group_id AND o.user_id <> m.user_id
			AND o.level = 50 AND o.state = 'active' AND (o.expires_at IS NULL OR o.expires_at > ?))`

// SoleOwner implements accounts.Users.
func (w accountsTx) SoleOwner(ctx context.Context, id identity.UserID, now time.Time) (paths []string, err error) {
	today := now.UTC().Format(time.DateOnly)
	err = w.tx.WithContext(ctx).Raw(soleOwner, int64(id), today, today).Scan(&paths).Error
	slices.SortFunc(paths, func(a, b string) int { return strings.Compare(identity.Fold(a), identity.Fold(b)) })
	return paths, database.Fault(err, "groups of user %d", id)
}

// OtherAdministrators implements accounts.Users.
func (w accountsTx) OtherAdministrators(ctx context.Context, id identity.UserID) (bool, error) {
	other, err := database.Find[userRow](ctx, w.tx, "admin AND state = 'active' AND id <> ?", int64(id))
	return other != nil, database.Fault(err, "administrators")
}

// PathTaken implements accounts.Names.
func (w accountsTx) PathTaken(ctx context.Context, path string) (taken, user bool, err error) {
	at, err := w.routeAt(ctx, path)
	if err != nil || at == nil {
		return false, false, database.Fault(err, "path %q", path)
	}
	if at.NamespaceID == 0 {
		return true, false, nil
	}
	row, err := database.Find[namespaceRow](ctx, w.tx, "id = ?", int64(at.NamespaceID))
	return true, row != nil && row.OwnerID != 0, database.Fault(err, "path %q", path)
}

// HasAdministrator implements accounts.Names.
func (w accountsTx) HasAdministrator(ctx context.Context) (found bool, err error) {
	err = w.tx.WithContext(ctx).Raw(management.HasAdministrator).Scan(&found).Error
	return found, database.Fault(err, "administrator")
}

// AddKey implements accounts.Keys.
func (w accountsTx) AddKey(ctx context.Context, key identity.Key) (identity.KeyID, error) {
	same, err := database.Find[keyRow](ctx, w.tx, "fingerprint = ?", string(key.Fingerprint))
	if err != nil {
		return 0, database.Fault(err, "key %q", key.Fingerprint)
	}
	if same != nil {
		return 0, database.Fault(database.Conflict("its fingerprint is that of key %d", same.ID), "key %q", key.Fingerprint)
	}
	key.ID = 0
	return keysTx(w).Put(ctx, key)
}

// userKey is the condition of a user's key of some number.
const userKey = "id = ? AND kind = 'key'"

// Key implements accounts.Keys.
func (w accountsTx) Key(ctx context.Context, id identity.KeyID) (identity.Key, error) {
	row, err := found(database.Find[keyRow](ctx, w.tx, userKey, int64(id)))
	if err != nil {
		return identity.Key{}, database.Fault(err, "key %d", id)
	}
	return row.key(), nil
}

// RemoveKey implements accounts.Keys.
func (w accountsTx) RemoveKey(ctx context.Context, id identity.KeyID) error {
	removed := w.tx.WithContext(ctx).Exec("DELETE FROM keys WHERE "+userKey, int64(id))
	err := removed.Error
	if err == nil && removed.RowsAffected == 0 {
		err = gorm.ErrRecordNotFound
	}
	return database.Fault(err, "key %d", id)
}

// AddToken implements accounts.Tokens.
func (w accountsTx) AddToken(ctx context.Context, t identity.AccessToken) (int64, error) {
	err := w.personExists(ctx, t.User)
	row := accessTokenRow{
		UserID: int64(t.User), Name: t.Name, Scopes: scopeTexts(t.Scopes), Digest: string(t.Digest), ExpiresAt: database.ToInstant(t.ExpiresAt),
		Revoked: t.Revoked, CreatedAt: database.ToInstant(t.CreatedAt), Kind: personalToken, Description: t.Description, FamilyID: database.Ref(t.Family),
	}
	if err == nil {
		err = gorm.G[accessTokenRow](w.tx).Create(ctx, &row)
	}
	if err == nil && t.Family == 0 {
		err = w.exec(ctx, "UPDATE access_tokens SET family_id = id WHERE id = ?", row.ID)
	}
	return row.ID, database.Fault(err, "access token %q", t.Name)
}

func scopeTexts(scopes []identity.Scope) (texts database.Texts) {
	for _, s := range scopes {
		texts = append(texts, string(s))
	}
	return texts
}

// Token implements accounts.Tokens.
func (w accountsTx) Token(ctx context.Context, id int64) (identity.AccessToken, error) {
	row, err := found(database.Find[accessTokenRow](ctx, w.tx, "id = ? AND kind = '"+personalToken+"'", id))
	if err != nil {
		return identity.AccessToken{}, database.Fault(err, "access token %d", id)
	}
	return row.token(), nil
}

// TokenOf implements accounts.Tokens.
func (w accountsTx) TokenOf(ctx context.Context, digest identity.TokenDigest) (identity.AccessToken, error) {
	row, err := found(database.Find[accessTokenRow](ctx, w.tx, "digest = ? AND kind = '"+personalToken+"'", string(digest)))
	if err != nil {
		return identity.AccessToken{}, database.Fault(err, "access token by its digest")
	}
	return row.token(), nil
}

// InFamily is the condition of a token that counts and has a number, or is of a family.
const InFamily = "NOT revoked AND (id = ? OR family_id = ?)"

// RevokeTokens implements accounts.Tokens.
func (w accountsTx) RevokeTokens(ctx context.Context, id, family int64) (revoked []int64, err error) {
	which, values := "NOT revoked AND id = ?", []any{id}
	if family != 0 {
		which, values = InFamily, append(values, family)
	}
	err = w.tx.WithContext(ctx).Raw("SELECT id FROM access_tokens WHERE "+which+" ORDER BY id", values...).Scan(&revoked).Error
	if err == nil && len(revoked) > 0 {
		err = w.exec(ctx, "UPDATE access_tokens SET revoked = true WHERE "+which, values...)
	}
	return revoked, database.Fault(err, "revoke access token %d", id)
}
