package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"gatehouse/application"
	"gatehouse/domain"
)

// The states of a job.
const (
	jobWaiting   = "waiting"
	jobRunning   = "running"
	jobCompleted = "completed"
	jobDiscarded = "discarded"
)

// job is work that waits, or is over.
type job struct {
	application.Job
	id       int64
	state    string
	due      time.Time
	attempt  int
	failures int
	failure  string
	// most is how often it may be tried.
	most int
	// unwanted is a job that was discarded while it was being done.
	unwanted bool
}

// enqueue keeps a job. The caller holds mu.
func (s *Store) enqueue(j application.Job) {
	s.jobs = append(s.jobs, &job{Job: j, id: int64(len(s.jobs) + 1), state: jobWaiting, due: time.Now(), most: application.MaxAttempts})
	s.wakeRunner()
}

// wake lets somebody look for jobs.
func (s *Store) wakeRunner() {
	select {
	case s.jobAdded <- struct{}{}:
	default: // it rings already
	}
}

// crew is who does jobs.
type crew struct {
	shift application.WorkerPool
	log   *zap.Logger
	// end is closed when no more jobs are to be taken, idle when none is done.
	end, idle chan struct{}
	// giveUp ends those under way.
	giveUp context.CancelFunc
}

// Start lets the jobs be done, until Stop.
func (s *Store) Start(ctx context.Context, shift application.WorkerPool, log *zap.Logger) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &crew{shift: shift, log: log, end: make(chan struct{}), idle: make(chan struct{}), giveUp: cancel}
	s.mu.Lock()
	s.crew = c
	s.mu.Unlock()
	go s.foreman(ctx, c)
	return nil
}

// Stop takes no more jobs and waits for those under way. When ctx ends they
// are told to give up.
func (s *Store) Stop(ctx context.Context) error {
	s.mu.Lock()
	c := s.crew
	s.crew = nil
	s.mu.Unlock()
	if c == nil {
		return nil
	}
	defer c.giveUp()
	close(c.end)
	select {
	case <-c.idle:
		return nil
	case <-ctx.Done():
		c.giveUp()
		<-c.idle
		return fmt.Errorf("jobs were cut off: %w", ctx.Err())
	}
}

// foreman hands out jobs that are due, to as many as there are hands.
func (s *Store) foreman(ctx context.Context, c *crew) {
	defer close(c.idle)
	hands := make(chan struct{}, c.shift.Concurrency)
	for range c.shift.Concurrency {
		hands <- struct{}{}
	}
	defer func() { // all of them are back when nothing is under way
		for range c.shift.Concurrency {
			<-hands
		}
	}()
	for {
		select {
		case <-c.end:
			return
		case <-hands:
		}
		j, ok := s.next(c)
		if !ok {
			hands <- struct{}{}
			return
		}
		go func() {
			defer func() { hands <- struct{}{} }()
			s.do(ctx, c, j)
		}()
	}
}

// next waits for a job that is due and takes it; ok is false at the end.
func (s *Store) next(c *crew) (j *job, ok bool) {
	for {
		j, wait := s.takeDue()
		if j != nil {
			return j, true
		}
		timer := time.NewTimer(wait)
		select {
		case <-c.end:
			timer.Stop()
			return nil, false
		case <-s.jobAdded:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// due takes the job that has waited longest, or says how long none is due.
func (s *Store) takeDue() (taken *job, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	wait = time.Hour
	for _, j := range s.jobs {
		if j.state != jobWaiting {
			continue
		}
		if j.due.After(now) {
			wait = min(wait, j.due.Sub(now))
		} else if taken == nil || j.due.Before(taken.due) {
			taken = j
		}
	}
	if taken != nil {
		taken.state = jobRunning
		taken.attempt++
	}
	return taken, wait
}

func (s *Store) do(ctx context.Context, c *crew, j *job) {
	ctx, cancel := context.WithTimeout(ctx, application.JobTimeout)
	defer cancel()
	err := c.attempt(ctx, j.Job)
	s.mu.Lock()
	defer s.mu.Unlock()
	j.end(err, c.shift)
	if err != nil {
		c.log.Warn("a job failed", zap.Int64("job", j.id), zap.String("kind", string(j.Kind)), zap.String("state", j.state), zap.Error(err))
	}
	s.wakeRunner()
}

// attempt has one worker do the job. A worker that panics fails.
func (c *crew) attempt(ctx context.Context, j application.Job) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	work, known := c.shift.Workers[j.Kind]
	if !known {
		return fmt.Errorf("nobody knows how to do %q", j.Kind)
	}
	return work(ctx, j.Subject)
}

// end notes what came of an attempt.
func (j *job) end(err error, shift application.WorkerPool) {
	later, postponed := errors.AsType[application.Postponed](err)
	_, hopeless := errors.AsType[application.Discarded](err)
	switch {
	case err == nil:
		j.state = jobCompleted
		return
	case postponed:
		j.attempt--
		j.state, j.due = jobWaiting, time.Now().Add(later.For)
	default:
		j.failures++
		j.failure = err.Error()
		j.state, j.due = jobWaiting, time.Now().Add(shift.RetryAfter(j.failures))
	}
	if hopeless || j.unwanted || j.attempt >= j.most {
		j.state = jobDiscarded
	}
}

// job returns the job of that number. The caller holds mu.
func (s *Store) job(id int64) (*job, error) {
	if i := slices.IndexFunc(s.jobs, func(j *job) bool { return j.id == id }); i >= 0 {
		return s.jobs[i], nil
	}
	return nil, notFound("job %d", id)
}

// Retry makes a job due now, whatever became of it. One that is being done is
// a domain.Conflict, one that is not there domain.NotFound.
func (s *Store) Retry(ctx context.Context, id int64) error {
	return s.changeJob(ctx, id, func(j *job) error {
		if j.state == jobRunning {
			return fmt.Errorf("job %d is being done: %w", id, domain.Conflict)
		}
		if j.attempt >= j.most {
			j.most = j.attempt + 1
		}
		j.state, j.due, j.unwanted = jobWaiting, time.Now(), false
		s.wakeRunner()
		return nil
	})
}

// Discard gives a job up. One that is being done ends with this attempt. One
// that is done or given up already is a domain.Conflict, one that is not there
// domain.NotFound.
func (s *Store) Discard(ctx context.Context, id int64) error {
	return s.changeJob(ctx, id, func(j *job) error {
		switch j.state {
		case jobCompleted, jobDiscarded:
			return fmt.Errorf("job %d is over: %w", id, domain.Conflict)
		case jobRunning:
			j.unwanted = true
		default:
			j.state = jobDiscarded
		}
		return nil
	})
}

func (s *Store) changeJob(ctx context.Context, id int64, change func(*job) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := s.job(id)
	if err != nil {
		return err
	}
	return change(j)
}

func (s *Store) listJobs() (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		rows = append(rows, []any{j.id, string(j.Kind), j.Subject, j.state, int64(j.attempt), toInstant(j.due), textOrNil(j.failure)})
	}
	return rows
}
