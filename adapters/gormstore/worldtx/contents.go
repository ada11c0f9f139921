package worldtx

import (
	"context"
	"database/sql"
	"iter"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/application/provisioning"
	"gatehouse/application/worldimport"
)

// NewSnapshot returns the snapshot of the database, which opens secrets by sealer. It is a
// transaction that only reads; on SQLite the write-ahead log grows until it ends.
func NewSnapshot(db *database.DB, billing func(*gorm.DB) provisioning.BillingTx, sealer seals.Sealer) worldimport.Snapshot {
	return func(ctx context.Context, secrets bool, do func(worldimport.Contents) error) error {
		options := &sql.TxOptions{ReadOnly: true}
		if db.Dialect == database.Postgres {
			options.Isolation = sql.LevelRepeatableRead
		}
		tx := db.Gorm.WithContext(ctx).Begin(options)
		if tx.Error != nil {
			return database.Fault(tx.Error, "read the directory")
		}
		defer tx.Rollback()
		im := &importer{db: db, billing: billing, sealer: sealer}
		c := contents{im.writer(tx), secrets}
		return do(worldimport.Contents{Tree: c, People: c, Others: c})
	}
}

// contents implements the ports of worldimport.Contents.
type contents struct {
	*writer
	secrets bool
}

// hide returns the text of a sealed secret, or what stands for it where it is not wanted.
func (c contents) hide(column seals.Column, id int64, sealed string) string {
	switch {
	case sealed == "":
		return ""
	case !c.secrets:
		return worldimport.NoSecret
	}
	return c.opened(column, id, sealed)
}

// stream yields what read makes of the rows of a query, one by one. What names the rows
// in errors.
func stream[Row, Out any](tx *gorm.DB, what, query string, read func(*Row) (Out, error)) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		var none Out
		rows, err := tx.Raw(query).Rows()
		if err != nil {
			yield(none, database.Fault(err, "read the %s", what))
			return
		}
		defer func() { _ = rows.Close() }() // Err returns the same
		for rows.Next() {
			row := new(Row)
			out, err := none, tx.ScanRows(rows, row)
			if err == nil {
				out, err = read(row)
			}
			if !yield(out, database.Fault(err, "read the %s", what)) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, database.Fault(err, "read the %s", what))
		}
	}
}

// pageSize is how many rows are in memory at once, where more is read of each.
const pageSize = 500

// pages yields what read makes of pages of the rows of a query, which has two arguments:
// the number behind which a page begins, and how many rows it has at most. Number returns
// that of a row.
func pages[Row, Out any](tx *gorm.DB, what, query string, number func(Row) int64, read func(page []Row, first, last int64) ([]Out, error)) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		var none Out
		for after, more := int64(0), true; more; {
			var page []Row
			var described []Out
			err := tx.Raw(query, after, pageSize).Scan(&page).Error
			if more = len(page) == pageSize; err == nil && len(page) > 0 {
				first := number(page[0])
				after = number(page[len(page)-1])
				described, err = read(page, first, after)
			}
			if err != nil {
				yield(none, database.Fault(err, "read the %s", what))
				return
			}
			for _, out := range described {
				if !yield(out, nil) {
					return
				}
			}
		}
	}
}

// text returns what may be NULL.
func text(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}

// named returns a creation with the username of its creator.
func named(c worldimport.Creation, username *string) worldimport.Creation {
	c.CreatedBy = text(username)
	return c
}
