// Package jobs keeps work for later and does it, by River. River's tables lie in
// the database of the stores, so that a transaction keeps a job together with what
// caused it.
package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
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
	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/auditlog"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
)

// Queue enqueues the jobs of a database and runs them. It is safe for concurrent use,
// also by several servers.
type Queue struct {
	db      *database.DB
	driver  riverdriver.Driver[*sql.Tx]
	dialect statements
	// editor changes jobs, and runs none.
	editor *river.Client[*sql.Tx]
	// wake has a value when there may be jobs of webhooks to run.
	wake chan struct{}

	mu     sync.Mutex
	runner *runner // nil while this process runs no jobs
}

// runner runs jobs.
type runner struct {
	*river.Client[*sql.Tx]
	fetching    sync.WaitGroup
	stopFetches context.CancelFunc
}

// New makes the Queue of a database.
func New(db *database.DB) *Queue {
	var driver riverdriver.Driver[*sql.Tx] = riversqlite.New(db.Pool)
	dialect := sqliteStatements
	if db.Dialect == database.Postgres {
		driver, dialect = plannedDriver{riverdatabasesql.New(db.Pool)}, postgresStatements
	}
	editor, err := river.NewClient(driver, &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err) // the configuration is constant
	}
	return &Queue{db: db, driver: driver, editor: editor, dialect: dialect, wake: make(chan struct{}, 1)}
}

// Enqueue keeps a job as part of the transaction.
func (q *Queue) Enqueue(ctx context.Context, tx *sql.Tx, job application.Job) error {
	_, err := tx.ExecContext(ctx, q.dialect.insert, Insertion(job)...)
	return err
}

// Hold keeps a job of a webhook as part of the transaction. It is not run until it is
// released.
func (q *Queue) Hold(ctx context.Context, tx *sql.Tx, job application.Job) error {
	_, err := tx.ExecContext(ctx, q.dialect.insert, insertion(job, application.WebhookQueue, rivertype.JobStatePending)...)
	return err
}

// Insert is the statement by which Enqueue keeps a job; Insertion returns its arguments.
func (q *Queue) Insert() string { return q.dialect.insert }

// Insertion returns the arguments of Insert.
func Insertion(job application.Job) []any {
	return insertion(job, application.DefaultQueue, rivertype.JobStateAvailable)
}

// insertion returns what River's own client would insert of a job.
func insertion(job application.Job, queue application.Queue, state rivertype.JobState) []any {
	priority := river.PriorityDefault
	if job.Background {
		priority++ // a greater number is a lower priority
	}
	args := strconv.AppendInt([]byte(`{"subject":`), job.Subject, 10)
	return []any{append(args, '}'), string(job.Kind), application.MaxAttempts, priority, string(queue), string(state)}
}

// args are what River keeps of a job.
type args struct {
	Subject int64 `json:"subject"`
	kind    application.JobKind
}

// Kind implements river.JobArgs.
func (a args) Kind() string { return string(a.kind) }

// Start runs jobs until Stop. A job of a kind that this server does not know fails,
// and so waits for a server that knows it.
func (q *Queue) Start(ctx context.Context, pool application.WorkerPool, log *zap.Logger) error {
	workers := river.NewWorkers()
	for kind, work := range pool.Workers {
		river.AddWorkerArgs(workers, args{kind: kind}, riverWorker(work, pool, log))
	}
	client, err := river.NewClient(q.driver, &river.Config{
		ID:      uuid.NewString(), // of this process and no other
		Workers: workers,
		Queues: map[string]river.QueueConfig{
			string(application.DefaultQueue): {MaxWorkers: pool.In(application.DefaultQueue)},
			string(application.WebhookQueue): {MaxWorkers: pool.In(application.WebhookQueue), FetchCooldown: min(pool.PollInterval, wakeInterval)},
		},
		Middleware:    []rivertype.Middleware{river.JobInsertMiddlewareFunc(noInsert)},
		FetchCooldown: min(pool.PollInterval, 100*time.Millisecond), FetchPollInterval: pool.PollInterval,
		PollOnly: true, SkipUnknownJobCheck: true,
		MaxAttempts: application.MaxAttempts,
		JobTimeout:  application.JobTimeout, RescueStuckJobsAfter: 3 * application.JobTimeout,
		// River would remove discarded jobs by the clock, which may be wrong.
		CancelledJobRetentionPeriod: forever, DiscardedJobRetentionPeriod: forever,
		RetryPolicy: policy(pool),
		Logger:      logger(log),
	})
	if err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	// Running jobs end with Stop, not with the context of the start.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.runner = newRunner(client, q.wake)
	return nil
}

// logger makes a logger for River that leaves out all below warnings.
func logger(log *zap.Logger) *slog.Logger {
	core := log.Core()
	if quiet, err := zapcore.NewIncreaseLevelCore(core, zap.WarnLevel); err == nil { // else it is quieter already
		core = quiet
	}
	return slog.New(zapslog.NewHandler(core))
}

