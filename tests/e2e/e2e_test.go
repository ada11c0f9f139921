package e2e_test

import (
	"os"
	"strings"
	"testing"

	"gatehouse/tests/servertest"
)

const remote = "ssh://git@git.example.com/acme/cli.git"

// TestPush pushes to protected and other branches and tags.
func TestPush(t *testing.T) { each(t, push) }

func push(t *testing.T, s *site) {
	servertest.Await(t, "the job that creates the repository", func() bool {
		out, err := s.run(t, "101", ".", "-c", "init.defaultBranch=main", "clone", remote, "maint")
		if err != nil && !strings.Contains(out, "There is no repository for this project yet") {
			t.Fatalf("clone: %v\n%s", err, out)
		}
		return err == nil
	})
	s.commit(t, "maint", "one")
	s.refused(t, "The first push to this project is a maintainer's", "102", "maint", "push", "origin", "HEAD:main")
	s.must(t, "101", "maint", "push", "origin", "HEAD:main")
	e := s.events.wait(t, "the first push", func(e event) bool { return e.Ref == "refs/heads/main" })
	if e.User != "maint" || e.Total != 1 || len(e.Commit) != 1 || e.Commit[0].Title != "Add one" || strings.Join(e.Commit[0].Added, " ") != "one" || e.Header.Get("X-Gitlab-Token") != "of-the-hook" {
		t.Errorf("got the event %+v", e)
	}

	s.must(t, "102", ".", "clone", remote, "dev")
	s.commit(t, "dev", "two")
	s.refused(t, `not allowed to push to the protected branch "main"`, "102", "dev", "push", "origin", "HEAD:main")
	out := s.must(t, "102", "dev", "push", "origin", "HEAD:refs/heads/topic")
	if !strings.Contains(out, "http://git.example.com/acme/cli/-/merge_requests/new?merge_request%5Bsource_branch%5D=topic") {
		t.Errorf("no link to a merge request:\n%s", out)
	}

	s.must(t, "101", "maint", "pull", "--quiet", "origin", "topic")
	s.must(t, "101", "maint", "push", "origin", "HEAD:main") // a fast-forward
	s.must(t, "101", "maint", "reset", "--quiet", "--hard", "HEAD~1")
	s.commit(t, "maint", "three")
	s.refused(t, `not allowed to force push to the protected branch "main"`, "101", "maint", "push", "--force", "origin", "HEAD:main")
	s.must(t, "102", "maint", "push", "--force", "origin", "HEAD:topic") // not protected

	s.must(t, "102", "dev", "tag", "v1")
	s.must(t, "102", "dev", "push", "origin", "v1")
	s.events.wait(t, "the tag", func(e event) bool {
		return e.Ref == "refs/tags/v1" && e.Header.Get("X-Gitlab-Event") == "Tag Push Hook"
	})
	s.must(t, "102", "dev", "tag", "-a", "v2", "-m", "Second release")
	s.must(t, "102", "dev", "push", "origin", "v2")
	e = s.events.wait(t, "the annotated tag", func(e event) bool { return e.Ref == "refs/tags/v2" })
	object := strings.TrimSpace(s.must(t, "", "dev", "rev-parse", "v2"))
	commit := strings.TrimSpace(s.must(t, "", "dev", "rev-parse", "v2^{commit}"))
	if e.Message != "Second release" || e.After != object || e.Checkout != commit || object == commit {
		t.Errorf("got the event %+v, want the tag object %s of the commit %s", e, object, commit)
	}
	s.must(t, "102", "dev", "push", "origin", ":refs/tags/v1")
	s.must(t, "102", "dev", "push", "origin", ":topic")
	s.refused(t, `The protected branch "main" can be deleted on the web only`, "101", "maint", "push", "origin", ":main")
	s.refused(t, "The project was not found", "102", ".", "clone", strings.Replace(remote, "acme/cli", "acme/none", 1), "none")
}

// TestPushToCreate pushes to a path that does not exist, which creates a project.
func TestPushToCreate(t *testing.T) { each(t, pushToCreate) }

func pushToCreate(t *testing.T, s *site) {
	if err := os.Mkdir(s.path("new"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.must(t, "", "new", "-c", "init.defaultBranch=main", "init", "--quiet")
	s.commit(t, "new", "one")
	s.must(t, "", "new", "remote", "add", "origin", "ssh://git@git.example.com/dev/fresh.git")
	s.refused(t, "not found", "101", "new", "push", "origin", "main") // another's namespace
	out := s.must(t, "102", "new", "push", "origin", "main")
	for _, want := range []string{"The private project 'dev/fresh' was created", "http://git.example.com/dev/fresh", "git remote add origin git@git.example.com:dev/fresh.git"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	s.commit(t, "new", "two")
	if out := s.must(t, "102", "new", "push", "origin", "main"); strings.Contains(out, "was created") {
		t.Errorf("the notice comes twice:\n%s", out)
	}
	s.must(t, "102", ".", "clone", "ssh://git@git.example.com/dev/fresh.git", "again")
	s.refused(t, "The project could not be created", "102", "new", "push", "ssh://git@git.example.com/dev/-bad.git", "main")
}
