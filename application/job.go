package application

import (
	"context"
	"fmt"
	"time"
)

// JobKind names a kind of job.
type JobKind string

// Job is work that a transaction leaves behind. It is done after the
// transaction has succeeded, at least once, and never if it failed.
type Job struct {
	Kind JobKind
	// Subject is the number of the row that the work is about.
	Subject int64
}

// Worker does a job. What fails is done again, later each time; what was done
// may have to be done again too, if the process ended before it was noted. It
// is called by several goroutines at once, and ctx ends after a while.
type Worker func(ctx context.Context, subject int64) error

// Postponed is the error of a Worker that did nothing, as it is too early; it
// does not count as a failure.
type Postponed struct{ For time.Duration }

// Error says for how long.
func (p Postponed) Error() string { return fmt.Sprintf("postponed for %s", p.For) }

// Hopeless is the error of a Worker whose job will never succeed: it is
// discarded.
type Hopeless struct{ Reason error }

// Error returns the reason.
func (h Hopeless) Error() string { return h.Reason.Error() }

// Unwrap returns the reason.
func (h Hopeless) Unwrap() error { return h.Reason }

// Shift says who does jobs, and how.
type Shift struct {
	Workers map[JobKind]Worker
	// Hands is how many jobs are done at once.
	Hands int
	// Poll is how long a job may wait before it is noticed.
	Poll time.Duration
	// Delay is how long a job waits that failed once. The fourth power of its
	// failures is how many times as long it waits then, a day at most.
	Delay time.Duration
}

const (
	// MostAttempts is how often a job is tried before it is discarded.
	MostAttempts = 25
	// JobPatience is how long one attempt may take.
	JobPatience = time.Minute
	// longestDelay is how long a job waits at most.
	longestDelay = 24 * time.Hour
)

// After returns how long a job waits that failed so many times.
func (s Shift) After(failures int) time.Duration {
	n := time.Duration(failures)
	if factor := n * n * n * n; s.Delay <= longestDelay/factor {
		return s.Delay * factor
	}
	return longestDelay
}
