// Package seatrefresh counts the seats of paid subscriptions at an interval, as
// long as a server runs.
package seatrefresh

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatehouse/application/provisioning"
)

// Refresher counts seats at an interval. Several servers may do so at the same
// time.
type Refresher struct {
	refresh  func(context.Context) (provisioning.SeatRefresh, error)
	interval time.Duration
	log      *zap.Logger

	stop func()
	work sync.WaitGroup
}

// New makes a Refresher that does not count yet. The interval is positive.
func New(refresh func(context.Context) (provisioning.SeatRefresh, error), interval time.Duration, log *zap.Logger) *Refresher {
	return &Refresher{refresh: refresh, interval: interval, log: log, stop: func() {}}
}

// Start counts seats in the background, first after one interval.
func (r *Refresher) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	r.work.Go(func() {
		ticker := time.NewTicker(r.interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				r.once(ctx)
			}
		}
	})
}

// Stop ends the counting. It interrupts one that is under way, and waits for its
// end.
func (r *Refresher) Stop() {
	r.stop()
	r.work.Wait()
}

func (r *Refresher) once(ctx context.Context) {
	done, err := r.refresh(ctx)
	if err != nil && ctx.Err() == nil {
		r.log.Error("seats could not all be counted", zap.Error(err))
	}
	r.log.Info("seats refreshed", zap.Int("subscriptions", done.Counted), zap.Int("changed", done.Changed))
}
