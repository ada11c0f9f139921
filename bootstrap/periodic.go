package bootstrap

import (
	"context"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/periodic"
	"gatehouse/application"
	"gatehouse/application/provisioning"
	"gatehouse/application/retention"
	"gatehouse/bootstrap/config"
)

const (
	// retentionInterval is how often old records are removed.
	retentionInterval = time.Hour
	// discardedJobs is for how long discarded jobs can be listed and retried.
	discardedJobs = 30 * 24 * time.Hour
)

// periodicTasks are what a server does at intervals.
type periodicTasks []*periodic.Task

func newPeriodicTasks(config config.Config, seats *provisioning.Service, retention *retention.Service, log *zap.Logger) periodicTasks {
	return periodicTasks{
		periodic.New(config.Seats.RefreshInterval, refreshSeats(seats.RefreshSeats, log)),
		periodic.New(retentionInterval, removeOldRecords(retention.Run, log)),
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

func removeOldRecords(remove func(context.Context) (retention.Removed, error), log *zap.Logger) func(context.Context) {
	return func(ctx context.Context) {
		removed, err := remove(ctx)
		if err != nil && ctx.Err() == nil {
			log.Error("old records could not all be removed", zap.Error(err))
		}
		if removed != (retention.Removed{}) {
			log.Info("old records removed", zap.Int("pushes", removed.Pushes), zap.Int("audit_events", removed.AuditEvents), zap.Int("deliveries", removed.Deliveries), zap.Int("jobs", removed.Jobs))
		}
	}
}

// Retention makes the service that removes old records.
func Retention(config config.Config, kept retention.Records, store Store, now application.Clock, elapsed application.Elapsed) *retention.Service {
	rules := retention.Rules{
		Pushes: config.Retention.Pushes, AuditEvents: config.Retention.Audit,
		Deliveries: config.Retention.Deliveries, Jobs: discardedJobs,
	}
	return retention.New(kept, store, rules, now, elapsed)
}
