package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatehouse/application"
	"gatehouse/application/inventory"
	"gatehouse/domain"
	"gatehouse/domain/audit"
)

// Jobs implements bootstrap.Jobs.
type Jobs struct{ *state }

// queues are all queues of jobs.
var queues = []application.Queue{application.DefaultQueue, application.WebhookQueue}

// The states of a job.
const (
	// jobHeld is that of a job that waits for its release.
	jobHeld      = "held"
	jobWaiting   = "waiting"
	jobRunning   = "running"
	jobCompleted = "completed"
	jobDiscarded = "discarded"
)

type job struct {
	application.Job
	id          int64
	queue       application.Queue
	state       string
	due         time.Time
	attempt     int
	maxAttempts int
	failures    int
	lastFailure string
	// discard is set when a running job is discarded: it is not tried again.
	discard bool
}

// Start runs due jobs until Stop.
func (j Jobs) Start(ctx context.Context, pool application.WorkerPool, log *zap.Logger) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &jobRunner{state: j.state, pool: pool, log: log, stop: make(chan struct{}), stopped: make(chan struct{}), cancel: cancel}
	j.mu.Lock()
	j.runner = r
	j.mu.Unlock()
	go r.run(ctx)
	return nil
}

// Stop starts no more jobs and waits for those that run. When ctx ends it
// cancels them, waits for them all the same, and fails.
func (j Jobs) Stop(ctx context.Context) error {
	j.mu.Lock()
	r := j.runner
	j.runner = nil
	j.mu.Unlock()
	if r == nil {
		return nil
	}
	defer r.cancel()
	close(r.stop)
	select {
	case <-r.stopped:
		return nil
	case <-ctx.Done():
		r.cancel()
		<-r.stopped
		return fmt.Errorf("jobs were cut off: %w", ctx.Err())
	}
}

// Retry implements bootstrap.Jobs.
func (j Jobs) Retry(ctx context.Context, id int64, event audit.Event) error {
	return j.changeJob(ctx, id, event, func(row *job) error {
		if row.state == jobRunning {
			return fmt.Errorf("job %d: it is being done: %w", id, domain.Conflict)
		}
		if row.attempt >= row.maxAttempts {
			row.maxAttempts = row.attempt + 1
		}
		row.state, row.due, row.discard = jobWaiting, time.Now(), false
		j.wakeRunner()
		return nil
	})
}

// MakeDue makes the waiting jobs of a kind due now: those about the subject, or
// all if it is 0.
func (j Jobs) MakeDue(ctx context.Context, kind application.JobKind, subject int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	for _, row := range j.jobs {
		if row.Kind == kind && row.state == jobWaiting && row.due.After(now) && (subject == 0 || row.Subject == subject) {
			row.due = now
		}
	}
	j.wakeRunner()
	return nil
}

// Discard implements bootstrap.Jobs.
func (j Jobs) Discard(ctx context.Context, id int64, event audit.Event) error {
	return j.changeJob(ctx, id, event, func(row *job) error {
		switch row.state {
		case jobCompleted, jobDiscarded:
			return fmt.Errorf("job %d: it is over: %w", id, domain.Conflict)
		case jobRunning:
			row.discard = true
		default:
			row.state = jobDiscarded
		}
		return nil
	})
}

// changeJob changes a job and keeps the event.
func (j Jobs) changeJob(ctx context.Context, id int64, event audit.Event, change func(*job) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.IndexFunc(j.jobs, func(row *job) bool { return row.id == id })
	if i < 0 {
		return notFound("job %d", id)
	}
	row := j.jobs[i]
	event.Target.ID, event.Target.Path = id, fmt.Sprintf("%s %d", row.Kind, id)
	event.Before = audit.Values{"state": row.shownState()}
	if err := change(row); err != nil {
		return err
	}
	j.keepEvents([]audit.Event{event})
	return nil
}

// enqueue adds a job that is due now. The caller holds mu.
func (s *state) enqueue(j application.Job) {
	s.addJob(j, application.DefaultQueue, jobWaiting)
	s.wakeRunner()
}

// addJob adds a job. The caller holds mu.
func (s *state) addJob(j application.Job, q application.Queue, state string) *job {
	added := &job{
		Job: j, id: int64(len(s.jobs) + 1), queue: q, state: state, due: time.Now(), maxAttempts: application.MaxAttempts,
	}
	s.jobs = append(s.jobs, added)
	return added
}

// jobOf returns the job on a subject, or nil. The caller holds mu.
func (s *state) jobOf(kind application.JobKind, subject int64) *job {
	for _, j := range slices.Backward(s.jobs) {
		if j.Kind == kind && j.Subject == subject {
			return j
		}
	}
	return nil
}

// shownState returns the state as operators see it.
func (j *job) shownState() string {
	if j.state == jobHeld {
		return jobWaiting
	}
	return j.state
}

// live says whether the job is still to be done; there may be none.
func (j *job) live() bool { return j != nil && j.state != jobCompleted && j.state != jobDiscarded }

// wakeRunner lets the runner look for due jobs, if one waits or as soon as it
// does.
func (s *state) wakeRunner() {
	for _, q := range queues {
		select {
		case s.jobAdded[q] <- struct{}{}:
		default: // it has been told already
		}
	}
}

