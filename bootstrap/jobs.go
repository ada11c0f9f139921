package bootstrap

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.uber.org/fx"

	"gatehouse/adapters/hookclient"
	"gatehouse/application"
	"gatehouse/application/postreceive"
	"gatehouse/application/projects"
	"gatehouse/application/pushes"
	"gatehouse/application/webhooks"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/hooks"
)

// background does jobs.
var background = fx.Module("background", fx.Provide(PostReceive, Webhooks, WorkerPool, history))

// history returns the history that Gitaly knows, or nil if none is connected.
func history(config config.Config, repositories Repositories) postreceive.History {
	if !config.Gitaly.Connected() {
		return nil
	}
	return repositories
}

// WorkerPool has the worker of each kind of job, and how they run.
func WorkerPool(config config.Config, worker *postreceive.Worker, dispatcher *webhooks.Dispatcher, creator *projects.Creator) application.WorkerPool {
	return application.WorkerPool{
		Workers: map[application.JobKind]application.Worker{
			pushes.PushReceived:        worker.Process,
			postreceive.DeliverWebhook: dispatcher.Deliver,
			projects.CreateRepository:  creator.CreateRepository,
		},
		Concurrency: config.Jobs.Workers, PollInterval: config.Jobs.PollInterval, RetryDelay: config.Jobs.RetryDelay,
		MaxDelay: map[application.JobKind]time.Duration{projects.CreateRepository: projects.RetryDelay},
	}
}

// RetryRepositories makes the jobs due that create repositories: an import may have
// mended what they failed for. It does nothing unless a Gitaly is connected.
func RetryRepositories(ctx context.Context, config config.Config, jobs Jobs) error {
	if !config.Gitaly.Connected() {
		return nil
	}
	return jobs.MakeDue(ctx, projects.CreateRepository, 0)
}

// PostReceive makes the worker that processes received pushes. Without Gitaly
// history is nil.
func PostReceive(config config.Config, pushes postreceive.Pushes, history postreceive.History, now application.Clock) *postreceive.Worker {
	return postreceive.New(pushes, history, postreceive.Rules{HooksLimit: config.Webhooks.PushLimit, NewID: uuid.NewString}, now)
}

// Webhooks makes the dispatcher of events to hooks.
func Webhooks(config config.Config, deliveries webhooks.Deliveries, now application.Clock) *webhooks.Dispatcher {
	sender := hookclient.New(hookclient.Instance{
		URL: config.ExternalURL, SSHHost: config.Host(), Version: config.Version,
		Timeout: config.Webhooks.Timeout, Local: config.Webhooks.AllowLocalRequests,
	})
	return webhooks.New(deliveries, sender, webhooks.Rules{Pause: config.Webhooks.Backoff, SlowAfter: config.Webhooks.SlowAfter(), NewID: uuid.NewString}, now)
}

// TestHook sends a test event to a hook.
func TestHook(ctx context.Context, config config.Config, ports Ports, id int64) (webhooks.TestResult, error) {
	client, err := Storages(config, Clock())
	if err != nil {
		return webhooks.TestResult{}, err
	}
	var history webhooks.History
	if config.Gitaly.Connected() {
		history = client
	}
	result, err := Webhooks(config, ports.Deliveries, Clock()).Test(ctx, hooks.HookID(id), history)
	return result, errors.Join(err, client.Close())
}
