package worldtx

import (
	"context"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/worldimport"
)

type broadcastRow struct {
	ID         int64
	Message    string
	Type       string
	StartsAt   database.Instant
	EndsAt     database.Instant
	TargetPath string
	ShowInGit  bool
}

// TableName is gorm's name for the table.
func (broadcastRow) TableName() string { return "broadcasts" }

// PutBroadcast implements worldimport.Namespaces.
func (w *writer) PutBroadcast(ctx context.Context, b worldimport.Broadcast) error {
	row := broadcastRow{
		Message: b.Message, Type: string(b.Type), StartsAt: database.ToInstant(b.StartsAt), EndsAt: database.ToInstant(b.EndsAt),
		TargetPath: string(b.TargetPath), ShowInGit: b.ShowInGit,
	}
	same, err := database.Find[broadcastRow](ctx, w.tx, "message = ? AND type = ? AND target_path = ?", row.Message, row.Type, row.TargetPath)
	if err != nil {
		return database.Fault(err, "broadcast message %q", b.Message)
	}
	if same != nil {
		row.ID = same.ID
	}
	return database.Fault(put(ctx, w, &row), "broadcast message %q", b.Message)
}
