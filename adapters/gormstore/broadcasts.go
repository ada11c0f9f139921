package gormstore

import (
	"context"

	"gatehouse/application/worldimport"
)

type broadcastRow struct {
	ID         int64
	Message    string
	Type       string
	StartsAt   instant
	EndsAt     instant
	TargetPath string
	ShowInGit  bool
}

// TableName is gorm's name for the table.
func (broadcastRow) TableName() string { return "broadcasts" }

// PutBroadcast implements worldimport.Namespaces.
func (r *worldTx) PutBroadcast(ctx context.Context, b worldimport.Broadcast) error {
	row := broadcastRow{
		Message: b.Message, Type: string(b.Type), StartsAt: at(b.StartsAt), EndsAt: at(b.EndsAt),
		TargetPath: string(b.TargetPath), ShowInGit: b.ShowInGit,
	}
	same, err := find[broadcastRow](ctx, r.tx, "message = ? AND type = ? AND target_path = ?", row.Message, row.Type, row.TargetPath)
	if err != nil {
		return fault(err, "broadcast message %q", b.Message)
	}
	if same != nil {
		row.ID = same.ID
	}
	return fault(put(ctx, r, &row), "broadcast message %q", b.Message)
}
