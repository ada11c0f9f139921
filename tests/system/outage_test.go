package system_test

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
)

// TestServer_kasWithoutDatabase sends requests of kas to two servers that lose
// their database twice: each report is counted completely or not at all.
func TestServer_kasWithoutDatabase(t *testing.T) {
	t.Parallel()
	database := stores.PostgresURL(t)
	proxy, address := servertest.NewProxy(t, database)
	config := servertest.Settings(t, address)
	one := servertest.Start(t, config, servertest.WithWorld(t, servertest.World))
	config.HTTP.Socket += "2"
	servers := []*servertest.Server{one, servertest.Start(t, config)}
	calls := []servertest.Call{
		{Route: "GET /kubernetes/agent_info", By: servertest.ByKas, AgentToken: servertest.AgentToken},
		{Route: "GET /kubernetes/project_info?id=62", By: servertest.ByKas, AgentToken: servertest.AgentToken},
		{Route: servertest.StarboardRoute, Body: fmt.Sprintf(servertest.Vulnerability, 1), By: servertest.ByKas, AgentToken: servertest.AgentToken},
		{Route: servertest.ScanResultRoute, Body: `{"uuids": []}`, By: servertest.ByKas, AgentToken: servertest.AgentToken},
		{Route: "POST /kubernetes/usage_metrics", Body: `{"gitops_sync_count": 1, "unique_counters": {"agent_users_using_ci_tunnel": [1]}}`, By: servertest.ByKas},
		{Route: "POST /kubernetes/agent_configuration", Body: `{"agent_id": "1", "agent_config": {}}`, By: servertest.ByKas},
	}
	for range 2 {
		for _, s := range servers {
			for _, c := range calls {
				if a := s.Ask(t, c); a.Status != 200 && a.Status != 204 {
					t.Errorf("%s: got %d %s", c.Route, a.Status, a.Body)
				}
			}
		}
		proxy.Set(servertest.Closed)
		for _, s := range servers {
			for _, c := range calls {
				s.Ask(t, c).WantRefusal(t, c.Route+" without a database", 503)
			}
		}
		proxy.Set(servertest.Open)
	}
	data := servertest.OpenData(t, servertest.Settings(t, database))
	if got, want := data.Shown(t, "usage"), `[{"name":"agent_users_using_ci_tunnel","value":1},{"name":"kubernetes_agent_gitops_sync","value":4}]`; got != want {
		t.Errorf("usage: got %s, want %s", got, want)
	}
}

// TestServer_databaseGone cuts two servers from the database twice. Meanwhile they
// answer as documented, and afterwards they need no restart.
func TestServer_databaseGone(t *testing.T) {
	t.Parallel()
	database := stores.PostgresURL(t)
	proxy, address := servertest.NewProxy(t, database)
	config := servertest.Settings(t, address, "audit.enabled=true")
	failOpen := servertest.Start(t, config, servertest.WithWorld(t, servertest.World))
	config.HTTP.Socket += "2"
	config.Counters.FailOpen = false
	strict := servertest.Start(t, config)
	servers := []*servertest.Server{failOpen, strict}
	for round := range 2 {
		for _, s := range servers {
			s.WantAvailable(t, fmt.Sprintf("round %d, before", round))
		}
		proxy.Set(servertest.Closed)
		for _, s := range servers {
			s.WantUnavailable(t, fmt.Sprintf("round %d, without a database", round))
		}
		proxy.Set(servertest.Open)
	}
	for _, s := range servers {
		s.WantAvailable(t, "at the end")
	}

	data := servertest.OpenData(t, servertest.Settings(t, database))
	const while, without = 3, 2 // pushes to each server
	servertest.Await(t, "the pushes of the outages to be recorded", func() bool {
		return len(data.List(t, "pushes")) == (while+without)*len(servers) && len(data.Counters(t)) == 0
	})
	for _, s := range servers {
		for _, text := range []string{
			`increase the counter of \"project-60\"`, `record the push to \"project-60\"`, "pushes wait to be recorded", `standing of`, `"status":503`,
		} {
			if !strings.Contains(s.Log.String(), text) {
				t.Errorf("the log lacks %s", text)
			}
		}
	}
}
