package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"gatehouse/application"
)

// statements are what is written differently on PostgreSQL and on SQLite.
type statements struct {
	// insert keeps a job. It is due at once by the clock of the database, which is that
	// of the look for due jobs.
	insert string
	// subject is the subject of a job j.
	subject string
	// keepJob removes the mark of a job that was discarded while it ran.
	keepJob string
	// makeDue makes the waiting jobs of a kind due, of one subject or, for 0, of all.
	makeDue string
	// release makes a job due that waits for its release, and discard discards it with
	// an error.
	release, discard string
}

// Over are the states of jobs that are not run again, unless they are retried.
const Over = "('completed', 'cancelled', 'discarded')"

var sqliteStatements = statements{
	insert: `INSERT INTO river_job (args, kind, max_attempts, priority, queue, state, created_at, scheduled_at)
		VALUES ($1, $2, $3, $4, $5, $6, datetime('now', 'subsec'), datetime('now', 'subsec'))`,
	subject: "json_extract(CAST(j.args AS text), '$.subject')",
	keepJob: "UPDATE river_job SET metadata = json_remove(metadata, '$.' || $2) WHERE id = $1 AND state <> 'running'",
	makeDue: "UPDATE river_job SET state = 'available', scheduled_at = datetime('now', 'subsec') WHERE kind = $1" +
		" AND (state IN ('scheduled', 'retryable') OR state = 'available' AND scheduled_at > datetime('now', 'subsec'))" +
		" AND ($2 = 0 OR json_extract(CAST(args AS text), '$.subject') = $2)",
	release: "UPDATE river_job SET state = 'available', scheduled_at = datetime('now', 'subsec') WHERE id = $1 AND state = 'pending'",
	discard: `UPDATE river_job SET state = 'discarded', finalized_at = datetime('now', 'subsec'),
		errors = CAST(json_insert(coalesce(CAST(errors AS text), '[]'), '$[#]', json($2)) AS blob) WHERE id = $1 AND state = 'pending'`,
}

var postgresStatements = statements{
	insert:  "INSERT INTO river_job (args, kind, max_attempts, priority, queue, state) VALUES ($1, $2, $3, $4, $5, $6)",
	subject: "(j.args->>'subject')::bigint",
	keepJob: "UPDATE river_job SET metadata = metadata - $2::text WHERE id = $1 AND state <> 'running'",
	makeDue: "UPDATE river_job SET state = 'available', scheduled_at = now() WHERE kind = $1" +
		" AND (state IN ('scheduled', 'retryable') OR state = 'available' AND scheduled_at > now())" +
		" AND ($2::bigint = 0 OR (args->>'subject')::bigint = $2)",
	release: "UPDATE river_job SET state = 'available', scheduled_at = now() WHERE id = $1 AND state = 'pending'",
	discard: `UPDATE river_job SET state = 'discarded', finalized_at = now(), errors = array_append(errors, $2::jsonb) WHERE id = $1 AND state = 'pending'`,
}

// Subject is the SQL of the subject of a row j of river_job, by which there is an
// index, behind the kind.
func (q *Queue) Subject() string { return q.dialect.subject }

// Release makes a job due that is held, as part of the transaction. A job in another
// state stays as it is.
func (q *Queue) Release(ctx context.Context, tx *sql.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, q.dialect.release, id)
	return err
}

// DiscardHeld discards a job that is held, as part of the transaction, and tells why.
func (q *Queue) DiscardHeld(ctx context.Context, tx *sql.Tx, id int64, why string) error {
	failure := rivertype.AttemptError{At: time.Now().UTC(), Error: why}
	text, err := json.Marshal(failure)
	if err == nil {
		_, err = tx.ExecContext(ctx, q.dialect.discard, id, string(text))
	}
	return err
}

// Wake makes this process look for jobs of webhooks at once, if it runs jobs. It is
// called after the transaction that released some.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default: // it is going to look
	}
}

// wakeInterval is how much time lies between two looks, at least.
const wakeInterval = 10 * time.Millisecond

func newRunner(client *river.Client[*sql.Tx], wake <-chan struct{}) *runner {
	ctx, cancel := context.WithCancel(context.Background())
	r := &runner{Client: client, stopFetches: cancel}
	r.fetching.Go(func() { r.fetchWhen(ctx, wake) })
	return r
}

// fetchWhen looks for jobs of webhooks whenever there is a value in wake, until ctx
// ends.
func (r *runner) fetchWhen(ctx context.Context, wake <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
			// A River client looks for jobs after it has inserted one, and has no other
			// way to be told. What fails here waits for the next poll.
			_, _ = r.Insert(ctx, args{kind: nothing}, &river.InsertOpts{Queue: string(application.WebhookQueue)})
		}
	}
}

// nothing is the kind of jobs that are never kept.
const nothing application.JobKind = "nothing"

// noInsert takes the place of inserting jobs: the client that runs jobs keeps none.
func noInsert(_ context.Context, jobs []*rivertype.JobInsertParams, _ func(context.Context) ([]*rivertype.JobInsertResult, error)) ([]*rivertype.JobInsertResult, error) {
	results := make([]*rivertype.JobInsertResult, len(jobs))
	for i, job := range jobs {
		results[i] = &rivertype.JobInsertResult{Job: &rivertype.JobRow{Queue: job.Queue}}
	}
	return results, nil
}
