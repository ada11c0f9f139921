package memory

import (
	"context"

	"gatehouse/application/gitaudit"
)

// AuditLog implements gitaudit.Log.
type AuditLog struct{ *state }

// Append implements gitaudit.Log.
func (l AuditLog) Append(ctx context.Context, e gitaudit.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.At = toInstant(e.At)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events.add(e)
	return nil
}

func (s *state) listEvents() (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, e := range s.events.all() {
		rows = append(rows, []any{
			id, e.At, string(e.Action), string(e.Verb), string(e.Protocol), e.Repository,
			textOrNil(e.Username), numberOrNil(e.Key), textOrNil(e.Address),
		})
	}
	return rows
}
