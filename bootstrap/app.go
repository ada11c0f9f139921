package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"go.uber.org/dig"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"

	"gatehouse/adapters/httpserver"
	"gatehouse/adapters/instancekey"
	"gatehouse/adapters/logger"
	"gatehouse/bootstrap/config"
)

// App is the graph of the server. A leaf of it can be replaced by fx.Replace.
func App(config config.Config) fx.Option {
	return fx.Options(
		graph(config),
		fx.Provide(
			func(key *instancekey.Key, log *zap.Logger) (Ports, error) { return newPorts(config, key, log) },
			func() zap.AtomicLevel { return logger.Level(config.Log.Level) },
			func(level zap.AtomicLevel, to logOutput) *zap.Logger { return logger.New(level, config.Log.Format, to) },
			Retention, newPeriodicTasks, newServer,
		),
		fx.Supply(World{}, Reload{}, logOutput{os.Stderr}, interrupt{context.Background()}),
		fx.WithLogger(quiet),
		fx.Invoke(start),
	)
}

// graph is everything between the ports of persistence and the listeners.
func graph(config config.Config) fx.Option {
	return fx.Options(fx.Supply(config), imports, people, sales, git, cluster, background, management, web)
}

// quiet logs the events of fx at the debug level: errors are returned.
func quiet(log *zap.Logger) fxevent.Logger {
	events := &fxevent.ZapLogger{Logger: log.Named("fx")}
	events.UseLogLevel(zap.DebugLevel)
	events.UseErrorLevel(zap.DebugLevel)
	return events
}

// NewLogger makes the logger that the settings ask for. It writes to w.
func NewLogger(config config.Log, w io.Writer) *zap.Logger {
	return logger.New(logger.Level(config.Level), config.Format, w)
}

// Option changes the graph, as those of fx do.
type Option = fx.Option

// Run serves until ctx ends, and then until every request under way is answered.
// If ctx ends before the server listens, Run gives up the start, closes what was
// opened and fails.
func Run(ctx context.Context, config config.Config, options ...Option) error {
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var server *httpserver.Server
	var reloader reloader
	app := fx.New(App(config), fx.Options(options...), fx.Replace(interrupt{starting}), fx.Populate(&server, &reloader))
	if err := app.Err(); err != nil {
		return dig.RootCause(err) // without the path through the graph
	}
	var reloading sync.WaitGroup
	done := make(chan struct{})
	reloading.Go(func() { reloader.follow(done) })
	defer reloading.Wait()
	defer close(done)
	if err := app.Start(context.WithoutCancel(ctx)); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("the start was interrupted (%w): %w", context.Cause(ctx), err)
		}
		return err
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-server.Failed():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), config.Git.HTTPDrain+stopTimeout)
	defer cancel()
	return errors.Join(err, app.Stop(stopping))
}

// WithLog makes the server write its log to log rather than to the standard error
// output. The level of log does not change.
func WithLog(log *zap.Logger) Option { return fx.Replace(log) }

// WithLogOutput makes the server write its log to w rather than to the standard error
// output.
func WithLogOutput(w io.Writer) Option { return fx.Replace(logOutput{w}) }

// logOutput is where the log is written to.
type logOutput struct{ io.Writer }

// WithGRPCLog makes the server's log the receiver of gRPC's own lines, of which there
// is one in a program.
func WithGRPCLog() Option { return fx.Invoke(logger.TakeGRPC) }

// WhenListening calls do once the server takes requests.
func WhenListening(do func(Addresses)) Option {
	return fx.Invoke(func(lifecycle fx.Lifecycle, server *httpserver.Server) {
		lifecycle.Append(fx.StartHook(func() { do(addresses(server)) }))
	})
}
