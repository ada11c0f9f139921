package integration_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gatehouse/application/inventory"
	"gatehouse/tests/servertest"
)

// What a server has refused is in the audit log once it has stopped, with the facts of
// that moment. What it allowed is there only if everything is recorded.
func TestDecisionsInAuditLog(t *testing.T) {
	t.Parallel()
	for _, enabled := range []bool{false, true} {
		t.Run(fmt.Sprintf("audit.enabled=%t", enabled), func(t *testing.T) {
			servertest.OnEach(t, func(t *testing.T, database string) {
				s := servertest.Start(t, servertest.Settings(t, database, fmt.Sprintf("audit.enabled=%t", enabled)), servertest.WithWorld(t, servertest.World))
				changes := servertest.OldID + " " + servertest.NewID + " refs/heads/feature"
				s.Post(t, "/allowed", servertest.Fetch(`"key_id": 102`)).Want(t, "a fetch", 200, `{"status": true}`)
				s.Post(t, "/allowed", `{"key_id": "102", "gl_repository": "project-60", "action": "git-receive-pack", "protocol": "ssh", "changes": "`+changes+`", "check_ip": "192.0.2.7"}`).
					WantRefusal(t, "a push", 401)
				s.Stop(t)

				data := servertest.OpenData(t, s.Config)
				refused, err := inventory.Collect(data.Inventory.AuditEvents(t.Context(), inventory.AuditFilter{Refused: true, User: "dev", Project: "acme/tools/cli"}))
				if err != nil || len(refused) != 1 {
					t.Fatalf("got %v, %v, want one refusal", refused, err)
				}
				all, err := inventory.Collect(data.Inventory.AuditEvents(t.Context(), inventory.AuditFilter{User: "dev"}))
				if want := map[bool]int{false: 1, true: 2}[enabled]; err != nil || len(all) != want {
					t.Errorf("got %d events, %v, want %d", len(all), err, want)
				}
				text, err := json.Marshal(refused[0])
				if err != nil {
					t.Fatal(err)
				}
				for _, part := range []string{
					"protected_branch_update", "refs/heads/feature", changes, "192.0.2.7", "project-60", "You are not allowed to push to the protected branch",
					`"rule":"archived"`, `"role":"developer"`, `"project.visibility":"private"`, "branch feature, push: maintainer",
				} {
					if !strings.Contains(string(text), part) {
						t.Errorf("the event lacks %s: %s", part, text)
					}
				}
			})
		})
	}
}
