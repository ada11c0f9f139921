package contract

import (
	"time"

	"gatehouse/application/pushes"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

func user(name string) string { return "username-" + name }

// projectID returns the number of the project at where, or 0.
func (s Subject) projectID(where string) source.ProjectID {
	s.Helper()
	return s.Standing("nobody", where).Project.ID
}

// pushContext returns the context of a push.
func (s Subject) pushContext(who, repository string, now time.Time) pushes.PushContext {
	s.Helper()
	id, ok := source.ParseRepositoryID(repository)
	if !ok {
		s.Fatalf("%q is no repository", repository)
	}
	got, err := s.PushContexts.PushContext(s.Context(), subject.Claim(who), id, now)
	if err != nil {
		s.Fatalf("PushContext(%s, %s): %v", who, repository, err)
	}
	return got
}
