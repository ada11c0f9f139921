package integration_test

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse/tests/servertest"
)

// kasExchanges are calls of kas with their answers.
var kasExchanges = []exchange{
	{what: "the agent", route: "GET /kubernetes/agent_info", status: 200, want: `{"agent_id": 1, "agent_name": "prod", "project_id": 60, "default_branch": "main",
		"gitaly_info": {"address": "tcp://gitaly.example.com:8075", "token": "` + servertest.GitalyToken + `", "features": {}}, "gitaly_repository": {"gl_repository": "project-60", "gl_project_path": "acme/tools/cli"}}`},
	{what: "the agent, by its new path", route: "GET /agents/agentk/agent_info/", status: 200, want: `{"agent_id": 1}`},
	{what: "a public project", route: "GET /kubernetes/project_info?id=acme%2Ftools%2Fsite", status: 200, want: `{"project_id": 62}`},
	{what: "a private project", route: "GET /kubernetes/project_info?id=69", status: 404, want: `{"message": "404 Not Found"}`},
	{what: "a finding", route: servertest.StarboardRoute, json: fmt.Sprintf(servertest.Vulnerability, 1), status: 200, want: `{}`},
	{what: "a finding without a location", route: servertest.StarboardRoute, json: `{"vulnerability": {}}`, status: 400, want: `{}`},
	{what: "a list of a wrong type", route: servertest.ScanResultRoute, json: `{"uuids": 1}`, status: 400, want: `{"error": "uuids is invalid"}`},
	{what: "a count of a wrong type", route: "POST /kubernetes/usage_metrics", json: `{"counters": {"gitops_sync": "x"}}`, status: 400, want: `{"error": "counters[gitops_sync] is invalid"}`},
	{what: "a wrong method", route: "POST /kubernetes/agent_info", json: `{}`, status: 404, want: `{"error": "404 Not Found"}`},
}

// TestServer_kas makes the calls of kas over both listeners, and reads the stored
// data.
func TestServer_kas(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		s := servertest.Start(t, servertest.Settings(t, database), servertest.WithWorld(t, servertest.World))
		for _, e := range kasExchanges {
			for _, over := range []servertest.Listener{servertest.TCP, servertest.Unix} {
				c := servertest.Call{Route: e.route, Body: e.json, By: servertest.ByKas, AgentToken: servertest.AgentToken, Over: over, Chunked: strings.HasPrefix(e.route, "PUT")}
				s.Ask(t, c).Want(t, e.what, e.status, e.want)
				c.By = servertest.ByToken
				if e.status != 404 || strings.HasPrefix(e.route, "GET") {
					s.Ask(t, c).Want(t, e.what+", with GitLab Shell's token", 401, `{"message": "KAS JWT authentication invalid"}`)
				}
			}
			s.Ask(t, servertest.Call{Route: e.route, Body: e.json, By: servertest.ByKas, AgentToken: servertest.AgentToken, Over: servertest.Public}).Want(t, e.what+", on the public listener", 404, `{}`)
		}
		for range 3 {
			if a := s.Ask(t, servertest.Call{Route: "POST /kubernetes/usage_metrics", Body: `{"gitops_sync_count": 2}`, By: servertest.ByKas}); a.Status != 204 || a.Body != "" || a.ContentType != "" {
				t.Errorf("usage: got %d %q %s", a.Status, a.ContentType, a.Body)
			}
		}
		if a := s.Ask(t, servertest.Call{Route: servertest.ScanResultRoute, Body: `{"uuids": []}`, By: servertest.ByKas, AgentToken: servertest.AgentToken}); a.Status != 200 || a.Body != "200" {
			t.Errorf("scan_result: got %d %s", a.Status, a.Body)
		}
		s.Stop(t) // writes the times of last use
		data := servertest.OpenData(t, s.Config)
		for thing, want := range map[string]string{
			"usage": `[{"name":"kubernetes_agent_gitops_sync","value":6}]`,
		} {
			if got := data.Shown(t, thing); got != want {
				t.Errorf("%s: got %s, want %s", thing, got, want)
			}
		}
		for thing, want := range map[string]string{"findings": `"state":"resolved"`, "agents": `"has_vulnerabilities":true`, "agent-tokens": `"last_used_at":"2`} {
			if got := data.Shown(t, thing); !strings.Contains(got, want) {
				t.Errorf("%s: got %s, want %s", thing, got, want)
			}
		}
	})
}
