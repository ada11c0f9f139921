package integration_test

import (
	"strings"
	"testing"

	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
	"gatehouse/tests/servertest"
)

// TestAllowed_pushToCreate pushes to a path that does not exist: a private
// project, its repository and one notice are created.
func TestAllowed_pushToCreate(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		g := gitalytest.Start(t)
		s := servertest.Start(t, servertest.Settings(t, database, storages(g)), servertest.WithWorld(t, protectedWorld))
		push := strings.Replace(servertest.Fetch(`"username": "dev"`), "acme/tools/cli", "Dev/new", 1)
		push = strings.Replace(push, "git-upload-pack", "git-receive-pack", 1)
		for range 2 {
			s.Post(t, "/allowed", push).Want(t, "a push to a path that does not exist", 200, `{"gl_project_path": "dev/new", "gl_project_id": 43}`)
		}
		if !g.Has(source.Project{ID: 43}.RelativePath(source.Code)) {
			t.Error("the repository is missing")
		}
		s.Post(t, "/allowed", strings.Replace(push, `"dev"`, `"maint"`, 1)).WantRefusal(t, "the namespace of another user", 404)
		s.Post(t, "/allowed", strings.Replace(push, "Dev/new", "dev/-new", 1)).WantRefusal(t, "a bad name", 422)
		received := `{"gl_repository": "project-43", "identifier": "user-5", "changes": "` + absent + " " + newer + ` refs/heads/main\n"}`
		if got := s.Post(t, "/post_receive", received); !strings.Contains(got.Body, "The private project 'dev/new' was created") {
			t.Errorf("the first push: got %s", got.Body)
		}
		s.Post(t, "/post_receive", received).Want(t, "the next push", 200, `{"messages": []}`)

		g.Stop()
		other := strings.Replace(push, "Dev/new", "dev/other", 1)
		s.Post(t, "/allowed", other).WantRefusal(t, "no Gitaly", 503)
		g.Resume(t)
		awaitRepository(t, g, 44)
		s.Post(t, "/allowed", other).Want(t, "after Gitaly is back", 200, `{"gl_project_id": 44}`)
	})
}

// TestApply_repositories stops a server before Gitaly has created a repository:
// the next server creates it.
func TestApply_repositories(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		g := gitalytest.Start(t)
		g.Stop()
		config := servertest.Settings(t, database, storages(g), "jobs.retry_delay=10ms", "jobs.poll_interval=10ms")
		servertest.Start(t, config, servertest.WithWorld(t, protectedWorld)).Stop(t)
		g.Resume(t)
		s := servertest.Start(t, config)
		awaitRepository(t, g, 42)
		s.Post(t, "/allowed", strings.Replace(servertest.Fetch(`"username": "dev"`), "acme/tools/cli", "acme/cli", 1)).Want(t, "a fetch", 200, `{}`)
	})
}

// awaitRepository returns once Gitaly has the repository of the project.
func awaitRepository(t *testing.T, g *gitalytest.Server, id source.ProjectID) {
	t.Helper()
	servertest.Await(t, "the repository", func() bool {
		return g.Has(source.Project{ID: id}.RelativePath(source.Code))
	})
}
