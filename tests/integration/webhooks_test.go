package integration_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/application/directory"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
)

const hookToken = "hook-token-of-the-tests"

// hooked is the small world with a hook on project 60.
func hooked(url string) string {
	return small + fmt.Sprintf("hooks: [{id: 1, project: acme/tools/cli, url: %q, token: %s, tag_push_events: true}]\n", url, hookToken)
}

// prompt are settings with which nothing has to be waited for long.
var prompt = []string{"jobs.poll_interval=20ms", "jobs.retry_delay=1ms", "webhooks.backoff=1ms", "webhooks.allow_local_requests=true"}

// receiver is somebody who listens to hooks.
type receiver struct {
	*httptest.Server
	events chan heard

	mu       sync.Mutex
	statuses []int // of the next answers; then 200
}

// heard is what a receiver got.
type heard struct {
	header http.Header
	body   string
}

// field returns a member of the body.
func (e heard) field(t *testing.T, name string) any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(e.body), &body); err != nil {
		t.Fatalf("%v: %s", err, e.body)
	}
	return body[name]
}

// receive starts a receiver that gives those answers first.
func receive(t *testing.T, statuses ...int) *receiver {
	t.Helper()
	r := &receiver{events: make(chan heard, 1000), statuses: statuses}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		status := http.StatusOK
		r.mu.Lock()
		if len(r.statuses) > 0 {
			status, r.statuses = r.statuses[0], r.statuses[1:]
		}
		r.mu.Unlock()
		w.WriteHeader(status)
		r.events <- heard{q.Header, string(body)}
	}))
	t.Cleanup(r.Close)
	return r
}

// next waits for an event.
func (r *receiver) next(t *testing.T) heard {
	t.Helper()
	select {
	case e := <-r.events:
		return e
	case <-time.After(patience):
		t.Fatal("no event came")
		return heard{}
	}
}

// settles returns once no job waits or runs, and fails if one was given up.
func (o office) settles(t *testing.T) {
	t.Helper()
	await(t, "the jobs to be done", func() bool {
		return !slices.ContainsFunc(o.list(t, "jobs"), func(job directory.Record) bool {
			if field(job, "state") == "discarded" {
				t.Fatalf("job %v", job)
			}
			return field(job, "state") != "completed"
		})
	})
}

// TestServer_webhook pushes, and looks at what comes of it.
func TestServer_webhook(t *testing.T) { onEach(t, webhook) }

func webhook(t *testing.T, database string) {
	r := receive(t)
	config := settings(t, database, prompt...)
	s := serve(t, config, with(t, hooked(r.URL+"/hook?key=query-of-the-tests")))
	s.log.hide(hookToken)
	s.log.hide("query-of-the-tests")
	desk := beside(t, config)
	s.post(t, "/post_receive", landed("feature")).is(t, "the push", 200, decreased)
	e := r.next(t)
	for name, want := range map[string]string{
		"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": hookToken, "Content-Type": "application/json",
		"X-Gitlab-Instance": "https://git.example.com" + root, "User-Agent": "GitLab/16.11.0-gatehouse",
	} {
		if got := e.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"X-Gitlab-Event-Uuid", "X-Gitlab-Webhook-Uuid", "Idempotency-Key"} {
		if e.header.Get(name) == "" {
			t.Errorf("%s is missing", name)
		}
	}
	answer{status: 200, kind: "application/json", body: e.body}.is(t, "the event", 200, `{"object_kind": "push", "event_name": "push",
		"before": "`+before+`", "after": "`+after+`", "ref": "refs/heads/feature", "checkout_sha": "`+after+`", "ref_protected": true,
		"user_id": 4, "user_username": "dev", "user_email": "dev@example.com", "project_id": 60, "total_commits_count": 0, "commits": [],
		"project": {"id": 60, "name": "cli", "path_with_namespace": "acme/tools/cli", "git_ssh_url": "git@git.example.com:acme/tools/cli.git",
		"git_http_url": "https://git.example.com`+root+`/acme/tools/cli.git", "namespace": "tools"}}`)
	desk.settles(t)
	for _, project := range desk.list(t, "projects") {
		if active := field(project, "last_activity_at") != nil; active != (field(project, "id") == int64(60)) {
			t.Errorf("activity of project %v: got %v", field(project, "id"), active)
		}
	}
	if hook := desk.list(t, "hooks")[0]; field(hook, "last_status") != int64(200) || field(hook, "state") != "active" {
		t.Errorf("the hook: got %v", hook)
	}
	if len(r.events) > 0 {
		t.Error("the event came twice")
	}
}

// TestServer_webhookHistory asks Gitaly for what an event tells.
func TestServer_webhookHistory(t *testing.T) { onEach(t, webhookHistory) }

