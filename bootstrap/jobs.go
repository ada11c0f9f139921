package bootstrap

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/hookclient"
	"gatehouse/application"
	"gatehouse/application/postreceive"
	"gatehouse/application/projects"
	"gatehouse/application/pushes"
	"gatehouse/application/webhooks"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// background does jobs.
var background = fx.Module("background", fx.Provide(PostReceive, Webhooks, Hooks, WorkerPool, history, newReleaser))

// history returns the history that Gitaly knows, or nil if none is connected.
func history(config config.Config, repositories Repositories) postreceive.History {
	if !config.Gitaly.Connected() {
		return nil
	}
	return repositories
}

// WorkerPool has the worker of each kind of job, and how they run.
func WorkerPool(config config.Config, worker *postreceive.Worker, dispatcher *webhooks.Dispatcher, creator *projects.Creator, starter *projects.Starter, remover *projects.Remover) application.WorkerPool {
	return application.WorkerPool{
		Workers: map[application.JobKind]application.Worker{
			pushes.PushReceived:        worker.Process,
			postreceive.DeliverWebhook: dispatcher.Deliver,
			projects.CreateRepository:  creator.CreateRepository,
			projects.StartRepository:   starter.StartRepository,
			projects.SetDefaultBranch:  starter.SetDefaultBranch,
			projects.RemoveRepository:  remover.RemoveRepository,
		},
		Concurrency: config.Jobs.Workers, WebhookConcurrency: config.Webhooks.Workers(), PollInterval: config.Jobs.PollInterval, RetryDelay: config.Jobs.RetryDelay,
		MaxDelay: map[application.JobKind]time.Duration{
			projects.CreateRepository: projects.RetryDelay, projects.StartRepository: projects.RetryDelay,
			projects.SetDefaultBranch: projects.RetryDelay, projects.RemoveRepository: projects.RetryDelay,
		},
	}
}

// RetryRepositories makes the jobs due that create repositories: an import may have
// mended what they failed for. It does nothing unless a Gitaly is connected.
func RetryRepositories(ctx context.Context, config config.Config, jobs Jobs) error {
	if !config.Gitaly.Connected() {
		return nil
	}
	return errors.Join(jobs.MakeDue(ctx, projects.CreateRepository, 0), jobs.MakeDue(ctx, projects.StartRepository, 0))
}

// PostReceive makes the worker that processes received pushes. Without Gitaly
// history is nil.
func PostReceive(config config.Config, pushes postreceive.Pushes, history postreceive.History, now application.Clock) *postreceive.Worker {
	return postreceive.New(pushes, history, postreceive.Rules{HooksLimit: config.Webhooks.PushLimit, PerHook: config.Webhooks.PerHook, NewID: uuid.NewString}, now)
}

// Webhooks makes the dispatcher of events to hooks.
func Webhooks(config config.Config, deliveries webhooks.Deliveries, now application.Clock, log *zap.Logger) *webhooks.Dispatcher {
	return webhooks.New(deliveries, loggingSender{hookClient(config), log.Named("webhooks")}, webhooks.Rules{
		Pause: config.Webhooks.Backoff, SlowAfter: config.Webhooks.SlowAfter(),
		PerHook: config.Webhooks.PerHook, PerHost: config.Webhooks.PerHost, NewID: uuid.NewString,
	}, now)
}

// hookClient makes the client of the receivers of webhooks.
func hookClient(config config.Config) *hookclient.Client {
	return hookclient.New(hookclient.Instance{
		URL: config.ExternalURL, SSHURL: func(path string) string { return config.CloneURL(path, source.SSH) }, Version: config.Version,
		Timeout: config.Webhooks.Timeout, Local: config.Webhooks.AllowLocalRequests,
	})
}

// Hooks makes the service that changes hooks.
func Hooks(config config.Config, unitOfWork webhooks.UnitOfWork, reader webhooks.Records, backlog webhooks.Backlog, standings Standings, dispatcher *webhooks.Dispatcher, repositories Repositories, now application.Clock) *webhooks.Service {
	var history webhooks.History
	if config.Gitaly.Connected() {
		history = repositories
	}
	return webhooks.NewService(unitOfWork, reader, backlog, standings, hookClient(config), dispatcher, history, now)
}

// loggingSender logs when an event takes the place of earlier ones.
type loggingSender struct {
	webhooks.Sender
	log *zap.Logger
}

// Send implements webhooks.Sender.
func (s loggingSender) Send(ctx context.Context, d hooks.Delivery) (status int, err error) {
	if d.Missed > 0 {
		s.log.Warn("earlier events of this ref were given up, and this one is sent in their place",
			zap.Int64("hook", int64(d.Hook.ID)), zap.Int64("project", int64(d.Event.Project.ID)),
			zap.Stringer("ref", d.Event.Change.Ref), zap.Int("missed", d.Missed))
	}
	return s.Sender.Send(ctx, d)
}

// TestHook sends a test event to a hook.
func TestHook(ctx context.Context, config config.Config, ports Ports, by audit.Cause, id int64) (webhooks.TestResult, error) {
	client, err := Storages(config, Clock())
	if err != nil {
		return webhooks.TestResult{}, err
	}
	var history webhooks.History
	if config.Gitaly.Connected() {
		history = client
	}
	result, err := Webhooks(config, ports.Deliveries, Clock(), zap.NewNop()).Test(ctx, by, hooks.HookID(id), history)
	return result, errors.Join(err, client.Close())
}

// RetryJob makes a job due now.
func RetryJob(ctx context.Context, ports Ports, by audit.Cause, id int64) error {
	return ports.Jobs.Retry(ctx, id, jobEvent(by, "waiting"))
}

// jobEvent is the event of a job that gets another state.
func jobEvent(by audit.Cause, state string) audit.Event {
	return by.Event(Clock()(), audit.Update, audit.Object{Kind: audit.Instance}, audit.Object{Kind: "job"}, nil, audit.Values{"state": state})
}

// DiscardJob discards a job, and lets the deliveries go that waited for it.
func DiscardJob(ctx context.Context, config config.Config, ports Ports, by audit.Cause, id int64) error {
	if err := ports.Jobs.Discard(ctx, id, jobEvent(by, "discarded")); err != nil {
		return err
	}
	return ports.Deliveries.Release(ctx, config.Webhooks.PerHook)
}

// releaser releases deliveries that waited for one whose job was discarded: it looks at
// its start, and then every releaseInterval.
type releaser struct {
	dispatcher *webhooks.Dispatcher
	log        *zap.Logger
	stop       context.CancelFunc
	work       sync.WaitGroup
}

const releaseInterval = time.Minute

func newReleaser(dispatcher *webhooks.Dispatcher, log *zap.Logger) *releaser {
	return &releaser{dispatcher: dispatcher, log: log.Named("webhooks"), stop: func() {}}
}

// start releases deliveries in the background.
func (r *releaser) start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	r.work.Go(func() {
		ticker := time.NewTicker(releaseInterval)
		defer ticker.Stop()
		for {
			if err := r.dispatcher.Release(ctx); err != nil && ctx.Err() == nil {
				r.log.Warn("deliveries that wait could not be released", zap.Error(err))
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
}

// end interrupts a release that is under way, and waits for its end.
func (r *releaser) end() {
	r.stop()
	r.work.Wait()
}
