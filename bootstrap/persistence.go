package bootstrap

import (
	"context"
	"fmt"

	"go.uber.org/fx"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/jobs"
	"gatehouse/adapters/memory"
	"gatehouse/bootstrap/config"
)

// persistence is the store that the configuration asks for.
func persistence(config config.Config) fx.Option {
	if config.Database.InMemory() { // asked for by name, never by default
		return fx.Module("memory", fx.Provide(memory.New, func(s *memory.Store) (Ports, error) {
			return share(MemoryPorts(s), config.Redis.URL)
		}))
	}
	return fx.Module("gormstore", fx.Provide(
		func() (*gormstore.Store, error) { return openGorm(context.Background(), config.Database) },
		func(s *gormstore.Store) (Ports, error) { return share(GormPorts(s), config.Redis.URL) },
	))
}

func openGorm(ctx context.Context, d config.Database) (*gormstore.Store, error) {
	return gormstore.Open(ctx, string(d.URL), d.PoolSize, d.Migrate)
}

// MemoryPorts are all ports, kept in memory.
func MemoryPorts(s *memory.Store) Ports {
	return Ports{
		Directory: s.Directory, Leave: s.Notices, Take: s.Notices, Stamps: s.Stamps, Actors: s.Actors,
		Counters: s.Counters, Recorder: s.Recorder, PushContexts: s.PushContexts, Pushes: s.Pushes,
		Accounts: s.Accounts, RecoveryCodes: s.RecoveryCodes, AccessTokens: s.AccessTokens, AuditLog: s.AuditLog,
		WorldImport: s.WorldImport, Billing: s.Billing, BillingUnitOfWork: s.BillingUnitOfWork, Inventory: s.Records,
		Agents: s.Agents, UsageCounters: s.UsageCounters, AgentTokens: s.AgentTokens, Findings: s.Findings,
		Destinations: s.Destinations, Jobs: s.Jobs, Deliveries: s.Deliveries, Store: s,
	}
}

// GormPorts are all ports, kept in PostgreSQL or SQLite.
func GormPorts(s *gormstore.Store) Ports {
	queue := jobs.New(s.Database())
	s.EnqueueBy(queue.Enqueue)
	return Ports{
		Directory: s, Leave: s, Stamps: s, Actors: s, Counters: s, Recorder: s, PushContexts: s, Take: s,
		Accounts: s, RecoveryCodes: s, AccessTokens: s, AuditLog: s, WorldImport: s.WorldImport(), Inventory: s,
		Agents: s, UsageCounters: s, AgentTokens: s, Findings: s, Destinations: s, Jobs: queue, Pushes: s, Deliveries: s,
		Billing: s.Books(), BillingUnitOfWork: s.Ledger(), Store: s,
	}
}

// OpenPorts opens the store without a server. If database.migrate is off it
// has to be there, and of this program's schema.
func OpenPorts(ctx context.Context, config config.Config) (Ports, error) {
	d := config.Database
	if d.InMemory() {
		return share(MemoryPorts(memory.New()), config.Redis.URL)
	}
	if !d.Migrate && d.Missing() {
		return Ports{}, fmt.Errorf("database.url: %s is not there; is this the right directory?", d.Place())
	}
	s, err := openGorm(ctx, d)
	if err != nil {
		return Ports{}, err
	}
	return share(GormPorts(s), config.Redis.URL)
}

// Migrate brings the database to this program's schema, whatever
// database.migrate says, and returns the versions before and after.
func Migrate(ctx context.Context, config config.Config) (before, after int64, err error) {
	schema, err := gormstore.Migrate(ctx, string(config.Database.URL))
	return schema.Version, schema.Target, err
}
