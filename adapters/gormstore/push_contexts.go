package gormstore

import (
	"context"
	"time"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/pushes"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// PushContexts finds what a push needs to know before it is received.
type PushContexts struct{ contexts *variants[pushes.PushContext] }

func newPushContexts(db *database.DB) *PushContexts {
	return &PushContexts{&variants[pushes.PushContext]{db: db, query: "push_context", read: readPushContext}}
}

// PushContext implements pushes.PushContexts.
func (p *PushContexts) PushContext(ctx context.Context, claim identity.Claim, repository source.RepositoryID, withHooks bool, now time.Time) (pushes.PushContext, error) {
	out, err := p.contexts.ask(ctx, question{claim, source.Target{Repository: repository}, now}, parts{refs: withHooks, rare: true})
	if err != nil {
		return pushes.PushContext{}, database.Fault(err, "push context of %s in %s", claim, repository)
	}
	return out, nil
}

// bannerEntry is a banner as the query returns it, hookEntry what a webhook wants.
type bannerEntry struct {
	Message string
	Target  source.Pattern
}

type hookEntry struct {
	Push, Tag bool
	Branches  source.Pattern
	Strategy  hooks.BranchStrategy
}

func readPushContext(r *database.Row, asked parts) pushes.PushContext {
	out := pushes.PushContext{Actor: readActor(r)}
	out.Project.ID, out.Project.Path, out.Project.DefaultBranch = source.ProjectID(r.Int()), r.Text(), r.Text()
	for _, b := range database.ReadJSON[[]bannerEntry](r) {
		out.Banners = append(out.Banners, source.Banner{Message: b.Message, TargetPath: b.Target})
	}
	if !asked.refs {
		return out
	}
	for _, w := range database.ReadJSON[[]hookEntry](r) {
		out.Hooks = append(out.Hooks, hooks.Hook{Push: w.Push, TagPush: w.Tag, Branches: w.Branches, Strategy: w.Strategy})
	}
	return out
}
