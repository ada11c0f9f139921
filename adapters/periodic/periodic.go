// Package periodic does work at an interval, as long as a server runs.
package periodic

import (
	"context"
	"sync"
	"time"
)

// Task does work at an interval. Several servers may do so at the same time.
type Task struct {
	interval time.Duration
	work     func(context.Context)

	stop    func()
	running sync.WaitGroup
}

// New makes a Task that does nothing yet. The interval is positive.
func New(interval time.Duration, work func(context.Context)) *Task {
	return &Task{interval: interval, work: work, stop: func() {}}
}

// Start does the work in the background, first after one interval.
func (t *Task) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	t.stop = cancel
	t.running.Go(func() {
		ticker := time.NewTicker(t.interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				t.work(ctx)
			}
		}
	})
}

// Stop ends the Task. It interrupts work that is under way, and waits for its end.
func (t *Task) Stop() {
	t.stop()
	t.running.Wait()
}
