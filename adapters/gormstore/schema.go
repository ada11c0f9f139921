package gormstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"gatehouse/adapters/gormstore/conflicts"
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
	// Oldest is, of a schema that is newer than this program's, the target of the
	// oldest program that may run on it; 0 if the database does not say.
	Oldest int64
}

// ServesNewer reports whether the database has a newer schema than this program's, on
// which this program may run.
func (s Schema) ServesNewer() bool {
	return s.Version > s.Target && s.Oldest > 0 && s.Oldest <= s.Target
}

// Target returns this program's schema.
func Target() (target int64) {
	names, _ := fs.Glob(migrations, "migrations/*/*.sql") // the pattern is well-formed
	for _, name := range names {
		if version, err := goose.NumericComponent(name); err == nil {
			target = max(target, version)
		}
	}
	return target
}

// Check returns why a program may not run on a database of this schema, or nil.
func (s Schema) Check() error {
	switch {
	case s.Version < s.Target:
		return fmt.Errorf("the database has schema %d, and this gatehouse needs %d: run `gatehouse migrate`", s.Version, s.Target)
	case s.Version == s.Target, s.ServesNewer():
		return nil
	case s.Oldest == 0:
		return fmt.Errorf("the database has schema %d, which does not say that a gatehouse of schema %d may run on it: "+
			"run the newer gatehouse that migrated it, or restore a backup", s.Version, s.Target)
	}
	return fmt.Errorf("the database has schema %d, on which a gatehouse of schema %d or newer may run, and this one has %d: "+
		"run a newer gatehouse, or restore a backup", s.Version, s.Oldest, s.Target)
}

// ReadSchema returns the schema of the database at url and changes nothing
// there, except that SQLite makes a file that is missing.
func ReadSchema(ctx context.Context, url string) (Schema, error) {
	return withDB(ctx, url, func(db *database.DB) (Schema, error) { return readSchema(ctx, db) })
}

// connectionLimit is PostgreSQL's highest number of connections for this user in this
// database: what is kept for superusers is not for others. NULL is no limit.
const connectionLimit = `
	SELECT least(
		current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint
			- coalesce(current_setting('reserved_connections', true), '0')::bigint,
		(SELECT CASE WHEN rolconnlimit >= 0 THEN rolconnlimit END FROM pg_roles WHERE rolname = current_user),
		(SELECT CASE WHEN datconnlimit >= 0 THEN datconnlimit END FROM pg_database WHERE datname = current_database()))`

// ReadConnections returns how many connections a server with these limits makes at most,
// and how many PostgreSQL lets all servers together make. The second is 0 for SQLite, which
// has no limit.
func ReadConnections(ctx context.Context, url string, limits Limits) (own, all int, err error) {
	own = database.PoolSize(limits.Connections)
	db, err := database.OpenToRead(ctx, url, 1)
	if err != nil {
		return 0, 0, err
	}
	if db.Dialect == database.Postgres {
		err = database.Fault(db.Pool.QueryRowContext(ctx, connectionLimit).Scan(&all), "read the limit of connections")
	}
	return own, all, errors.Join(err, db.Close())
}

// Migrate brings the database at url to this program's schema and returns the
// schema it had. Several programs may do so at once. A newer schema stays as it is,
// and is an error unless this program may run on it.
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

// FindConflicts returns the schema of the database at url, and the rows there that keep
// Migrate from bringing it to this program's. It changes nothing. The file of an SQLite
// database has to exist.
func FindConflicts(ctx context.Context, url string) (schema Schema, found conflicts.Broken, err error) {
	db, err := database.OpenToRead(ctx, url, 1)
	if err != nil {
		return Schema{}, nil, err
	}
	if schema, err = readSchema(ctx, db); err == nil {
		found, err = conflicts.Find(ctx, db, schema.Version, schema.Target)
	}
	return schema, found, errors.Join(err, db.Close())
}

// checkSchema returns nil if this program may run on the schema of the database, after
// migrating an older one if migrate is set.
func checkSchema(ctx context.Context, db *database.DB, migrate bool) error {
	schema, err := readSchema(ctx, db)
	if err != nil {
		return err
	}
	if migrate && schema.Version < schema.Target {
		if err := runMigrations(ctx, db, schema); err != nil {
			return err
		}
		if schema, err = readSchema(ctx, db); err != nil { // a newer program may have gone on meanwhile
			return err
		}
	}
	return schema.Check()
}

// runMigrations runs the migrations that a database of an older schema lacks, or none if
// rows are in the way of one of them. On PostgreSQL a lock keeps other programs from doing
// the same. SQLite has none: the program that comes second to a step finds it done and
// fails, so it tries again as long as the version goes up.
func runMigrations(ctx context.Context, db *database.DB, schema Schema) error {
	switch found, err := conflicts.Find(ctx, db, schema.Version, schema.Target); {
	case err != nil:
		return database.Fault(err, "migrate the database")
	case len(found) > 0:
		return fmt.Errorf("migrate the database: it stays at schema %d, since rows are in the way of schema %d:\n%w", schema.Version, schema.Target, found)
	}
	provider, err := provider(db)
	if err != nil {
		return err
	}
	if most := db.Pool.Stats().MaxOpenConnections; most == 1 {
		db.Pool.SetMaxOpenConns(2) // one for the lock, one for the work
		defer db.Pool.SetMaxOpenConns(most)
	}
	for last := int64(-1); ; {
		failure := database.Retry(ctx, func() error { // a program that serves meanwhile may be in a deadlock with it
			_, err := provider.Up(ctx)
			return err
		})
		if failure == nil {
			return nil
		}
		schema, err := readSchema(ctx, db)
		switch {
		case err != nil:
			return errors.Join(database.Fault(failure, "migrate the database"), err)
		case schema.Version >= schema.Target:
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
	schema := Schema{Target: Target()}
	found, err := hasTable(ctx, db, "goose_db_version")
	if err == nil && found {
		err = db.Pool.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&schema.Version)
	}
	if err == nil && schema.Version > schema.Target {
		schema.Oldest, err = readOldest(ctx, db, schema.Version)
	}
	return schema, database.Fault(err, "read the schema of the %s database", db.Dialect)
}

// readOldest returns what the migration to a version recorded as the oldest schema whose
// program may run, or 0 if it recorded nothing.
func readOldest(ctx context.Context, db *database.DB, version int64) (oldest int64, err error) {
	found, err := hasTable(ctx, db, "schema_compatibility")
	if err != nil || !found {
		return 0, err
	}
	query := fmt.Sprintf("SELECT coalesce(max(oldest), 0) FROM schema_compatibility WHERE version = %d", version)
	err = db.Pool.QueryRowContext(ctx, query).Scan(&oldest)
	return oldest, err
}

func hasTable(ctx context.Context, db *database.DB, name string) (found bool, err error) {
	catalogue := "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = '" + name + "'"
	if db.Dialect == database.Postgres {
		catalogue = "SELECT to_regclass('" + name + "') IS NOT NULL"
	}
	err = db.Pool.QueryRowContext(ctx, catalogue).Scan(&found)
	return found, err
}