func webhookHistory(t *testing.T, database string) {
	g := gitalytest.Start(t)
	g.Secret = gitalyToken
	repo := g.Put(source.Project{ID: 60}.RelativePath(source.Code))
	repo.Head, repo.Refs["refs/heads/trunk"] = "refs/heads/trunk", after
	repo.Commits[before] = gitalytest.Commit{Message: "first"}
	repo.Commits[after] = gitalytest.Commit{
		Parents: []string{before}, Message: "second\n\nwith a body", At: time.Unix(1_800_000_000, 0), Zone: "+0200",
		Author: "Dede", Email: "dev@example.com", Added: []string{"a"}, Modified: []string{"b"}, Removed: []string{"c"},
	}
	r := receive(t)
	config := settings(t, database, append(prompt, storages(g))...)
	s := serve(t, config, with(t, hooked(r.URL)))
	desk := beside(t, config)
	g.Stop() // a Gitaly that is down is asked again
	s.post(t, "/post_receive", landed("trunk")).is(t, "the push", 200, decreased)
	await(t, "the job on the push to fail", func() bool {
		return slices.ContainsFunc(desk.list(t, "jobs"), func(job directory.Record) bool {
			return field(job, "kind") == "push_received" && field(job, "last_error") != nil
		})
	})
	g.Resume(t)
	e := r.next(t)
	answer{status: 200, kind: "application/json", body: e.body}.is(t, "the event", 200, `{"total_commits_count": 1, "commits": [{
		"id": "`+after+`", "title": "second", "message": "second\n\nwith a body", "timestamp": "2027-01-15T10:00:00+02:00",
		"url": "https://git.example.com`+root+`/acme/tools/cli/-/commit/`+after+`", "author": {"name": "Dede", "email": "dev@example.com"},
		"added": ["a"], "modified": ["b"], "removed": ["c"]}]}`)
	s.post(t, "/post_receive", strings.Replace(landed("new"), before, nothing, 1)).is(t, "another push", 200, decreased)
	if e := r.next(t); e.field(t, "total_commits_count") != float64(0) {
		t.Errorf("a branch without new commits: got %s", e.body)
	}
	desk.settles(t)
	for _, project := range desk.list(t, "projects") {
		if field(project, "id") == int64(60) && field(project, "default_branch") != "trunk" {
			t.Errorf("got %v", project)
		}
	}
}

// TestServer_webhookRecovers has a receiver that fails five times.
func TestServer_webhookRecovers(t *testing.T) { onEach(t, recovers) }

func recovers(t *testing.T, database string) {
	r := receive(t, 500, 503, 404, 302, 429)
	config := settings(t, database, prompt...)
	s := serve(t, config, with(t, hooked(r.URL)))
	desk := beside(t, config)
	s.post(t, "/post_receive", landed("feature")).is(t, "the push", 200, decreased)
	first := r.next(t)
	for range 5 {
		again := r.next(t)
		if again.body != first.body {
			t.Errorf("the body changes: got %s, then %s", first.body, again.body)
		}
		for _, name := range []string{"Idempotency-Key", "X-Gitlab-Event-Uuid"} {
			if again.header.Get(name) != first.header.Get(name) {
				t.Errorf("%s changes", name)
			}
		}
	}
	desk.settles(t)
	if hook := desk.list(t, "hooks")[0]; field(hook, "failures") != int64(0) || field(hook, "state") != "active" {
		t.Errorf("the hook: got %v", hook)
	}
}

// TestServer_killed kills a server between the commit of a push and its job.
func TestServer_killed(t *testing.T) { onEach(t, killed) }

func killed(t *testing.T, database string) {
	r := receive(t)
	config := settings(t, database, append(prompt, "jobs.workers=0")...)
	victim := spawn(t, config, hooked(r.URL))
	victim.post(t, "/post_receive", landed("feature")).is(t, "the push", 200, decreased)
	victim.kill(t)
	desk := beside(t, config)
	if jobs := desk.list(t, "jobs"); len(jobs) != 1 || field(jobs[0], "state") != "waiting" || len(desk.list(t, "pushes")) != 1 {
		t.Fatalf("left behind: got %v", jobs)
	}
	if len(r.events) > 0 {
		t.Fatal("the event was sent before")
	}
	serve(t, settings(t, database, append(prompt, "instance.key_file="+config.Instance.KeyFile)...))
	if e := r.next(t); e.field(t, "ref") != "refs/heads/feature" || e.header.Get("X-Gitlab-Token") != hookToken {
		t.Errorf("got %v", e)
	}
	desk.settles(t)
}

// TestServers_webhookOnce has two servers deliver many events.
func TestServers_webhookOnce(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		r := receive(t)
		config := settings(t, database, prompt...)
		other := config
		other.HTTP.Socket += "2"
		servers := []*server{serve(t, config, with(t, hooked(r.URL)))}
		servers = append(servers, serve(t, other))
		desk := beside(t, config)
		const many = 24
		calls := make([]call, many)
		for i := range calls {
			calls[i] = call{route: "POST /post_receive", body: landed(fmt.Sprint("topic-", i))}
		}
		for _, a := range all(servers, calls) {
			a.is(t, "the push", 200, decreased)
		}
		times := map[any]int{}
		for range many {
			times[r.next(t).field(t, "ref")]++
		}
		desk.settles(t)
		if len(times) != many || len(r.events) > 0 {
			t.Errorf("got %v, and %d more", times, len(r.events))
		}
	})
}

// TestServer_drainsJobs stops a server that has sent an event and waits for the
// answer.
func TestServer_drainsJobs(t *testing.T) { onEach(t, drainsJobs) }

func drainsJobs(t *testing.T, database string) {
	asked, answer := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-answer
	}))
	defer slow.Close()
	config := settings(t, database, prompt...)
	s := serve(t, config, with(t, hooked(slow.URL)))
	desk := beside(t, config)
	s.post(t, "/post_receive", landed("feature")).is(t, "the push", 200, decreased)
	<-asked
	s.terminate()
	s.refuses(t)
	s.busy(t)
	close(answer)
	s.stop(t)
	for _, job := range desk.list(t, "jobs") {
		if field(job, "state") != "completed" {
			t.Errorf("got %v", job)
		}
	}
}
