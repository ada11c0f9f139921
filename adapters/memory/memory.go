// Package memory implements every port with maps. What it keeps is lost when the
// process ends. It serves a server without a database, and the tests of the other
// layers as their fake, so tests/contract checks it like every other store.
package memory

import (
	"context"

	"gatehouse/application/accounts"
	"gatehouse/application/groups"
	"gatehouse/application/members"
	"gatehouse/application/projects"
	"gatehouse/application/provisioning"
	"gatehouse/application/worldimport"
)

// Store has a field for each port. All fields share one state. It is safe for
// concurrent use.
type Store struct {
	Directory         Directory
	Notices           Notices
	KeyUses           KeyUses
	Actors            Actors
	Counters          Counters
	Recorder          Recorder
	PushContexts      PushContexts
	Pushes            Pushes
	Accounts          Accounts
	AccountRecords    AccountRecords
	Credentials       Credentials
	AccountUnitOfWork accounts.UnitOfWork
	MemberUnitOfWork  members.UnitOfWork
	MemberRecords     MemberRecords
	GroupUnitOfWork   groups.UnitOfWork
	GroupRecords      GroupRecords
	Standings         Standings
	ProjectViews      ProjectViews
	RecoveryCodes     RecoveryCodes
	AccessTokens      AccessTokens
	AuditLog          AuditLog
	WorldImport       worldimport.UnitOfWork
	WorldScratch      worldimport.Scratch
	WorldSnapshot     worldimport.Snapshot
	NewProjects       projects.UnitOfWork
	Billing           Billing
	BillingUnitOfWork provisioning.BillingUnitOfWork
	Records           Records
	Retention         Retention
	Agents            Agents
	UsageCounters     UsageCounters
	AgentTokens       AgentTokens
	Findings          Findings
	Destinations      Destinations
	Jobs              Jobs
	Deliveries        Deliveries
	Removed           RemovedRepositories

	state *state
}

// New makes an empty Store.
func New() *Store {
	s := newState()
	return &Store{
		Directory:         Directory{s},
		Notices:           Notices{s},
		KeyUses:           KeyUses{s},
		Actors:            Actors{s},
		Counters:          Counters{s},
		Recorder:          Recorder{s},
		PushContexts:      PushContexts{s},
		Pushes:            Pushes{Directory{s}},
		Accounts:          Accounts{s},
		AccountRecords:    AccountRecords{s},
		Credentials:       Credentials{s},
		AccountUnitOfWork: s.changeAccounts,
		MemberUnitOfWork:  s.changeMembers,
		MemberRecords:     MemberRecords{s},
		GroupUnitOfWork:   s.changeGroups,
		GroupRecords:      GroupRecords{s},
		Standings:         Standings{s},
		ProjectViews:      ProjectViews{s},
		RecoveryCodes:     RecoveryCodes{s},
		AccessTokens:      AccessTokens{s},
		AuditLog:          AuditLog{s},
		WorldImport:       s.importWorld,
		WorldScratch:      s.tryImport,
		WorldSnapshot:     s.snapshot,
		NewProjects:       s.createProjects,
		Billing:           Billing{s.world.Load},
		BillingUnitOfWork: s.changeBilling,
		Records:           Records{s},
		Retention:         Retention{s},
		Agents:            Agents{s},
		UsageCounters:     UsageCounters{s},
		AgentTokens:       AgentTokens{s},
		Findings:          Findings{s},
		Destinations:      Destinations{s},
		Jobs:              Jobs{s},
		Deliveries:        Deliveries{s},
		Removed:           RemovedRepositories{s},

		state: s,
	}
}

// Connect has nothing to connect to.
func (s *Store) Connect(ctx context.Context) error { return ctx.Err() }

// Ping has nothing to reach.
func (s *Store) Ping(ctx context.Context) error { return ctx.Err() }

// Flush has nothing to write: uses of keys and tokens count at once.
func (s *Store) Flush(ctx context.Context) error { return ctx.Err() }

// SetOnce keeps a value under a name, unless the value is empty or the name has
// one, and returns the value that the name has then.
func (s *Store) SetOnce(ctx context.Context, name, value string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	values := s.state.values
	if _, kept := values[name]; !kept && value != "" {
		values[name] = value
	}
	return values[name], nil
}

// Replace gives a name a new value if it has the old one.
func (s *Store) Replace(ctx context.Context, name, old, value string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	if kept, ok := s.state.values[name]; ok && kept == old {
		s.state.values[name] = value
	}
	return nil
}

// ForeignSeals has no seals.
func (s *Store) ForeignSeals(ctx context.Context) ([]string, error) { return nil, ctx.Err() }

// Rewrite has no file.
func (s *Store) Rewrite(ctx context.Context) error { return ctx.Err() }

// RenewSeals has nothing to seal: memory is no disk.
func (s *Store) RenewSeals(ctx context.Context) (renewed int, damaged []string, err error) {
	return 0, nil, ctx.Err()
}

// Close has nothing to release.
func (s *Store) Close(context.Context) error { return nil }
