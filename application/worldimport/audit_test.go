package worldimport_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/application/worldimport"
	"gatehouse/domain/audit"
)

// billingRows are rows of the kinds that full has none of, with a secret in each that takes one.
const billingRows = `
hooks:
  - {id: 9, project: dev/toy, url: "https://ci.example.com/x?key=SECRET-URL", token: SECRET-HOOK}
subscriptions:
  - {namespace: acme, plan_code: premium, seats: 3, start_date: 2026-01-01}
packs:
  - {namespace: acme, purchase_xid: x1, number_of_minutes: 100, expires_at: 2027-01-01}
reconciliations:
  - {namespace: acme, next_reconciliation_date: 2027-01-01, display_alert_from: 2026-12-01}
`

var secretWorld = strings.NewReplacer(
	"token: glpat-x", "token: glpat-SECRET-TOKEN", "token: secret", "token: SECRET-AGENT",
	"{id: 2, username: dev}", "{id: 2, username: dev, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}",
).Replace(full) + billingRows

var applied = audit.Cause{Actor: audit.Actor{Kind: audit.Operator, Username: "root"}, CorrelationID: "run-1"}

// recorded imports a world in batches of two, and returns the new audit events.
func recorded(t *testing.T, store *memory.Store, text string) []map[string]any {
	t.Helper()
	before := len(show(t, store, "audit"))
	importer := inBatches(store, 2, nothing)
	importer.By(applied)
	if _, err := importer.Import(t.Context(), parse(t, text)); err != nil {
		t.Fatal(err)
	}
	var events []map[string]any
	for _, line := range show(t, store, "audit")[before:] {
		var event map[string]any
		if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "audit")), &event); err != nil {
			t.Fatal(err)
		}
		events = append(events, event)
	}
	return events
}

// TestImport_recordsCreation has an event for a new row of each kind. A kind without one
// fails.
func TestImport_recordsCreation(t *testing.T) {
	t.Parallel()
	store := memory.New()
	kinds := map[string]bool{}
	for _, e := range recorded(t, store, secretWorld) {
		kind := e["target_kind"].(string)
		kinds[kind] = true
		if e["action"] != kind+".create" || e["username"] != "root" || e["correlation_id"] != "run-1" || e["after"] == nil || e["entity_kind"] == nil {
			t.Errorf("got %v", e)
		}
	}
	for _, kind := range worldimport.AuditedKinds {
		if !kinds[string(kind)] {
			t.Errorf("no event of a new row of the kind %q", kind)
		}
	}
	text := strings.Join(show(t, store, "audit"), "\n")
	for _, secret := range []string{"SECRET", "JBSWY3DPEHPK3PXP", "AAAAC3NzaC1lZDI1NTE5"} {
		if strings.Contains(text, secret) {
			t.Errorf("the audit log has %q:\n%s", secret, text)
		}
	}
	if again := recorded(t, store, secretWorld); len(again) > 0 {
		t.Errorf("a world that changes nothing: got %v", again)
	}
}

// The ghost user that stands in for the creator of a deploy key is made by the way.
func TestImport_recordsGhost(t *testing.T) {
	t.Parallel()
	store := memory.New()
	events := recorded(t, store, "deploy_keys:\n  - {title: robot, key: "+keyOne+"}\n")
	if len(events) == 0 || events[0]["action"] != "user.create" || events[0]["target_path"] != "ghost" || events[0]["username"] != "root" {
		t.Errorf("got %v, want the ghost user first", events)
	}
	events = recorded(t, store, "deploy_keys:\n  - {title: other, key: "+keyTwo+"}\n")
	if len(events) != 1 || events[0]["action"] != "deploy_key.create" {
		t.Errorf("a second one: got %v, want the key alone", events)
	}
}

