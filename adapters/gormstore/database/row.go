package database

import (
	"database/sql"
	"fmt"
	"time"
)

// Row is one row of an answer. Its columns are read in their order, each once; NULL reads
// as the zero value. After a column that is not what it is read as, all further ones read
// as zero, and Err says why.
type Row struct {
	columns columns
	read    int
	err     error
}

// columns are the columns of a row, as one of the databases sends them. Each method but null
// reads the next column; of NULL it returns the zero value.
type columns interface {
	// null says whether the next column is NULL, and leaves it unread.
	null() bool
	int() (int64, error)
	bool() (bool, error)
	text() (string, error)
	time() (time.Time, error)
	// end returns an error unless all columns were read.
	end() error
}

// Err returns why a column could not be read, or nil. Columns that were not read are an
// error as well.
func (r *Row) Err() error {
	if r.err == nil {
		r.err = r.columns.end()
	}
	return r.err
}

// Int reads a whole number.
func (r *Row) Int() int64 { return column(r, columns.int) }

// Bool reads a truth value.
func (r *Row) Bool() bool { return column(r, columns.bool) }

// Text reads a text.
func (r *Row) Text() string { return column(r, columns.text) }

// Time reads a moment, in UTC.
func (r *Row) Time() time.Time { return column(r, columns.time) }

// NullInt reads a whole number that may be NULL.
func (r *Row) NullInt() sql.Null[int64] { return nullable(r, columns.int) }

// NullBool reads a truth value that may be NULL.
func (r *Row) NullBool() sql.Null[bool] { return nullable(r, columns.bool) }

// ReadJSON reads a text of JSON, by the Scan of a T that has one. NULL and an empty list are
// the zero value.
func ReadJSON[T any](r *Row) (value T) {
	text := r.Text()
	if text == "" || text == "[]" {
		return value
	}
	return parseJSON[T](r, text)
}

// parseJSON is a function of its own so that a value that need not be parsed takes no memory.
func parseJSON[T any](r *Row, text string) (value T) {
	scanner, ok := any(&value).(sql.Scanner)
	if !ok {
		scanner = asJSON{&value}
	}
	r.note(scanner.Scan(text))
	return value
}

func column[T any](r *Row, read func(columns) (T, error)) (value T) {
	if r.err != nil {
		return value
	}
	r.read++
	value, err := read(r.columns)
	r.note(err)
	return value
}

func nullable[T any](r *Row, read func(columns) (T, error)) (out sql.Null[T]) {
	out.Valid = r.err == nil && !r.columns.null()
	out.V = column(r, read)
	return out
}

func (r *Row) note(err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("column %d: %w", r.read, err)
	}
}
