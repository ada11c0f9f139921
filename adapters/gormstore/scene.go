package gormstore

import (
	"context"
	"time"

	"gatehouse/application/pushes"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Scene implements pushes.Scenes.
func (s *Store) Scene(ctx context.Context, claim identity.Claim, repository source.RepositoryID, now time.Time) (pushes.Scene, error) {
	s.sweep.note(now)
	var scene pushes.Scene
	var banners []struct {
		Message string
		Target  source.Pattern
	}
	columns := append(actorColumns(&scene.Actor),
		maybe[int64]{(*int64)(&scene.Project.ID)}, maybe[string]{&scene.Project.Path}, maybe[string]{&scene.Project.DefaultBranch}, asJSON{&banners})
	err := s.ask(ctx, "scene", asked{claim, source.Target{Repository: repository}, now}, false, columns)
	if err != nil {
		return pushes.Scene{}, fault(err, "scene of %s in %s", claim, repository)
	}
	for _, b := range banners {
		scene.Banners = append(scene.Banners, source.Banner{Message: b.Message, TargetPath: b.Target})
	}
	return scene, nil
}
