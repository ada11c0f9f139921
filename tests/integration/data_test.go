package integration_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gatehouse/bootstrap"
	"gatehouse/tests/world"
)

// pull is a fetch from acme/tools/cli.
func pull(who string) string {
	return fmt.Sprintf(`{%s, "project": "acme/tools/cli", "action": "git-upload-pack", "protocol": "ssh", "changes": "_any"}`, who)
}

// TestApply_countsAtOnce changes the data under a server that runs.
func TestApply_countsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		config := settings(t, database)
		s := serve(t, config, with(t, small))
		desk := beside(t, config)
		asks := func(what, who string, status int) {
			t.Helper()
			s.post(t, "/allowed", pull(who)).is(t, what, status, `{}`)
		}

		asks("a stranger", `"username": "sam"`, 404)
		asks("a key that is still unknown", `"key_id": 900`, 404)
		desk.apply(t, `
members: [{user: sam, project: acme/tools/cli, role: reporter}]
users: [{id: 99, username: newcomer, name: Newcomer}]
keys: [{id: 900, user: sam, title: new, key: "`+world.Key(200)+`"}]
`)
		asks("a member", `"username": "sam"`, 200)
		asks("their key", `"key_id": 900`, 200)
		s.get(t, "/discover?user_id=99").is(t, "somebody new", 200, `{"username": "newcomer"}`)

		desk.apply(t, "users: [{id: 10, username: sam, state: blocked}]")
		asks("a member who is blocked", `"username": "sam"`, 401)
		desk.apply(t, "projects: [{id: 60, path: acme/tools/gate, moved_from: [acme/tools/cli]}]")
		s.post(t, "/allowed", pull(`"username": "dev"`)).is(t, "a project that moved", 200, `{"gl_project_path": "acme/tools/gate"}`)

		err := desk.try(t, "users: [{id: 100, username: half}]\nmembers: [{user: half, group: nowhere, role: owner}]")
		if err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("a world with a mistake: got %v", err)
		}
		s.get(t, "/discover?user_id=100").is(t, "half of a world", 200, `null`)
	})
}

// TestServe_world applies one to a database that has it already, and one with
// a mistake.
func TestServe_world(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		config := settings(t, database)
		first := serve(t, config, with(t, small))
		first.stop(t)
		second := serve(t, config, with(t, small))
		second.get(t, "/discover?user_id=4").is(t, "after a second time", 200, `{"username": "dev"}`)
		second.stop(t)
		if !strings.Contains(second.log.String(), "the tests") {
			t.Errorf("the log does not say which world was applied:\n%s", second.log)
		}

		bad := bootstrap.World{Name: "bad.yaml", World: world.Parse(t, "users: [{id: 99, username: newcomer}]\nmembers: [{user: newcomer, group: nowhere, role: owner}]")}
		err := bootstrap.Run(t.Context(), config, bootstrap.WithLog(bootstrap.NewLogger(config.Log, new(logbook))), bootstrap.WithWorld(bad))
		if err == nil || !strings.Contains(err.Error(), "bad.yaml") || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("a world with a mistake: got %v", err)
		}
		third := serve(t, config)
		third.get(t, "/discover?user_id=99").is(t, "of that world", 200, `null`)
		third.get(t, "/discover?user_id=4").is(t, "of the world before", 200, `{"username": "dev"}`)
	})
}

const (
	preReceive  = `{"gl_repository": "project-60"}`
	increased   = `{"reference_counter_increased": true}`
	decreased   = `{"reference_counter_decreased": true}`
	postReceive = `{"gl_repository": "project-60", "identifier": "user-4", "changes": "%s %s refs/heads/%s\n", "push_options": ["ci.skip"]}`
)

// landed is what Gitaly says when dev has pushed a branch.
func landed(branch string) string { return fmt.Sprintf(postReceive, before, after, branch) }

// TestServer_restart keeps what is under way and what has landed.
func TestServer_restart(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		config := settings(t, database)
		first := serve(t, config, with(t, small))
		first.post(t, "/pre_receive", preReceive).is(t, "one push", 200, increased)
		first.post(t, "/pre_receive", preReceive).is(t, "another push", 200, increased)
		first.post(t, "/post_receive", landed("first")).is(t, "one has landed", 200, decreased)
		first.post(t, "/allowed", pull(`"key_id": 102`)).is(t, "a key is used", 200, `{}`)
		first.post(t, "/personal_access_token", pat).is(t, "a token is made", 200, `{"success": true}`)
		first.stop(t)

		desk := beside(t, config)
		if got := desk.counters(t); len(got) != 1 || got["project-60"] != 1 {
			t.Errorf("counters while nobody serves: got %v", got)
		}
		for _, key := range desk.list(t, "keys") {
			used, _ := field(key, "last_used_at").(time.Time)
			if mine := field(key, "id") == int64(102); mine == used.IsZero() {
				t.Errorf("key %v: last used at %v", field(key, "id"), field(key, "last_used_at"))
			}
		}
		if got := len(desk.list(t, "access-tokens")); got != 2 {
			t.Errorf("got %d access tokens, want the world's and the one that was made", got)
		}

		second := serve(t, config)
		second.get(t, "/discover?key_id=102").is(t, "a user", 200, `{"username": "dev"}`)
		second.post(t, "/post_receive", landed("second")).is(t, "the other has landed", 200, decreased)
		if got := desk.counters(t); len(got) != 0 {
			t.Errorf("counters at the end: got %v", got)
		}
		var pushes []string
		for _, push := range desk.list(t, "pushes") {
			pushes = append(pushes, fmt.Sprint(field(push, "gl_repository"), field(push, "identifier"), field(push, "changes"), field(push, "push_options")))
		}
		change := func(branch string) string {
			return "project-60user-4" + before + " " + after + " refs/heads/" + branch + "\n[ci.skip]"
		}
		if got, want := strings.Join(pushes, "|"), change("first")+"|"+change("second"); got != want {
			t.Errorf("pushes: got %q, want %q", got, want)
		}
	})
}
