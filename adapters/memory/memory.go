// Package memory implements every port with maps. What it keeps is lost when the
// process ends. It serves a server without a database, and the tests of the other
// layers as their fake, so tests/contract checks it like every other store.
package memory

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/clusters"
	"gatehouse/application/deploykeys"
	"gatehouse/application/groups"
	"gatehouse/application/instance"
	"gatehouse/application/members"
	"gatehouse/application/projects"
	"gatehouse/application/protections"
	"gatehouse/application/provisioning"
	"gatehouse/application/pushes"
	"gatehouse/application/webhooks"
	"gatehouse/application/worldimport"
	"gatehouse/domain/agents"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
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
	ProtectionChanges protections.UnitOfWork
	ProtectionRecords ProtectionRecords
	DeployKeyChanges  deploykeys.UnitOfWork
	DeployKeyRecords  DeployKeyRecords
	SettingChanges    instance.UnitOfWork
	Settings          Settings
	Standings         Standings
	ProjectViews      ProjectViews
	RecoveryCodes     RecoveryCodes
	AccessTokens      AccessTokens
	AuditLog          AuditLog
	WorldImport       worldimport.UnitOfWork
	WorldScratch      worldimport.Scratch
	WorldSnapshot     worldimport.Snapshot
	NewProjects       projects.UnitOfWork
	ProjectUnitOfWork projects.ChangeUnitOfWork
	Billing           Billing
	BillingUnitOfWork provisioning.BillingUnitOfWork
	Records           Records
	Retention         Retention
	Agents            Agents
	UsageCounters     UsageCounters
	AgentTokens       AgentTokens
	AgentUnitOfWork   clusters.UnitOfWork
	AgentRecords      AgentRecords
	HookUnitOfWork    webhooks.UnitOfWork
	HookRecords       HookRecords
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
		ProtectionChanges: s.changeProtections,
		ProtectionRecords: ProtectionRecords{s},
		DeployKeyChanges:  s.changeDeployKeys,
		DeployKeyRecords:  DeployKeyRecords{s},
		SettingChanges:    s.changeSettings,
		Settings:          Settings{s},
		Standings:         Standings{s},
		ProjectViews:      ProjectViews{s},
		RecoveryCodes:     RecoveryCodes{s},
		AccessTokens:      AccessTokens{s},
		AuditLog:          AuditLog{s},
		WorldImport:       s.importWorld,
		WorldScratch:      s.tryImport,
		WorldSnapshot:     s.snapshot,
		NewProjects:       s.createProjects,
		ProjectUnitOfWork: s.changeProjects,
		Billing:           Billing{s.world.Load},
		BillingUnitOfWork: s.changeBilling,
		Records:           Records{s},
		Retention:         Retention{s},
		Agents:            Agents{s},
		UsageCounters:     UsageCounters{s},
		AgentTokens:       AgentTokens{s},
		AgentUnitOfWork:   s.changeAgents,
		AgentRecords:      AgentRecords{s},
		HookUnitOfWork:    s.changeHooks,
		HookRecords:       HookRecords{s},
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

// state is all that a Store keeps. The type of each port embeds it.
type state struct {
	// txSlot holds a value while a transaction runs, so that there is one at a
	// time.
	txSlot chan struct{}
	// world is never changed once it is here: a transaction puts a changed copy
	// in its place.
	world atomic.Pointer[world]
	// jobAdded holds a value for each queue in which the job runner should look for
	// due jobs.
	jobAdded map[application.Queue]chan struct{}

	mu sync.Mutex // guards all fields below

	values   map[string]string // of SetOnce
	counters map[string]counter
	// decreased holds until when the entries of DecreaseOnce matter.
	decreased map[string]time.Time
	notices   map[noticeKey]source.Notice
	events    numbered[audit.Event]

	// The last uses of keys and tokens, and the days on which users were active last.
	keyUses         map[identity.KeyID]time.Time
	accessTokenUses map[int64]time.Time
	agentTokenUses  map[int64]time.Time
	activeDays      map[identity.UserID]time.Time

	// entries holds the EntryIDs of the pushes, processed the numbers of those that
	// are complete.
	pushes         numbered[pushes.Push]
	entries        map[string]bool
	processed      map[int64]bool
	deliveries     numbered[*delivery]
	jobs           []*job
	runner         *jobRunner // nil unless jobs are being run
	usage          usage
	authorizations map[agents.AgentID]map[agents.Authorization]bool
	findings       map[string]finding // by uuid
	// reporters are the agents that have reported a finding.
	reporters map[agents.AgentID]bool
}

