package bench_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/url"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// floorDatabase runs the floor's statements, each prepared.
type floorDatabase interface {
	// queryRow runs a statement that reads one row.
	queryRow(ctx context.Context, query string, args ...any) scanner
	// exec runs a statement that writes.
	exec(ctx context.Context, query string, args ...any) error
	// atomically runs do in a transaction.
	atomically(ctx context.Context, do func(tx floorTx) error) error
	close()
}

// floorTx is a transaction of a floorDatabase.
type floorTx interface {
	// insert runs an INSERT that returns the number of the row.
	insert(ctx context.Context, query string, args ...any) (id int64, err error)
	exec(ctx context.Context, query string, args ...any) error
}

// scanner is the row of a query.
type scanner interface{ Scan(into ...any) error }

// serveFloor serves the floor on a database, whatever it is, until ctx ends. Its settings
// are the server's.
func serveFloor(ctx context.Context, t task) error {
	db, err := openFloor(ctx, t.URL)
	if err != nil {
		return err
	}
	defer db.close()
	server := &http.Server{Addr: t.Address, Handler: floor(db), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	return server.ListenAndServe()
}

func openFloor(ctx context.Context, url string) (floorDatabase, error) {
	connections := 4 * runtime.NumCPU() // the server's default
	if isPostgres(url) {
		pool, err := openPgx(ctx, url, connections)
		return floorPostgres{pool}, err
	}
	return openFloorSQLite(ctx, url, connections)
}

// openPgx opens a pool that prepares statements.
func openPgx(ctx context.Context, url string, connections int) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns, config.MinConns = int32(connections), int32(connections)
	config.ConnConfig.RuntimeParams["jit"] = "off"
	config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	return pgxpool.NewWithConfig(ctx, config)
}

type floorPostgres struct{ pool *pgxpool.Pool }

func (f floorPostgres) queryRow(ctx context.Context, query string, args ...any) scanner {
	return f.pool.QueryRow(ctx, query, args...)
}

func (f floorPostgres) exec(ctx context.Context, query string, args ...any) error {
	_, err := f.pool.Exec(ctx, query, args...)
	return err
}

func (f floorPostgres) atomically(ctx context.Context, do func(tx floorTx) error) error {
	return pgx.BeginFunc(ctx, f.pool, func(tx pgx.Tx) error { return do(floorPostgresTx{tx}) })
}

func (f floorPostgres) close() { f.pool.Close() }

type floorPostgresTx struct{ tx pgx.Tx }

func (f floorPostgresTx) insert(ctx context.Context, query string, args ...any) (id int64, err error) {
	err = f.tx.QueryRow(ctx, query, args...).Scan(&id)
	return id, err
}

func (f floorPostgresTx) exec(ctx context.Context, query string, args ...any) error {
	_, err := f.tx.Exec(ctx, query, args...)
	return err
}

// floorSQLite reads on several connections, and writes on one.
type floorSQLite struct {
	reader, writer *sql.DB
	prepared       map[string]*sql.Stmt
}

func openFloorSQLite(ctx context.Context, file string, connections int) (floorDatabase, error) {
	address := "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + url.Values{ // as the server
		"_txlock": {"immediate"}, "_time_format": {"sqlite"}, "_timezone": {"UTC"},
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "foreign_keys(1)", "secure_delete(1)"},
	}.Encode()
	f := floorSQLite{prepared: map[string]*sql.Stmt{}}
	for _, pool := range []struct {
		db          **sql.DB
		connections int
		statements  []string
	}{
		{&f.reader, connections, []string{floorStatement, pushStatement, keyByPrint, pushMessages}},
		{&f.writer, 1, []string{increaseCounter, decreaseCounter, addPush, addJob, markNotEmpty}},
	} {
		db, err := sql.Open("sqlite", address)
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(pool.connections)
		db.SetMaxIdleConns(pool.connections)
		for _, query := range pool.statements {
			if f.prepared[query], err = db.PrepareContext(ctx, query); err != nil {
				return nil, err
			}
		}
		*pool.db = db
	}
	return f, nil
}

func (f floorSQLite) queryRow(ctx context.Context, query string, args ...any) scanner {
	return f.prepared[query].QueryRowContext(ctx, args...)
}

func (f floorSQLite) exec(ctx context.Context, query string, args ...any) error {
	_, err := f.prepared[query].ExecContext(ctx, args...)
	return err
}

func (f floorSQLite) atomically(ctx context.Context, do func(tx floorTx) error) error {
	tx, err := f.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(floorSQLiteTx{tx, f.prepared}); err != nil {
		_ = tx.Rollback() // do's error counts
		return err
	}
	return tx.Commit()
}

func (f floorSQLite) close() {
	_ = f.reader.Close()
	_ = f.writer.Close()
}

type floorSQLiteTx struct {
	tx       *sql.Tx
	prepared map[string]*sql.Stmt
}

func (f floorSQLiteTx) insert(ctx context.Context, query string, args ...any) (id int64, err error) {
	err = f.tx.StmtContext(ctx, f.prepared[query]).QueryRowContext(ctx, args...).Scan(&id)
	return id, err
}

func (f floorSQLiteTx) exec(ctx context.Context, query string, args ...any) error {
	_, err := f.tx.StmtContext(ctx, f.prepared[query]).ExecContext(ctx, args...)
	return err
}
