package gormstore

import (
	"context"
	"time"

	"gatehouse/adapters/gormstore/database"
)

// The upsert is one atomic step: of concurrent ones none is lost.
const (
	increase = `
		INSERT INTO reference_counters (repository, value, expires_at) VALUES ($1, 1, $2)
		ON CONFLICT (repository) DO UPDATE SET
			value = CASE WHEN reference_counters.expires_at <= $3 THEN 1 ELSE reference_counters.value + 1 END,
			expires_at = excluded.expires_at`
	decrease = `UPDATE reference_counters SET value = value - 1 WHERE repository = $1 AND value > 0 AND expires_at > $2`
	// remove has a condition too, as another push may have begun since.
	remove = `DELETE FROM reference_counters WHERE repository = $1 AND (value <= 0 OR expires_at <= $2)`
)

// Counters counts the pushes under way in each repository.
type Counters struct {
	db      *database.DB
	sweeper *sweeper
}

// Increase implements pushes.Counters.
func (c *Counters) Increase(ctx context.Context, repository string, now time.Time, expiry time.Duration) error {
	c.sweeper.note(now)
	_, err := c.db.Exec(ctx, increase, []byte(repository), database.ToInstant(now.Add(expiry)), database.ToInstant(now))
	return database.Fault(err, "increase the counter of %q", repository)
}

// Decrease implements pushes.Counters.
func (c *Counters) Decrease(ctx context.Context, repository string, now time.Time) error {
	n, err := c.db.Exec(ctx, decrease, []byte(repository), database.ToInstant(now))
	if err == nil && n == 0 {
		_, err = c.db.Exec(ctx, remove, []byte(repository), database.ToInstant(now))
	}
	return database.Fault(err, "decrease the counter of %q", repository)
}

// Ping implements pushes.Counters.
func (c *Counters) Ping(ctx context.Context) error {
	var one int
	return database.Fault(c.db.Pool.QueryRowContext(ctx, "SELECT 1").Scan(&one), "ping the %s database", c.db.Dialect)
}
