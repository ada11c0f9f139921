package worldimport

import (
	"context"

	"gatehouse/application"
	"gatehouse/domain/source"
)

// Importer applies descriptions of worlds. It is safe for concurrent use.
type Importer struct {
	unitOfWork UnitOfWork
	protection source.BranchProtection
	now        application.Clock
	// repositoryJob creates the repository of a new project; empty for none.
	repositoryJob application.JobKind
}

// New makes an Importer. The default branch of a new project is protected as
// protection says, unless the world gives its group another level.
func New(unitOfWork UnitOfWork, protection source.BranchProtection, now application.Clock) *Importer {
	return &Importer{unitOfWork: unitOfWork, protection: protection, now: now}
}

// CreateRepositories makes the Importer enqueue a job of that kind for each new
// project; its subject is the project's number. New projects are then empty at
// first. It is called before any other method, if a Gitaly is connected.
func (i *Importer) CreateRepositories(job application.JobKind) { i.repositoryJob = job }

// Import creates what the world describes, or updates it where it exists: all
// or nothing. If the world has mistakes it returns all of them as Mistakes; any
// other error is the store's.
func (i *Importer) Import(ctx context.Context, w World) (Summary, error) {
	now := i.now()
	err := i.unitOfWork(ctx, func(tx Tx) error {
		f := newImporter(tx, w, i.protection, now)
		f.repositoryJob = i.repositoryJob
		return f.run(ctx)
	})
	if err != nil {
		return Summary{}, err
	}
	return w.summary(), nil
}

// run keeps what others refer to before those others, and numbered entries
// before those that take the next free number.
func (i *importer) run(ctx context.Context) error {
	first, later := groupsInOrder(i.world.Groups)
	each(ctx, i, first, i.group)
	each(ctx, i, numberedFirst(i.world.Users), i.user)
	each(ctx, i, later, i.group)
	each(ctx, i, numberedFirst(i.world.Projects), i.project)
	i.importKeys(ctx)
	each(ctx, i, i.imported, i.protect)
	each(ctx, i, i.world.Members, i.member)
	each(ctx, i, i.world.Shares, i.share)
	each(ctx, i, i.world.AccessTokens, i.accessToken)
	each(ctx, i, numberedFirst(i.world.Agents), i.agent)
	each(ctx, i, i.world.Broadcasts, i.broadcast)
	each(ctx, i, numberedFirst(i.world.Hooks), i.hook)
	each(ctx, i, i.world.Subscriptions, i.subscription)
	each(ctx, i, i.world.Packs, i.pack)
	each(ctx, i, i.world.Reconciliations, i.reconciliation)
	switch {
	case i.failure != nil:
		return i.failure
	case len(i.mistakes) > 0:
		return i.mistakes.Sorted()
	}
	return nil
}

// importKeys puts all keys with a number first: both kinds share one sequence.
func (i *importer) importKeys(ctx context.Context) {
	keys, keysLater := splitNumbered(i.world.Keys)
	deployKeys, deployKeysLater := splitNumbered(i.world.DeployKeys)
	each(ctx, i, keys, i.key)
	each(ctx, i, deployKeys, i.deployKey)
	each(ctx, i, keysLater, i.key)
	each(ctx, i, deployKeysLater, i.deployKey)
}
