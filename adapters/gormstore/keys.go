package gormstore

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"gorm.io/gorm"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// keyRow is a user's key, or a deploy key: one of UserID and CreatorID is 0.
type keyRow struct {
	ID          int64
	Kind        string
	UserID      ref
	CreatorID   ref
	Title       string
	Line        string
	Fingerprint string
	Usage       string
	CreatedAt   instant `gorm:"autoCreateTime:false"`
	ExpiresAt   instant
	LastUsedAt  instant
}

// TableName is gorm's name for the table.
func (keyRow) TableName() string { return keys }

func newKeyRow(k identity.Key) keyRow {
	row := keyRow{
		ID: int64(k.ID), Kind: string(k.Kind), Title: k.Title, Line: k.Line,
		Fingerprint: string(k.Fingerprint), Usage: string(k.Usage),
		CreatedAt: at(k.CreatedAt), ExpiresAt: at(k.ExpiresAt), LastUsedAt: at(k.LastUsedAt),
	}
	if k.Kind == identity.DeployKey {
		row.CreatorID = ref(k.Owner)
	} else {
		row.UserID = ref(k.Owner)
	}
	return row
}

type deployKeyProjectRow struct {
	KeyID     int64 `gorm:"primaryKey"`
	ProjectID int64 `gorm:"primaryKey"`
	CanPush   bool
}

// TableName is gorm's name for the table.
func (deployKeyProjectRow) TableName() string { return "deploy_key_projects" }

// PutKey implements worldimport.Keys.
func (r *worldTx) PutKey(ctx context.Context, key identity.Key) (identity.KeyID, error) {
	row := newKeyRow(key)
	err := r.putKey(ctx, &row, key.Owner)
	return identity.KeyID(row.ID), fault(err, "key %q", key.Fingerprint)
}

func (r *worldTx) putKey(ctx context.Context, key *keyRow, owner identity.UserID) error {
	if owner != 0 || key.Kind == string(identity.UserKey) {
		if err := r.exists(ctx, users, int64(owner)); err != nil {
			return err
		}
	}
	same, err := find[keyRow](ctx, r.tx, "fingerprint = ?", key.Fingerprint)
	if err != nil {
		return err
	}
	if same != nil {
		key.ID = cmp.Or(key.ID, same.ID)
	}
	old, err := find[keyRow](ctx, r.tx, "id = ?", key.ID)
	switch {
	case err != nil:
		return err
	case same != nil && same.ID != key.ID:
		return conflict("its fingerprint is that of key %d", same.ID)
	case old != nil && old.Kind != key.Kind:
		return conflict("number %d is that of a %s", old.ID, old.Kind)
	case old != nil:
		key.CreatedAt, key.LastUsedAt = old.CreatedAt, old.LastUsedAt
	}
	if err := r.number(ctx, keys, &key.ID); err != nil {
		return err
	}
	again := over([]string{"id"}, []string{"user_id", "creator_id", "title", "line", "fingerprint", "usage", "expires_at"})
	return putOver(ctx, r, key, again)
}

// EnableKey implements worldimport.Keys.
func (r *worldTx) EnableKey(ctx context.Context, id identity.KeyID, enabled map[source.ProjectID]bool) error {
	return fault(r.enableKey(ctx, int64(id), enabled), "projects of deploy key %d", id)
}

func (r *worldTx) enableKey(ctx context.Context, key int64, enabled map[source.ProjectID]bool) error {
	if err := r.exists(ctx, deployKeys, key); err != nil {
		return err
	}
	var rows []deployKeyProjectRow
	for _, project := range slices.Sorted(maps.Keys(enabled)) {
		if err := r.exists(ctx, projectTable, int64(project)); err != nil {
			return err
		}
		rows = append(rows, deployKeyProjectRow{key, int64(project), enabled[project]})
	}
	if err := r.exec(ctx, "DELETE FROM deploy_key_projects WHERE key_id = ?", key); err != nil || len(rows) == 0 {
		return err
	}
	return gorm.G[deployKeyProjectRow](r.tx).CreateInBatches(ctx, &rows, 500)
}

// DeployKeyExists implements worldimport.Keys.
func (r *worldTx) DeployKeyExists(ctx context.Context, id identity.KeyID) (bool, error) {
	key, err := find[keyRow](ctx, r.tx, "id = ? AND kind = ?", int64(id), string(identity.DeployKey))
	return key != nil, fault(err, "deploy key %d", id)
}
