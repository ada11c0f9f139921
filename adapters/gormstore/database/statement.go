package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Statement is a prepared statement and the names of its arguments, in order.
type Statement struct {
	*sql.Stmt
	Args []string
}

// PrepareAs returns the statement that is kept under key. It is prepared, from
// the text that write returns, when it is first asked for.
func (db *DB) PrepareAs(ctx context.Context, key any, write func() (query string, args []string, err error)) (*Statement, error) {
	if known, ok := db.prepared.Load(key); ok {
		return known.(*Statement), nil
	}
	select { // not a mutex: on a database that hangs, each caller waits only until its own deadline
	case db.preparing <- struct{}{}:
		defer func() { <-db.preparing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if known, ok := db.prepared.Load(key); ok {
		return known.(*Statement), nil
	}
	query, args, err := write()
	if err != nil {
		return nil, err
	}
	stmt, err := db.Pool.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	ready := &Statement{stmt, args}
	db.prepared.Store(key, ready)
	return ready, nil
}

// Prepare returns the prepared statement of that text, whose arguments are $1,
// $2 and so on, on both databases.
func (db *DB) Prepare(ctx context.Context, query string) (*Statement, error) {
	return db.PrepareAs(ctx, query, func() (string, []string, error) { return query, nil, nil })
}

// Exec runs a statement that writes, prepared, and returns how many rows it
// changed.
func (db *DB) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, err := db.Prepare(ctx, query)
	if err != nil {
		return 0, err
	}
	return db.exec(ctx, stmt, args)
}

// ExecTogether prepares statements that write, and calls do, which runs them, in one
// transaction.
func (db *DB) ExecTogether(ctx context.Context, queries []string, do func(exec func(query string, args ...any) (sql.Result, error)) error) error {
	// Beforehand: inside of the transaction it could take another connection.
	prepared := make(map[string]*sql.Stmt, len(queries))
	for _, query := range queries {
		stmt, err := db.Prepare(ctx, query)
		if err != nil {
			return err
		}
		prepared[query] = stmt.Stmt
	}
	unlock, err := db.LockWrites(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	tx, err := db.Pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing is left to roll back after the commit
	err = do(func(query string, args ...any) (sql.Result, error) {
		return tx.StmtContext(ctx, prepared[query]).ExecContext(ctx, args...)
	})
	if err != nil {
		return err
	}
	return tx.Commit()
}

// ExecQuery is Exec for a query.
func (db *DB) ExecQuery(ctx context.Context, q *Query, args ...sql.NamedArg) (int64, error) {
	stmt, err := db.PrepareQuery(ctx, q)
	if err != nil {
		return 0, err
	}
	values, err := inOrder(stmt.Args, args)
	if err != nil {
		return 0, err
	}
	return db.exec(ctx, stmt, values)
}

func (db *DB) exec(ctx context.Context, stmt *Statement, args []any) (int64, error) {
	unlock, err := db.LockWrites(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// PrepareQuery returns the prepared statement of a query.
func (db *DB) PrepareQuery(ctx context.Context, q *Query) (*Statement, error) {
	return db.PrepareAs(ctx, q, func() (string, []string, error) {
		of := q.of[db.Dialect]
		return of.text, of.args, nil
	})
}

// ScanRow runs a query that only reads on SQLite, prepared, and scans its first row.
func (db *DB) ScanRow(ctx context.Context, q *Query, columns []any, args ...sql.NamedArg) error {
	stmt, values, err := db.bind(ctx, q, args)
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(ctx, values...).Scan(columns...)
}

// ScanRows runs a query that only reads, prepared, and calls scan for each row.
func (db *DB) ScanRows(ctx context.Context, q *Query, scan func(*sql.Rows) error, args ...sql.NamedArg) error {
	stmt, values, err := db.bind(ctx, q, args)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, values...)
	if err != nil {
		return err
	}
	for rows.Next() && err == nil {
		err = scan(rows)
	}
	return errors.Join(err, rows.Err(), rows.Close())
}

// bind returns the prepared statement of a query and the values of its arguments.
func (db *DB) bind(ctx context.Context, q *Query, args []sql.NamedArg) (*Statement, []any, error) {
	stmt, err := db.PrepareQuery(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	values, err := inOrder(stmt.Args, args)
	return stmt, values, err
}
