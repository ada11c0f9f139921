package bootstrap

import (
	"context"
	"time"

	"go.uber.org/dig"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/instancekey"
	"gatehouse/application"
	"gatehouse/application/credentials"
	"gatehouse/application/gitaccess"
	"gatehouse/application/gitaudit"
	"gatehouse/application/lfsaccess"
	"gatehouse/application/provisioning"
	"gatehouse/bootstrap/config"
)

// Built is a server that does not listen: its handlers, and the use cases
// behind them.
type Built struct {
	fx.In

	Handlers     Handlers
	Key          *instancekey.Key
	Gatekeeper   *gitaccess.Gatekeeper
	Credentials  *credentials.Service
	LFS          *lfsaccess.Service
	Audit        *gitaudit.Service
	Provisioning *provisioning.Service
}

// Fakes replace what a test has to control. Fields that are nil or empty replace
// nothing.
type Fakes struct {
	// Clock is never set: what it tells is the time that passes, too.
	Clock application.Clock
	// Repositories answers instead of every Gitaly. It is asked only if the settings
	// connect one.
	Repositories Repositories
	// SmartHTTP moves the bytes of Git over HTTP instead of every Gitaly.
	SmartHTTP gitaccess.SmartHTTP
	// Log gets what the server logs.
	Log *zap.Logger
	// Revision replaces the revision of the source, which a test does not know.
	Revision string
}

// decorate puts the fakes into the graph.
func (f Fakes) decorate() fx.Option {
	var options []fx.Option
	if f.Clock != nil {
		start := f.Clock()
		elapsed := func() time.Duration { return f.Clock().Sub(start) }
		options = append(options, fx.Replace(f.Clock, application.Elapsed(elapsed)))
	}
	if f.Repositories != nil {
		options = append(options, fx.Decorate(func() Repositories { return f.Repositories }))
	}
	if f.SmartHTTP != nil {
		options = append(options, fx.Decorate(func() gitaccess.SmartHTTP { return f.SmartHTTP }))
	}
	if f.Log != nil {
		options = append(options, fx.Replace(f.Log))
	}
	if f.Revision != "" {
		options = append(options, fx.Replace(revision(f.Revision)))
	}
	return fx.Options(options...)
}

// Build makes the same graph as Run, over ports that are connected already. It
// reads the secret files, and makes those that do not exist. It starts nothing: no
// listener, no jobs, no timer, no queue. It logs only to a fake. Secrets are sealed as the ports do it.
func Build(config config.Config, ports Ports, fakes Fakes) (Built, error) {
	var built Built
	err := fx.New(
		graph(config),
		fx.Provide(func() Ports { return ports }),
		fx.Supply(zap.NewNop()), fx.NopLogger,
		fakes.decorate(),
		fx.Populate(&built),
	).Err()
	if err != nil {
		return Built{}, dig.RootCause(err)
	}
	return built, built.Key.Unlock(context.Background(), ports.Store)
}
