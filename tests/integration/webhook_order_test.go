package integration_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
)

// TestServer_webhookOrder creates, updates and deletes branches in quick succession:
// the receiver hears of each branch in this order, also where it fails first.
func TestServer_webhookOrder(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) { webhookOrder(t, database, 1) })
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		webhookOrder(t, "memory:", 1)
	})
	t.Run("two servers", func(t *testing.T) {
		t.Parallel()
		webhookOrder(t, stores.PostgresURL(t), 2)
	})
}

func webhookOrder(t *testing.T, database string, count int) {
	const branches, failEvery = 20, 7
	var statuses []int // fewer failures in a row than pause the hook
	for i := range branches * failEvery {
		status := http.StatusOK
		if i%failEvery == 1 {
			status = http.StatusServiceUnavailable
		}
		statuses = append(statuses, status)
	}
	r := servertest.ReceiveHooks(t, statuses...)
	config := servertest.Settings(t, database, append(servertest.FastJobs, "webhooks.per_hook=3")...)
	servers := []*servertest.Server{servertest.Start(t, config, servertest.WithWorld(t, servertest.WorldWithHook(r.URL)))}
	for len(servers) < count {
		config.HTTP.Socket += "2"
		servers = append(servers, servertest.Start(t, config))
	}
	steps := []string{servertest.ZeroID, servertest.OldID, servertest.NewID, servertest.ZeroID}
	for branch := range branches {
		for i := range steps[1:] {
			body := fmt.Sprintf(`{"gl_repository": "project-60", "identifier": "user-4", "changes": "%s %s refs/heads/ord-%d\n"}`, steps[i], steps[i+1], branch)
			servers[i%count].Post(t, "/post_receive", body).Want(t, "the push", 200, `{}`)
		}
	}
	heard, failed := map[any]int{}, 0
	for total := 0; total < branches*(len(steps)-1); {
		e := r.Next(t)
		ref := e.Field(t, "ref")
		i := heard[ref]
		if i >= len(steps)-1 || e.Field(t, "before") != steps[i] || e.Field(t, "after") != steps[i+1] {
			t.Fatalf("%s: event %d is from %.4s to %.4s", ref, i, e.Field(t, "before"), e.Field(t, "after"))
		}
		if missed := e.Header.Get("X-Gatehouse-Missed-Events"); missed != "" {
			t.Errorf("%s: %s events were missed", ref, missed)
		}
		if e.Status != http.StatusOK {
			failed++
			continue
		}
		heard[ref]++
		total++
	}
	if failed == 0 || len(r.Events) > 0 {
		t.Errorf("%d attempts failed, and there are %d events more", failed, len(r.Events))
	}
}

// TestServer_webhookSlow has a receiver that does not answer until another hook has
// heard, and a repository was created.
func TestServer_webhookSlow(t *testing.T) { servertest.OnEach(t, webhookSlow) }

func webhookSlow(t *testing.T, database string) {
	begun, answer := make(chan struct{}, 100), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body) // the server notices an end only after the body
		begun <- struct{}{}
		<-answer
	}))
	defer slow.Close()
	end := sync.OnceFunc(func() { close(answer) })
	defer end()
	r := servertest.ReceiveHooks(t)
	g := gitalytest.Start(t)
	g.Secret = servertest.GitalyToken
	for _, id := range []source.ProjectID{60, 61} {
		repo := g.Put(source.Project{ID: id}.RelativePath(source.Code))
		repo.Commits[servertest.OldID] = gitalytest.Commit{Message: "first"}
		repo.Commits[servertest.NewID] = gitalytest.Commit{Parents: []string{servertest.OldID}, Message: "second"}
	}
	world := servertest.World + fmt.Sprintf("hooks: [{id: 1, project: acme/tools/cli, url: %q}, {id: 2, project: acme/tools/lib, url: %q}]\n", slow.URL, r.URL)
	config := servertest.Settings(t, database, append(servertest.FastJobs, "webhooks.timeout=59s", "webhooks.per_hook=2", "jobs.workers=1", storages(g))...)
	s := servertest.Start(t, config, servertest.WithWorld(t, world))
	data := servertest.OpenData(t, config)
	for i := range 20 {
		s.Post(t, "/post_receive", servertest.PostReceive(fmt.Sprint("topic-", i))).Want(t, "the push", 200, servertest.Decreased)
	}
	<-begun
	<-begun
	body := fmt.Sprintf(`{"gl_repository": "project-61", "identifier": "user-4", "changes": "%s %s refs/heads/x\n"}`, servertest.OldID, servertest.NewID)
	s.Post(t, "/post_receive", body).Want(t, "another project's push", 200, servertest.Decreased)
	if e := r.Next(t); e.Field(t, "project_id") != float64(61) {
		t.Errorf("got %s", e.Body)
	}
	data.Apply(t, "projects: [{id: 90, path: acme/tools/made}]")
	made := source.Project{ID: 90}.RelativePath(source.Code)
	servertest.Await(t, "the repository to be created", func() bool { return g.Has(made) })
	if len(begun) > 0 {
		t.Errorf("the slow receiver is sent %d events more than two at once", len(begun))
	}
	end()
	for range 18 {
		<-begun
	}
	data.AwaitJobs(t)
}
