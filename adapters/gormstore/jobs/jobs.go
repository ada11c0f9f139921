// Package jobs runs the background jobs of a database with River. The jobs lie in the
// same database as the data, so that one transaction writes both.
package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"

	"gatehouse/application"
	"gatehouse/domain"
)

// Queue is the queue of jobs in a database. It is safe for concurrent use, also by
// several servers.
type Queue struct {
	pool   *sql.DB
	driver riverdriver.Driver[*sql.Tx]
	// inserter inserts and changes jobs, and runs none.
	inserter *river.Client[*sql.Tx]
	// clearCancel is a statement that removes River's note that a job is cancelled.
	clearCancel string

	mu     sync.Mutex
	worker *river.Client[*sql.Tx] // nil unless Start has started it
}

// New makes the Queue of a database, which is PostgreSQL or SQLite.
func New(pool *sql.DB, postgres bool) *Queue {
	var driver riverdriver.Driver[*sql.Tx] = riversqlite.New(pool)
	clearCancel := "UPDATE river_job SET metadata = json_remove(metadata, '$.' || $2) WHERE id = $1 AND state <> 'running'"
	if postgres {
		driver = riverdatabasesql.New(pool)
		clearCancel = "UPDATE river_job SET metadata = metadata - $2::text WHERE id = $1 AND state <> 'running'"
	}
	inserter, err := river.NewClient(driver, &river.Config{
		MaxAttempts: application.MaxAttempts, Logger: slog.New(slog.DiscardHandler),
		// River notifies listeners as often as these allow. Servers poll, so that no
		// notification is needed.
		FetchCooldown: never, FetchPollInterval: never,
	})
	if err != nil {
		panic(err) // the configuration is constant
	}
	return &Queue{pool: pool, driver: driver, inserter: inserter, clearCancel: clearCancel}
}

// never is an interval that no process waits for.
const never = 24 * time.Hour

// Enqueue inserts a job as part of the transaction.
func (q *Queue) Enqueue(ctx context.Context, tx *sql.Tx, job application.Job) error {
	_, err := q.inserter.InsertTx(ctx, tx, args{job.Subject, job.Kind}, nil)
	return err
}

// args are the arguments of a job that River stores.
type args struct {
	Subject int64 `json:"subject"`
	kind    application.JobKind
}

// Kind implements river.JobArgs.
func (a args) Kind() string { return string(a.kind) }

// Start runs jobs until Stop. A job of an unknown kind fails, and so waits for a
// server that knows the kind.
func (q *Queue) Start(ctx context.Context, shift application.WorkerPool, log *zap.Logger) error {
	workers := river.NewWorkers()
	for kind, work := range shift.Workers {
		river.AddWorkerArgs(workers, args{kind: kind}, newWorker(work))
	}
	worker, err := river.NewClient(q.driver, &river.Config{
		ID:            uuid.NewString(), // of this process and no other
		Workers:       workers,
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: shift.Concurrency}},
		FetchCooldown: min(shift.PollInterval, 100*time.Millisecond), FetchPollInterval: shift.PollInterval,
		PollOnly:    true,
		MaxAttempts: application.MaxAttempts,
		JobTimeout:  application.JobTimeout, RescueStuckJobsAfter: 3 * application.JobTimeout,
		CancelledJobRetentionPeriod: keepDiscarded, DiscardedJobRetentionPeriod: keepDiscarded,
		RetryPolicy: policy(shift.RetryAfter),
		Logger:      logger(log),
	})
	if err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	// Running jobs end with Stop, not with the context of Start.
	if err := worker.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.worker = worker
	return nil
}

// logger writes warnings and errors of River, and drops the lower levels.
func logger(log *zap.Logger) *slog.Logger {
	core := log.Core()
	if quiet, err := zapcore.NewIncreaseLevelCore(core, zap.WarnLevel); err == nil { // else core's level is higher already
		core = quiet
	}
	return slog.New(zapslog.NewHandler(core))
}

// keepDiscarded is the time for which discarded jobs can be listed.
const keepDiscarded = 30 * 24 * time.Hour

// Stop takes no more jobs and waits for the running ones. When ctx ends it cancels
// them, and a later Start runs them again.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	worker := q.worker
	q.worker = nil
	q.mu.Unlock()
	if worker == nil {
		return nil
	}
	err := worker.Stop(ctx)
	if err == nil {
		return nil
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer cancel()
	return fmt.Errorf("jobs were cut off: %w", errors.Join(err, worker.StopAndCancel(last)))
}

// cancelTimeout limits the wait for jobs to notice that they are cancelled.
const cancelTimeout = 5 * time.Second

// Retry makes a job due now, in whatever state it is. It fails with domain.Conflict for
// a running job and with domain.NotFound for one that does not exist.
func (q *Queue) Retry(ctx context.Context, id int64) error {
	if _, err := q.pool.ExecContext(ctx, q.clearCancel, id, cancelNote); err != nil {
		return fmt.Errorf("job %d: %w", id, err)
	}
	job, err := q.inserter.JobRetry(ctx, id)
	return jobFault(id, job, err, "is being done", rivertype.JobStateRunning)
}

// Discard cancels a job. A running job ends with this attempt. It fails with
// domain.Conflict for a job that is completed or discarded and with domain.NotFound
// for one that does not exist.
func (q *Queue) Discard(ctx context.Context, id int64) error {
	before, err := q.inserter.JobGet(ctx, id)
	if err := jobFault(id, before, err, "is over", rivertype.JobStateCompleted, rivertype.JobStateDiscarded, rivertype.JobStateCancelled); err != nil {
		return err
	}
	_, err = q.inserter.JobCancel(ctx, id)
	return jobFault(id, before, err, "")
}

// jobFault returns why a job cannot be changed, with its domain.Kind: err, or that
// the job is in one of the states.
func jobFault(id int64, job *rivertype.JobRow, err error, why string, states ...rivertype.JobState) error {
	switch {
	case errors.Is(err, rivertype.ErrNotFound):
		return fmt.Errorf("job %d: %w", id, domain.NotFound)
	case err != nil:
		return fmt.Errorf("job %d: %w", id, err)
	}
	for _, state := range states {
		if job.State == state {
			return fmt.Errorf("job %d %s: %w", id, why, domain.Conflict)
		}
	}
	return nil
}

// policy returns the time to wait after a number of failures.
type policy func(failures int) time.Duration

// NextRetry implements river.ClientRetryPolicy.
func (after policy) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().UTC().Add(after(len(job.Errors) + 1))
}

// cancelNote is River's metadata of a job that was cancelled while it ran.
const cancelNote = "cancel_attempted_at"

var errDiscarded = errors.New("somebody discarded it")

// newWorker makes River's worker of one kind. River logs its errors.
func newWorker(work application.Worker) river.Worker[args] {
	return river.WorkFunc(func(ctx context.Context, job *river.Job[args]) error {
		var metadata map[string]any
		if err := json.Unmarshal(job.Metadata, &metadata); err == nil && metadata[cancelNote] != nil {
			// River itself does not check it before an attempt that follows within
			// seconds.
			return river.JobCancel(errDiscarded)
		}
		err := work(ctx, job.Args.Subject)
		if later, ok := errors.AsType[application.Postponed](err); ok {
			return river.JobSnooze(later.For)
		}
		if _, ok := errors.AsType[application.Discarded](err); ok {
			return river.JobCancel(err)
		}
		return err
	})
}
