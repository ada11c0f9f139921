package bootstrap

import (
	"context"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/ratelimit"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/authorization"
	"gatehouse/application/clusters"
	"gatehouse/application/credentials"
	"gatehouse/application/deploykeys"
	"gatehouse/application/findings"
	"gatehouse/application/gitaccess"
	"gatehouse/application/gitaudit"
	"gatehouse/application/groups"
	"gatehouse/application/instance"
	"gatehouse/application/inventory"
	"gatehouse/application/members"
	"gatehouse/application/postreceive"
	"gatehouse/application/projects"
	"gatehouse/application/protections"
	"gatehouse/application/provisioning"
	"gatehouse/application/pushes"
	"gatehouse/application/retention"
	"gatehouse/application/webhooks"
	"gatehouse/application/whois"
	"gatehouse/application/worldimport"
	"gatehouse/domain/audit"
)

// Ports is everything that the use cases ask of a store. An adapter that fills it
// can run the server, and has to pass tests/contract.
type Ports struct {
	fx.Out

	Directory         gitaccess.Directory
	Background        gitaccess.Background
	Notices           Notices
	KeyUses           gitaccess.KeyUses
	Actors            whois.Actors
	Counters          pushes.Counters
	Recorder          pushes.Recorder
	PushContexts      pushes.PushContexts
	Accounts          credentials.Accounts
	RecoveryCodes     credentials.RecoveryCodes
	AccessTokens      credentials.Tokens
	AccountUnitOfWork accounts.UnitOfWork
	AccountRecords    accounts.Records
	MemberUnitOfWork  members.UnitOfWork
	MemberRecords     members.Records
	Standings         Standings
	Credentials       accounts.Credentials
	ProjectViews      projects.Views
	GroupUnitOfWork   groups.UnitOfWork
	GroupRecords      groups.Records
	ProtectionChanges protections.UnitOfWork
	ProtectionRecords protections.Records
	DeployKeyChanges  deploykeys.UnitOfWork
	DeployKeyRecords  deploykeys.Records
	SettingChanges    instance.UnitOfWork
	Settings          instance.Reader
	Namespaces        groups.Namespaces
	AuditLog          gitaudit.Log
	WorldImport       worldimport.UnitOfWork
	WorldScratch      worldimport.Scratch
	WorldSnapshot     worldimport.Snapshot
	Billing           provisioning.Billing
	BillingUnitOfWork provisioning.BillingUnitOfWork
	Inventory         inventory.Records
	Retention         retention.Records
	Agents            clusters.Agents
	UsageCounters     clusters.UsageCounters
	AgentTokens       clusters.Tokens
	AgentUnitOfWork   clusters.UnitOfWork
	AgentRecords      clusters.Records
	Findings          findings.Findings
	Destinations      projects.Destinations
	NewProjects       projects.UnitOfWork
	ProjectUnitOfWork projects.ChangeUnitOfWork
	Removed           projects.RemovedRepositories
	Jobs              Jobs
	Pushes            postreceive.Pushes
	Deliveries        webhooks.Deliveries
	HookUnitOfWork    webhooks.UnitOfWork
	HookRecords       webhooks.Records
	Backlog           webhooks.Backlog
	Store             Store
	// RequestCounters count for all servers together; nil if each counts alone.
	RequestCounters ratelimit.Counters
}

// Notices keeps what users are told with their next push.
type Notices interface {
	gitaccess.Notices
	pushes.Notices
}

// Standings knows the roles of users in groups and projects.
type Standings interface {
	authorization.Standings
	members.Standings
	projects.Standings
}

// Store is the store behind the ports.
type Store interface {
	// Connect opens the store. It is called once, before everything else but
	// Close, and gives up when ctx ends.
	Connect(ctx context.Context) error
	// Ping returns why the store cannot be asked at the moment, or nil.
	Ping(ctx context.Context) error
	// Flush writes when keys and tokens were last used, which the store puts off.
	Flush(ctx context.Context) error
	// SetOnce gives a name its value for good, unless the value is empty or the name
	// has one already, and returns the value that the name has; empty for none.
	SetOnce(ctx context.Context, name, value string) (string, error)
	// Replace gives a name a new value if it has the old one, and else does nothing.
	Replace(ctx context.Context, name, old, value string) error
	// ForeignSeals returns the places of what is sealed with a key that this process
	// lacks. It changes nothing, and costs as little as RenewSeals.
	ForeignSeals(ctx context.Context) (places []string, err error)
	// RenewSeals seals again what is not sealed with the current key, or in an older
	// form, or not at all, and returns how many rows it wrote. What cannot be opened
	// stays; damaged names its places. Several servers may do so at once, and what one
	// has left undone the next one does. Without such rows it costs a look into an
	// index. It fails where something is sealed with a key that this process lacks. A
	// store that lies on no disk seals nothing.
	RenewSeals(ctx context.Context) (renewed int, damaged []string, err error)
	// Rewrite makes a database of one file anew, without what was overwritten there. It
	// takes as long as copying the file. Other stores do nothing.
	Rewrite(ctx context.Context) error
	// Close flushes, and closes all connections. It is called once, also if Connect
	// failed.
	Close(ctx context.Context) error
}

// Jobs is the queue of jobs, which transactions fill, and its workers.
type Jobs interface {
	// Start lets the pool do jobs. Other processes that share the store may do so at
	// the same time: each job has one worker at a time. Start is called once before
	// Stop.
	Start(ctx context.Context, pool application.WorkerPool, log *zap.Logger) error
	// Stop takes no more jobs and waits for those under way. When ctx ends it
	// interrupts them and fails; they are done again later. Without Start it does
	// nothing.
	Stop(ctx context.Context) error
	// Retry makes a job due now, also one that is completed, discarded or out of
	// attempts. In the same transaction it keeps the event, and adds to it the state
	// before, and as the Target the job, which people know by its kind and number. It
	// fails with domain.NotFound if there is no such job and with domain.Conflict if it
	// is being done.
	Retry(ctx context.Context, id int64, event audit.Event) error
	// MakeDue makes the waiting jobs of a kind due now: those about the subject, or
	// all if it is 0.
	MakeDue(ctx context.Context, kind application.JobKind, subject int64) error
	// Discard ends a job; one that is being done is not tried again. It keeps the event
	// as Retry does. It fails with domain.NotFound if there is no such job and with
	// domain.Conflict if it is completed or discarded.
	Discard(ctx context.Context, id int64, event audit.Event) error
}
