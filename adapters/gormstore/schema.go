package gormstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/jobs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// jobsVersion is the migration that makes the tables of jobs.
const jobsVersion = 7

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
	return withDB(ctx, url, func(db *database.DB) (Schema, error) { return readSchema(ctx, db) })
}

// Migrate brings the database at url to this program's schema and returns the
// schema it had. Several programs may do so at once. A newer schema is an
// error and stays.
func Migrate(ctx context.Context, url string) (before Schema, err error) {
	return withDB(ctx, url, func(db *database.DB) (Schema, error) {
		before, err := readSchema(ctx, db)
		if err != nil {
			return Schema{}, err
		}
		return before, checkSchema(ctx, db, true)
	})
}

func withDB(ctx context.Context, url string, do func(*database.DB) (Schema, error)) (Schema, error) {
	db, err := database.Open(ctx, url, 2) // one for the lock, one for the work
	if err != nil {
		return Schema{}, err
	}
	schema, err := do(db)
	return schema, errors.Join(err, db.Close())
}

// checkSchema returns nil if the database has this program's schema, after
// migrating an older one if migrate is set.
func checkSchema(ctx context.Context, db *database.DB, migrate bool) error {
	schema, err := readSchema(ctx, db)
	if err != nil {
		return err
	}
	if migrate && schema.Version < schema.Target {
		return runMigrations(ctx, db)
	}
	return schema.Check()
}

// runMigrations runs the migrations that the database lacks. On PostgreSQL a lock
// keeps other programs from doing the same. SQLite has none: the program that
// comes second to a step finds it done and fails, so it tries again as long as the
// version goes up.
func runMigrations(ctx context.Context, db *database.DB) error {
	provider, err := provider(db)
	if err != nil {
		return err
	}
	if most := db.Pool.Stats().MaxOpenConnections; most == 1 {
		db.Pool.SetMaxOpenConns(2) // one for the lock, one for the work
		defer db.Pool.SetMaxOpenConns(most)
	}
	for last := int64(-1); ; {
		_, failure := provider.Up(ctx)
		if failure == nil {
			return nil
		}
		schema, err := readSchema(ctx, db)
		switch {
		case err != nil:
			return errors.Join(database.Fault(failure, "migrate the database"), err)
		case schema.Version == schema.Target:
			return nil
		case db.Dialect == database.Postgres, schema.Version == last:
			return database.Fault(failure, "migrate the database")
		}
		last = schema.Version
	}
}

func provider(db *database.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+db.Dialect.Folder())
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(jobs.Migration(jobsVersion, db.Dialect == database.Postgres))}
	dialect := goose.DialectSQLite3
	if db.Dialect == database.Postgres {
		dialect = goose.DialectPostgres
		const everySecond, forMinutes = 1, 5 * 60
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(everySecond, forMinutes))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(dialect, db.Pool, files, options...)
}

func readSchema(ctx context.Context, db *database.DB) (Schema, error) {
	provider, err := provider(db)
	if err != nil {
		return Schema{}, err
	}
	var schema Schema
	for _, source := range provider.ListSources() {
		schema.Target = max(schema.Target, source.Version)
	}
	catalogue := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'"
	if db.Dialect == database.Postgres {
		catalogue = "SELECT count(*) FROM pg_class WHERE oid = to_regclass('goose_db_version')"
	}
	var tables int
	err = db.Pool.QueryRowContext(ctx, catalogue).Scan(&tables)
	if err == nil && tables > 0 {
		err = db.Pool.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&schema.Version)
	}
	return schema, database.Fault(err, "read the schema of the %s database", db.Dialect)
}
