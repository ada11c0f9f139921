package cli_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestRun_agentToken(t *testing.T) {
	t.Parallel()
	database := "--database=" + filepath.Join(t.TempDir(), "gatehouse.db")
	with := func(args ...string) []string { return append(append([]string{"agent", "token"}, args...), database) }
	if got := run(t.Context(), "groups: [{path: acme}]\nprojects: [{path: acme/infra}]\nagents: [{id: 5, name: prod, project: acme/infra, created_at: 2026-01-02}]", "apply", "-", database); got.code != 0 {
		t.Fatal(got.err)
	}
	form := regexp.MustCompile(`^glagent-[\w-]{50}$`)
	got := run(t.Context(), "", with("create", "--agent", "5")...)
	first := strings.TrimSpace(got.out)
	if got.code != 0 || !form.MatchString(first) || strings.Contains(got.err, first) {
		t.Fatalf("got %d, %q, %q", got.code, got.out, got.err)
	}
	got = run(t.Context(), "", with("create", "--agent", "5", "--name", "second", "--json")...)
	var second struct {
		AgentID     int64 `json:"agent_id"`
		Name, Token string
	}
	if err := json.Unmarshal([]byte(got.out), &second); err != nil || second.AgentID != 5 || second.Name != "second" || !form.MatchString(second.Token) || second.Token == first {
		t.Errorf("got %s, %v", got.out, err)
	}
	if got := run(t.Context(), "", with("revoke", "--agent", "5", "--name", "second")...); got.code != 0 || got.out != "revoked the token \"second\" of agent 5\n" {
		t.Errorf("got %d, %q, %q", got.code, got.out, got.err)
	}
	shown := gatehouse(t, "", "show", "agent-tokens", database)
	if !regexp.MustCompile(`(?m)^5 +command line +false +- +- +2[^ ]+Z +-\n5 +second +true +- +- +2[^ ]+Z +-$`).MatchString(shown) || strings.Contains(shown, "glagent") {
		t.Errorf("show: got %s", shown)
	}
	events := gatehouse(t, "", "show", "audit", "--json", database)
	if got := strings.Count(events, `"action": "agent_token.create"`); got != 2 || strings.Contains(events, "glagent") {
		t.Errorf("audit: got %s", events)
	}
	for _, member := range []string{`"action": "agent_token.update"`, `"username": "` + osUser(t) + `"`, `"entity_path": "acme/infra"`, `"target_path": "second"`, `"revoked": true`} {
		if !strings.Contains(events, member) {
			t.Errorf("audit: got %s, want %s", events, member)
		}
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown agent":           {[]string{"create", "--agent", "404"}, 1, "there is no agent 404"},
		"blank name":              {[]string{"create", "--agent", "5", "--name", " "}, 1, "a token needs a name"},
		"missing agent":           {[]string{"create"}, 2, "agent"},
		"agent that is no number": {[]string{"create", "--agent", "prod"}, 2, "prod"},
		"unknown token":           {[]string{"revoke", "--agent", "5", "--name", "third"}, 1, `agent 5 has no token "third"`},
		"revoke without a name":   {[]string{"revoke", "--agent", "5"}, 2, "name"},
	} {
		got := run(t.Context(), "", with(c.args...)...)
		if got.code != c.code || !strings.Contains(got.err, c.want) || got.out != "" {
			t.Errorf("%s: got %d, %q, %q", name, got.code, got.out, got.err)
		}
	}
}

func TestRun_showAgents(t *testing.T) {
	t.Parallel()
	database := "--database=" + filepath.Join(t.TempDir(), "gatehouse.db")
	if got := run(t.Context(), "groups: [{path: acme}]\nprojects: [{id: 7, path: acme/infra}]\nagents: [{id: 5, name: prod, project: acme/infra, created_at: 2026-01-02}]", "apply", "-", database); got.code != 0 {
		t.Fatal(got.err)
	}
	for thing, want := range map[string]string{
		"agents": `[{"id":5,"name":"prod","project_id":7,"has_vulnerabilities":false,"created_at":"2026-01-02T00:00:00.000Z"}]`,
		"usage":  `[]`, "findings": `[]`, "agent-authorizations": `[]`, "agent-tokens": `[]`,
	} {
		got := strings.Join(strings.Fields(gatehouse(t, "", "show", thing, "--json", database)), "")
		if got != want {
			t.Errorf("%s: got %s, want %s", thing, got, want)
		}
	}
}
