// Package gormstore keeps everything in PostgreSQL or in SQLite: it has a type
// for each port of persistence, all of them over one database.DB.
//
// Most of it goes through gorm. What every Git command and every push waits
// for is plain SQL, prepared once on each of gorm's own connections. SQL of more
// than five lines lies in queries, the tables in migrations.
package gormstore

import (
	"context"
	"database/sql"
	"errors"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/jobs"
	"gatehouse/adapters/gormstore/management"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/adapters/gormstore/worldtx"
	"gatehouse/application/accounts"
	"gatehouse/application/clusters"
	"gatehouse/application/deploykeys"
	"gatehouse/application/groups"
	"gatehouse/application/instance"
	"gatehouse/application/members"
	"gatehouse/application/projects"
	"gatehouse/application/protections"
	"gatehouse/application/provisioning"
	"gatehouse/application/webhooks"
	"gatehouse/application/worldimport"
)

// Store is an open database with what answers each port. It is safe for
// concurrent use, also by several servers on PostgreSQL.
type Store struct {
	Directory         *Directory
	Actors            *Actors
	KeyUses           *KeyUses
	Notices           *Notices
	Counters          *Counters
	PushContexts      *PushContexts
	Pushes            *Pushes
	Deliveries        *Deliveries
	Accounts          *Accounts
	RecoveryCodes     *RecoveryCodes
	AccessTokens      *AccessTokens
	AuditLog          *AuditLog
	Agents            *Agents
	AgentTokens       *AgentTokens
	AgentUnitOfWork   clusters.UnitOfWork
	AgentRecords      *management.Agents
	HookUnitOfWork    webhooks.UnitOfWork
	HookRecords       *management.Hooks
	UsageCounters     *UsageCounters
	Findings          *Findings
	Destinations      *Destinations
	WorldImport       worldimport.UnitOfWork
	AccountUnitOfWork accounts.UnitOfWork
	AccountRecords    *management.Accounts
	Standings         *management.Standings
	Credentials       *management.Credentials
	MemberUnitOfWork  members.UnitOfWork
	MemberRecords     *management.Members
	ProjectViews      *management.Projects
	GroupUnitOfWork   groups.UnitOfWork
	GroupRecords      *management.Groups
	ProtectionChanges protections.UnitOfWork
	ProtectionRecords *management.Protections
	DeployKeyChanges  deploykeys.UnitOfWork
	DeployKeyRecords  *management.DeployKeys
	SettingChanges    instance.UnitOfWork
	Settings          *management.Settings
	Namespaces        *management.Namespaces
	WorldScratch      worldimport.Scratch
	WorldSnapshot     worldimport.Snapshot
	NewProjects       projects.UnitOfWork
	ProjectUnitOfWork projects.ChangeUnitOfWork
	Records           *Records
	Retention         *Retention
	Billing           *Billing
	BillingUnitOfWork provisioning.BillingUnitOfWork
	Jobs              *jobs.Queue

	db         *database.DB
	sweeper    *sweeper
	background *background
	sealer     Sealer
	migrate    bool
}

// Limits say how much is asked of the database at a time.
type Limits = database.Limits

// UsualLookups is the usual number of statements of one look-up that are asked at a time.
const UsualLookups = 2

// Sealer seals the secrets that the database keeps.
type Sealer = seals.Sealer

// New returns the Store of the database at url: postgres:// or postgresql:// is
// PostgreSQL, anything else the file of an SQLite database, which is made if need
// be. Connect opens the database and, with migrate, brings an older schema up to
// date. No error contains the url, which may hold a password. Until the sealer can seal,
// what writes or reads a secret fails, and nothing else.
func New(url string, limits Limits, migrate bool, sealer Sealer) (*Store, error) {
	d, connector, err := database.ConnectorFor(url)
	if err != nil {
		return nil, err
	}
	return newStore(database.New(d, connector, limits), migrate, sealer), nil
}

// Open returns a Store that is connected, with so many connections and the usual limits
// otherwise. If that fails it closes all connections.
func Open(ctx context.Context, url string, poolSize int, migrate bool, sealer Sealer) (*Store, error) {
	s, err := New(url, Limits{Connections: poolSize, Lookups: UsualLookups}, migrate, sealer)
	if err != nil {
		return nil, err
	}
	return s.connected(ctx)
}