func TestImport_recordsChanges(t *testing.T) {
	t.Parallel()
	store := memory.New()
	recorded(t, store, secretWorld)
	for name, c := range map[string]struct {
		old, new string
		want     map[string]any
	}{
		"a member's role": {"project: acme/tools/cli, role: developer", "project: acme/tools/cli, role: maintainer", map[string]any{
			"action": "member.update", "entity_kind": "project", "entity_id": float64(42), "entity_path": "acme/tools/cli", "target_path": "dev",
			"before": map[string]any{"role": "developer"}, "after": map[string]any{"role": "maintainer"},
		}},
		"an administrator": {"username: Maint}", "username: Maint, admin: true}", map[string]any{
			"action": "user.update", "entity_kind": "user", "entity_id": float64(3), "entity_path": "Maint", "target_path": "Maint",
			"before": map[string]any{"admin": false}, "after": map[string]any{"admin": true},
		}},
		"a hook's token": {"SECRET-HOOK", "SECRET-OTHER", map[string]any{
			"action": "hook.update", "entity_kind": "project", "entity_id": float64(43), "entity_path": "dev/toy", "target_path": "https://ci.example.com/x?***",
			"before": map[string]any{"token": "***"}, "after": map[string]any{"token": "***"},
		}},
		"scopes": {"scopes: [api]", "scopes: [api, read_user]", map[string]any{
			"action": "access_token.update", "entity_kind": "user", "entity_id": float64(3), "entity_path": "maint", "target_path": "portal",
			"before": map[string]any{"scopes": []any{"api"}}, "after": map[string]any{"scopes": []any{"api", "read_user"}},
		}},
	} {
		events := recorded(t, store, strings.Replace(secretWorld, c.old, c.new, 1))
		if len(events) != 1 {
			t.Errorf("%s: got %v", name, events)
			continue
		}
		maps.DeleteFunc(events[0], func(member string, _ any) bool { _, wanted := c.want[member]; return !wanted })
		if diff := cmp.Diff(c.want, events[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		recorded(t, store, secretWorld) // back
	}
}

// TestImport_recordsWhatIsWritten stops after the first batch, and then tries only.
func TestImport_recordsWhatIsWritten(t *testing.T) {
	t.Parallel()
	store, stop := memory.New(), errors.New("stop")
	importer := inBatches(store, 1, func(int) error { return stop })
	if _, err := importer.Import(t.Context(), parse(t, secretWorld)); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	got := show(t, store, "audit")
	if len(got) != 1 || len(show(t, store, "groups", "users")) != 1 {
		t.Errorf("after one batch: %v", got)
	}
	if _, err := inBatches(store, 1, nothing).Check(t.Context(), parse(t, secretWorld)); err != nil {
		t.Fatal(err)
	}
	if after := show(t, store, "audit"); !slices.Equal(after, got) {
		t.Errorf("a check records %v", after)
	}
}

// TestImport_recordsWhatWasThere changes rows between the check and the write: before is
// what the write has found, and what changes nothing any more leaves no event.
func TestImport_recordsWhatWasThere(t *testing.T) {
	t.Parallel()
	const old = "users: [{id: 1, username: dev}, {id: 3, username: old}]\ngroups: [{id: 5, path: acme}]\nprojects: [{id: 42, path: acme/cli, protected_branches: [{name: main, push: [developer]}]}]\n"
	const described = "users: [{id: 1, username: dev, name: Dede}, {id: 2, username: new}, {id: 3, username: old, state: blocked}]\nmembers: [{user: dev, group: acme, role: owner}]\n" +
		"projects: [{id: 42, path: acme/cli, protected_branches: [{name: main, push: [maintainer]}]}]\n"
	const meanwhile = "users: [{id: 1, username: dev, name: Dede}]\nmembers: [{user: dev, group: acme, role: reporter}]\n" +
		"projects: [{id: 42, path: acme/cli, protected_branches: [{name: main, push: [no_one]}]}]\n"
	store := memory.New()
	mustApply(t, store, old+"members: [{user: dev, group: acme, role: guest}]\n")
	importer := inBatches(store, 1, func(batch int) error {
		if batch == 1 {
			mustApply(t, store, meanwhile)
		}
		return nil
	})
	if _, err := importer.Import(t.Context(), parse(t, described)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range show(t, store, "audit") {
		var event struct {
			Action, Target_path string
			Before, After       map[string]any
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "audit")), &event); err != nil {
			t.Fatal(err)
		}
		if event.Action != "user.create" {
			got = append(got, fmt.Sprint(event.Action, " ", event.Target_path, " ", event.Before, event.After))
		}
	}
	want := []string{
		"user.update old map[state:active] map[state:blocked]",
		"protections.update acme/cli map[protections:branch main push none merge maintainer] map[protections:branch main push maintainer merge maintainer]",
		"member.update dev map[role:reporter] map[role:owner]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestImport_recordsEnabled has an event for each project whose deploy key is another.
func TestImport_recordsEnabled(t *testing.T) {
	t.Parallel()
	store := memory.New()
	key := func(projects string) string {
		return "groups: [{path: acme}]\nprojects: [{id: 1, path: acme/a}, {id: 2, path: acme/b}, {id: 3, path: acme/c}, {id: 4, path: acme/d}]\n" +
			"deploy_keys:\n  - {id: 201, title: robot, key: " + keyOne + ", projects: [" + projects + "]}\n"
	}
	recorded(t, store, key("{project: acme/a}, {project: acme/b, can_push: true}, {project: acme/c}"))
	var got []string
	for _, e := range recorded(t, store, key("{project: acme/a, can_push: true}, {project: acme/c}, {project: acme/d}")) {
		got = append(got, fmt.Sprint(e["action"], " ", e["entity_id"], " ", e["entity_path"], " ", e["target_id"], " ", e["before"], " ", e["after"]))
	}
	want := []string{
		"deploy_key_project.update 1 acme/a 201 map[can_push:false] map[can_push:true]",
		"deploy_key_project.delete 2 <nil> 201 map[can_push:true] <nil>",
		"deploy_key_project.create 4 acme/d 201 <nil> map[can_push:false]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
