package bootstrap

import (
	"context"
	"slices"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/auditqueue"
	"gatehouse/adapters/gitaly"
	"gatehouse/adapters/httpapi/githttp"
	"gatehouse/adapters/httpserver"
	"gatehouse/adapters/instancekey"
	"gatehouse/adapters/secretfile"
	"gatehouse/adapters/spool"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/worldimport"
	"gatehouse/bootstrap/config"
)

const (
	// startTimeout is how long a start may take. A migration may take long, and so
	// may a large world.
	startTimeout = 15 * time.Minute
	// drainTimeout is how long the requests under way may take at the end. The
	// slowest one takes less.
	drainTimeout = time.Minute
	// jobsTimeout is how long the jobs under way may take at the end. Then they are
	// interrupted, and another server does them again.
	jobsTimeout = 10 * time.Second
	// decisionsTimeout is how long decisions are written at the end.
	decisionsTimeout = 5 * time.Second
	// stopTimeout leaves time for the decisions, and for what the store put off. The
	// transfers of Git have theirs before.
	stopTimeout = drainTimeout + jobsTimeout + 15*time.Second
)

// parts are what start needs. Secrets load first, so that a bad file fails the
// start before anything is opened: fx makes the fields in this order.
type parts struct {
	fx.In

	ShellSecrets *secretfile.Set
	KasSecret    *secretfile.Key
	Workhorse    WorkhorseKey

	Config    config.Config
	Log       *zap.Logger
	Interrupt interrupt
	Gitaly    *gitaly.Client
	Store     Store
	Key       *instancekey.Key
	World     World
	Importer  *worldimport.Importer
	Accounts  accounts.Records
	Jobs      Jobs
	Pool      application.WorkerPool
	Releaser  *releaser
	Spool     *spool.Replayer
	Decisions *auditqueue.Queue
	Periodic  periodicTasks
	Server    *httpserver.Server
	Git       *githttp.API
}

// start appends the hooks of the server. They start in this order and stop in the
// opposite one. If one fails to start, those before it stop: so what has to be
// closed comes before what can fail.
func start(lifecycle fx.Lifecycle, p parts) {
	for _, hook := range slices.Concat([]fx.Hook{
		fx.StartHook(func() error { return p.Config.Announce(p.Log) }),
		fx.StopHook(p.Gitaly.Close),
		fx.StopHook(p.Store.Close),
		fx.StartHook(p.checkConfigFile),
		fx.StartHook(p.Interrupt.ends(p.Store.Connect)),
		fx.StartHook(p.Interrupt.ends(func(ctx context.Context) error { return unlock(ctx, p.Key, p.Store, p.Log) })),
		fx.StartHook(p.Interrupt.ends(func(ctx context.Context) error { return p.World.apply(ctx, p.Config, p.Importer, p.Jobs, p.Log) })),
		fx.StartHook(p.Interrupt.ends(p.missAdministrator)),
		fx.StartStopHook(p.Interrupt.ends(p.startJobs), p.stopJobs),
		fx.StartStopHook(p.Spool.Start, p.Spool.Stop),
		fx.StartStopHook(p.Decisions.Start, p.stopDecisions),
	}, p.Periodic.hooks(), []fx.Hook{
		fx.StartStopHook(p.Interrupt.ends(p.Server.Start), p.drain),
	}) {
		lifecycle.Append(hook)
	}
}

// checkConfigFile logs that the configuration file is weak, or fails if
// secrets.strict is set.
func (p parts) checkConfigFile() error {
	err := ConfigFileWeakness(p.Config)
	if err == nil || p.Config.Secrets.Strict {
		return err
	}
	p.Log.Warn("the configuration file is weak", zap.Error(err))
	return nil
}

// missAdministrator logs how to make the first administrator while there is none: the
// management API serves little without one.
func (p parts) missAdministrator(ctx context.Context) error {
	if !p.Config.API.Enabled {
		return nil
	}
	found, err := p.Accounts.HasAdministrator(ctx)
	if err == nil && !found {
		p.Log.Info("there is no administrator yet: `gatehouse admin create --username root` makes one and prints an access token")
	}
	return err
}

func (p parts) startJobs(ctx context.Context) error {
	if p.Pool.Concurrency == 0 {
		return nil
	}
	if err := p.Jobs.Start(ctx, p.Pool, p.Log.Named("jobs")); err != nil {
		return err
	}
	p.Releaser.start()
	return nil
}

func (p parts) stopJobs(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, jobsTimeout)
	defer cancel()
	p.Releaser.end()
	if err := p.Jobs.Stop(ctx); err != nil {
		p.Log.Named("jobs").Warn("jobs will be done again", zap.Error(err))
	}
}

func (p parts) stopDecisions(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, decisionsTimeout)
	defer cancel()
	p.Decisions.Stop(ctx)
}

// drain lets the transfers of Git end while the server still takes requests: Gitaly asks about
// a push before it ends.
func (p parts) drain(ctx context.Context) error {
	if n := p.Git.Transfers(); n > 0 {
		p.Log.Info("waiting for Git's transfers over HTTP", zap.Int("transfers", n), zap.Duration("git.http_drain", p.Config.Git.HTTPDrain))
	}
	transfers, cut := context.WithTimeout(ctx, p.Config.Git.HTTPDrain)
	defer cut()
	p.Git.Drain(transfers)
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	return p.Server.Stop(ctx)
}

// interrupt ends when the program is asked to stop, or when the start takes too
// long. It is not the context under which fx starts: when that ends, fx neither
// waits for the hook that runs nor calls the stop hooks of the others.
type interrupt struct{ context.Context }

// ends returns the start hook do under a context that ends with the interrupt.
func (i interrupt) ends(do func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		stop := context.AfterFunc(i, func() { cancel(context.Cause(i)) })
		defer stop()
		return do(ctx)
	}
}
