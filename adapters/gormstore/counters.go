package gormstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gorm.io/gorm"

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

const (
	noteDecrease = `INSERT INTO decreased_entries (entry_id, expires_at) VALUES ($1, $2) ON CONFLICT (entry_id) DO NOTHING`
	// forgetDecreases leaves an hour for clocks that differ.
	forgetDecreases = `DELETE FROM decreased_entries WHERE expires_at < $1`
	forgetAfter     = time.Hour
)

// Counters counts the pushes under way in each repository.
type Counters struct {
	db      *database.DB
	sweeper *sweeper
}

// Increase implements pushes.Counters.
func (c *Counters) Increase(ctx context.Context, repository string, now time.Time, expiry time.Duration) error {
	c.sweeper.noteLifetime(expiry)
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

// DecreaseOnce implements pushes.Counters.
func (c *Counters) DecreaseOnce(ctx context.Context, repository, entry string, until, now time.Time) error {
	if !now.Before(until) {
		return ctx.Err()
	}
	return c.db.Atomically(ctx, fmt.Sprintf("decrease the counter of %q", repository), func(gormTx *gorm.DB) error {
		tx := gormTx.Statement.ConnPool.(*sql.Tx)
		if _, err := tx.ExecContext(ctx, forgetDecreases, database.ToInstant(now.Add(-forgetAfter))); err != nil {
			return err
		}
		if n, err := affected(tx.ExecContext(ctx, noteDecrease, entry, database.ToInstant(until))); err != nil || n == 0 {
			return err
		}
		return decreaseOrRemove(func(query string, args ...any) (sql.Result, error) { return tx.ExecContext(ctx, query, args...) }, repository, now)
	})
}

// decreaseOrRemove decreases a counter in a transaction.
func decreaseOrRemove(exec func(query string, args ...any) (sql.Result, error), repository string, now time.Time) error {
	args := []any{[]byte(repository), database.ToInstant(now)}
	n, err := affected(exec(decrease, args...))
	if err == nil && n == 0 {
		_, err = exec(remove, args...)
	}
	return err
}

func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Ping implements pushes.Counters.
func (c *Counters) Ping(ctx context.Context) error {
	var one int
	return database.Fault(c.db.Pool.QueryRowContext(ctx, "SELECT 1").Scan(&one), "ping the %s database", c.db.Dialect)
}