// OpenAsIs opens a database of whatever schema, to read its notes. What else is there
// can be read if the schema has it.
func OpenAsIs(ctx context.Context, url string, sealer Sealer) (*Store, error) {
	s, err := New(url, Limits{Connections: 1}, false, sealer)
	if err != nil {
		return nil, err
	}
	if err := s.db.Connect(ctx); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

func (s *Store) connected(ctx context.Context) (*Store, error) {
	if err := s.Connect(ctx); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// Connect opens the database, and fails unless it has this program's schema then, or a
// newer one on which this program may run.
// A database that cannot be reached is domain.Unavailable. Connect is called once,
// before everything else but Close; it gives up when ctx ends.
func (s *Store) Connect(ctx context.Context) error {
	if err := s.db.Connect(ctx); err != nil {
		return err
	}
	if err := checkSchema(ctx, s.db, s.migrate); err != nil {
		return err
	}
	s.background = startBackground(s.KeyUses, s.sweeper)
	return nil
}

func newStore(db *database.DB, migrate bool, sealer Sealer) *Store {
	queue := jobs.New(db)
	directory, actors := newDirectory(db), newActors(db)
	stamps, sweeper := &KeyUses{db: db}, &sweeper{db: db}
	deliveries := &Deliveries{db, sealer, queue}
	s := &Store{
		Directory: directory, Actors: actors, KeyUses: stamps, Notices: &Notices{db},
		Counters: &Counters{db, sweeper}, PushContexts: newPushContexts(db),
		Pushes: &Pushes{directory, queue, deliveries}, Deliveries: deliveries, Jobs: queue,
		Accounts: newAccounts(db, actors, sealer), RecoveryCodes: &RecoveryCodes{db}, AccessTokens: newAccessTokens(db, stamps),
		AuditLog: &AuditLog{db}, Agents: newAgents(db, stamps), AgentTokens: &AgentTokens{db},
		UsageCounters: &UsageCounters{db}, Findings: &Findings{db}, Destinations: &Destinations{db},
		Records: &Records{db}, Retention: &Retention{db}, Billing: &Billing{db, db.Gorm},
		db: db, migrate: migrate, sweeper: sweeper, sealer: sealer,
	}
	s.BillingUnitOfWork = s.Billing.transact
	unitOfWork := worldtx.New(db, queue, s.Billing.within, sealer)
	s.WorldImport, s.NewProjects = worldtx.GiveWay(db, unitOfWork), worldtx.NewProjects(db, queue, s.Billing.within, sealer)
	s.AccountUnitOfWork = worldtx.NewAccounts(db, queue, s.Billing.within, sealer)
	s.AccountRecords, s.Standings = management.NewAccounts(db), management.NewStandings(db)
	s.Credentials = management.NewCredentials(db)
	s.MemberUnitOfWork = worldtx.NewMembers(db, queue, s.Billing.within, sealer)
	s.MemberRecords, s.ProjectViews = management.NewMembers(db), management.NewProjects(db)
	s.ProjectUnitOfWork = worldtx.NewProjectChanges(db, queue, s.Billing.within, sealer)
	s.GroupUnitOfWork = worldtx.NewGroups(db, queue, s.Billing.within, sealer)
	s.GroupRecords, s.Namespaces = management.NewGroups(db), management.NewNamespaces(db)
	s.HookUnitOfWork = worldtx.NewHooks(db, queue, s.Billing.within, sealer)
	s.HookRecords = management.NewHooks(db, sealer)
	s.AgentUnitOfWork = worldtx.NewAgents(db, queue, s.Billing.within, sealer)
	s.AgentRecords = management.NewAgents(db)
	s.ProtectionChanges = worldtx.NewProtections(db, queue, s.Billing.within, sealer)
	s.DeployKeyChanges = worldtx.NewDeployKeys(db, queue, s.Billing.within, sealer)
	s.ProtectionRecords, s.DeployKeyRecords = management.NewProtections(db), management.NewDeployKeys(db)
	s.SettingChanges, s.Settings = worldtx.NewSettings(db, queue, s.Billing.within, sealer), management.NewSettings(db)
	s.WorldScratch = worldtx.NewScratch(db, queue, s.Billing.within, sealer)
	s.WorldSnapshot = worldtx.NewSnapshot(db, s.Billing.within, sealer)
	return s
}

// Ping returns why the database cannot be asked at the moment, or nil.
func (s *Store) Ping(ctx context.Context) error {
	return database.Fault(s.db.Pool.PingContext(ctx), "reach the database")
}

// Flush writes the stamps of keys and tokens that were used.
func (s *Store) Flush(ctx context.Context) error { return s.KeyUses.flush(ctx) }

// Close stops the background, flushes, and closes all connections. It may be
// called without Connect, or after one that failed.
func (s *Store) Close(ctx context.Context) error {
	if s.background != nil {
		s.background.stop()
	}
	return errors.Join(s.Flush(ctx), s.db.Close())
}

const (
	addNote     = `INSERT INTO instance_notes (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
	readNote    = `SELECT value FROM instance_notes WHERE name = $1`
	replaceNote = `UPDATE instance_notes SET value = $3 WHERE name = $1 AND value = $2`
)

// SetOnce keeps a value under a name unless one is kept there, and returns
// the one that is.
func (s *Store) SetOnce(ctx context.Context, name, value string) (kept string, err error) {
	if value != "" {
		if _, err := s.db.Exec(ctx, addNote, name, value); err != nil {
			return "", database.Fault(err, "remember %s", name)
		}
	}
	err = s.db.Pool.QueryRowContext(ctx, readNote, name).Scan(&kept)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return kept, database.Fault(err, "recall %s", name)
}

// Replace gives a name a new value if it has the old one.
func (s *Store) Replace(ctx context.Context, name, old, value string) error {
	_, err := s.db.Exec(ctx, replaceNote, name, old, value)
	return database.Fault(err, "remember %s", name)
}

// ForeignSeals returns the places of what is sealed with a key that the sealer lacks.
func (s *Store) ForeignSeals(ctx context.Context) ([]string, error) {
	return seals.Foreign(ctx, s.db, s.sealer)
}

// Rewrite makes an SQLite file anew, without what was ever deleted or overwritten there.
// On PostgreSQL it does nothing.
func (s *Store) Rewrite(ctx context.Context) error { return s.db.Rewrite(ctx) }

// RenewSeals seals again what an earlier key, or an earlier release, left.
func (s *Store) RenewSeals(ctx context.Context) (renewed int, damaged []string, err error) {
	return seals.Renew(ctx, s.db, s.sealer)
}
