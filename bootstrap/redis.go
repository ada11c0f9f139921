package bootstrap

import (
	"context"
	"errors"
	"time"

	"gatehouse/adapters/redisstate"
	"gatehouse/application/inventory"
	"gatehouse/bootstrap/config"
)

// share keeps counters and notices in Redis if the configuration names one,
// and leaves everything else where it is.
func share(ports Ports, at config.URL) (Ports, error) {
	if at == "" {
		return ports, nil
	}
	state, err := redisstate.Open(string(at))
	if err != nil {
		return Ports{}, err
	}
	ports.Counters, ports.Leave, ports.Take = state, state, state
	ports.Inventory = sharedRecords{ports.Inventory, state}
	ports.Store = sharedStore{ports.Store, state}
	return ports, nil
}

// sharedRecords has the counters of Redis.
type sharedRecords struct {
	inventory.Records
	state *redisstate.State
}

// List implements inventory.Records.
func (i sharedRecords) List(ctx context.Context, thing string, now time.Time) ([]inventory.Record, error) {
	if thing == "counters" {
		return i.state.Counters(ctx, now)
	}
	return i.Records.List(ctx, thing, now)
}

// sharedStore closes both.
type sharedStore struct {
	Store
	state *redisstate.State
}

// Close implements Store.
func (k sharedStore) Close(ctx context.Context) error {
	return errors.Join(k.Store.Close(ctx), k.state.Close())
}
