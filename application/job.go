package application

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// JobKind names a kind of job.
type JobKind string

// Queue names a queue of jobs. Each has workers of its own, so that the jobs of one
// wait for none of another.
type Queue string

const (
	// WebhookQueue is that of jobs that wait for the receivers of webhooks.
	WebhookQueue Queue = "webhooks"
	// DefaultQueue is that of all other jobs.
	DefaultQueue Queue = "default"
)

// Job is work that a transaction enqueues. A worker does it after the
// transaction has succeeded, at least once, and never if it failed.
type Job struct {
	Kind JobKind
	// Subject is the number of the row that the work is about.
	Subject int64
	// Background lets all other jobs that are due go first.
	Background bool
}

// EnqueueInBackground enqueues a job of the kind about each subject, after all other jobs
// that are due; none without a kind.
func EnqueueInBackground[ID ~int64](ctx context.Context, enqueue func(context.Context, Job) error, kind JobKind, subjects ...ID) error {
	if kind == "" {
		return nil
	}
	for _, id := range subjects {
		if err := enqueue(ctx, Job{Kind: kind, Subject: int64(id), Background: true}); err != nil {
			return err
		}
	}
	return nil
}

// Worker does a job. A job that fails is done again, after a longer delay each
// time. A job that succeeded is done again too if the process ends before that
// is stored. Several goroutines call a Worker at once, and ctx ends after
// JobTimeout.
type Worker func(ctx context.Context, subject int64) error

// Postponed is the error of a Worker that did nothing because it is too early.
// It does not count as a failure.
type Postponed struct{ For time.Duration }

// Error says for how long.
func (p Postponed) Error() string { return fmt.Sprintf("postponed for %s", p.For) }

// Discarded is the error of a Worker whose job will never succeed: it is
// discarded.
type Discarded struct{ Reason error }

// Error returns the reason.
func (d Discarded) Error() string { return d.Reason.Error() }

// Unwrap returns the reason.
func (d Discarded) Unwrap() error { return d.Reason }

// WorkerPool says which Worker does the jobs of each kind, how many at once,
// and how often.
type WorkerPool struct {
	Workers map[JobKind]Worker
	// Concurrency is how many jobs of DefaultQueue are done at once.
	Concurrency int
	// WebhookConcurrency is how many of WebhookQueue are; 0 is as many.
	WebhookConcurrency int
	// PollInterval is how long a job may wait before it is noticed.
	PollInterval time.Duration
	// RetryDelay is how long a job waits that failed once. The fourth power of its
	// failures is how many times as long it waits then, a day at most.
	RetryDelay time.Duration
	// MaxDelay limits how long a job of a kind waits. A job of such a kind is
	// tried until it succeeds: it is not discarded for its failures.
	MaxDelay map[JobKind]time.Duration
}

const (
	// MaxAttempts is how often a job is tried before it is discarded, unless its
	// kind has a MaxDelay.
	MaxAttempts = 25
	// JobTimeout is how long one attempt may take.
	JobTimeout = time.Minute
	// maxDelay is how long a job waits at most.
	maxDelay = 24 * time.Hour
)

// In returns how many jobs of a queue are done at once.
func (p WorkerPool) In(q Queue) int {
	if q == WebhookQueue {
		return cmp.Or(p.WebhookConcurrency, p.Concurrency)
	}
	return p.Concurrency
}

// RetryAfter returns how long a job of the kind waits that failed so many times.
func (p WorkerPool) RetryAfter(kind JobKind, failures int) time.Duration {
	longest, delay := maxDelay, maxDelay
	if limit, ok := p.MaxDelay[kind]; ok {
		longest = limit
	}
	n := time.Duration(failures)
	if factor := n * n * n * n; p.RetryDelay <= maxDelay/factor {
		delay = p.RetryDelay * factor
	}
	return min(delay, longest)
}

// KeepsTrying says whether a job of the kind that failed in this attempt is tried again
// without counting it. Counting ends long before MaxAttempts, because an attempt
// during which a server is killed counts, too.
func (p WorkerPool) KeepsTrying(kind JobKind, attempt int) bool {
	_, limited := p.MaxDelay[kind]
	return limited && attempt >= MaxAttempts/2
}