// forever is longer than any job is kept. River's own word for it is -1, which
// riversqlite takes for a nanosecond: it removes all such jobs at once.
const forever = 100 * 365 * 24 * time.Hour

// Stop starts no more jobs and waits for the running ones. When ctx ends it cancels
// them, and they run again later.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	runner := q.runner
	q.runner = nil
	q.mu.Unlock()
	if runner == nil {
		return nil
	}
	runner.stopFetches()
	runner.fetching.Wait()
	err := runner.Stop(ctx)
	if err == nil {
		return nil
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer cancel()
	return fmt.Errorf("jobs were cut off: %w", errors.Join(err, runner.StopAndCancel(last)))
}

// cancelTimeout is how long jobs may take to notice that they are cancelled.
const cancelTimeout = 5 * time.Second

// Retry implements bootstrap.Jobs.
func (q *Queue) Retry(ctx context.Context, id int64, event audit.Event) error {
	return q.change(ctx, id, event, func(tx *sql.Tx, before string) error {
		if before == "running" {
			return fmt.Errorf("it is being done: %w", domain.Conflict)
		}
		if _, err := tx.ExecContext(ctx, q.dialect.keepJob, id, discardMark); err != nil {
			return err
		}
		_, err := q.editor.JobRetryTx(ctx, tx, id)
		return err
	})
}

// MakeDue makes the waiting jobs of a kind due now: those about the subject, or all
// if it is 0.
func (q *Queue) MakeDue(ctx context.Context, kind application.JobKind, subject int64) error {
	if _, err := q.db.Pool.ExecContext(ctx, q.dialect.makeDue, string(kind), subject); err != nil {
		return fmt.Errorf("jobs %s: %w", kind, err)
	}
	return nil
}

// Discard implements bootstrap.Jobs.
func (q *Queue) Discard(ctx context.Context, id int64, event audit.Event) error {
	return q.change(ctx, id, event, func(tx *sql.Tx, before string) error {
		if before == "completed" || before == "discarded" {
			return fmt.Errorf("it is over: %w", domain.Conflict)
		}
		_, err := q.editor.JobCancelTx(ctx, tx, id)
		return err
	})
}

// change calls do with the state of a job, which keeps it until the transaction ends,
// and keeps the event.
func (q *Queue) change(ctx context.Context, id int64, event audit.Event, do func(tx *sql.Tx, before string) error) error {
	return q.db.Atomically(ctx, fmt.Sprintf("job %d", id), func(tx *gorm.DB) error {
		var kind, state string
		err := tx.Raw("SELECT kind, CAST(state AS text) FROM river_job WHERE id = ?"+q.db.ForUpdate(), id).Row().Scan(&kind, &state)
		if err != nil {
			return err
		}
		before := shownState(rivertype.JobState(state))
		if err := do(tx.Statement.ConnPool.(*sql.Tx), before); err != nil {
			return err
		}
		event.Target.ID, event.Target.Path = id, fmt.Sprintf("%s %d", kind, id)
		event.Before = audit.Values{"state": before}
		return auditlog.Append(ctx, tx, event)
	})
}

// shownState returns the state of a job as queries/jobs.sql shows it.
func shownState(state rivertype.JobState) string {
	switch state {
	case rivertype.JobStateRunning, rivertype.JobStateCompleted, rivertype.JobStateDiscarded:
		return string(state)
	case rivertype.JobStateCancelled:
		return "discarded"
	default:
		return "waiting"
	}
}

// policy says how long to wait after so many failures.
type policy application.WorkerPool

// NextRetry implements river.ClientRetryPolicy.
func (p policy) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().UTC().Add(application.WorkerPool(p).RetryAfter(application.JobKind(job.Kind), len(job.Errors)+1))
}

// discardMark is the metadata by which River marks a job that was discarded while
// it ran.
const discardMark = "cancel_attempted_at"

var errDiscarded = errors.New("somebody discarded it")

// riverWorker runs the jobs of one kind and logs their failures. River keeps their
// errors, but for the failures that do not count: after these a job is postponed.
func riverWorker(work application.Worker, pool application.WorkerPool, log *zap.Logger) river.Worker[args] {
	return river.WorkFunc(func(ctx context.Context, job *river.Job[args]) error {
		var metadata map[string]any
		if err := json.Unmarshal(job.Metadata, &metadata); err == nil && metadata[discardMark] != nil {
			// River itself ignores the mark if the next attempt follows within
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
		if err == nil {
			return nil
		}
		log.Warn("a job failed", zap.Int64("job", job.ID), zap.String("kind", job.Kind), zap.Int("attempt", job.Attempt), zap.Error(err))
		if kind := application.JobKind(job.Kind); pool.KeepsTrying(kind, job.Attempt) {
			return river.JobSnooze(pool.RetryAfter(kind, job.Attempt))
		}
		return err
	})
}
