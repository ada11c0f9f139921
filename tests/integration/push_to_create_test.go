package integration_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gatehouse/application/projects"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
	"gatehouse/tests/servertest"
)

// TestAllowed_pushToCreate pushes to a path that does not exist: a private
// project, its repository and one notice are created.
func TestAllowed_pushToCreate(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		g := gitalytest.Start(t)
		world := strings.Replace(protectedWorld, "members:\n", "members:\n  - {user: rep, group: acme, role: developer}\n", 1)
		s := servertest.Start(t, servertest.Settings(t, database, storages(g)), servertest.WithWorld(t, world))
		push := strings.Replace(servertest.Fetch(`"username": "dev"`), "acme/tools/cli", "Dev/fresh", 1)
		push = strings.Replace(push, "git-upload-pack", "git-receive-pack", 1)
		for range 2 {
			s.Post(t, "/allowed", push).Want(t, "a push to a path that does not exist", 200, `{"gl_project_path": "dev/fresh", "gl_project_id": 43}`)
		}
		if !g.Has(source.Project{ID: 43}.RelativePath(source.Code)) {
			t.Error("the repository is missing")
		}
		s.Post(t, "/allowed", strings.Replace(push, `"dev"`, `"maint"`, 1)).WantRefusal(t, "the namespace of another user", 404)
		s.Post(t, "/allowed", strings.Replace(push, "Dev/fresh", "dev/-new", 1)).WantRefusal(t, "a bad name", 422)
		first := strings.NewReplacer(`"dev"`, `"rep"`, "Dev/fresh", "acme/fresh").Replace(push)
		s.Post(t, "/allowed", first).WantRefusal(t, "a group in which the first push is a maintainer's: nothing is made", 401)
		received := `{"gl_repository": "project-43", "identifier": "user-5", "changes": "` + absent + " " + newer + ` refs/heads/main\n"}`
		if got := s.Post(t, "/post_receive", received); !strings.Contains(got.Body, "The private project 'dev/fresh' was created") {
			t.Errorf("the first push: got %s", got.Body)
		}
		s.Post(t, "/post_receive", received).Want(t, "the next push", 200, `{"messages": []}`)

		g.Stop()
		other := strings.Replace(push, "Dev/fresh", "dev/other", 1)
		s.Post(t, "/allowed", other).WantRefusal(t, "no Gitaly", 422)
		s.Post(t, "/allowed", other).Want(t, "no Gitaly, again", 200, `{"gl_project_id": 44}`)
		g.Resume(t)
		awaitRepository(t, g, 44)
		s.Post(t, "/allowed", other).Want(t, "after Gitaly is back", 200, `{"gl_project_id": 44}`)
	})
}

// TestAllowed_pushToCreate_wiki pushes to the wiki of a project that does not exist:
// nothing is created, and once the project exists, that path is its wiki's.
func TestAllowed_pushToCreate_wiki(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		g := gitalytest.Start(t)
		s := servertest.Start(t, servertest.Settings(t, database, storages(g)), servertest.WithWorld(t, protectedWorld))
		to := func(path, action string) string {
			return strings.NewReplacer("acme/tools/cli", path, "git-upload-pack", action).Replace(servertest.Fetch(`"username": "dev"`))
		}
		const push, fetch = "git-receive-pack", "git-upload-pack"
		for _, path := range []string{
			"dev/docs.wiki.git", "dev/docs.design", "dev/docs.WIKI.git", "dev/docs.wiki.git/", "dev/docs.wiki/", "dev/docs.wiki.wiki", "dev/.wiki", "dev/docs.Design.git",
		} {
			s.Post(t, "/allowed", to(path, push)).WantRefusal(t, path, 404)
		}
		s.Post(t, "/allowed", to("dev/docs.git.git", push)).WantRefusal(t, "a name that ends in .git", 422)
		s.Post(t, "/allowed", to("dev/docs.atom", push)).WantRefusal(t, "a name that ends in .atom", 422)
		s.Post(t, "/allowed", to("dev/docs.git/", push)).Want(t, "the project", 200, `{"gl_repository": "project-43", "gl_project_path": "dev/docs"}`)
		if got := s.Post(t, "/allowed", to("dev/docs.wiki.git", fetch)); got.Status != 404 || !strings.Contains(got.Body, "This wiki is empty. It begins with the first push") {
			t.Errorf("a fetch of the wiki without pages: got %d %s", got.Status, got.Body)
		}
		s.Post(t, "/allowed", to("dev/docs.wiki.git", push)).Want(t, "its wiki", 200, `{"gl_repository": "wiki-43", "gl_project_path": "dev/docs.wiki"}`)
		s.Post(t, "/allowed", to("Dev/Docs.Wiki.git/", fetch)).Want(t, "a fetch of the wiki", 200, `{"gl_repository": "wiki-43"}`)
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

// TestServer_retriesRepositories has Gitaly refuse to create a repository once: a
// command that asks for it, and an import, make the job due that creates it, long
// before its next attempt.
func TestServer_retriesRepositories(t *testing.T) {
	fetch := strings.Replace(servertest.Fetch(`"username": "dev"`), "acme/tools/cli", "acme/cli", 1)
	for name, ask := range map[string]func(*testing.T, *servertest.Server, servertest.Data){
		"by a command": func(t *testing.T, s *servertest.Server, _ servertest.Data) { s.Post(t, "/allowed", fetch) },
		"by an import": func(t *testing.T, _ *servertest.Server, data servertest.Data) {
			data.Apply(t, "users: [{username: dev}]")
		},
	} {
		t.Run(name, func(t *testing.T) {
			servertest.OnEach(t, func(t *testing.T, database string) {
				g := gitalytest.Start(t)
				var tries atomic.Int64
				g.Fail(func(c gitalytest.Call) error {
					if c.Method == "CreateRepository" && tries.Add(1) == 1 {
						return status.Error(codes.Unimplemented, "not yet")
					}
					return nil
				})
				config := servertest.Settings(t, database, storages(g), "jobs.retry_delay=1h", "jobs.poll_interval=10ms")
				s := servertest.Start(t, config, servertest.WithWorld(t, protectedWorld))
				data := servertest.OpenData(t, config)
				servertest.Await(t, "the first attempt", func() bool { return tries.Load() == 1 })
				began := time.Now()
				servertest.Await(t, "the repository", func() bool {
					ask(t, s, data)
					return g.Has(source.Project{ID: 42}.RelativePath(source.Code))
				})
				if took := time.Since(began); took >= projects.RetryDelay {
					t.Errorf("the repository was created after %s, by the next attempt", took)
				}
			})
		})
	}
}

// awaitRepository returns once Gitaly has the repository of the project.
func awaitRepository(t *testing.T, g *gitalytest.Server, id source.ProjectID) {
	t.Helper()
	servertest.Await(t, "the repository", func() bool {
		return g.Has(source.Project{ID: id}.RelativePath(source.Code))
	})
}
