package worldtx

import (
	"context"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/worldimport"
	"gatehouse/domain/source"
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
	same, err := w.sameBroadcast(ctx, b)
	if err != nil {
		return database.Fault(err, "broadcast message %q", b.Message)
	}
	if same != nil {
		row.ID = same.ID
	}
	return database.Fault(put(ctx, w, &row), "broadcast message %q", b.Message)
}

// sameBroadcast returns the message with that text, type and target path, or nil.
func (w *writer) sameBroadcast(ctx context.Context, b worldimport.Broadcast) (*broadcastRow, error) {
	return database.Find[broadcastRow](ctx, w.tx, "message = ? AND type = ? AND target_path = ?", b.Message, string(b.Type), string(b.TargetPath))
}

// Broadcast implements worldimport.Current.
func (w currentTx) Broadcast(ctx context.Context, b worldimport.Broadcast) (worldimport.Broadcast, error) {
	row, err := found(w.sameBroadcast(ctx, b))
	if err != nil {
		return worldimport.Broadcast{}, database.Fault(err, "broadcast message %q", b.Message)
	}
	return row.broadcast(), nil
}

func (row broadcastRow) broadcast() worldimport.Broadcast {
	return worldimport.Broadcast{
		Message: row.Message, Type: worldimport.BroadcastType(row.Type), StartsAt: row.StartsAt.Time, EndsAt: row.EndsAt.Time,
		TargetPath: source.Pattern(row.TargetPath), ShowInGit: row.ShowInGit,
	}
}
