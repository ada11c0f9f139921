// Package database is the engine below the stores: it connects to PostgreSQL or
// SQLite, prepares statements, runs transactions and puts failures into the
// domain's words. It knows no table.
package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"gatehouse/adapters/gormstore/lookups"
)

// DB is an open database. It is safe for concurrent use, also by several
// servers on PostgreSQL.
type DB struct {
	Dialect Dialect
	// Pool and Gorm work on the same connections. A statement that writes, and a
	// transaction, holds LockWrites.
	Pool *sql.DB
	Gorm *gorm.DB

	// preparing is held while a statement is prepared.
	preparing chan struct{}
	prepared  sync.Map // of *Statement by key

	// writing is held while something is written to SQLite, which has one writer
	// at a time: left to themselves the others would sleep and look again.
	writing chan struct{}

	// limits say which questions are asked together.
	limits lookups.Limits

	// remove removes the file of a copy; nil for none.
	remove func() error
}

// Open opens the database at url: postgres:// or postgresql:// is PostgreSQL,
// anything else the file of an SQLite database, which is made if it is missing.
// There are at most poolSize connections; 0 means four for each core. No error
// repeats the url, which may hold a password; a database that cannot be reached
// is domain.Unavailable.
func Open(ctx context.Context, url string, poolSize int) (*DB, error) {
	return open(ctx, url, poolSize, ConnectorFor)
}

// OpenToRead is Open for a database in which nothing is to change: what would write
// fails, and an SQLite file that is missing is an error.
func OpenToRead(ctx context.Context, url string, poolSize int) (*DB, error) {
	return open(ctx, url, poolSize, readerFor)
}

func open(ctx context.Context, url string, poolSize int, connectorFor func(string) (Dialect, driver.Connector, error)) (*DB, error) {
	d, connector, err := connectorFor(url)
	if err != nil {
		return nil, err
	}
	db := New(d, connector, Limits{Connections: poolSize})
	if err := db.Connect(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Limits say how much is asked of a database at a time.
type Limits struct {
	// Connections is their highest number; 0 means four for each core.
	Connections int
	// Lookups is how many statements of one Lookup are asked at a time on PostgreSQL, more
	// over a distance. Questions that come meanwhile are asked together. With 0 each is
	// asked by itself, at once.
	Lookups int
	// Failed, unless nil, is called with an error of a statement for several questions that is
	// no fault of the database: it does not show otherwise, as each is then asked by itself.
	// It may be called by several goroutines at a time.
	Failed func(error)
	// Batched asks each question as several are asked. It is for tests.
	Batched bool
}

// New returns the database that the connector connects to. It is used after
// Connect.
func New(d Dialect, connector driver.Connector, limits Limits) *DB {
	db := &DB{
		Dialect: d, Pool: newPool(connector, limits.Connections), Gorm: new(gorm.DB),
		preparing: make(chan struct{}, 1), writing: make(chan struct{}, 1),
	}
	if d == Postgres {
		db.limits = lookups.Limits{
			InFlight: limits.Lookups, Pool: db.Pool.Stats().MaxOpenConnections, Forced: limits.Batched,
			Failed: func(err error) {
				if _, known := kindOf(err); !known && limits.Failed != nil {
					limits.Failed(err)
				}
			},
		}
	}
	return db
}

// Connect makes the first connection, unless ctx ends before.
func (db *DB) Connect(ctx context.Context) error {
	if err := connect(ctx, db.Pool); err != nil {
		return Fault(err, "connect to the %s database", db.Dialect)
	}
	opened, err := gorm.Open(db.Dialect.gorm(db.Pool), &gorm.Config{
		Logger: logger.Discard, SkipDefaultTransaction: true, DisableAutomaticPing: true,
	})
	if err != nil {
		return Fault(err, "open the %s database", db.Dialect)
	}
	*db.Gorm = *opened // the stores have it already
	return nil
}

// connect makes the first connection. Of several that turn a new SQLite file to
// its write-ahead log at once, some find it locked, whatever their timeout.
func connect(ctx context.Context, pool *sql.DB) error {
	const most = 50
	for attempt := 1; ; attempt++ {
		err := pool.PingContext(ctx)
		if err == nil || attempt == most || !Transient(err) {
			return err
		}
		if err := Pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// Rewrite makes the file of SQLite anew, so that neither it nor the write-ahead log
// holds anything that was deleted or overwritten: pages keep such texts where no cell
// is. It takes as long as copying the file, and waits for others like every writer. On
// PostgreSQL it does nothing.
func (db *DB) Rewrite(ctx context.Context) error {
	if db.Dialect == Postgres {
		return nil
	}
	unlock, err := db.LockWrites(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := db.Pool.ExecContext(ctx, "VACUUM"); err != nil {
		return Fault(err, "rewrite the file of the database")
	}
	var busy bool
	var pages, moved int
	err = db.Pool.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	if err == nil && busy {
		err = errors.New("another connection is reading")
	}
	return Fault(err, "empty the write-ahead log of the database")
}

// Close closes all connections.
func (db *DB) Close() error {
	err := db.Pool.Close()
	if db.remove != nil {
		err = errors.Join(err, db.remove())
	}
	return err
}
