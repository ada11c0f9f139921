package system_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gatehouse/bootstrap"
	"gatehouse/tests/servertest"
)

// TestPortal_refreshesSeats has two servers count the seats of a subscription:
// the change is recorded once.
func TestPortal_refreshesSeats(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		config := servertest.Settings(t, database, "seats.refresh_interval=50ms")
		first := servertest.Start(t, config, servertest.WithWorld(t, servertest.World+"subscriptions: [{namespace: acme, plan_code: premium, start_date: 2026-01-01, seats: 2}]\n"))
		config.HTTP.Socket += "2"
		second := servertest.Start(t, config)
		data := servertest.OpenData(t, config)
		servertest.Await(t, "the seats to be counted", func() bool {
			record := data.List(t, "subscriptions")[0]
			return servertest.Field(record, "seats_in_use") == int64(12) && servertest.Field(record, "seats_owed") == int64(10)
		})
		first.Stop(t)
		second.Stop(t)
		if got := len(data.List(t, "subscription-history")); got != 1 {
			t.Errorf("got %d changes, want one", got)
		}
	})
}

// pair starts two servers on an empty database, while a command migrates it too.
func pair(t *testing.T, database string) (servers []*servertest.Server, data servertest.Data) {
	t.Helper()
	config := servertest.Settings(t, database)
	other := config
	other.HTTP.Socket += "2"
	ready := make(chan error, 1)
	go func() {
		_, _, err := bootstrap.Migrate(t.Context(), config)
		ready <- err
	}()
	servers = []*servertest.Server{servertest.Start(t, config), servertest.Start(t, other)}
	if err := <-ready; err != nil {
		t.Fatalf("migrate: %v", err)
	}
	data = servertest.OpenData(t, config)
	data.Apply(t, servertest.World)
	return servers, data
}

// TestServers_countPushes makes 16 concurrent pushes through two servers.
func TestServers_countPushes(t *testing.T) { servertest.OnEachEmpty(t, countPushes) }

func countPushes(t *testing.T, database string) {
	servers, data := pair(t, database)
	const many = 16
	each := func(what, want string, make func(i int) servertest.Call) {
		t.Helper()
		calls := []servertest.Call{}
		for i := range many {
			calls = append(calls, make(i))
		}
		for i, a := range servertest.AskAll(servers, calls) {
			a.Want(t, fmt.Sprintf("%s of push %d", what, i), 200, want)
		}
	}
	branch := func(i int) string { return fmt.Sprintf("branch-%02d", i) }

	each("the check", `{"status": true}`, func(i int) servertest.Call {
		return servertest.Call{Route: "POST /allowed", Body: fmt.Sprintf(`{"user_id": 4, "gl_repository": "project-60", "action": "git-receive-pack", "protocol": "ssh",
			"changes": "%s %s refs/heads/%s"}`, servertest.ZeroID, servertest.NewID, branch(i))}
	})
	each("the beginning", servertest.Increased, func(int) servertest.Call {
		return servertest.Call{Route: "POST /pre_receive", Body: servertest.PreReceive}
	})
	if got := data.Counters(t); len(got) != 1 || got["project-60"] != many {
		t.Errorf("counters during the pushes: got %v", got)
	}
	each("the end", servertest.Decreased, func(i int) servertest.Call {
		return servertest.Call{Route: "POST /post_receive", Body: servertest.PostReceive(branch(i))}
	})
	if got := data.Counters(t); len(got) != 0 {
		t.Errorf("counters at the end: got %v", got)
	}
	recorded := map[string]int{}
	for _, push := range data.List(t, "pushes") {
		recorded[strings.TrimSpace(servertest.Field(push, "changes").(string))]++
	}
	for i := range many {
		if n := recorded[servertest.OldID+" "+servertest.NewID+" refs/heads/"+branch(i)]; n != 1 {
			t.Errorf("push %d is recorded %d times", i, n)
		}
	}
}

// TestServers_noticeOnce adds a notice through one server and pushes through both:
// one push shows it.
func TestServers_noticeOnce(t *testing.T) { servertest.OnEachEmpty(t, noticeOnce) }

func noticeOnce(t *testing.T, database string) {
	servers, _ := pair(t, database)
	notices := func() (texts []string) {
		calls := make([]servertest.Call, 16)
		for i := range calls {
			calls[i] = servertest.Call{Route: "POST /post_receive", Body: servertest.PostReceive("topic")}
		}
		for _, a := range servertest.AskAll(servers, calls) {
			var body struct {
				Messages []struct{ Message, Type string }
			}
			if err := json.Unmarshal([]byte(a.Body), &body); err != nil || a.Status != 200 {
				t.Errorf("got %d %s", a.Status, a.Body)
			}
			for _, m := range body.Messages {
				if m.Type == "basic" {
					texts = append(texts, m.Message)
				}
			}
		}
		return texts
	}

	if got := notices(); len(got) != 0 {
		t.Errorf("before the notice: got %q", got)
	}
	for _, s := range servers { // the second notice replaces the first
		s.Post(t, "/allowed", `{"user_id": 4, "project": "OLD/cli.git", "action": "git-receive-pack", "protocol": "ssh"}`).Want(t, "by the old path", 200, `{"gl_project_path": "acme/tools/cli"}`)
	}
	got := notices()
	if len(got) != 1 || !strings.Contains(got[0], "'acme/tools/cli'") || !strings.Contains(got[0], "git@git.example.com:acme/tools/cli.git") {
		t.Errorf("got %q, want one notice", got)
	}
}

// TestServers_webhookOnce lets two servers deliver many events: each is sent once.
func TestServers_webhookOnce(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		r := servertest.ReceiveHooks(t)
		config := servertest.Settings(t, database, servertest.FastJobs...)
		other := config
		other.HTTP.Socket += "2"
		servers := []*servertest.Server{servertest.Start(t, config, servertest.WithWorld(t, servertest.WorldWithHook(r.URL)))}
		servers = append(servers, servertest.Start(t, other))
		data := servertest.OpenData(t, config)
		const many = 24
		calls := make([]servertest.Call, many)
		for i := range calls {
			calls[i] = servertest.Call{Route: "POST /post_receive", Body: servertest.PostReceive(fmt.Sprint("topic-", i))}
		}
		for _, a := range servertest.AskAll(servers, calls) {
			a.Want(t, "the push", 200, servertest.Decreased)
		}
		times := map[any]int{}
		for range many {
			times[r.Next(t).Field(t, "ref")]++
		}
		data.AwaitJobs(t)
		if len(times) != many || len(r.Events) > 0 {
			t.Errorf("got %v, and %d more", times, len(r.Events))
		}
	})
}
