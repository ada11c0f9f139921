package bootstrap

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"go.uber.org/dig"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"

	"gatehouse/adapters/gitaly"
	"gatehouse/adapters/httpserver"
	"gatehouse/adapters/instancekey"
	"gatehouse/adapters/logger"
	"gatehouse/adapters/seatrefresh"
	"gatehouse/adapters/secretfile"
	"gatehouse/bootstrap/config"
)

const (
	// startTimeout is generous: a world may be large.
	startTimeout = 15 * time.Minute
	// drainTimeout is what the longest request may take, and some.
	drainTimeout = time.Minute
	// stopTimeout leaves the store time to write what was put off.
	stopTimeout = drainTimeout + 15*time.Second + finishTimeout
)

// App is the graph of the server. A leaf of it can be replaced by fx.Replace.
func App(config config.Config) fx.Option {
	return fx.Options(
		graph(config), persistence(config),
		fx.Supply(World{}),
		fx.Provide(func() *zap.Logger { return NewLogger(config.Log, os.Stderr) }, newSeatRefresh, newServer),
		fx.WithLogger(quiet),
		fx.StartTimeout(startTimeout), fx.StopTimeout(stopTimeout),
		// Secrets come first: while they cannot be had, nothing is open that
		// would have to be closed. Hooks run in this order, and in the other
		// one at the end; what they close is made before anything can fail to
		// start.
		fx.Invoke(func(*secretfile.Set, *secretfile.Key, *gitaly.Client) {}, keep, unlock, populate, announce, work, refreshSeats, listen),
	)
}

// graph is everything between the ports of persistence and the listeners.
func graph(config config.Config) fx.Option {
	return fx.Options(fx.Supply(config), registry, people, sales, git, cluster, background, web)
}

// quiet leaves what fx has to tell about itself to the debug level: errors are
// returned.
func quiet(log *zap.Logger) fxevent.Logger {
	events := &fxevent.ZapLogger{Logger: log.Named("fx")}
	events.UseLogLevel(zap.DebugLevel)
	events.UseErrorLevel(zap.DebugLevel)
	return events
}

func keep(lifecycle fx.Lifecycle, keeper Store) {
	lifecycle.Append(fx.StopHook(keeper.Close))
}

func unlock(lifecycle fx.Lifecycle, key *instancekey.Key, keeper Store) {
	lifecycle.Append(fx.StartHook(func(ctx context.Context) error { return key.Unlock(ctx, keeper) }))
}

func announce(config config.Config, log *zap.Logger) error { return config.Announce(log) }

func refreshSeats(lifecycle fx.Lifecycle, seats *seatrefresh.Refresher) {
	lifecycle.Append(fx.StartStopHook(seats.Start, seats.Stop))
}

func listen(lifecycle fx.Lifecycle, server *httpserver.Server) {
	lifecycle.Append(fx.StartStopHook(server.Start, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, drainTimeout)
		defer cancel()
		return server.Stop(ctx)
	}))
}

// NewLogger makes the logger that the settings ask for. It writes to w.
func NewLogger(config config.Log, w io.Writer) *zap.Logger {
	return logger.New(config.Level, config.Format, w)
}

// Option changes the graph, as those of fx do.
type Option = fx.Option

// Run serves until ctx is done, and then until every request under way is
// answered.
func Run(ctx context.Context, config config.Config, options ...Option) error {
	var server *httpserver.Server
	app := fx.New(App(config), fx.Options(options...), fx.Populate(&server))
	if err := app.Err(); err != nil {
		return dig.RootCause(err) // without the path through the graph
	}
	// A start is finished before it is undone: fx would close nothing under a
	// context that is done.
	starting, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	if err := app.Start(starting); err != nil {
		return err
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-server.Failed():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(err, app.Stop(stopping))
}

// WithLog makes the server log there rather than to the standard error output.
func WithLog(log *zap.Logger) Option { return fx.Replace(log) }

// WhenListening calls do once the server takes requests.
func WhenListening(do func(Addresses)) Option {
	return fx.Invoke(func(lifecycle fx.Lifecycle, server *httpserver.Server) {
		lifecycle.Append(fx.StartHook(func() { do(addresses(server)) }))
	})
}