func newState() *state {
	s := &state{
		txSlot:          make(chan struct{}, 1),
		jobAdded:        map[application.Queue]chan struct{}{},
		values:          map[string]string{},
		counters:        map[string]counter{},
		decreased:       map[string]time.Time{},
		notices:         map[noticeKey]source.Notice{},
		keyUses:         map[identity.KeyID]time.Time{},
		accessTokenUses: map[int64]time.Time{},
		agentTokenUses:  map[int64]time.Time{},
		activeDays:      map[identity.UserID]time.Time{},
		entries:         map[string]bool{},
		processed:       map[int64]bool{},
		usage:           usage{counters: map[string]int64{}, uniqueIDs: map[string]map[int64]bool{}},
		authorizations:  map[agents.AgentID]map[agents.Authorization]bool{},
		findings:        map[string]finding{},
		reporters:       map[agents.AgentID]bool{},
	}
	for _, q := range queues {
		s.jobAdded[q] = make(chan struct{}, 1)
	}
	s.world.Store(newWorld())
	return s
}

// transaction is a copy of the world that is being changed. A method that fails
// leaves the copy as it was.
type transaction struct {
	*world
	// afterCommit is called once the copy has replaced the world.
	afterCommit []func()
	// jobsToAdd and eventsToAdd are added after that.
	jobsToAdd   []application.Job
	eventsToAdd []audit.Event
	// deletedAgents are the agents whose reports go after that.
	deletedAgents []agents.AgentID
}

// update calls do with a copy of the world, and replaces the world by it if do
// succeeds. Transactions run one after the other, so one that is started within
// another waits until ctx ends.
func (s *state) update(ctx context.Context, do func(*transaction) error) error {
	select {
	case s.txSlot <- struct{}{}:
		defer func() { <-s.txSlot }()
	case <-ctx.Done():
		return ctx.Err()
	}
	tx := &transaction{world: s.world.Load().clone()}
	if err := do(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.world.Store(tx.world)
	for _, do := range tx.afterCommit {
		do()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, job := range tx.jobsToAdd {
		s.enqueue(job)
	}
	s.keepEvents(tx.eventsToAdd)
	for _, id := range tx.deletedAgents {
		s.forgetAgent(id)
	}
	return nil
}

// importWorld runs a transaction with the ports of worldimport. It is a
// worldimport.UnitOfWork.
func (s *state) importWorld(ctx context.Context, do func(worldimport.Tx) error) error {
	return s.update(ctx, func(tx *transaction) error { return do(tx.importPorts()) })
}

// tryImport calls do with the ports of worldimport on a copy of the world, and throws
// the copy away. It is a worldimport.Scratch.
func (s *state) tryImport(ctx context.Context, do func(worldimport.Tx) error) error {
	tx := &transaction{world: s.world.Load().clone()}
	if err := do(tx.importPorts()); err != nil {
		return err
	}
	return ctx.Err()
}

// importPorts returns the ports of worldimport.
func (tx *transaction) importPorts() worldimport.Tx {
	return worldimport.Tx{
		Users:          usersTx{tx},
		Emails:         usersTx{tx},
		Namespaces:     namespacesTx{tx},
		Projects:       projectsTx{tx},
		Keys:           keysTx{tx},
		Credentials:    credentialsTx{tx},
		Jobs:           jobsTx{tx},
		Hooks:          hooksTx{tx},
		Billing:        importedBillingTx{tx},
		Current:        currentTx{tx},
		CurrentBilling: currentBillingTx{tx},
		Audit:          auditTx{tx},
		Settings:       settingsTx{tx},
	}
}

// jobsTx implements worldimport.Jobs.
type jobsTx struct{ *transaction }

// Enqueue implements worldimport.Jobs.
func (tx jobsTx) Enqueue(ctx context.Context, job application.Job) error {
	tx.jobsToAdd = append(tx.jobsToAdd, job)
	return ctx.Err()
}
