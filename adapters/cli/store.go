package cli

import (
	"context"
	"errors"
	"slices"

	"gatehouse/application/worldimport"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

// store is the opened database of a command, with the configuration that names
// it. No server runs.
type store struct {
	bootstrap.Opened
	config config.Config
}

// Whether a command may create the database or migrate its schema.
const (
	mayMigrate = true
	noMigrate  = false
)

var errNeedsDatabase = errors.New("database.url is memory:, which nothing but serve --world can fill; name a database")

// openStore loads the configuration, opens its database, calls do and closes
// the database. Without migrate, a database whose schema is missing or out of
// date is an error.
func (f *configFlags) openStore(ctx context.Context, streams Streams, migrate bool, do func(store) error) error {
	config, err := f.load()
	if err != nil {
		return err
	}
	if config.Database.InMemory() {
		return errNeedsDatabase
	}
	config.Database.Migrate = config.Database.Migrate && migrate
	opened, err := bootstrap.OpenPorts(ctx, config, bootstrap.NewLogger(config.Log, streams.Err))
	if err != nil {
		return err
	}
	return errors.Join(do(store{opened, config}), opened.Store.Close(context.WithoutCancel(ctx)))
}

// unlockFor calls unlock, which unlocks the instance key, if the world has secrets. Else
// it does without, and no key is created: the command may run in another folder than the
// server.
func unlockFor(ctx context.Context, world worldimport.World, unlock func(context.Context) error) error {
	if len(world.Hooks) == 0 && !slices.ContainsFunc(world.Users, func(u worldimport.User) bool { return u.TOTPSecret != "" }) {
		return nil
	}
	return unlock(ctx)
}
