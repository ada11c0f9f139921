package integration_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/tests/pgtest"
)

// byKas signs a token as kas does.
func byKas(s *server) (name, value string) {
	text, err := os.ReadFile(s.config.Kas.SecretFile)
	if err != nil {
		panic(err) // the server has made it
	}
	secret, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		panic(err)
	}
	now := time.Now()
	return "Gitlab-Kas-Api-Request", s.signWith(secret, jwt.MapClaims{
		"iss": "gitlab-kas", "aud": []string{"gitlab"}, "iat": now.Unix(), "nbf": now.Unix() - 5, "exp": now.Unix() + 5,
	})
}

const (
	starboard     = "PUT /kubernetes/modules/starboard_vulnerability/"
	scanResult    = "POST /kubernetes/modules/starboard_vulnerability/scan_result"
	vulnerability = `{"vulnerability": {"name": "CVE-%d in libc", "severity": "high", "location": {"kubernetes_resource": {"namespace": "production", "kind": "deployment", "name": "nginx"}},
		"identifiers": [{"type": "cve", "name": "CVE-%[1]d"}]}, "scanner": {"id": "starboard_trivy", "name": "Trivy"}}`
)

// ofKas are the calls that kas makes, with their answers.
var ofKas = []exchange{
	{what: "the agent", route: "GET /kubernetes/agent_info", status: 200, want: `{"agent_id": 1, "agent_name": "prod", "project_id": 60, "default_branch": "main",
		"gitaly_info": {"address": "tcp://gitaly.example.com:8075", "token": "` + gitalyToken + `", "features": {}}, "gitaly_repository": {"gl_repository": "project-60", "gl_project_path": "acme/tools/cli"}}`},
	{what: "the agent, by its new path", route: "GET /agents/agentk/agent_info/", status: 200, want: `{"agent_id": 1}`},
	{what: "a public project", route: "GET /kubernetes/project_info?id=acme%2Ftools%2Fsite", status: 200, want: `{"project_id": 62}`},
	{what: "a private project", route: "GET /kubernetes/project_info?id=69", status: 404, want: `{"message": "404 Not Found"}`},
	{what: "a finding", route: starboard, json: fmt.Sprintf(vulnerability, 1), status: 200, want: `{}`},
	{what: "a finding without a place", route: starboard, json: `{"vulnerability": {}}`, status: 400, want: `{}`},
	{what: "a list that is none", route: scanResult, json: `{"uuids": 1}`, status: 400, want: `{"error": "uuids is invalid"}`},
	{what: "a count that is none", route: "POST /kubernetes/usage_metrics", json: `{"counters": {"gitops_sync": "x"}}`, status: 400, want: `{"error": "counters[gitops_sync] is invalid"}`},
	{what: "a wrong method", route: "POST /kubernetes/agent_info", json: `{}`, status: 404, want: `{"error": "404 Not Found"}`},
}

// TestServer_kas asks as kas does, over both listeners, and reads back what that
// left behind.
func TestServer_kas(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := serve(t, settings(t, database), with(t, small))
		for _, e := range ofKas {
			for _, over := range []door{tcp, unix} {
				c := call{route: e.route, body: e.json, by: byKas, agent: agentToken, over: over, chunked: strings.HasPrefix(e.route, "PUT")}
				s.ask(t, c).is(t, e.what, e.status, e.want)
				c.by = byToken
				if e.status != 404 || strings.HasPrefix(e.route, "GET") {
					s.ask(t, c).is(t, e.what+" of GitLab Shell", 401, `{"message": "KAS JWT authentication invalid"}`)
				}
			}
			s.ask(t, call{route: e.route, body: e.json, by: byKas, agent: agentToken, over: public}).is(t, e.what+" in public", 404, `{}`)
		}
		for range 3 {
			if a := s.ask(t, call{route: "POST /kubernetes/usage_metrics", body: `{"gitops_sync_count": 2}`, by: byKas}); a.status != 204 || a.body != "" || a.kind != "" {
				t.Errorf("usage: got %d %q %s", a.status, a.kind, a.body)
			}
		}
		if a := s.ask(t, call{route: scanResult, body: `{"uuids": []}`, by: byKas, agent: agentToken}); a.status != 200 || a.body != "200" {
			t.Errorf("scan_result: got %d %s", a.status, a.body)
		}
		s.stop(t) // which writes the stamps
		desk := beside(t, s.config)
		for thing, want := range map[string]string{
			"usage": `[{"name":"kubernetes_agent_gitops_sync","value":6}]`,
		} {
			if got := desk.shown(t, thing); got != want {
				t.Errorf("%s: got %s, want %s", thing, got, want)
			}
		}
		for thing, want := range map[string]string{"findings": `"state":"resolved"`, "agents": `"has_vulnerabilities":true`, "agent-tokens": `"last_used_at":"2`} {
			if got := desk.shown(t, thing); !strings.Contains(got, want) {
				t.Errorf("%s: got %s, want %s", thing, got, want)
			}
		}
	})
}

// TestServer_kasWithoutDatabase takes the database away while two servers report.
// Nothing is taken by half, and afterwards all goes on.
func TestServer_kasWithoutDatabase(t *testing.T) {
	t.Parallel()
	database := pgtest.Open(t)
	way, address := through(t, database)
	config := settings(t, address)
	one := serve(t, config, with(t, small))
	config.HTTP.Socket += "2"
	servers := []*server{one, serve(t, config)}
	calls := []call{
		{route: "GET /kubernetes/agent_info", by: byKas, agent: agentToken},
		{route: "GET /kubernetes/project_info?id=62", by: byKas, agent: agentToken},
		{route: starboard, body: fmt.Sprintf(vulnerability, 1), by: byKas, agent: agentToken},
		{route: scanResult, body: `{"uuids": []}`, by: byKas, agent: agentToken},
		{route: "POST /kubernetes/usage_metrics", body: `{"gitops_sync_count": 1, "unique_counters": {"agent_users_using_ci_tunnel": [1]}}`, by: byKas},
		{route: "POST /kubernetes/agent_configuration", body: `{"agent_id": "1", "agent_config": {}}`, by: byKas},
	}
	for range 2 {
		for _, s := range servers {
			for _, c := range calls {
				if a := s.ask(t, c); a.status != 200 && a.status != 204 {
					t.Errorf("%s: got %d %s", c.route, a.status, a.body)
				}
			}
		}
		way.turn(closed)
		for _, s := range servers {
			for _, c := range calls {
				s.ask(t, c).refusal(t, c.route+" without a database", 503)
			}
		}
		way.turn(open)
	}
	desk := beside(t, settings(t, database))
	if got, want := desk.shown(t, "usage"), `[{"name":"agent_users_using_ci_tunnel","value":1},{"name":"kubernetes_agent_gitops_sync","value":4}]`; got != want {
		t.Errorf("usage: got %s, want %s", got, want)
	}
}

// shown is a thing as gatehouse show writes it for programs.
func (o office) shown(t *testing.T, thing string) string {
	t.Helper()
	text, err := json.Marshal(o.list(t, thing))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
