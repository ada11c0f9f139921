package cli

import (
	"context"
	"errors"

	"gatehouse/bootstrap"
)

// office is what a command works with that needs the data, and no server.
type office struct {
	bootstrap.Ports
	config bootstrap.Config
}

// Whether a command may make or bring up to date the database.
const (
	willing   = true
	unwilling = false
)

var errForgetful = errors.New("database.url is memory:, which nothing but serve --world can fill; name a database")

// withStore opens the store for do.
func (f *configFlags) withStore(ctx context.Context, migrate bool, do func(office) error) error {
	config, err := f.load()
	if err != nil {
		return err
	}
	if config.Database.InMemory() {
		return errForgetful
	}
	config.Database.Migrate = config.Database.Migrate && migrate
	ports, err := bootstrap.OpenPorts(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(do(office{ports, config}), ports.Keeper.Close(context.WithoutCancel(ctx)))
}
