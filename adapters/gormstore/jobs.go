package gormstore

import (
	"context"
	"database/sql"
	"errors"

	"gatehouse/application"
)

// Enqueuer keeps a job as part of a transaction.
type Enqueuer func(ctx context.Context, tx *sql.Tx, job application.Job) error

// nobody is there to take jobs.
func nobody(context.Context, *sql.Tx, application.Job) error {
	return errors.New("there is no queue for jobs")
}

// EnqueueBy says who keeps jobs. It is called before the store is used: what
// leaves a job fails without.
func (s *Store) EnqueueBy(enqueue Enqueuer) { s.enqueue = enqueue }

// Database returns the connections, and whether they lead to PostgreSQL rather
// than to SQLite.
func (s *Store) Database() (pool *sql.DB, postgres bool) { return s.pool, s.dialect == onPostgres }

// jobQueries read River's table. Its states are finer than an operator needs.
var jobQueries = map[dialect]string{
	onSQLite: `
		SELECT id, kind, json_extract(CAST(args AS text), '$.subject'), ` + jobState + `, attempt, scheduled_at,
			json_extract(CAST(errors AS text), '$[#-1].error')
		FROM river_job`,
	onPostgres: `
		SELECT id, kind, (args->>'subject')::bigint, ` + jobState + `, attempt, scheduled_at,
			errors[array_upper(errors, 1)]->>'error'
		FROM river_job`,
}

const jobState = `CASE WHEN state IN ('running', 'completed') THEN CAST(state AS text)
	WHEN state IN ('discarded', 'cancelled') THEN 'discarded' ELSE 'waiting' END`

func jobCells() []cell {
	return []cell{number(), word(), number(), word(), number(), date(), word()}
}
