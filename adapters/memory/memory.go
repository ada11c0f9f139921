// Package memory answers every port from maps, within one process: it forgets
// all when it ends. It is the fake of the other layers' tests and a store that
// needs nothing, so tests/contract holds it to the same promises as the rest.
package memory

import (
	"context"

	"gatehouse/application/provisioning"
	"gatehouse/application/worldimport"
)

// Store answers each port by a field of its own; all of them share one state.
// It is safe for concurrent use.
type Store struct {
	Directory         Directory
	Notices           Notices
	Stamps            Stamps
	Actors            Actors
	Counters          Counters
	Recorder          Recorder
	PushContexts      PushContexts
	Pushes            Pushes
	Accounts          Accounts
	RecoveryCodes     RecoveryCodes
	AccessTokens      AccessTokens
	AuditLog          AuditLog
	WorldImport       worldimport.UnitOfWork
	Billing           Billing
	BillingUnitOfWork provisioning.BillingUnitOfWork
	Records           Records
	Agents            Agents
	UsageCounters     UsageCounters
	AgentTokens       AgentTokens
	Findings          Findings
	Destinations      Destinations
	Jobs              Jobs
	Deliveries        Deliveries

	state *state
}

// New makes an empty Store.
func New() *Store {
	s := newState()
	return &Store{
		Directory:         Directory{s},
		Notices:           Notices{s},
		Stamps:            Stamps{s},
		Actors:            Actors{s},
		Counters:          Counters{s},
		Recorder:          Recorder{s},
		PushContexts:      PushContexts{s},
		Pushes:            Pushes{Directory{s}},
		Accounts:          Accounts{s},
		RecoveryCodes:     RecoveryCodes{s},
		AccessTokens:      AccessTokens{s},
		AuditLog:          AuditLog{s},
		WorldImport:       s.importWorld,
		Billing:           Billing{s.world.Load},
		BillingUnitOfWork: s.changeBilling,
		Records:           Records{s},
		Agents:            Agents{s},
		UsageCounters:     UsageCounters{s},
		AgentTokens:       AgentTokens{s},
		Findings:          Findings{s},
		Destinations:      Destinations{s},
		Jobs:              Jobs{s},
		Deliveries:        Deliveries{s},

		state: s,
	}
}

// Flush has nothing to write: uses of keys and tokens count at once.
func (s *Store) Flush(ctx context.Context) error { return ctx.Err() }

// SetOnce keeps a value under a name unless one is kept there, and returns
// the one that is.
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

// Close has nothing to let go of.
func (s *Store) Close(context.Context) error { return nil }
