package integration_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gatehouse/bootstrap"
	"gatehouse/tests/servertest"
	"gatehouse/tests/world"
)

// TestApply_whileServing applies worlds while a server runs.
func TestApply_whileServing(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		config := servertest.Settings(t, database)
		s := servertest.Start(t, config, servertest.WithWorld(t, servertest.World))
		data := servertest.OpenData(t, config)
		asks := func(what, who string, status int) {
			t.Helper()
			s.Post(t, "/allowed", servertest.Fetch(who)).Want(t, what, status, `{}`)
		}

		asks("a user without a role", `"username": "sam"`, 404)
		asks("a key that is still unknown", `"key_id": 900`, 404)
		data.Apply(t, `
members: [{user: sam, project: acme/tools/cli, role: reporter}]
users: [{id: 99, username: newcomer, name: Newcomer}]
keys: [{id: 900, user: sam, title: new, key: "`+world.Key(200)+`"}]
`)
		asks("a member", `"username": "sam"`, 200)
		asks("their key", `"key_id": 900`, 200)
		s.Get(t, "/discover?user_id=99").Want(t, "a new user", 200, `{"username": "newcomer"}`)

		data.Apply(t, "users: [{id: 10, username: sam, state: blocked}]")
		asks("a member who is blocked", `"username": "sam"`, 401)
		data.Apply(t, "projects: [{id: 60, path: acme/tools/gate, moved_from: [acme/tools/cli]}]")
		s.Post(t, "/allowed", servertest.Fetch(`"username": "dev"`)).Want(t, "a project that moved", 200, `{"gl_project_path": "acme/tools/gate"}`)

		err := data.TryApply(t, "users: [{id: 100, username: half}]\nmembers: [{user: half, group: nowhere, role: owner}]")
		if err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("a world with a mistake: got %v", err)
		}
		s.Get(t, "/discover?user_id=100").Want(t, "a user of the refused world", 200, `null`)
	})
}

// TestServer_renamedProject renames a project, a group two above another one and a user:
// each project is served at its old path, where who fetches and who pushes is told. Then
// another project takes one of the paths over.
func TestServer_renamedProject(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		config := servertest.Settings(t, database)
		s := servertest.Start(t, config, servertest.WithWorld(t, `
users: [{id: 2, username: dev, name: Dede, email: dede@example.com}]
groups: [{id: 50, path: acme}, {id: 51, path: acme/sub}, {id: 52, path: acme/sub/low}]
projects: [{id: 42, path: acme/cli}, {id: 43, path: acme/sub/low/Lib}, {id: 44, path: dev/own}]
members: [{user: dev, group: acme, role: developer}]
`))
		data := servertest.OpenData(t, config)
		fetch := func(path, command string) servertest.Answer {
			t.Helper()
			return s.Post(t, "/allowed", `{"user_id": 2, "project": "`+path+`", "action": "`+command+`", "changes": "_any", "protocol": "ssh"}`)
		}
		receive := func(repository string) servertest.Answer {
			t.Helper()
			return s.Post(t, "/post_receive", `{"gl_repository": "`+repository+`", "identifier": "user-2", "changes": "`+servertest.OldID+` `+servertest.NewID+` refs/heads/main"}`)
		}
		told := func(old, now string) string {
			return `"Project '` + old + `' has moved to '` + now + `'.", "", "Point your remote at its new place:", "", "  git remote set-url origin git@git.example.com:` + now + `.git"`
		}
		notice := func(old, now string) string {
			lines := strings.ReplaceAll(told(old, now), `", "`, `\n`)
			return `{"messages": [{"type": "basic", "message": ` + strings.TrimSuffix(lines, `"`) + `\n"}]}`
		}
		served := func(what, path, command, now, messages string) {
			t.Helper()
			fetch(path, command).Want(t, what, 200, `{"gl_project_path": "`+now+`", "gl_console_messages": [`+messages+`]}`)
		}
		served("before", "acme/cli.git", "git-upload-pack", "acme/cli", "")

		data.Apply(t, "projects: [{id: 42, path: acme/tool, default_branch: main}]")
		served("a renamed project", "Acme/CLI.git", "git-upload-pack", "acme/tool", told("Acme/CLI", "acme/tool"))
		served("by its new path", "acme/tool.git", "git-upload-pack", "acme/tool", "")
		receive("project-42").Want(t, "the push after the fetch", 200, notice("Acme/CLI", "acme/tool"))
		receive("project-42").Want(t, "the next push", 200, `{"messages": []}`)
		served("its wiki", "acme/cli.wiki.git", "git-receive-pack", "acme/tool.wiki", "")
		receive("wiki-42").Want(t, "the push to it", 200, notice("acme/cli.wiki", "acme/tool.wiki"))
		served("an archive", "acme/cli.git", "git-upload-archive", "acme/tool", told("acme/cli", "acme/tool"))

		data.Apply(t, "groups: [{id: 50, path: corp}]\nusers: [{id: 2, username: dora}]")
		served("renamed twice", "acme/cli", "git-upload-pack", "corp/tool", told("acme/cli", "corp/tool"))
		served("its second path", "acme/tool", "git-upload-pack", "corp/tool", told("acme/tool", "corp/tool"))
		served("below a renamed group", "acme/sub/low/lib", "git-upload-pack", "corp/sub/low/Lib", told("acme/sub/low/lib", "corp/sub/low/Lib"))
		served("of a renamed user", "dev/own", "git-upload-pack", "dora/own", told("dev/own", "dora/own"))

		data.Apply(t, "groups: [{path: acme}]\nprojects: [{id: 60, path: acme/CLI, visibility: public}]")
		served("a project made at the old path", "acme/cli", "git-upload-pack", "acme/CLI", "")
		served("the other old path", "acme/tool", "git-upload-pack", "corp/tool", told("acme/tool", "corp/tool"))
		if err := data.TryApply(t, "groups: [{path: acme/cli}]"); err == nil || !strings.Contains(err.Error(), `line 1: group "acme/cli": the path is that of project "acme/cli" (id 60)`) {
			t.Errorf("a group at the path of a project: got %v", err)
		}
	})
}

