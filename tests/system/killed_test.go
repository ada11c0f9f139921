package system_test

import (
	"fmt"
	"testing"

	"gatehouse/bootstrap/config"
	"gatehouse/tests/servertest"
)

// threePacks is a format for a request with three minutes packs; its argument
// makes their purchase_xid unique.
const threePacks = `{"packs": [{"number_of_minutes": 1, "expires_at": "2030-01-01", "purchase_xid": "a%[1]d"},
	{"number_of_minutes": 1, "expires_at": "2030-01-01", "purchase_xid": "b%[1]d"}, {"number_of_minutes": 1, "expires_at": "2030-01-01", "purchase_xid": "c%[1]d"}]}`

// TestPortal_killed kills a server again and again while it adds packs of
// minutes: of each request either all packs are added or none.
func TestPortal_killed(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		config := servertest.Settings(t, database)
		data := servertest.OpenData(t, config)
		data.Apply(t, servertest.World)
		request := 0
		for range 5 {
			request = addPacksUntilKilled(t, config, request)
		}
		packs := map[string]int{}
		for _, r := range data.List(t, "packs") {
			packs[servertest.Field(r, "purchase_xid").(string)[1:]]++
		}
		if len(packs) == 0 {
			t.Error("no request added its packs")
		}
		for request, n := range packs {
			if n != 3 {
				t.Errorf("request %s: got %d of 3 packs", request, n)
			}
		}
	})
}

// addPacksUntilKilled starts a server in a process of its own, sends it requests
// with these numbers, and kills it while it works on them. It returns the number
// of the next request.
func addPacksUntilKilled(t *testing.T, config config.Config, next int) int {
	t.Helper()
	s := servertest.Spawn(t, config, "")
	var pending []<-chan servertest.Answer
	for i := range 40 {
		pending = append(pending, s.Begin(servertest.Call{
			Route: "POST /" + servertest.Root + "/api/v4/namespaces/acme/minutes", Body: fmt.Sprintf(threePacks, next), By: servertest.ByPortal,
		}))
		if next++; i == 20 {
			<-pending[0] // the other requests are in progress
			s.Kill()
		}
	}
	for _, p := range pending[1:] {
		<-p
	}
	return next
}

// TestServer_killed kills a server between the commit of a push and its job. The
// next server does the job.
func TestServer_killed(t *testing.T) { servertest.OnEach(t, killed) }

func killed(t *testing.T, database string) {
	r := servertest.ReceiveHooks(t)
	config := servertest.Settings(t, database, append(servertest.FastJobs, "jobs.workers=0")...)
	first := servertest.Spawn(t, config, servertest.WorldWithHook(r.URL))
	first.Post(t, "/post_receive", servertest.PostReceive("feature")).Want(t, "the push", 200, servertest.Decreased)
	first.Kill()
	data := servertest.OpenData(t, config)
	if jobs := data.List(t, "jobs"); len(jobs) != 1 || servertest.Field(jobs[0], "state") != "waiting" || len(data.List(t, "pushes")) != 1 {
		t.Fatalf("got the jobs %v, want one that waits", jobs)
	}
	if len(r.Events) > 0 {
		t.Fatal("the event was sent before the server was killed")
	}
	servertest.Start(t, servertest.Settings(t, database, append(servertest.FastJobs, "instance.key_file="+config.Instance.KeyFile)...))
	if e := r.Next(t); e.Field(t, "ref") != "refs/heads/feature" || e.Header.Get("X-Gitlab-Token") != servertest.HookToken {
		t.Errorf("got %v", e)
	}
	data.AwaitJobs(t)
}
