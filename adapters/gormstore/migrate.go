package gormstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Schema says how far a database is.
type Schema struct {
	// Version is the database's, 0 for one without tables; Target is this
	// program's.
	Version, Target int64
}

// Check returns why a program may not run on a database of this schema, or nil.
func (s Schema) Check() error {
	switch {
	case s.Version > s.Target:
		return fmt.Errorf("the database has schema %d, and this gatehouse knows no more than %d: run the newer one that migrated it", s.Version, s.Target)
	case s.Version < s.Target:
		return fmt.Errorf("the database has schema %d, and this gatehouse needs %d: run `gatehouse migrate`", s.Version, s.Target)
	}
	return nil
}

// ReadSchema returns the schema of the database at url and changes nothing
// there, except that SQLite makes a file that is missing.
func ReadSchema(ctx context.Context, url string) (Schema, error) {
	return withPool(url, func(d dialect, pool *sql.DB) (Schema, error) { return readSchema(ctx, d, pool) })
}

// Migrate brings the database at url to this program's schema and returns the
// schema it had. Several programs may do so at once. A newer schema is an
// error and stays.
func Migrate(ctx context.Context, url string) (before Schema, err error) {
	return withPool(url, func(d dialect, pool *sql.DB) (Schema, error) {
		before, err := readSchema(ctx, d, pool)
		if err != nil {
			return Schema{}, err
		}
		return before, settle(ctx, d, pool, true)
	})
}

func withPool[T any](url string, do func(dialect, *sql.DB) (T, error)) (T, error) {
	d, pool, err := connect(url, 2) // one for the lock, one for the work
	if err != nil {
		var none T
		return none, err
	}
	out, err := do(d, pool)
	return out, errors.Join(err, pool.Close())
}

// settle returns nil if the database has our schema, after bringing it there
// if that is wished.
func settle(ctx context.Context, d dialect, pool *sql.DB, migrate bool) error {
	schema, err := readSchema(ctx, d, pool)
	if err != nil {
		return err
	}
	if migrate && schema.Version < schema.Target {
		return raise(ctx, d, pool)
	}
	return schema.Check()
}

// raise runs the migrations that are missing. PostgreSQL has a lock against
// others who do the same. SQLite has none: whoever comes second to a step finds
// it done, so what fails is tried again as long as somebody gets on.
func raise(ctx context.Context, d dialect, pool *sql.DB) error {
	provider, err := provider(d, pool)
	if err != nil {
		return err
	}
	if most := pool.Stats().MaxOpenConnections; most == 1 {
		pool.SetMaxOpenConns(2) // one for the lock, one for the work
		defer pool.SetMaxOpenConns(most)
	}
	for last := int64(-1); ; {
		_, failure := provider.Up(ctx)
		if failure == nil {
			return nil
		}
		schema, err := readSchema(ctx, d, pool)
		switch {
		case err != nil:
			return errors.Join(fault(failure, "migrate the database"), err)
		case schema.Version == schema.Target:
			return nil
		case d == onPostgres, schema.Version == last:
			return fault(failure, "migrate the database")
		}
		last = schema.Version
	}
}

// reach makes the first connection. Of several that turn a new SQLite file to
// its write-ahead log at once, some find it locked, whatever their patience.
func reach(ctx context.Context, pool *sql.DB) error {
	const most = 50
	for attempt := 1; ; attempt++ {
		err := pool.PingContext(ctx)
		if err == nil || attempt == most || !transient(err) {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func provider(d dialect, pool *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+d.folder())
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(river(d))}
	if d == onPostgres {
		const everySecond, forMinutes = 1, 5 * 60
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(everySecond, forMinutes))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(d.goose(), pool, files, options...)
}

func readSchema(ctx context.Context, d dialect, pool *sql.DB) (Schema, error) {
	if err := reach(ctx, pool); err != nil {
		return Schema{}, fault(err, "connect to the %s database", d)
	}
	provider, err := provider(d, pool)
	if err != nil {
		return Schema{}, err
	}
	var schema Schema
	for _, source := range provider.ListSources() {
		schema.Target = max(schema.Target, source.Version)
	}
	catalogue := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'"
	if d == onPostgres {
		catalogue = "SELECT count(*) FROM pg_class WHERE oid = to_regclass('goose_db_version')"
	}
	var tables int
	err = pool.QueryRowContext(ctx, catalogue).Scan(&tables)
	if err == nil && tables > 0 {
		err = pool.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&schema.Version)
	}
	return schema, fault(err, "read the schema of the %s database", d)
}
