package bootstrap

import (
	"context"
	"errors"

	"gatehouse/adapters/redisstate"
	"gatehouse/bootstrap/config"
)

// share keeps counters and notices in Redis, and counts requests there, if the
// settings name one. Everything else stays in the store.
func share(ports Ports, at config.URL) (Ports, error) {
	if at == "" {
		return ports, nil
	}
	state, err := redisstate.Open(string(at))
	if err != nil {
		return Ports{}, err
	}
	ports.Counters, ports.Notices, ports.RequestCounters = state, state, state
	ports.Inventory = state.WithCounters(ports.Inventory)
	ports.Store = sharedStore{ports.Store, state}
	return ports, nil
}

// sharedStore closes Redis too.
type sharedStore struct {
	Store
	state *redisstate.State
}

// Close implements Store.
func (k sharedStore) Close(ctx context.Context) error {
	return errors.Join(k.Store.Close(ctx), k.state.Close())
}
