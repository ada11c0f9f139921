package gormstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/postreceive"
)

// Retention removes old records.
type Retention struct{ db *database.DB }

const (
	// retentionBatch is how many rows one transaction looks at.
	retentionBatch = 1000
	// retentionPause is how long other writers have between two of them.
	retentionPause = 50 * time.Millisecond
	// retentionLock is PostgreSQL's number for the lock that such a transaction holds.
	retentionLock = 0x67617466
)

// oldRows are rows that are removed when they are old: the table, the column of their
// time, and the condition under which they may go at any age.
type oldRows struct{ table, at, removable string }

// unscheduled returns the condition that no job is still to send a delivery.
func unscheduled(d database.Dialect) string {
	subject := "json_extract(CAST(args AS text), '$.subject')"
	if d == database.Postgres {
		subject = "(args->>'subject')::bigint"
	}
	return "id NOT IN (SELECT " + subject + " FROM river_job WHERE kind = '" + string(postreceive.DeliverWebhook) + "' AND finalized_at IS NULL)"
}

// RemovePushes implements retention.Records.
func (r *Retention) RemovePushes(ctx context.Context, before, now time.Time) (int, error) {
	return r.remove(ctx, oldRows{"pushes", "received_at", "settled_at IS NOT NULL"}, before, now)
}

// RemoveAuditEvents implements retention.Records.
func (r *Retention) RemoveAuditEvents(ctx context.Context, before, now time.Time) (int, error) {
	return r.remove(ctx, oldRows{"audit_events", "at", "true"}, before, now)
}

// RemoveDeliveries implements retention.Records.
func (r *Retention) RemoveDeliveries(ctx context.Context, before, now time.Time) (int, error) {
	return r.remove(ctx, oldRows{"hook_deliveries", "created_at", unscheduled(r.db.Dialect)}, before, now)
}

const removeJobs = `DELETE FROM river_job WHERE id IN (
	SELECT id FROM river_job WHERE state IN ('cancelled', 'discarded') AND finalized_at < ? ORDER BY finalized_at LIMIT ?)`

// RemoveJobs implements retention.Records.
func (r *Retention) RemoveJobs(ctx context.Context, before, _ time.Time) (int, error) {
	limit := riverTime(r.db.Dialect, before)
	return inBatches(ctx, func() (removed int, more bool, err error) {
		err = r.transact(ctx, "remove jobs", func(tx *gorm.DB) error {
			done := tx.Exec(removeJobs, limit, retentionBatch)
			removed, more = int(done.RowsAffected), done.RowsAffected == retentionBatch
			return done.Error
		})
		return removed, more, err
	})
}

func (r *Retention) remove(ctx context.Context, rows oldRows, before, now time.Time) (int, error) {
	after := int64(0)
	return inBatches(ctx, func() (removed int, more bool, err error) {
		removed, after, more, err = r.removeBatch(ctx, rows, after, before, now)
		return removed, more, err
	})
}

// inBatches calls remove while there may be more, and returns how many rows went.
func inBatches(ctx context.Context, remove func() (removed int, more bool, err error)) (removed int, err error) {
	for more := true; more; {
		var n int
		switch n, more, err = remove(); {
		case errors.Is(err, errOtherProcess):
			return removed, nil
		case err != nil:
			return removed, err
		}
		removed += n
		if more {
			select {
			case <-time.After(retentionPause):
			case <-ctx.Done():
				return removed, ctx.Err()
			}
		}
	}
	return removed, nil
}

// removeBatch looks at the rows behind after, and returns the last one that is old or
// of the future, and whether there may be more behind it.
func (r *Retention) removeBatch(ctx context.Context, rows oldRows, after int64, before, now time.Time) (removed int, last int64, more bool, err error) {
	err = r.transact(ctx, "remove from "+rows.table, func(tx *gorm.DB) error {
		removed, last = 0, after
		var batch []struct {
			ID int64
			At database.Instant
		}
		query := fmt.Sprintf("SELECT id, %s AS at FROM %s WHERE id > ? ORDER BY id LIMIT ?", rows.at, rows.table)
		if err := tx.Raw(query, after, retentionBatch).Scan(&batch).Error; err != nil {
			return err
		}
		more = len(batch) == retentionBatch
		for _, row := range batch {
			if !row.At.Before(before) && !row.At.After(now) {
				more = false
				break
			}
			last = row.ID
		}
		if last == after {
			return nil
		}
		done := tx.Exec(fmt.Sprintf("DELETE FROM %s WHERE id > ? AND id <= ? AND %s < ? AND %s", rows.table, rows.at, rows.removable),
			after, last, database.ToInstant(before))
		removed = int(done.RowsAffected)
		return done.Error
	})
	return removed, last, more, err
}

// errOtherProcess says that another process removes rows at this moment.
var errOtherProcess = errors.New("another process removes old records")

// transact runs do in a transaction, or fails with errOtherProcess. SQLite has one
// writer.
func (r *Retention) transact(ctx context.Context, what string, do func(*gorm.DB) error) error {
	locked := r.db.Dialect == database.SQLite
	err := r.db.Atomically(ctx, what, func(tx *gorm.DB) error {
		if r.db.Dialect == database.Postgres {
			if err := tx.Raw("SELECT pg_try_advisory_xact_lock(?)", retentionLock).Scan(&locked).Error; err != nil || !locked {
				return err
			}
		}
		return do(tx)
	})
	if err == nil && !locked {
		return errOtherProcess
	}
	return err
}
