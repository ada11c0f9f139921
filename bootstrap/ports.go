package bootstrap

import (
	"context"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/application"
	"gatehouse/application/audit"
	"gatehouse/application/clusters"
	"gatehouse/application/credentials"
	"gatehouse/application/findings"
	"gatehouse/application/gitaccess"
	"gatehouse/application/inventory"
	"gatehouse/application/postreceive"
	"gatehouse/application/projects"
	"gatehouse/application/provisioning"
	"gatehouse/application/pushes"
	"gatehouse/application/webhooks"
	"gatehouse/application/whois"
	"gatehouse/application/worldimport"
)

// Ports is everything the use cases ask of persistence. An adapter that can
// fill it can run the server, and has to pass tests/contract.
type Ports struct {
	fx.Out

	Directory         gitaccess.Directory
	Notices           Notices
	KeyUses           gitaccess.KeyUses
	Actors            whois.Actors
	Counters          pushes.Counters
	Recorder          pushes.Recorder
	PushContexts      pushes.PushContexts
	Accounts          credentials.Accounts
	RecoveryCodes     credentials.RecoveryCodes
	AccessTokens      credentials.Tokens
	AuditLog          audit.Log
	WorldImport       worldimport.UnitOfWork
	Billing           provisioning.Billing
	BillingUnitOfWork provisioning.BillingUnitOfWork
	Inventory         inventory.Records
	Agents            clusters.Agents
	UsageCounters     clusters.UsageCounters
	AgentTokens       clusters.Tokens
	Findings          findings.Findings
	Destinations      projects.Destinations
	NewProjects       projects.UnitOfWork
	Jobs              Jobs
	Pushes            postreceive.Pushes
	Deliveries        webhooks.Deliveries
	Store             Store
}

// Notices keeps what users are told with their next push.
type Notices interface {
	gitaccess.Notices
	pushes.Notices
}

// Store is the store behind the ports.
type Store interface {
	// Connect opens the store. It is called once, before everything else but
	// Close, and gives up when ctx ends.
	Connect(ctx context.Context) error
	// Flush writes what was put off: the stamps of keys that were used.
	Flush(ctx context.Context) error
	// SetOnce keeps a value under a name, for good, if it is not empty and
	// none is kept there yet, and returns the one that is; empty for none.
	SetOnce(ctx context.Context, name, value string) (string, error)
	// Close flushes and lets go of all resources. It is called once.
	Close(ctx context.Context) error
}

// Jobs is the work that transactions leave behind, and those who do it.
type Jobs interface {
	// Start lets jobs be done by the shift, beside other processes that share
	// the store: each by one at a time. It is called once before Stop.
	Start(ctx context.Context, shift application.WorkerPool, log *zap.Logger) error
	// Stop takes no more jobs and waits for those under way. When ctx ends it
	// cancels them, to be done again later, and fails. Without Start it does
	// nothing.
	Stop(ctx context.Context) error
	// Retry makes a job due now, whatever became of it; one that was tried as
	// often as may be is tried once more. It fails with domain.NotFound if there
	// is no such job and with domain.Conflict if it is being done.
	Retry(ctx context.Context, id int64) error
	// Discard gives a job up; one that is being done is not done again. It fails
	// with domain.NotFound if there is no such job and with domain.Conflict if
	// it is completed or discarded.
	Discard(ctx context.Context, id int64) error
}
