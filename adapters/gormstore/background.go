package gormstore

import (
	"context"
	"time"
)

const (
	// flushInterval is how long a stamp may wait.
	flushInterval = 5 * time.Second
	// flushBudget bounds one flush and sweep.
	flushBudget = 30 * time.Second
)

// background flushes stamps and sweeps, every flushInterval.
type background struct{ end, done chan struct{} }

func startBackground(stamps *KeyUses, sweeper *sweeper) *background {
	b := &background{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(b.done)
		ticker := time.NewTicker(flushInterval)
		defer ticker.Stop()
		for {
			select {
			case <-b.end:
				return
			case <-ticker.C:
				ctx, cancel := context.WithTimeout(context.Background(), flushBudget)
				_ = stamps.flush(ctx) // what could not be written waits for the next time
				_ = sweeper.sweep(ctx)
				cancel()
			}
		}
	}()
	return b
}

// stop returns when the background has ended.
func (b *background) stop() {
	close(b.end)
	<-b.done
}
