package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"gatehouse/domain"
)

// Fault says what went wrong in the domain's words, and keeps the cause.
func Fault(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	what := fmt.Sprintf(format, args...)
	kind, known := kindOf(err)
	switch {
	case !known:
		return fmt.Errorf("%s: %w", what, err)
	case errors.Is(err, gorm.ErrRecordNotFound), errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%s: %w", what, kind)
	default:
		return fmt.Errorf("%s: %w: %w", what, kind, err)
	}
}

// NotFound returns a domain.NotFound for the thing that the format names.
func NotFound(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), domain.NotFound)
}

// Conflict returns a domain.Conflict with what the format says.
func Conflict(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), domain.Conflict)
}

// kindOf is the kind of a failure; ok is false for a mistake of this program, and
// where the caller went away.
func kindOf(err error) (kind domain.Kind, ok bool) {
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound), errors.Is(err, sql.ErrNoRows):
		return domain.NotFound, true
	case errors.Is(err, context.Canceled):
		return "", false
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresKind(pg.Code)
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return sqliteKind(lite.Code())
	}
	return domain.Unavailable, lost(err)
}

// postgresKind reads an SQLSTATE: by its class, the first two characters, or
// as a whole.
func postgresKind(code string) (domain.Kind, bool) {
	switch code {
	case "23505": // unique_violation
		return domain.Conflict, true
	case "23503": // foreign_key_violation
		return domain.NotFound, true
	case "55P03", // lock_not_available
		"25006": // read_only_sql_transaction: a standby
		return domain.Unavailable, true
	}
	switch code[:min(2, len(code))] {
	case "08", // connection exception
		"28", // invalid authorization
		"3D", // no such database
		"40", // transaction rollback: serialization, deadlock
		"53", // insufficient resources
		"57", // operator intervention: shutdown, starting up, timeout
		"58": // system error
		return domain.Unavailable, true
	}
	return "", false
}

// sqliteKind reads an extended result code, whose low byte is the primary one.
func sqliteKind(code int) (domain.Kind, bool) {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return domain.Conflict, true
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return domain.NotFound, true
	}
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN:
		return domain.Unavailable, true
	}
	return "", false
}

// lost says whether the connection was lost, or could not be made in time.
func lost(err error) bool {
	for _, end := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, context.DeadlineExceeded, net.ErrClosed} {
		if errors.Is(err, end) {
			return true
		}
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return pgconn.SafeToRetry(err)
}

// Transient says whether a transaction that failed may well succeed when it is
// run again.
func Transient(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization_failure, deadlock_detected
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code()&0xff == sqlite3.SQLITE_BUSY || lite.Code()&0xff == sqlite3.SQLITE_LOCKED
	}
	return false
}
