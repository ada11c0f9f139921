package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/gormstore/conflicts"
	"gatehouse/adapters/instancekey"
	"gatehouse/adapters/memory"
	"gatehouse/bootstrap/config"
)

// newPorts makes the ports of the store that the settings ask for, with secrets sealed
// by the key. It connects to nothing: Store does.
func newPorts(config config.Config, key *instancekey.Key, log *zap.Logger) (Ports, error) {
	d := config.Database
	if d.InMemory() {
		return share(MemoryPorts(memory.New()), config.Redis.URL)
	}
	limits := gormstore.Limits{Connections: d.PoolSize, Lookups: d.LookupsInFlight, Failed: warnOfBatches(log)}
	s, err := gormstore.New(string(d.URL), limits, d.Migrate, key)
	if err != nil {
		return Ports{}, err
	}
	return share(GormPorts(s), config.Redis.URL)
}

// warnOfBatches returns a function that writes an error of look-ups that were asked together
// to the log, once a minute at most: it may meet every request.
func warnOfBatches(log *zap.Logger) func(error) {
	warning := rate.Sometimes{Interval: time.Minute}
	return func(err error) {
		warning.Do(func() { log.Warn("look-ups could not be asked together", zap.Error(err)) })
	}
}

// MemoryPorts returns all ports of a store in memory.
func MemoryPorts(s *memory.Store) Ports {
	return Ports{
		Directory: s.Directory, Background: s.Directory, Notices: s.Notices, KeyUses: s.KeyUses, Actors: s.Actors,
		Counters: s.Counters, Recorder: s.Recorder, PushContexts: s.PushContexts, Pushes: s.Pushes,
		Accounts: s.Accounts, RecoveryCodes: s.RecoveryCodes, AccessTokens: s.AccessTokens, AuditLog: s.AuditLog,
		AccountUnitOfWork: s.AccountUnitOfWork, AccountRecords: s.AccountRecords, Standings: s.Standings, Credentials: s.Credentials,
		MemberUnitOfWork: s.MemberUnitOfWork, MemberRecords: s.MemberRecords, ProjectViews: s.ProjectViews,
		GroupUnitOfWork: s.GroupUnitOfWork, GroupRecords: s.GroupRecords, Namespaces: s.GroupRecords,
		ProtectionChanges: s.ProtectionChanges, ProtectionRecords: s.ProtectionRecords, DeployKeyChanges: s.DeployKeyChanges, DeployKeyRecords: s.DeployKeyRecords,
		SettingChanges: s.SettingChanges, Settings: s.Settings,
		WorldImport: s.WorldImport, WorldScratch: s.WorldScratch, WorldSnapshot: s.WorldSnapshot, NewProjects: s.NewProjects, ProjectUnitOfWork: s.ProjectUnitOfWork, Billing: s.Billing, BillingUnitOfWork: s.BillingUnitOfWork, Inventory: s.Records,
		Agents: s.Agents, UsageCounters: s.UsageCounters, AgentTokens: s.AgentTokens, AgentUnitOfWork: s.AgentUnitOfWork, AgentRecords: s.AgentRecords, Findings: s.Findings,
		HookUnitOfWork: s.HookUnitOfWork, HookRecords: s.HookRecords, Backlog: s.Deliveries,
		Destinations: s.Destinations, Removed: s.Removed, Jobs: s.Jobs, Deliveries: s.Deliveries, Retention: s.Retention, Store: s,
	}
}

