package bootstrap

import (
	"context"

	"go.uber.org/fx"

	"gatehouse/application/audit"
	"gatehouse/application/credentials"
	"gatehouse/application/directory"
	"gatehouse/application/gitaccess"
	"gatehouse/application/provisioning"
	"gatehouse/application/pushes"
	"gatehouse/application/whois"
)

// Ports is everything the use cases ask of persistence. An adapter that can
// fill it can run the server, and has to pass tests/contract.
type Ports struct {
	fx.Out

	Directory  gitaccess.Directory
	Leave      gitaccess.Notices
	Stamps     gitaccess.Stamps
	People     whois.People
	Counters   pushes.Counters
	Journal    pushes.Journal
	Scenes     pushes.Scenes
	Take       pushes.Notices
	Holders    credentials.Holders
	Codes      credentials.RecoveryCodes
	Tokens     credentials.Tokens
	Events     audit.Log
	Registries directory.Registries
	Books      provisioning.Books
	Ledger     provisioning.Work
	Inventory  directory.Inventory
	Keeper     Keeper
}

// Keeper is a store that is open.
type Keeper interface {
	// Flush writes what was put off: the stamps of keys that were used.
	Flush(ctx context.Context) error
	// Remember keeps a value under a name, for good, if it is not empty and
	// none is kept there yet, and returns the one that is; empty for none.
	Remember(ctx context.Context, name, value string) (string, error)
	// Close flushes and lets go of all resources. It is called once.
	Close(ctx context.Context) error
}
