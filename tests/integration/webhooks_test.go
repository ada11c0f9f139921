package integration_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/application/inventory"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
	"gatehouse/tests/servertest"
)

// TestServer_webhook pushes, and checks the event and the stored data.
func TestServer_webhook(t *testing.T) { servertest.OnEach(t, webhook) }

func webhook(t *testing.T, database string) {
	r := servertest.ReceiveHooks(t)
	config := servertest.Settings(t, database, servertest.FastJobs...)
	s := servertest.Start(t, config, servertest.WithWorld(t, servertest.WorldWithHook(r.URL+"/hook?key=query-of-the-tests")))
	s.Log.Hide(servertest.HookToken)
	s.Log.Hide("query-of-the-tests")
	data := servertest.OpenData(t, config)
	s.Post(t, "/post_receive", servertest.PostReceive("feature")).Want(t, "the push", 200, servertest.Decreased)
	e := r.Next(t)
	for name, want := range map[string]string{
		"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": servertest.HookToken, "Content-Type": "application/json",
		"X-Gitlab-Instance": "https://git.example.com" + servertest.Root, "User-Agent": "GitLab/16.11.0-gatehouse",
	} {
		if got := e.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"X-Gitlab-Event-Uuid", "X-Gitlab-Webhook-Uuid", "Idempotency-Key"} {
		if e.Header.Get(name) == "" {
			t.Errorf("%s is missing", name)
		}
	}
	servertest.Answer{Status: 200, ContentType: "application/json", Body: e.Body}.Want(t, "the event", 200, `{"object_kind": "push", "event_name": "push",
		"before": "`+servertest.OldID+`", "after": "`+servertest.NewID+`", "ref": "refs/heads/feature", "checkout_sha": "`+servertest.NewID+`", "ref_protected": true,
		"user_id": 4, "user_username": "dev", "user_email": "", "project_id": 60, "total_commits_count": 0, "commits": [],
		"project": {"id": 60, "name": "cli", "path_with_namespace": "acme/tools/cli", "git_ssh_url": "git@git.example.com:acme/tools/cli.git",
		"git_http_url": "https://git.example.com`+servertest.Root+`/acme/tools/cli.git", "namespace": "tools"}}`)
	data.AwaitJobs(t)
	for _, project := range data.List(t, "projects") {
		if active := servertest.Field(project, "last_activity_at") != nil; active != (servertest.Field(project, "id") == int64(60)) {
			t.Errorf("activity of project %v: got %v", servertest.Field(project, "id"), active)
		}
	}
	if hook := data.List(t, "hooks")[0]; servertest.Field(hook, "last_status") != int64(200) || servertest.Field(hook, "state") != "active" {
		t.Errorf("the hook: got %v", hook)
	}
	if len(r.Events) > 0 {
		t.Error("the event came twice")
	}
}

// TestServer_sshURLs checks the URLs of events where SSH is not at the host of
// external_url, or not at its own port.
func TestServer_sshURLs(t *testing.T) {
	t.Parallel()
	r := servertest.ReceiveHooks(t)
	settings := append(slices.Clone(servertest.FastJobs), "external_url=https://git.example.com:8443/gitlab", "ssh.host=ssh.example.com", "ssh.port=2222")
	s := servertest.Start(t, servertest.Settings(t, "memory:", settings...), servertest.WithWorld(t, servertest.WorldWithHook(r.URL)))
	s.Post(t, "/post_receive", servertest.PostReceive("feature")).Want(t, "the push", 200, servertest.Decreased)
	e := r.Next(t)
	const url = `"ssh://git@ssh.example.com:2222/acme/tools/cli.git"`
	servertest.Answer{Status: 200, ContentType: "application/json", Body: e.Body}.Want(t, "the event", 200, `{
		"project": {"git_ssh_url": `+url+`, "ssh_url": `+url+`, "url": `+url+`, "git_http_url": "https://git.example.com:8443/gitlab/acme/tools/cli.git"},
		"repository": {"url": `+url+`, "git_ssh_url": `+url+`}}`)
}

// TestServer_webhookHistory checks the commits of an event, which come from
// Gitaly.
func TestServer_webhookHistory(t *testing.T) { servertest.OnEach(t, webhookHistory) }

