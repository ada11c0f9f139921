package bootstrap

import (
	"context"
	"errors"
	"fmt"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/memory"
	"gatehouse/bootstrap/config"
)

// newPorts makes the ports of the store that the settings ask for. It connects to
// nothing: Store does.
func newPorts(config config.Config) (Ports, error) {
	d := config.Database
	if d.InMemory() {
		return share(MemoryPorts(memory.New()), config.Redis.URL)
	}
	s, err := gormstore.New(string(d.URL), d.PoolSize, d.Migrate)
	if err != nil {
		return Ports{}, err
	}
	return share(GormPorts(s), config.Redis.URL)
}

// MemoryPorts returns all ports of a store in memory.
func MemoryPorts(s *memory.Store) Ports {
	return Ports{
		Directory: s.Directory, Notices: s.Notices, KeyUses: s.KeyUses, Actors: s.Actors,
		Counters: s.Counters, Recorder: s.Recorder, PushContexts: s.PushContexts, Pushes: s.Pushes,
		Accounts: s.Accounts, RecoveryCodes: s.RecoveryCodes, AccessTokens: s.AccessTokens, AuditLog: s.AuditLog,
		WorldImport: s.WorldImport, NewProjects: s.NewProjects, Billing: s.Billing, BillingUnitOfWork: s.BillingUnitOfWork, Inventory: s.Records,
		Agents: s.Agents, UsageCounters: s.UsageCounters, AgentTokens: s.AgentTokens, Findings: s.Findings,
		Destinations: s.Destinations, Jobs: s.Jobs, Deliveries: s.Deliveries, Store: s,
	}
}

// GormPorts returns all ports of a store in PostgreSQL or SQLite.
func GormPorts(s *gormstore.Store) Ports {
	return Ports{
		Directory: s.Directory, Notices: s.Notices, KeyUses: s.KeyUses, Actors: s.Actors, Counters: s.Counters, Recorder: s.Pushes,
		PushContexts: s.PushContexts, Accounts: s.Accounts, RecoveryCodes: s.RecoveryCodes,
		AccessTokens: s.AccessTokens, AuditLog: s.AuditLog, WorldImport: s.WorldImport, NewProjects: s.NewProjects, Inventory: s.Records,
		Agents: s.Agents, UsageCounters: s.UsageCounters, AgentTokens: s.AgentTokens, Findings: s.Findings,
		Destinations: s.Destinations, Jobs: s.Jobs, Pushes: s.Pushes, Deliveries: s.Deliveries,
		Billing: s.Billing, BillingUnitOfWork: s.BillingUnitOfWork, Store: s,
	}
}

// OpenPorts opens the store without a server. If database.migrate is off it has
// to exist, with this program's schema.
func OpenPorts(ctx context.Context, config config.Config) (Ports, error) {
	if d := config.Database; !d.Migrate && d.IsMissing() {
		return Ports{}, fmt.Errorf("database.url: %s is not there; is this the right directory?", d.Place())
	}
	ports, err := newPorts(config)
	if err != nil {
		return Ports{}, err
	}
	if err := ports.Store.Connect(ctx); err != nil {
		return Ports{}, errors.Join(err, ports.Store.Close(context.WithoutCancel(ctx)))
	}
	return ports, nil
}

// Migrate brings the database to this program's schema, whatever
// database.migrate says, and returns the versions before and after.
func Migrate(ctx context.Context, config config.Config) (before, after int64, err error) {
	schema, err := gormstore.Migrate(ctx, string(config.Database.URL))
	return schema.Version, schema.Target, err
}
