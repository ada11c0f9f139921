package gormstore

import (
	"context"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/gitaudit"
)

// AuditLog keeps what GitLab Shell reports of Git commands.
type AuditLog struct{ db *database.DB }

const appendEvent = `
	INSERT INTO audit_events (at, action, verb, protocol, repository, user_id, username, key_id, key_kind, address,
		wants, haves, payload_size, written_bytes, received_bytes)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`

// Append implements gitaudit.Log.
func (l *AuditLog) Append(ctx context.Context, e gitaudit.Event) error {
	_, err := l.db.Exec(ctx, appendEvent, database.ToInstant(e.At), string(e.Action), string(e.Verb), []byte(e.Protocol), []byte(e.Repository),
		database.Ref(e.User), orNull([]byte(e.Username)), database.Ref(e.Key), string(e.KeyType), orNull([]byte(e.Address)),
		e.Stats.Wants, e.Stats.Haves, e.Stats.PayloadSize, e.Stats.WrittenBytes, e.Stats.ReceivedBytes)
	return database.Fault(err, "audit event in %q", e.Repository)
}

// orNull is NULL for a text that is empty.
func orNull(text []byte) any {
	if len(text) == 0 {
		return nil
	}
	return text
}
