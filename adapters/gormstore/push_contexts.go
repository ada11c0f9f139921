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
type PushContexts struct{ db *database.DB }

// PushContext implements pushes.PushContexts.
func (p *PushContexts) PushContext(ctx context.Context, claim identity.Claim, repository source.RepositoryID, withHooks bool, now time.Time) (pushes.PushContext, error) {
	var out pushes.PushContext
	var banners []struct {
		Message string
		Target  source.Pattern
	}
	var wanted []struct {
		Push, Tag bool
		Branches  source.Pattern
	}
	columns := append(actorColumns(&out.Actor),
		database.Null((*int64)(&out.Project.ID)), database.Null(&out.Project.Path), database.Null(&out.Project.DefaultBranch), database.JSON(&banners))
	if withHooks {
		columns = append(columns, database.JSON(&wanted))
	}
	err := question{claim, source.Target{Repository: repository}, now}.scanRow(ctx, p.db, "push_context", withHooks, columns)
	if err != nil {
		return pushes.PushContext{}, database.Fault(err, "push context of %s in %s", claim, repository)
	}
	for _, b := range banners {
		out.Banners = append(out.Banners, source.Banner{Message: b.Message, TargetPath: b.Target})
	}
	for _, w := range wanted {
		out.Hooks = append(out.Hooks, hooks.Hook{Push: w.Push, TagPush: w.Tag, Branches: w.Branches})
	}
	return out, nil
}