func webhookHistory(t *testing.T, database string) {
	g := gitalytest.Start(t)
	g.Secret = servertest.GitalyToken
	repo := g.Put(source.Project{ID: 60}.RelativePath(source.Code))
	repo.Head, repo.Refs["refs/heads/trunk"] = "refs/heads/trunk", servertest.NewID
	repo.Commits[servertest.OldID] = gitalytest.Commit{Message: "first"}
	repo.Commits[servertest.NewID] = gitalytest.Commit{
		Parents: []string{servertest.OldID}, Message: "second\n\nwith a body", At: time.Unix(1_800_000_000, 0), Zone: "+0200",
		Author: "Dede", Email: "dev@example.com", Added: []string{"a"}, Modified: []string{"b"}, Removed: []string{"c"},
	}
	r := servertest.ReceiveHooks(t)
	config := servertest.Settings(t, database, append(servertest.FastJobs, storages(g))...)
	s := servertest.Start(t, config, servertest.WithWorld(t, servertest.WorldWithHook(r.URL)))
	data := servertest.OpenData(t, config)
	g.Stop() // the job is repeated until Gitaly answers
	s.Post(t, "/post_receive", servertest.PostReceive("trunk")).Want(t, "the push", 200, servertest.Decreased)
	servertest.Await(t, "the job on the push to fail", func() bool {
		return slices.ContainsFunc(data.List(t, "jobs"), func(job inventory.Record) bool {
			return servertest.Field(job, "kind") == "push_received" && servertest.Field(job, "last_error") != nil
		})
	})
	g.Resume(t)
	e := r.Next(t)
	servertest.Answer{Status: 200, ContentType: "application/json", Body: e.Body}.Want(t, "the event", 200, `{"total_commits_count": 1, "commits": [{
		"id": "`+servertest.NewID+`", "title": "second", "message": "second\n\nwith a body", "timestamp": "2027-01-15T10:00:00+02:00",
		"url": "https://git.example.com`+servertest.Root+`/acme/tools/cli/-/commit/`+servertest.NewID+`", "author": {"name": "Dede", "email": "dev@example.com"},
		"added": ["a"], "modified": ["b"], "removed": ["c"]}]}`)
	s.Post(t, "/post_receive", strings.Replace(servertest.PostReceive("new"), servertest.OldID, servertest.ZeroID, 1)).Want(t, "another push", 200, servertest.Decreased)
	if e := r.Next(t); e.Field(t, "total_commits_count") != float64(0) {
		t.Errorf("a branch without new commits: got %s", e.Body)
	}
	data.AwaitJobs(t)
	for _, project := range data.List(t, "projects") {
		if servertest.Field(project, "id") == int64(60) && servertest.Field(project, "default_branch") != "trunk" {
			t.Errorf("got %v", project)
		}
	}
}

// TestServer_webhookRecovers delivers to a receiver that fails five times: the
// event is sent again.
func TestServer_webhookRecovers(t *testing.T) { servertest.OnEach(t, recovers) }

func recovers(t *testing.T, database string) {
	r := servertest.ReceiveHooks(t, 500, 503, 404, 302, 429)
	config := servertest.Settings(t, database, servertest.FastJobs...)
	s := servertest.Start(t, config, servertest.WithWorld(t, servertest.WorldWithHook(r.URL)))
	data := servertest.OpenData(t, config)
	s.Post(t, "/post_receive", servertest.PostReceive("feature")).Want(t, "the push", 200, servertest.Decreased)
	first := r.Next(t)
	for range 5 {
		again := r.Next(t)
		if again.Body != first.Body {
			t.Errorf("the body changes: got %s, then %s", first.Body, again.Body)
		}
		for _, name := range []string{"Idempotency-Key", "X-Gitlab-Event-Uuid"} {
			if again.Header.Get(name) != first.Header.Get(name) {
				t.Errorf("%s changes", name)
			}
		}
	}
	data.AwaitJobs(t)
	if hook := data.List(t, "hooks")[0]; servertest.Field(hook, "failures") != int64(0) || servertest.Field(hook, "state") != "active" {
		t.Errorf("the hook: got %v", hook)
	}
}

// TestServer_drainsJobs stops a server that waits for the answer to an event: the
// job completes first.
func TestServer_drainsJobs(t *testing.T) { servertest.OnEach(t, drainsJobs) }

func drainsJobs(t *testing.T, database string) {
	asked, answer := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-answer
	}))
	defer slow.Close()
	config := servertest.Settings(t, database, servertest.FastJobs...)
	s := servertest.Start(t, config, servertest.WithWorld(t, servertest.WorldWithHook(slow.URL)))
	data := servertest.OpenData(t, config)
	s.Post(t, "/post_receive", servertest.PostReceive("feature")).Want(t, "the push", 200, servertest.Decreased)
	<-asked
	s.Terminate()
	s.AwaitClosed(t)
	s.StillRunning(t)
	close(answer)
	s.Stop(t)
	for _, job := range data.List(t, "jobs") {
		if servertest.Field(job, "state") != "completed" {
			t.Errorf("got %v", job)
		}
	}
}
