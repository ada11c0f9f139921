package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gatehouse/adapters/demo"
	"gatehouse/bootstrap/config"
)

// api is a call of the management API with a token and JSON.
func api(token, line, body string) call {
	c := call{Request: demo.Request{Line: line, Headers: map[string]string{"PRIVATE-TOKEN": token}}}
	if body != "" {
		c.JSON = json.RawMessage(body)
	}
	return c
}

// What a request changes in a group counts with the very next one.
func TestGroups_changesCountAtOnce(t *testing.T) {
	t.Parallel()
	server := newServer(t, func(c *config.Config) { c.Git.RateLimit = 0 })
	const fetch = "user_id=8&project=acme/tools/cli&action=git-upload-pack&protocol=http"
	for _, step := range []struct {
		given  string
		call   call
		status int
	}{
		{"no share", form("allowed", fetch), 401},
		{"share", api("t-root", "POST /api/v4/groups/5/share", `{"group_id": 1234, "group_access": 30}`), 201},
		{"shared", form("allowed", fetch), 200},
		{"end of the share", api("t-root", "DELETE /api/v4/groups/5/share/1234", ""), 204},
		{"shared no longer", form("allowed", fetch), 401},
		{"public group", api("t-nora", "POST /api/v4/groups", `{"name": "Mine", "path": "mine", "visibility": "public"}`), 201},
		{"seen", api("t-gus", "GET /api/v4/groups/mine", ""), 200},
		{"made private", api("t-nora", "PUT /api/v4/groups/mine", `{"visibility": "private"}`), 200},
		{"seen no longer", api("t-gus", "GET /api/v4/groups/mine", ""), 404},
		{"certificates alone", api("t-root", "PUT /api/v4/groups/5", `{"enabled_git_access_protocol": "ssh_certificates"}`), 200},
		{"no HTTP any more", form("allowed", "user_id=9&project=acme/tools/cli&action=git-upload-pack&protocol=http"), 401},
		{"ranges of addresses", api("t-root", "PUT /api/v4/groups/5", `{"enabled_git_access_protocol": "all", "ip_restriction_ranges": "192.0.2.0/24"}`), 200},
		{"address outside", form("allowed", "user_id=9&project=acme/tools/cli&action=git-upload-pack&protocol=http&check_ip=198.51.100.1"), 404},
		{"address within", form("allowed", "user_id=9&project=acme/tools/cli&action=git-upload-pack&protocol=http&check_ip=192.0.2.9"), 200},
		{"group deleted", api("t-root", "DELETE /api/v4/groups/acme", ""), 202},
		{"project gone", form("allowed", "user_id=1&project=acme/tools/cli&action=git-upload-pack&protocol=http"), 404},
	} {
		if got := send(t, server, step.call); got.Status != step.status {
			t.Errorf("%s: got %d %s, want %d", step.given, got.Status, got.Body, step.status)
		}
	}
}

// The answers for what is hidden and what is absent are equal to the byte.
func TestGroups_hiddenLikeAbsent(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, line := range []string{
		"GET %", "PUT %", "DELETE %", "POST %/transfer", "POST %/restore", "POST %/archive", "POST %/unarchive", "GET %/subgroups", "GET %/descendant_groups",
		"GET %/transfer_locations", "GET %/invited_groups", "GET %/groups/shared", "DELETE %/share/3",
	} {
		for _, token := range []string{"t-gus", ""} {
			var answers []string
			for _, id := range []string{"12", "fortress", "9999", "none"} {
				c := api(token, strings.ReplaceAll(line, "%", "/api/v4/groups/"+id), "")
				if token == "" {
					delete(c.Headers, "PRIVATE-TOKEN")
				}
				got := send(t, server, c)
				answers = append(answers, string(got.Body))
				if got.Status != 404 && got.Status != 401 {
					t.Errorf("%s, %s, %q: got %d", line, id, token, got.Status)
				}
			}
			for _, answer := range answers[1:] {
				if answer != answers[0] {
					t.Errorf("%s, %q: got %q", line, token, answers)
				}
			}
		}
	}
}
