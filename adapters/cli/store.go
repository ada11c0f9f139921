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
	bootstrap.Ports
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
func (f *configFlags) openStore(ctx context.Context, migrate bool, do func(store) error) error {
	config, err := f.load()
	if err != nil {
		return err
	}
	if config.Database.InMemory() {
		return errNeedsDatabase
	}
	config.Database.Migrate = config.Database.Migrate && migrate
	ports, err := bootstrap.OpenPorts(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(do(store{ports, config}), ports.Store.Close(context.WithoutCancel(ctx)))
}

// sealer returns the function that seals a world's secrets with the instance's
// own key. It is nil, and no key is created, if the world has no secrets: the
// command may run in another folder than the server.
func (s store) sealer(ctx context.Context, world worldimport.World, streams Streams) (func(string) string, error) {
	if !slices.ContainsFunc(world.Users, func(u worldimport.User) bool { return u.TOTPSecret != "" }) &&
		!slices.ContainsFunc(world.Hooks, func(h worldimport.Hook) bool { return h.Hook.Token != "" }) {
		return nil, nil
	}
	key, err := bootstrap.UnlockInstanceKey(ctx, s.config, s.Store, bootstrap.NewLogger(s.config.Log, streams.Err))
	if err != nil {
		return nil, err
	}
	return key.Seal, nil
}
