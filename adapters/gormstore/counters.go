package gormstore

import (
	"context"
	"time"
)

// The upsert is one atomic step: of concurrent ones none is lost.
const (
	increase = `
		INSERT INTO reference_counters (repository, value, expires_at) VALUES ($1, 1, $2)
		ON CONFLICT (repository) DO UPDATE SET
			value = CASE WHEN reference_counters.expires_at <= $3 THEN 1 ELSE reference_counters.value + 1 END,
			expires_at = excluded.expires_at`
	decrease = `UPDATE reference_counters SET value = value - 1 WHERE repository = $1 AND value > 0 AND expires_at > $2`
	// clear has its condition too, as another push may have begun since.
	clear = `DELETE FROM reference_counters WHERE repository = $1 AND (value <= 0 OR expires_at <= $2)`
)

// Increase implements pushes.Counters.
func (s *Store) Increase(ctx context.Context, repository string, now time.Time, expiry time.Duration) error {
	s.sweep.note(now)
	_, err := s.exec(ctx, increase, []byte(repository), at(now.Add(expiry)), at(now))
	return fault(err, "increase the counter of %q", repository)
}

// Decrease implements pushes.Counters.
func (s *Store) Decrease(ctx context.Context, repository string, now time.Time) error {
	n, err := s.exec(ctx, decrease, []byte(repository), at(now))
	if err == nil && n == 0 {
		_, err = s.exec(ctx, clear, []byte(repository), at(now))
	}
	return fault(err, "decrease the counter of %q", repository)
}

// exec runs a prepared statement and returns how many rows it changed.
func (s *Store) exec(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, err := s.plain(ctx, query)
	if err != nil {
		return 0, err
	}
	done, err := s.turn(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
