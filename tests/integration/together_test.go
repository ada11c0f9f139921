package integration_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gatehouse/bootstrap"
)

// pair starts two servers on an empty database while somebody else migrates it.
func pair(t *testing.T, database string) (servers []*server, desk office) {
	t.Helper()
	config := settings(t, database)
	other := config
	other.HTTP.Socket += "2"
	ready := make(chan error, 1)
	go func() {
		_, _, err := bootstrap.Migrate(t.Context(), config)
		ready <- err
	}()
	servers = []*server{serve(t, config), serve(t, other)}
	if err := <-ready; err != nil {
		t.Fatalf("migrate: %v", err)
	}
	desk = beside(t, config)
	desk.apply(t, small)
	return servers, desk
}

// all makes calls at the same time, in turn through all servers, and returns
// the answers once there are all.
func all(servers []*server, calls []call) []answer {
	pending := make([]<-chan answer, len(calls))
	for i, c := range calls {
		pending[i] = servers[i%len(servers)].start(c)
	}
	answers := make([]answer, len(calls))
	for i := range pending {
		answers[i] = <-pending[i]
	}
	return answers
}

// TestServers_countPushes has 16 pushes under way, through two servers.
func TestServers_countPushes(t *testing.T) { onEach(t, countPushes) }

func countPushes(t *testing.T, database string) {
	servers, desk := pair(t, database)
	const many = 16
	each := func(what, want string, make func(i int) call) {
		t.Helper()
		calls := []call{}
		for i := range many {
			calls = append(calls, make(i))
		}
		for i, a := range all(servers, calls) {
			a.is(t, fmt.Sprintf("%s of push %d", what, i), 200, want)
		}
	}
	branch := func(i int) string { return fmt.Sprintf("branch-%02d", i) }

	each("the check", `{"status": true}`, func(i int) call {
		return call{route: "POST /allowed", body: fmt.Sprintf(`{"user_id": 4, "gl_repository": "project-60", "action": "git-receive-pack", "protocol": "ssh",
			"changes": "%s %s refs/heads/%s"}`, nothing, after, branch(i))}
	})
	each("the beginning", increased, func(int) call { return call{route: "POST /pre_receive", body: preReceive} })
	if got := desk.counters(t); len(got) != 1 || got["project-60"] != many {
		t.Errorf("counters with all under way: got %v", got)
	}
	each("the end", decreased, func(i int) call { return call{route: "POST /post_receive", body: landed(branch(i))} })
	if got := desk.counters(t); len(got) != 0 {
		t.Errorf("counters at the end: got %v", got)
	}
	landed := map[string]int{}
	for _, push := range desk.list(t, "pushes") {
		landed[strings.TrimSpace(field(push, "changes").(string))]++
	}
	for i := range many {
		if n := landed[before+" "+after+" refs/heads/"+branch(i)]; n != 1 {
			t.Errorf("push %d is recorded %d times", i, n)
		}
	}
}

// TestServers_noticeOnce leaves a notice through one server and asks both.
func TestServers_noticeOnce(t *testing.T) { onEach(t, noticeOnce) }

func noticeOnce(t *testing.T, database string) {
	servers, _ := pair(t, database)
	told := func() (texts []string) {
		calls := make([]call, 16)
		for i := range calls {
			calls[i] = call{route: "POST /post_receive", body: landed("topic")}
		}
		for _, a := range all(servers, calls) {
			var body struct {
				Messages []struct{ Message, Type string }
			}
			if err := json.Unmarshal([]byte(a.body), &body); err != nil || a.status != 200 {
				t.Errorf("got %d %s", a.status, a.body)
			}
			for _, m := range body.Messages {
				if m.Type == "basic" {
					texts = append(texts, m.Message)
				}
			}
		}
		return texts
	}

	if got := told(); len(got) != 0 {
		t.Errorf("before the notice: got %q", got)
	}
	for _, s := range servers { // the second one replaces the first
		s.post(t, "/allowed", `{"user_id": 4, "project": "OLD/cli.git", "action": "git-receive-pack", "protocol": "ssh"}`).is(t, "by the old path", 200, `{"gl_project_path": "acme/tools/cli"}`)
	}
	got := told()
	if len(got) != 1 || !strings.Contains(got[0], "'acme/tools/cli'") || !strings.Contains(got[0], "ssh://git@git.example.com/acme/tools/cli.git") {
		t.Errorf("got %q, want one notice", got)
	}
}
