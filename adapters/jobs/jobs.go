// Package jobs keeps work that is done later, and does it: by River, in the
// database in which the work was caused, so that one transaction keeps both.
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

// Queue is where the jobs of a database wait. It is safe for concurrent use,
// also by several servers.
type Queue struct {
	pool   *sql.DB
	driver riverdriver.Driver[*sql.Tx]
	// desk takes jobs in, and does none.
	desk *river.Client[*sql.Tx]
	// forgive is a statement that forgets that a job was to be given up.
	forgive string

	mu    sync.Mutex
	hands *river.Client[*sql.Tx] // nil while nobody works
}

// New makes the Queue of a database, which is PostgreSQL or SQLite.
func New(pool *sql.DB, postgres bool) *Queue {
	var driver riverdriver.Driver[*sql.Tx] = riversqlite.New(pool)
	forgive := "UPDATE river_job SET metadata = json_remove(metadata, '$.' || $2) WHERE id = $1 AND state <> 'running'"
	if postgres {
		driver = riverdatabasesql.New(pool)
		forgive = "UPDATE river_job SET metadata = metadata - $2::text WHERE id = $1 AND state <> 'running'"
	}
	desk, err := river.NewClient(driver, &river.Config{
		MaxAttempts: application.MaxAttempts, Logger: slog.New(slog.DiscardHandler),
		// All poll, and nobody listens for the notification that River would send
		// as often as these let it.
		FetchCooldown: rarely, FetchPollInterval: rarely,
	})
	if err != nil {
		panic(err) // nothing of it depends on anybody
	}
	return &Queue{pool: pool, driver: driver, desk: desk, forgive: forgive}
}

// rarely is as good as never.
const rarely = 24 * time.Hour

// Enqueue keeps a job, as part of the transaction.
func (q *Queue) Enqueue(ctx context.Context, tx *sql.Tx, job application.Job) error {
	_, err := q.desk.InsertTx(ctx, tx, args{job.Subject, job.Kind}, nil)
	return err
}

// args are what River keeps of a job.
type args struct {
	Subject int64 `json:"subject"`
	kind    application.JobKind
}

// Kind implements river.JobArgs.
func (a args) Kind() string { return string(a.kind) }

// Start lets the jobs be done, until Stop. One of a kind that is not known here
// fails, and so waits for a server that knows it.
func (q *Queue) Start(ctx context.Context, shift application.WorkerPool, log *zap.Logger) error {
	workers := river.NewWorkers()
	for kind, work := range shift.Workers {
		river.AddWorkerArgs(workers, args{kind: kind}, working(work))
	}
	hands, err := river.NewClient(q.driver, &river.Config{
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
	// What is under way ends with Stop, not with the start's own context.
	if err := hands.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hands = hands
	return nil
}

// logger leaves out what River tells of its daily life.
func logger(log *zap.Logger) *slog.Logger {
	core := log.Core()
	if quiet, err := zapcore.NewIncreaseLevelCore(core, zap.WarnLevel); err == nil { // else it is quieter already
		core = quiet
	}
	return slog.New(zapslog.NewHandler(core))
}

// keepDiscarded is how long jobs that were given up can be looked at.
const keepDiscarded = 30 * 24 * time.Hour

// Stop takes no more jobs and waits for those under way. When ctx ends they
// are told to give up, and will be done again.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	hands := q.hands
	q.hands = nil
	q.mu.Unlock()
	if hands == nil {
		return nil
	}
	err := hands.Stop(ctx)
	if err == nil {
		return nil
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastMoment)
	defer cancel()
	return fmt.Errorf("jobs were cut off: %w", errors.Join(err, hands.StopAndCancel(last)))
}

// lastMoment is how long jobs may take to notice that they are given up.
const lastMoment = 5 * time.Second

// Retry makes a job due now, whatever became of it. One that is being done is
// a domain.Conflict, one that is not there domain.NotFound.
func (q *Queue) Retry(ctx context.Context, id int64) error {
	if _, err := q.pool.ExecContext(ctx, q.forgive, id, unwanted); err != nil {
		return fmt.Errorf("job %d: %w", id, err)
	}
	job, err := q.desk.JobRetry(ctx, id)
	return settled(id, job, err, "is being done", rivertype.JobStateRunning)
}

// Discard gives a job up. One that is being done ends with this attempt. One
// that is done or given up already is a domain.Conflict, one that is not there
// domain.NotFound.
func (q *Queue) Discard(ctx context.Context, id int64) error {
	before, err := q.desk.JobGet(ctx, id)
	if err := settled(id, before, err, "is over", rivertype.JobStateCompleted, rivertype.JobStateDiscarded, rivertype.JobStateCancelled); err != nil {
		return err
	}
	_, err = q.desk.JobCancel(ctx, id)
	return settled(id, before, err, "")
}

// settled puts into the domain's words why a job cannot be changed.
func settled(id int64, job *rivertype.JobRow, err error, why string, states ...rivertype.JobState) error {
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

// policy says how long to wait after so many failures.
type policy func(failures int) time.Duration

// NextRetry implements river.ClientRetryPolicy.
func (after policy) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().UTC().Add(after(len(job.Errors) + 1))
}

// unwanted is where River notes that a job was to be given up while it was done.
const unwanted = "cancel_attempted_at"

var errUnwanted = errors.New("somebody discarded it")

// working is the worker of one kind. What goes wrong River logs.
func working(work application.Worker) river.Worker[args] {
	return river.WorkFunc(func(ctx context.Context, job *river.Job[args]) error {
		var metadata map[string]any
		if err := json.Unmarshal(job.Metadata, &metadata); err == nil && metadata[unwanted] != nil {
			// River itself forgets this where an attempt is followed by the next
			// within seconds.
			return river.JobCancel(errUnwanted)
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
