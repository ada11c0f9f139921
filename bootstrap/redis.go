package bootstrap

import (
	"context"
	"errors"
	"time"

	"gatehouse/adapters/redisstate"
	"gatehouse/application/inventory"
)

// share keeps counters and notices in Redis if the configuration names one,
// and leaves everything else where it is.
func share(ports Ports, at URL) (Ports, error) {
	if at == "" {
		return ports, nil
	}
	state, err := redisstate.Open(string(at))
	if err != nil {
		return Ports{}, err
	}
	ports.Counters, ports.Leave, ports.Take = state, state, state
	ports.Inventory = sharedInventory{ports.Inventory, state}
	ports.Keeper = sharedKeeper{ports.Keeper, state}
	return ports, nil
}

// sharedInventory has the counters of Redis.
type sharedInventory struct {
	inventory.Records
	state *redisstate.State
}

// List implements inventory.Records.
func (i sharedInventory) List(ctx context.Context, thing string, now time.Time) ([]inventory.Record, error) {
	if thing == "counters" {
		return i.state.Counters(ctx, now)
	}
	return i.Records.List(ctx, thing, now)
}

// sharedKeeper closes both.
type sharedKeeper struct {
	Keeper
	state *redisstate.State
}

// Close implements Keeper.
func (k sharedKeeper) Close(ctx context.Context) error {
	return errors.Join(k.Keeper.Close(ctx), k.state.Close())
}

// checkRedis asks Redis for a sign of life.
func checkRedis(ctx context.Context, at URL) Checkup {
	c := Checkup{Name: "redis.url", Detail: at.String()}
	state, err := redisstate.Open(string(at))
	if err != nil {
		c.Problem = err
		return c
	}
	defer func() { _ = state.Close() }()
	c.Problem = state.Ping(ctx)
	return c
}