// before says whether a due job is to be done before another one.
func (j *job) before(other *job) bool {
	if j.Background != other.Background {
		return other.Background
	}
	return j.due.Before(other.due)
}

// startDue marks the job of a queue that has been due for longest as running and
// returns it; one in the background only if no other is due. If none is due it
// returns nil and how long to wait for the next.
func (s *state) startDue(q application.Queue) (next *job, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	wait = time.Hour
	for _, j := range s.jobs {
		if j.state != jobWaiting || j.queue != q {
			continue
		}
		if j.due.After(now) {
			wait = min(wait, j.due.Sub(now))
		} else if next == nil || j.before(next) {
			next = j
		}
	}
	if next != nil {
		next.state = jobRunning
		next.attempt++
	}
	return next, wait
}

// jobRunner runs the jobs of a state.
type jobRunner struct {
	state *state
	pool  application.WorkerPool
	log   *zap.Logger
	// stop is closed to start no more jobs, stopped when none runs any more.
	stop, stopped chan struct{}
	// cancel cancels the running jobs.
	cancel context.CancelFunc
}

// run starts the due jobs of all queues.
func (r *jobRunner) run(ctx context.Context) {
	defer close(r.stopped)
	var running sync.WaitGroup
	for _, q := range queues {
		running.Go(func() { r.runQueue(ctx, q) })
	}
	running.Wait()
}

// runQueue starts due jobs of a queue, at most so many at a time as the pool allows.
func (r *jobRunner) runQueue(ctx context.Context, q application.Queue) {
	concurrency := r.pool.In(q)
	slots := make(chan struct{}, concurrency)
	for range concurrency {
		slots <- struct{}{}
	}
	defer func() { // take every slot: then no job runs
		for range concurrency {
			<-slots
		}
	}()
	for {
		select {
		case <-r.stop:
			return
		case <-slots:
		}
		j, ok := r.next(q)
		if !ok {
			slots <- struct{}{}
			return
		}
		go func() {
			defer func() { slots <- struct{}{} }()
			r.do(ctx, j)
		}()
	}
}

// next waits for a due job of a queue and marks it as running; ok is false after
// stop.
func (r *jobRunner) next(q application.Queue) (j *job, ok bool) {
	for {
		j, wait := r.state.startDue(q)
		if j != nil {
			return j, true
		}
		timer := time.NewTimer(wait)
		select {
		case <-r.stop:
			timer.Stop()
			return nil, false
		case <-r.state.jobAdded[q]:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// do makes one attempt at a job and records the result.
func (r *jobRunner) do(ctx context.Context, j *job) {
	ctx, cancel := context.WithTimeout(ctx, application.JobTimeout)
	defer cancel()
	err := r.attempt(ctx, j.Job)
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	j.finishAttempt(err, r.pool)
	if err != nil {
		r.log.Warn("a job failed", zap.Int64("job", j.id), zap.String("kind", string(j.Kind)), zap.String("state", j.state), zap.Error(err))
	}
	r.state.wakeRunner()
}

// attempt calls the worker for the job's kind. A panic becomes an error.
func (r *jobRunner) attempt(ctx context.Context, j application.Job) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	work, known := r.pool.Workers[j.Kind]
	if !known {
		return fmt.Errorf("there is no worker for %q", j.Kind)
	}
	return work(ctx, j.Subject)
}

// finishAttempt sets the state that follows from an attempt's error. The
// caller holds mu.
func (j *job) finishAttempt(err error, pool application.WorkerPool) {
	postponed, isPostponed := errors.AsType[application.Postponed](err)
	_, isDiscarded := errors.AsType[application.Discarded](err)
	switch {
	case err == nil:
		j.state = jobCompleted
		return
	case isPostponed:
		j.attempt--
		j.state, j.due = jobWaiting, time.Now().Add(postponed.For)
	case !isDiscarded && pool.KeepsTrying(j.Kind, j.attempt):
		j.state, j.due = jobWaiting, time.Now().Add(pool.RetryAfter(j.Kind, j.attempt))
		j.attempt--
	default:
		j.failures++
		j.lastFailure = err.Error()
		j.state, j.due = jobWaiting, time.Now().Add(pool.RetryAfter(j.Kind, j.failures))
	}
	if isDiscarded || j.discard || j.attempt >= j.maxAttempts {
		j.state = jobDiscarded
	}
}

// Queues implements inventory.Records.
func (r Records) Queues(ctx context.Context, now time.Time) ([]inventory.Queue, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := map[application.Queue]inventory.Queue{}
	for _, j := range r.jobs {
		q := counts[j.queue]
		switch j.shownState() {
		case jobRunning:
			q.Running++
		case jobCompleted:
			q.Completed++
		case jobDiscarded:
			q.Discarded++
		default:
			q.Waiting++
			if j.state != jobHeld {
				q.Latency = max(q.Latency, now.Sub(j.due))
			}
		}
		counts[j.queue] = q
	}
	var out []inventory.Queue
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		q := counts[name]
		q.Name = name
		out = append(out, q)
	}
	return out, nil
}

func (s *state) listJobs() (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		rows = append(rows, []any{j.id, string(j.Kind), j.Subject, j.shownState(), int64(j.attempt), toInstant(j.due), textOrNil(j.lastFailure)})
	}
	return rows
}