// GormPorts returns all ports of a store in PostgreSQL or SQLite.
func GormPorts(s *gormstore.Store) Ports {
	return Ports{
		Directory: s.Directory, Background: s.Directory, Notices: s.Notices, KeyUses: s.KeyUses, Actors: s.Actors, Counters: s.Counters, Recorder: s.Pushes,
		PushContexts: s.PushContexts, Accounts: s.Accounts, RecoveryCodes: s.RecoveryCodes,
		AccountUnitOfWork: s.AccountUnitOfWork, AccountRecords: s.AccountRecords, Standings: s.Standings, Credentials: s.Credentials,
		MemberUnitOfWork: s.MemberUnitOfWork, MemberRecords: s.MemberRecords, ProjectViews: s.ProjectViews,
		GroupUnitOfWork: s.GroupUnitOfWork, GroupRecords: s.GroupRecords, Namespaces: s.Namespaces,
		ProtectionChanges: s.ProtectionChanges, ProtectionRecords: s.ProtectionRecords, DeployKeyChanges: s.DeployKeyChanges, DeployKeyRecords: s.DeployKeyRecords,
		SettingChanges: s.SettingChanges, Settings: s.Settings,
		AccessTokens: s.AccessTokens, AuditLog: s.AuditLog, WorldImport: s.WorldImport, WorldScratch: s.WorldScratch, WorldSnapshot: s.WorldSnapshot, NewProjects: s.NewProjects, ProjectUnitOfWork: s.ProjectUnitOfWork, Inventory: s.Records,
		Agents: s.Agents, UsageCounters: s.UsageCounters, AgentTokens: s.AgentTokens, AgentUnitOfWork: s.AgentUnitOfWork, AgentRecords: s.AgentRecords, Findings: s.Findings,
		HookUnitOfWork: s.HookUnitOfWork, HookRecords: s.HookRecords, Backlog: s.Deliveries,
		Destinations: s.Destinations, Removed: s.Destinations, Jobs: s.Jobs, Pushes: s.Pushes, Deliveries: s.Deliveries, Retention: s.Retention,
		Billing: s.Billing, BillingUnitOfWork: s.BillingUnitOfWork, Store: s,
	}
}

// Opened is a store that is open without a server.
type Opened struct {
	Ports
	key *instancekey.Key
	log *zap.Logger
}

// OpenPorts opens the store without a server. If database.migrate is off it has
// to exist, with a schema on which this program may run.
func OpenPorts(ctx context.Context, config config.Config, log *zap.Logger) (Opened, error) {
	if d := config.Database; !d.Migrate && d.IsMissing() {
		return Opened{}, fmt.Errorf("database.url: %s is not there; is this the right directory?", d.Place())
	}
	key := InstanceKey(config, Clock(), log)
	ports, err := newPorts(config, key, log)
	if err != nil {
		return Opened{}, err
	}
	if err := ports.Store.Connect(ctx); err != nil {
		return Opened{}, errors.Join(err, ports.Store.Close(context.WithoutCancel(ctx)))
	}
	return Opened{ports, key, log}, nil
}

// Unlock opens the instance key, or makes it. Secrets cannot be read or written
// before.
func (o Opened) Unlock(ctx context.Context) error { return unlock(ctx, o.key, o.Store, o.log) }

// UnlockToTry opens the instance key for changes that are not kept, and writes nothing.
func (o Opened) UnlockToTry(ctx context.Context) error { return o.key.UnlockToTry(ctx, o.Store) }

// Migrate brings the database to this program's schema, whatever database.migrate says,
// and returns the version before and this program's. A newer schema stays as it is, and is
// an error unless this program may run on it.
func Migrate(ctx context.Context, config config.Config) (before, target int64, err error) {
	schema, err := gormstore.Migrate(ctx, string(config.Database.URL))
	return schema.Version, schema.Target, err
}

// MigrationCheck is what Migrate would find.
type MigrationCheck struct {
	// Version is the schema of the database, 0 for one without tables; Target is this
	// program's.
	Version, Target int64
	// Missing says that there is no SQLite file yet.
	Missing bool
	// Broken are rules of later schemas with the rows that break them: Migrate refuses.
	Broken conflicts.Broken
}

// CheckMigration looks into the database for what keeps Migrate from its work, and changes
// nothing. A newer schema is an error unless this program may run on it.
func CheckMigration(ctx context.Context, config config.Config) (MigrationCheck, error) {
	if config.Database.IsMissing() {
		return MigrationCheck{Target: gormstore.Target(), Missing: true}, nil
	}
	schema, broken, err := gormstore.FindConflicts(ctx, string(config.Database.URL))
	if err == nil && schema.Version > schema.Target {
		err = schema.Check()
	}
	return MigrationCheck{schema.Version, schema.Target, false, broken}, err
}
