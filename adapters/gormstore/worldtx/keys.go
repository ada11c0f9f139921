package worldtx

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// keyRow is a user's key, or a deploy key: one of UserID and CreatorID is 0.
type keyRow struct {
	ID          int64
	Kind        string
	UserID      database.Ref
	CreatorID   database.Ref
	Title       string
	Line        string
	Fingerprint string
	Usage       string
	CreatedAt   database.Instant `gorm:"autoCreateTime:false"`
	ExpiresAt   database.Instant
	LastUsedAt  database.Instant
	Public      bool
	Comment     string
}

// TableName is gorm's name for the table.
func (keyRow) TableName() string { return keys }

func newKeyRow(k identity.Key) keyRow {
	row := keyRow{
		ID: int64(k.ID), Kind: string(k.Kind), Title: k.Title, Line: k.Line,
		Fingerprint: string(k.Fingerprint), Usage: string(k.Usage),
		CreatedAt: database.ToInstant(k.CreatedAt), ExpiresAt: database.ToInstant(k.ExpiresAt), LastUsedAt: database.ToInstant(k.LastUsedAt),
		Public: k.Public, Comment: k.Comment,
	}
	if k.Kind == identity.DeployKey {
		row.CreatorID = database.Ref(k.Owner)
	} else {
		row.UserID = database.Ref(k.Owner)
	}
	return row
}

type deployKeyProjectRow struct {
	KeyID     int64 `gorm:"primaryKey"`
	ProjectID int64 `gorm:"primaryKey"`
	CanPush   bool
	UpdatedAt database.Instant `gorm:"autoUpdateTime:false"`
}

// TableName is gorm's name for the table.
func (deployKeyProjectRow) TableName() string { return "deploy_key_projects" }

// Put implements worldimport.Keys.
func (w keysTx) Put(ctx context.Context, key identity.Key) (identity.KeyID, error) {
	row := newKeyRow(key)
	err := w.putKey(ctx, &row, key.Owner)
	return identity.KeyID(row.ID), database.Fault(err, "key %q", key.Fingerprint)
}

func (w *writer) putKey(ctx context.Context, key *keyRow, owner identity.UserID) error {
	if err := w.keyOwnerExists(ctx, key.Kind, owner); err != nil {
		return err
	}
	same, err := database.Find[keyRow](ctx, w.tx, "fingerprint = ?", key.Fingerprint)
	if err != nil {
		return err
	}
	if same != nil {
		key.ID = cmp.Or(key.ID, same.ID)
	}
	old, err := database.Find[keyRow](ctx, w.tx, "id = ?", key.ID)
	switch {
	case err != nil:
		return err
	case same != nil && same.ID != key.ID:
		return database.Conflict("its fingerprint is that of key %d", same.ID)
	case old != nil && old.Kind != key.Kind:
		return database.Conflict("number %d is that of a %s", old.ID, old.Kind)
	case old != nil:
		key.CreatedAt, key.LastUsedAt = old.CreatedAt, old.LastUsedAt
	}
	if err := w.number(ctx, keys, &key.ID); err != nil {
		return err
	}
	onConflict := database.UpsertClause([]string{"id"}, []string{"user_id", "creator_id", "title", "line", "fingerprint", "usage", "expires_at", "public", "comment"})
	return upsert(ctx, w, key, onConflict)
}

// keyOwnerExists returns why the user cannot be the owner of a key of that kind.
func (w *writer) keyOwnerExists(ctx context.Context, kind string, owner identity.UserID) error {
	switch {
	case kind == string(identity.UserKey):
		return w.personExists(ctx, owner)
	case owner != 0:
		return w.exists(ctx, users, int64(owner))
	}
	return nil
}

// Enable implements worldimport.Keys.
func (w keysTx) Enable(ctx context.Context, id identity.KeyID, enabled map[source.ProjectID]bool) error {
	return database.Fault(w.enableKey(ctx, int64(id), enabled), "projects of deploy key %d", id)
}

func (w *writer) enableKey(ctx context.Context, key int64, enabled map[source.ProjectID]bool) error {
	if err := w.exists(ctx, deployKeys, key); err != nil {
		return err
	}
	rows := make([]deployKeyProjectRow, 0, len(enabled))
	for _, project := range slices.Sorted(maps.Keys(enabled)) {
		if err := w.exists(ctx, projectTable, int64(project)); err != nil {
			return err
		}
		rows = append(rows, deployKeyProjectRow{KeyID: key, ProjectID: int64(project), CanPush: enabled[project]})
	}
	if err := w.exec(ctx, "DELETE FROM deploy_key_projects WHERE key_id = ?", key); err != nil || len(rows) == 0 {
		return err
	}
	return gorm.G[deployKeyProjectRow](w.tx).CreateInBatches(ctx, &rows, 500)
}

// DeployKeyExists implements worldimport.Keys.
func (w keysTx) DeployKeyExists(ctx context.Context, id identity.KeyID) (bool, error) {
	key, err := database.Find[keyRow](ctx, w.tx, "id = ? AND kind = ?", int64(id), string(identity.DeployKey))
	return key != nil, database.Fault(err, "deploy key %d", id)
}

// Current implements worldimport.Keys.
func (w keysTx) Current(ctx context.Context, key identity.Key) (identity.Key, error) {
	condition, value := "id = ?", any(int64(key.ID))
	if key.ID == 0 {
		condition, value = "fingerprint = ?", string(key.Fingerprint)
	}
	row, err := found(database.Find[keyRow](ctx, w.tx, condition, value))
	if err != nil {
		return identity.Key{}, database.Fault(err, "key %q", key.Fingerprint)
	}
	return row.key(), nil
}

func (row keyRow) key() identity.Key {
	return identity.Key{
		ID: identity.KeyID(row.ID), Kind: identity.KeyKind(row.Kind), Title: row.Title, Owner: identity.UserID(row.UserID + row.CreatorID),
		Line: row.Line, Fingerprint: identity.Fingerprint(row.Fingerprint), Usage: identity.Usage(row.Usage),
		CreatedAt: row.CreatedAt.Time, ExpiresAt: row.ExpiresAt.Time, LastUsedAt: row.LastUsedAt.Time, Public: row.Public, Comment: row.Comment,
	}
}

// Enabled implements worldimport.Keys.
func (w keysTx) Enabled(ctx context.Context, id identity.KeyID) (map[source.ProjectID]bool, error) {
	rows, err := gorm.G[deployKeyProjectRow](w.tx).Where("key_id = ?", int64(id)).Find(ctx)
	enabled := make(map[source.ProjectID]bool, len(rows))
	for _, row := range rows {
		enabled[source.ProjectID(row.ProjectID)] = row.CanPush
	}
	return enabled, database.Fault(err, "projects of deploy key %d", id)
}
