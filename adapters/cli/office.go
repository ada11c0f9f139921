package cli

import (
	"context"
	"errors"
	"slices"

	"gatehouse/application/worldimport"
	"gatehouse/bootstrap"
)

// office is what a command works with that needs the data, and no server.
type office struct {
	bootstrap.Ports
	config bootstrap.Config
}

// seal seals the world's secrets with the instance's own key. Only if it has
// any the key is opened, or made: this may not be the server's folder.
func (o office) seal(ctx context.Context, world worldimport.World, streams Streams) (func(string) string, error) {
	if !slices.ContainsFunc(world.Users, func(u worldimport.User) bool { return u.TOTPSecret != "" }) &&
		!slices.ContainsFunc(world.Hooks, func(h worldimport.Hook) bool { return h.Hook.Token != "" }) {
		return nil, nil
	}
	key := bootstrap.NewInstanceKey(o.config, bootstrap.Clock(), bootstrap.NewLogger(o.config.Log, streams.Err))
	if err := key.Unlock(ctx, o.Store); err != nil {
		return nil, err
	}
	return key.Seal, nil
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
	return errors.Join(do(office{ports, config}), ports.Store.Close(context.WithoutCancel(ctx)))
}
