package gormstore

import (
	"context"
	"time"

	"gatehouse/application/pushes"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// PushContext implements pushes.PushContexts.
func (s *Store) PushContext(ctx context.Context, claim identity.Claim, repository source.RepositoryID, now time.Time) (pushes.PushContext, error) {
	s.sweep.note(now)
	var out pushes.PushContext
	var banners []struct {
		Message string
		Target  source.Pattern
	}
	columns := append(actorColumns(&out.Actor),
		maybe[int64]{(*int64)(&out.Project.ID)}, maybe[string]{&out.Project.Path}, maybe[string]{&out.Project.DefaultBranch}, asJSON{&banners})
	err := s.ask(ctx, "push_context", asked{claim, source.Target{Repository: repository}, now}, false, columns)
	if err != nil {
		return pushes.PushContext{}, fault(err, "push context of %s in %s", claim, repository)
	}
	for _, b := range banners {
		out.Banners = append(out.Banners, source.Banner{Message: b.Message, TargetPath: b.Target})
	}
	return out, nil
}