// TestServe_world starts with a world that the database already has, then with a
// world that has a mistake.
func TestServe_world(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		config := servertest.Settings(t, database)
		first := servertest.Start(t, config, servertest.WithWorld(t, servertest.World))
		first.Stop(t)
		second := servertest.Start(t, config, servertest.WithWorld(t, servertest.World))
		second.Get(t, "/discover?user_id=4").Want(t, "after a second time", 200, `{"username": "dev"}`)
		second.Stop(t)
		if !strings.Contains(second.Log.String(), "the tests") {
			t.Errorf("the log lacks the name of the applied world:\n%s", second.Log)
		}

		bad := bootstrap.World{Name: "bad.yaml", World: world.Parse(t, "users: [{id: 99, username: newcomer}]\nmembers: [{user: newcomer, group: nowhere, role: owner}]")}
		err := bootstrap.Run(t.Context(), config, bootstrap.WithLog(bootstrap.NewLogger(config.Log, new(servertest.Log))), bootstrap.WithWorld(bad))
		if err == nil || !strings.Contains(err.Error(), "bad.yaml") || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("a world with a mistake: got %v", err)
		}
		third := servertest.Start(t, config)
		third.Get(t, "/discover?user_id=99").Want(t, "of that world", 200, `null`)
		third.Get(t, "/discover?user_id=4").Want(t, "of the world before", 200, `{"username": "dev"}`)
	})
}

// TestServer_restart restarts a server: counters, pushes, tokens and last uses
// stay. The first server migrates the database.
func TestServer_restart(t *testing.T) {
	servertest.OnEachEmpty(t, func(t *testing.T, database string) {
		config := servertest.Settings(t, database)
		first := servertest.Start(t, config, servertest.WithWorld(t, servertest.World))
		first.Post(t, "/pre_receive", servertest.PreReceive).Want(t, "one push", 200, servertest.Increased)
		first.Post(t, "/pre_receive", servertest.PreReceive).Want(t, "another push", 200, servertest.Increased)
		first.Post(t, "/post_receive", servertest.PostReceive("first")).Want(t, "one push ends", 200, servertest.Decreased)
		first.Post(t, "/allowed", servertest.Fetch(`"key_id": 102`)).Want(t, "a key is used", 200, `{}`)
		first.Post(t, "/personal_access_token", servertest.CreateToken).Want(t, "a token is made", 200, `{"success": true}`)
		first.Stop(t)

		data := servertest.OpenData(t, config)
		if got := data.Counters(t); len(got) != 1 || got["project-60"] != 1 {
			t.Errorf("counters while no server runs: got %v", got)
		}
		for _, key := range data.List(t, "keys") {
			used, _ := servertest.Field(key, "last_used_at").(time.Time)
			if mine := servertest.Field(key, "id") == int64(102); mine == used.IsZero() {
				t.Errorf("key %v: last used at %v", servertest.Field(key, "id"), servertest.Field(key, "last_used_at"))
			}
		}
		if got := len(data.List(t, "access-tokens")); got != 2 {
			t.Errorf("got %d access tokens, want that of the world and the new one", got)
		}

		second := servertest.Start(t, config)
		second.Get(t, "/discover?key_id=102").Want(t, "a user", 200, `{"username": "dev"}`)
		second.Post(t, "/post_receive", servertest.PostReceive("second")).Want(t, "the other push ends", 200, servertest.Decreased)
		if got := data.Counters(t); len(got) != 0 {
			t.Errorf("counters at the end: got %v", got)
		}
		var pushes []string
		for _, push := range data.List(t, "pushes") {
			pushes = append(pushes, fmt.Sprint(servertest.Field(push, "gl_repository"), servertest.Field(push, "identifier"), servertest.Field(push, "changes"), servertest.Field(push, "push_options")))
		}
		change := func(branch string) string {
			return "project-60user-4" + servertest.OldID + " " + servertest.NewID + " refs/heads/" + branch + "\n[ci.skip]"
		}
		if got, want := strings.Join(pushes, "|"), change("first")+"|"+change("second"); got != want {
			t.Errorf("pushes: got %q, want %q", got, want)
		}
	})
}
