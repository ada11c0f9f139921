// Package gormstore keeps everything in PostgreSQL or in SQLite: it answers
// every port of persistence by one Store.
//
// Most of it goes through gorm. What every Git command and every push waits
// for is plain SQL, prepared once on each of gorm's own connections: the
// queries lie in queries, the tables in migrations.
package gormstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"gatehouse/domain"
)

// Store keeps what the use cases ask of persistence in one database. It is
// safe for concurrent use, also by several servers on PostgreSQL.
type Store struct {
	dialect dialect
	pool    *sql.DB
	db      *gorm.DB
	migrate bool

	// preparing is held by whoever prepares a statement.
	preparing chan struct{}
	prepared  sync.Map // of *statement by shape or SQL text

	stamps stamps
	sweep  sweep
	// enqueue leaves a job behind in a transaction.
	enqueue Enqueuer
	// writing is held by whoever writes to SQLite, which has room for one: left
	// to themselves they would sleep and look again.
	writing chan struct{}
}

// New returns the Store of the database at url: postgres:// or postgresql:// is
// PostgreSQL, anything else the file of an SQLite database, which is made if need
// be. Connect opens the database and, with migrate, brings an older schema up to
// date. There are at most poolSize connections; 0 means four for each core. No
// error contains the url, which may hold a password.
func New(url string, poolSize int, migrate bool) (*Store, error) {
	d, pool, err := connect(url, poolSize)
	if err != nil {
		return nil, err
	}
	return newStore(d, pool, migrate), nil
}

func newStore(d dialect, pool *sql.DB, migrate bool) *Store {
	return &Store{
		dialect: d, pool: pool, migrate: migrate, db: new(gorm.DB), enqueue: nobody,
		writing: make(chan struct{}, 1), preparing: make(chan struct{}, 1),
	}
}

// Connect opens the database, and fails unless it has this program's schema then.
// A database that cannot be reached is domain.Unavailable. Connect is called once,
// before everything else but Close; it gives up when ctx ends.
func (s *Store) Connect(ctx context.Context) error {
	if err := settle(ctx, s.dialect, s.pool, s.migrate); err != nil {
		return err
	}
	db, err := gorm.Open(s.dialect.gorm(s.pool), &gorm.Config{
		Logger: logger.Discard, SkipDefaultTransaction: true, DisableAutomaticPing: true,
	})
	if err != nil {
		return fault(err, "open the %s database", s.dialect)
	}
	*s.db = *db // the ports of the Store have it already
	s.stamps.start(s)
	return nil
}

// Open returns a Store that is connected. If that fails it closes all connections.
func Open(ctx context.Context, url string, poolSize int, migrate bool) (*Store, error) {
	s, err := New(url, poolSize, migrate)
	if err != nil {
		return nil, err
	}
	return s.connected(ctx)
}

func (s *Store) connected(ctx context.Context) (*Store, error) {
	if err := s.Connect(ctx); err != nil {
		return nil, errors.Join(err, s.pool.Close())
	}
	return s, nil
}

// Flush writes the stamps of keys that were used.
func (s *Store) Flush(ctx context.Context) error { return s.stamps.flush(ctx, s) }

const (
	remember = `INSERT INTO instance_notes (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
	recall   = `SELECT value FROM instance_notes WHERE name = $1`
)

// SetOnce keeps a value under a name unless one is kept there, and returns
// the one that is.
func (s *Store) SetOnce(ctx context.Context, name, value string) (kept string, err error) {
	if value != "" {
		if _, err := s.exec(ctx, remember, name, value); err != nil {
			return "", fault(err, "remember %s", name)
		}
	}
	err = s.pool.QueryRowContext(ctx, recall, name).Scan(&kept)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return kept, fault(err, "recall %s", name)
}

// Close flushes, and closes all connections. It may be called without Connect,
// or after one that failed.
func (s *Store) Close(ctx context.Context) error {
	s.stamps.stop()
	flushed := s.Flush(ctx)
	return errors.Join(flushed, s.pool.Close())
}

// Ping fails with domain.Unavailable if the database does not answer.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return fault(s.pool.QueryRowContext(ctx, "SELECT 1").Scan(&one), "ping the %s database", s.dialect)
}

// statement is a prepared query and the names of its arguments, in order.
type statement struct {
	*sql.Stmt
	args []string
}

// prepare returns the statement for key, which is prepared when it is first
// asked for.
func (s *Store) prepare(ctx context.Context, key any, text func() (query string, args []string, err error)) (*statement, error) {
	if known, ok := s.prepared.Load(key); ok {
		return known.(*statement), nil
	}
	select { // not a mutex: a database that hangs must hold up nobody longer than they want
	case s.preparing <- struct{}{}:
		defer func() { <-s.preparing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if known, ok := s.prepared.Load(key); ok {
		return known.(*statement), nil
	}
	query, args, err := text()
	if err != nil {
		return nil, err
	}
	stmt, err := s.pool.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	ready := &statement{stmt, args}
	s.prepared.Store(key, ready)
	return ready, nil
}

// plain prepares a query that is its own key. Its arguments are $1, $2 and so
// on, on both databases.
func (s *Store) plain(ctx context.Context, query string) (*statement, error) {
	return s.prepare(ctx, query, func() (string, []string, error) { return query, nil, nil })
}

// turn waits until nobody else of this process writes to SQLite. Another
// process may: that one the database waits for, as long.
func (s *Store) turn(ctx context.Context) (done func(), err error) {
	if s.dialect == onPostgres {
		return func() {}, nil
	}
	patience := time.NewTimer(busyTimeout)
	defer patience.Stop()
	select {
	case s.writing <- struct{}{}:
		return func() { <-s.writing }, nil
	case <-patience.C:
		return nil, fmt.Errorf("%w: somebody else is writing for too long", domain.Unavailable)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
