package jobs

import (
	"context"
	"database/sql"
	"errors"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// riverVersion is how far River's own migrations go in that step. A newer River
// that needs more gets a step of its own.
const riverVersion = 6

var errMigrated = errors.New("somebody else made the tables of jobs meanwhile")

// Migration is the step of that version, which makes River's tables. On
// PostgreSQL they cannot be made in one transaction; there the caller's lock keeps
// others away. On SQLite the transaction does so.
func Migration(version int64, postgres bool) *goose.Migration {
	if postgres {
		return goose.NewGoMigration(version,
			&goose.GoFunc{RunDB: func(ctx context.Context, pool *sql.DB) error {
				return migrateRiver(ctx, riverdatabasesql.New(pool), nil, rivermigrate.DirectionUp)
			}},
			&goose.GoFunc{RunDB: func(ctx context.Context, pool *sql.DB) error {
				return migrateRiver(ctx, riverdatabasesql.New(pool), nil, rivermigrate.DirectionDown)
			}})
	}
	return goose.NewGoMigration(version,
		&goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			return migrateRiver(ctx, riversqlite.New(nil), tx, rivermigrate.DirectionUp)
		}},
		&goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			return migrateRiver(ctx, riversqlite.New(nil), tx, rivermigrate.DirectionDown)
		}})
}

func migrateRiver(ctx context.Context, driver riverdriver.Driver[*sql.Tx], tx *sql.Tx, direction rivermigrate.Direction) error {
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		return err
	}
	options := &rivermigrate.MigrateOpts{TargetVersion: riverVersion}
	if direction == rivermigrate.DirectionDown {
		options.TargetVersion = -1
	}
	if tx == nil {
		_, err = migrator.Migrate(ctx, direction, options)
		return err
	}
	//lint:ignore SA1019 only PostgreSQL's migrations cannot share a transaction
	result, err := migrator.MigrateTx(ctx, tx, direction, options)
	if err == nil && len(result.Versions) == 0 {
		return errMigrated
	}
	return err
}
