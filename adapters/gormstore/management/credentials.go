package management

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/domain/identity"
)

// Credentials reads secondary e-mails, SSH keys and access tokens.
type Credentials struct{ db *database.DB }

// NewCredentials returns the reader of e-mails, keys and tokens in a database.
func NewCredentials(db *database.DB) *Credentials { return &Credentials{db} }

// Emails implements accounts.Credentials.
func (c *Credentials) Emails(ctx context.Context, f accounts.EmailFilter, page application.Page) (application.Listed[identity.Email], error) {
	q := query{
		columns: "e.id, e.user_id, e.email, e.confirmed_at, e.created_at", from: "user_emails e", id: "e.id", orders: map[string]string{"id": "e.id"},
	}
	q.and("e.user_id = ?", int64(f.User))
	if f.ID != 0 {
		q.and("e.id = ?", f.ID)
	}
	emails, err := list(ctx, c.db, q, page, func(rows *sql.Rows) (e identity.Email, err error) {
		err = rows.Scan(&e.ID, (*int64)(&e.User), &e.Address, database.Time(&e.ConfirmedAt), database.Time(&e.CreatedAt))
		return e, err
	})
	return emails, database.Fault(err, "e-mails of user %d", f.User)
}

const keyColumns = `
	k.id, k.kind, coalesce(k.user_id, k.creator_id, 0), k.title, k.line, k.fingerprint, k.usage, k.created_at, k.expires_at, k.last_used_at`

// scanKey returns where the keyColumns go.
func scanKey(k *identity.Key) []any {
	return []any{
		(*int64)(&k.ID), (*string)(&k.Kind), (*int64)(&k.Owner), &k.Title, &k.Line, (*string)(&k.Fingerprint), (*string)(&k.Usage),
		database.Time(&k.CreatedAt), database.Time(&k.ExpiresAt), database.Time(&k.LastUsedAt),
	}
}

// Keys implements accounts.Credentials.
func (c *Credentials) Keys(ctx context.Context, user identity.UserID, page application.Page) (application.Listed[identity.Key], error) {
	q := query{columns: keyColumns, from: "keys k", id: "k.id", orders: map[string]string{"id": "k.id"}}
	q.and("k.user_id = ?", int64(user))
	keys, err := list(ctx, c.db, q, page, func(rows *sql.Rows) (k identity.Key, err error) { return k, rows.Scan(scanKey(&k)...) })
	return keys, database.Fault(err, "keys of user %d", user)
}

const (
	keyByID          = "SELECT " + keyColumns + ", k.comment FROM keys k WHERE k.id = $1"
	keyByFingerprint = "SELECT " + keyColumns + ", k.comment FROM keys k WHERE k.fingerprint = $1"
	allKeyLines      = "SELECT id, line FROM keys"
	deployKeyProject = "SELECT project_id, can_push FROM deploy_key_projects WHERE key_id = $1 ORDER BY project_id"
)

// FindKey implements accounts.Credentials.
func (c *Credentials) FindKey(ctx context.Context, which accounts.KeyClaim) (key identity.Key, projects []accounts.DeployKeyProject, err error) {
	if which.ID == 0 && which.Fingerprint == "" {
		if which.ID, err = c.keyByMD5(ctx, which.MD5); err != nil {
			return identity.Key{}, nil, database.Fault(err, "key with MD5 %q", which.MD5)
		}
	}
	text, value := keyByID, any(int64(which.ID))
	if which.ID == 0 {
		text, value = keyByFingerprint, string(which.Fingerprint)
	}
	if !database.Storable(string(which.Fingerprint)) {
		return identity.Key{}, nil, database.NotFound("key %q", which.Fingerprint)
	}
	err = c.db.Pool.QueryRowContext(ctx, text, value).Scan(append(scanKey(&key), &key.Comment)...)
	if err == nil && key.Kind == identity.DeployKey {
		projects, err = c.enabledOn(ctx, key.ID)
	}
	if err != nil {
		return identity.Key{}, nil, database.Fault(err, "key %d %q", which.ID, which.Fingerprint)
	}
	return key, projects, nil
}

