package bootstrap

import (
	"context"
	"sync"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/application/provisioning"
	"gatehouse/bootstrap/config"
)

// refreshSeats counts the seats of paid subscriptions now and then, from one
// interval after the start until the stop. Several servers may do so at once.
func refreshSeats(lifecycle fx.Lifecycle, config config.Config, clerk *provisioning.Service, log *zap.Logger) {
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	lifecycle.Append(fx.StartStopHook(
		func() {
			work.Go(func() { everyInterval(ctx, config.Seats.RefreshInterval, func() { refreshOnce(ctx, clerk, log) }) })
		},
		func() {
			cancel()
			work.Wait() // the unit under way ends, or is undone
		}))
}

// everyInterval calls do until ctx is done. An interval that is not positive is
// that of a configuration which was never read: nothing is done.
func everyInterval(ctx context.Context, interval time.Duration, do func()) {
	if interval <= 0 {
		return
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
		}
	}
}

func refreshOnce(ctx context.Context, clerk *provisioning.Service, log *zap.Logger) {
	done, err := clerk.RefreshSeats(ctx)
	if err != nil && ctx.Err() == nil {
		log.Error("seats could not all be counted", zap.Error(err))
	}
	log.Info("seats refreshed", zap.Int("subscriptions", done.Counted), zap.Int("changed", done.Changed))
}
