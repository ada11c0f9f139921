package ratelimit

import (
	"context"
	"encoding/hex"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatehouse/application/gitaccess"
)

// Counters counts together with other servers.
type Counters interface {
	// Increment adds one to the counter of each name and returns the new values, in
	// the order of the names. A name may occur twice. A counter begins at 0, and
	// ends once expiry has passed since its first increment.
	Increment(ctx context.Context, names []string, expiry time.Duration) ([]int64, error)
}

const (
	// expiry covers a minute on servers whose clocks differ by up to one.
	expiry = 2 * time.Minute
	// pause is how long the counters are not asked after they failed.
	pause = time.Second
	// logInterval is how often the log may say that they fail.
	logInterval = time.Minute
)

// name returns the name of a bucket's counter.
func name(minute int64, bucket gitaccess.Bucket) string {
	return string(hex.AppendEncode(append(strconv.AppendInt(nil, minute, 10), ':'), bucket[:]))
}

// shared counts at counters outside of the process. One call is under way at a time;
// whoever comes meanwhile waits for the next one, which takes all that wait.
type shared struct {
	counters Counters
	timeout  time.Duration
	log      *zap.Logger

	mu sync.Mutex
	// running says that a call is under way, and next is what waits for it.
	running bool
	next    *batch
	// resume is when the counters may be asked again; zero while they work.
	resume time.Time
	// quiet is until when the log has said enough.
	quiet time.Time
}

// batch is what one call counts.
type batch struct {
	names []string
	// values are nil if the call failed. They are written before done is closed.
	values []int64
	done   chan struct{}
}

// count counts names, and returns a function that waits until it knows whether none
// of them exceeds limit. If that takes longer than the timeout, it says yes.
func (s *shared) count(ctx context.Context, names []string, limit int64) func() bool {
	mine, from := s.join(names)
	if mine == nil {
		return yes
	}
	deadline := time.Now().Add(s.timeout)
	return func() bool {
		ctx, cancel := context.WithDeadline(ctx, deadline)
		defer cancel()
		values := mine.wait(ctx)
		return values == nil || slices.Max(values[from:from+len(names)]) <= limit
	}
}

// wait returns the values, or nil if the call failed or ctx has ended.
func (b *batch) wait(ctx context.Context) []int64 {
	select {
	case <-b.done:
	case <-ctx.Done():
	}
	select {
	case <-b.done:
		return b.values
	default:
		return nil
	}
}

// join adds names to the next batch, from a position on, and starts it if no other
// call is under way. It returns nil while the counters are not asked.
func (s *shared) join(names []string) (mine *batch, from int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.resume.IsZero() {
		now := time.Now()
		if now.Before(s.resume) {
			return nil, 0
		}
		s.resume = now.Add(pause) // this call tries, and others do not wait for it
	}
	if s.next == nil {
		s.next = &batch{done: make(chan struct{})}
	}
	mine, from = s.next, len(s.next.names)
	mine.names = append(mine.names, names...)
	if !s.running {
		s.running, s.next = true, nil
		go s.run(mine)
	}
	return mine, from
}

// run makes calls until none waits.
func (s *shared) run(b *batch) {
	for b != nil {
		ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
		values, err := s.counters.Increment(ctx, b.names, expiry)
		cancel()
		b.values = values
		close(b.done)
		b = s.after(err)
	}
}

// after returns the batch that waited for a call. If the call failed, that batch is
// not counted, and there is a pause.
func (s *shared) after(err error) (waiting *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting, s.next = s.next, nil
	s.resume = time.Time{}
	if err != nil {
		s.resume = time.Now().Add(pause)
		s.report(err)
		if waiting != nil {
			close(waiting.done)
			waiting = nil
		}
	}
	s.running = waiting != nil
	return waiting
}

// report writes a line into the log, unless there is one of the last minute.
func (s *shared) report(err error) {
	if now := time.Now(); !now.Before(s.quiet) {
		s.quiet = now.Add(logInterval)
		s.log.Warn("git.rate_limit: this server counts alone, since Redis does not answer", zap.Error(err))
	}
}
