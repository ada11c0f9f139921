package contract

import (
	"time"

	"gatehouse/application/pushes"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

func user(name string) string { return "username-" + name }

// found returns the number of the project at where; 0 if none is known.
func (s Subject) found(where string) source.ProjectID {
	s.Helper()
	return s.Standing("nobody", where).Project.ID
}

// scene returns the scene of a push.
func (s Subject) scene(who, repository string, now time.Time) pushes.Scene {
	s.Helper()
	id, ok := source.ParseRepositoryID(repository)
	if !ok {
		s.Fatalf("%q is no repository", repository)
	}
	scene, err := s.Scenes.Scene(s.Context(), subject.Claim(who), id, now)
	if err != nil {
		s.Fatalf("Scene(%s, %s): %v", who, repository, err)
	}
	return scene
}
