package worldimport

import (
	"context"

	"gatehouse/application"
	"gatehouse/domain/source"
)

// Registrar applies descriptions of worlds. It is safe for concurrent use.
type Registrar struct {
	registries Registries
	protection source.BranchProtection
	seal       func(string) string
	now        application.Clock
	// repositories says that new projects get a repository.
	repositories bool
}

// New makes a Registrar. The default branch of a new project is protected as
// protection says, unless the world gives its group another level. Secrets
// that have to be read again, those of one-time passwords, are kept as seal
// makes them.
func New(registries Registries, protection source.BranchProtection, seal func(string) string, now application.Clock) *Registrar {
	return &Registrar{registries: registries, protection: protection, seal: seal, now: now}
}

// MakeRepositories lets each new project have a repository made, by a job. It
// is called before anything else, where a Gitaly is connected.
func (r *Registrar) MakeRepositories() { r.repositories = true }

// Apply creates what the world describes and is not there, and updates what
// is. It keeps all or nothing. What is wrong with the world comes back as
// Mistakes, all at once; any other error is the store's.
func (r *Registrar) Apply(ctx context.Context, w World) (Summary, error) {
	now := r.now()
	err := r.registries(ctx, func(registry Registry) error {
		f := newFiling(registry, w, r.protection, r.seal, now)
		f.repositories = r.repositories
		return f.file(ctx)
	})
	if err != nil {
		return Summary{}, err
	}
	return w.summary(), nil
}

// file keeps what others refer to before those others, and numbered entries
// before those that take the next free number.
func (f *filing) file(ctx context.Context) error {
	first, later := inTurn(f.world.Groups)
	each(ctx, f, first, f.group)
	each(ctx, f, numbered(f.world.Users), f.user)
	each(ctx, f, later, f.group)
	each(ctx, f, numbered(f.world.Projects), f.project)
	f.fileKeys(ctx)
	each(ctx, f, f.filed, f.protect)
	each(ctx, f, f.world.Members, f.member)
	each(ctx, f, f.world.Shares, f.share)
	each(ctx, f, f.world.AccessTokens, f.accessToken)
	each(ctx, f, numbered(f.world.Agents), f.agent)
	each(ctx, f, f.world.Broadcasts, f.broadcast)
	each(ctx, f, numbered(f.world.Hooks), f.hook)
	each(ctx, f, f.world.Subscriptions, f.subscription)
	each(ctx, f, f.world.Packs, f.pack)
	each(ctx, f, f.world.Reconciliations, f.reconciliation)
	switch {
	case f.failure != nil:
		return f.failure
	case len(f.mistakes) > 0:
		return f.mistakes.Sorted()
	}
	return nil
}

// fileKeys puts all keys with a number first: both kinds share one sequence.
func (f *filing) fileKeys(ctx context.Context) {
	keys, keysLater := split(f.world.Keys)
	deployKeys, deployKeysLater := split(f.world.DeployKeys)
	each(ctx, f, keys, f.key)
	each(ctx, f, deployKeys, f.deployKey)
	each(ctx, f, keysLater, f.key)
	each(ctx, f, deployKeysLater, f.deployKey)
}