// keyByMD5 returns the number of the key with that fingerprint, or sql.ErrNoRows. No index
// of these is kept: administrators alone ask by them, and seldom.
func (c *Credentials) keyByMD5(ctx context.Context, sum identity.MD5) (id identity.KeyID, err error) {
	rows, err := c.db.Pool.QueryContext(ctx, allKeyLines)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var k identity.Key
		if err := rows.Scan((*int64)(&k.ID), &k.Line); err != nil {
			return 0, err
		}
		if k.MD5() == sum {
			return k.ID, nil
		}
	}
	return 0, cmp.Or(rows.Err(), sql.ErrNoRows)
}

// enabledOn returns the projects on which a deploy key is enabled.
func (c *Credentials) enabledOn(ctx context.Context, id identity.KeyID) (projects []accounts.DeployKeyProject, err error) {
	rows, err := c.db.Pool.QueryContext(ctx, deployKeyProject, int64(id))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p accounts.DeployKeyProject
		if err := rows.Scan((*int64)(&p.Project), &p.CanPush); err != nil {
			return nil, err
		}
		projects = append(projects, p)
	}
	return projects, rows.Err()
}

const (
	tokenColumns = `
		t.id, t.user_id, t.name, t.scopes, t.digest, t.expires_at, t.revoked, t.created_at, t.description, coalesce(t.family_id, 0), t.last_used_at`
	tokenByID = "SELECT " + tokenColumns + " FROM access_tokens t WHERE t.id = $1 AND t.kind = 'personal'"
)

// scanToken scans the tokenColumns of a row.
func scanToken(scan func(...any) error) (t identity.AccessToken, err error) {
	var scopes database.Texts
	err = scan(&t.ID, (*int64)(&t.User), &t.Name, &scopes, (*string)(&t.Digest), database.Time(&t.ExpiresAt), &t.Revoked,
		database.Time(&t.CreatedAt), &t.Description, &t.Family, database.Time(&t.LastUsedAt))
	t.Scopes = identity.SplitScopes(scopes)
	return t, err
}

// Token implements accounts.Credentials.
func (c *Credentials) Token(ctx context.Context, id int64) (identity.AccessToken, error) {
	t, err := scanToken(c.db.Pool.QueryRowContext(ctx, tokenByID, id).Scan)
	if err != nil {
		return identity.AccessToken{}, database.Fault(err, "access token %d", id)
	}
	return t, nil
}

// Tokens implements accounts.Credentials.
func (c *Credentials) Tokens(ctx context.Context, f accounts.TokenFilter, page application.Page, now time.Time) (application.Listed[identity.AccessToken], error) {
	d := c.db.Dialect
	q := query{
		columns: tokenColumns, from: "access_tokens t", id: "t.id",
		orders: map[string]string{
			"id": "t.id", "name": d.Lower("t.name"), "created_at": "t.created_at", "expires_at": "t.expires_at", "last_used_at": "t.last_used_at",
		},
	}
	if page.Order != "id" && page.Order != "name" {
		q.first = "(" + q.orders[page.Order] + " IS NULL)"
	}
	q.and("t.kind = 'personal'")
	if f.User != 0 {
		q.and("t.user_id = ?", int64(f.User))
	}
	if f.Revoked != nil {
		q.and("t.revoked = ?", *f.Revoked)
	}
	const active = "(NOT t.revoked AND (t.expires_at IS NULL OR t.expires_at > ?))"
	if f.Active != nil && *f.Active {
		q.and(active, database.ToInstant(now))
	} else if f.Active != nil {
		q.and("NOT "+active, database.ToInstant(now))
	}
	if !database.Storable(f.Search) {
		return application.Listed[identity.AccessToken]{}, nil
	}
	if f.Search != "" {
		q.and(d.Contains(d.Lower("t.name"), "?"), identity.Fold(f.Search))
	}
	q.between("t.created_at", f.CreatedAfter, f.CreatedBefore)
	q.between("t.last_used_at", f.LastUsedAfter, f.LastUsedBefore)
	q.between("t.expires_at", f.ExpiresAfter, f.ExpiresBefore)
	tokens, err := list(ctx, c.db, q, page, func(rows *sql.Rows) (identity.AccessToken, error) { return scanToken(rows.Scan) })
	return tokens, database.Fault(err, "access tokens")
}
