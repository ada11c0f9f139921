package bootstrap

import (
	"context"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/periodic"
	"gatehouse/application/provisioning"
	"gatehouse/bootstrap/config"
)

// periodicTasks are what a server does at intervals.
type periodicTasks []*periodic.Task

func newPeriodicTasks(config config.Config, seats *provisioning.Service, log *zap.Logger) periodicTasks {
	return periodicTasks{
		periodic.New(config.Seats.RefreshInterval, refreshSeats(seats.RefreshSeats, log)),
	}
}

// hooks starts and stops the tasks.
func (all periodicTasks) hooks() (hooks []fx.Hook) {
	for _, task := range all {
		hooks = append(hooks, fx.StartStopHook(task.Start, task.Stop))
	}
	return hooks
}

func refreshSeats(refresh func(context.Context) (provisioning.SeatRefresh, error), log *zap.Logger) func(context.Context) {
	return func(ctx context.Context) {
		done, err := refresh(ctx)
		if err != nil && ctx.Err() == nil {
			log.Error("seats could not all be counted", zap.Error(err))
		}
		log.Info("seats refreshed", zap.Int("subscriptions", done.Counted), zap.Int("changed", done.Changed))
	}
}
