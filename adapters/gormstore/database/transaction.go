package database

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"gatehouse/domain"
)

// Attempts is how often a transaction is begun before it fails.
const Attempts = 5

// LockWrites waits until nothing else in this process writes to SQLite, and
// keeps others from it until unlock. For writers in other processes the database
// itself waits, as long. On PostgreSQL it does nothing.
func (db *DB) LockWrites(ctx context.Context) (unlock func(), err error) {
	if db.Dialect == Postgres {
		return func() {}, nil
	}
	limit := time.NewTimer(busyTimeout)
	defer limit.Stop()
	select {
	case db.writing <- struct{}{}:
		return func() { <-db.writing }, nil
	case <-limit.C:
		return nil, fmt.Errorf("%w: somebody else is writing for too long", domain.Unavailable)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Atomically runs do in a transaction, and again if the database asks for it.
// The error of a failure says what was to be done.
func (db *DB) Atomically(ctx context.Context, what string, do func(*gorm.DB) error) error {
	unlock, err := db.LockWrites(ctx)
	if err != nil {
		return Fault(err, "%s", what)
	}
	defer unlock()
	return Retry(ctx, func() error {
		return Fault(db.Gorm.WithContext(ctx).Transaction(do), "%s", what)
	})
}

// Retry calls do, and again while it fails with what may pass, such as a
// deadlock.
func Retry(ctx context.Context, do func() error) error {
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || attempt == Attempts || !Transient(err) {
			return err
		}
		if err := Pause(ctx, time.Duration(attempt)*20*time.Millisecond); err != nil {
			return err
		}
	}
}

// Pause waits for d, unless ctx ends before. It does not wait if d is not positive.
func Pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// LockRow makes transactions that change what belongs to one row wait for each
// other, and fails with domain.NotFound if there is no such row. SQLite has one
// writer anyway.
func (db *DB) LockRow(tx *gorm.DB, table string, id int64) error {
	query := "SELECT id FROM " + table + " WHERE id = ?" + db.ForUpdate()
	var ids []int64
	if err := tx.Raw(query, id).Scan(&ids).Error; err != nil {
		return err
	}
	if len(ids) == 0 {
		return NotFound("%s: number %d", table, id)
	}
	return nil
}

// ForUpdate is what a SELECT ends with whose row is going to be updated in the
// same transaction.
func (db *DB) ForUpdate() string {
	if db.Dialect == Postgres {
		return " FOR NO KEY UPDATE"
	}
	return ""
}

// Find returns the row that the condition picks, or nil.
func Find[Row any](ctx context.Context, tx *gorm.DB, condition string, args ...any) (*Row, error) {
	for _, arg := range args {
		if text, ok := arg.(string); ok && !Storable(text) {
			return nil, nil
		}
	}
	rows, err := gorm.G[Row](tx).Where(condition, args...).Limit(1).Find(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// UpsertClause makes an insert write the given columns over those of a row that
// has the same values in the unique ones.
func UpsertClause(unique, columns []string) clause.OnConflict {
	conflict := clause.OnConflict{DoUpdates: clause.AssignmentColumns(columns)}
	for _, name := range unique {
		conflict.Columns = append(conflict.Columns, clause.Column{Name: name})
	}
	return conflict
}
