package integration_test

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse/application/gitaccess"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
	"gatehouse/tests/servertest"
)

// The commits of pushes: old is in the repository, newer is its child, forced has
// no parent. Both are in quarantine during the check of a push.
const (
	absent     = "0000000000000000000000000000000000000000"
	old        = "1111111111111111111111111111111111111111"
	newer      = "2222222222222222222222222222222222222222"
	forced     = "3333333333333333333333333333333333333333"
	quarantine = "objects/incoming-1"
)

// protectedWorld has a project with protected branches and tags, and a user for
// each role.
const protectedWorld = `
users:
  - {id: 2, username: root, admin: true}
  - {id: 3, username: own}
  - {id: 4, username: maint}
  - {id: 5, username: dev}
  - {id: 6, username: rep}
  - {id: 7, username: guest}
groups: [{id: 5, path: acme}]
projects:
  - {id: 42, path: acme/cli, visibility: private, default_branch: master,
     protected_branches: [{name: feature, push: maintainer, merge: maintainer}, {name: "force/*", push: maintainer, allow_force_push: true},
                          {name: "dev/*", push: developer}, {name: "shut/*", push: none}, {name: "merge/*", push: maintainer, merge: developer}],
     protected_tags: [{name: "v*", create: maintainer}]}
members:
  - {user: own, project: acme/cli, role: owner}
  - {user: maint, project: acme/cli, role: maintainer}
  - {user: dev, project: acme/cli, role: developer}
  - {user: rep, project: acme/cli, role: reporter}
  - {user: guest, project: acme/cli, role: guest}
`

// repository puts the repository of acme/cli into a Gitaly.
func repository(g *gitalytest.Server) *gitalytest.Repository {
	r := g.Put(source.Project{ID: 42}.RelativePath(source.Code))
	r.Head, r.Refs["refs/heads/master"], r.Refs["refs/heads/feature"] = "refs/heads/master", old, old
	r.Commits[old] = gitalytest.Commit{}
	r.Quarantined[quarantine] = map[string]gitalytest.Commit{newer: {Parents: []string{old}}, forced: {}}
	return r
}

// storages returns the setting with the storages of Gitaly servers.
func storages(gitalys ...*gitalytest.Server) string {
	var list []string
	for _, g := range gitalys {
		list = append(list, fmt.Sprintf(`{name: %s, address: "%s", token: %q}`, g.Storage, g.Address(), g.Secret))
	}
	return "gitaly.storages=[" + strings.Join(list, ", ") + "]"
}

// pushBody is Gitaly's request about the changes of a push.
func pushBody(who, protocol string, changes ...string) string {
	return fmt.Sprintf(`{"username": %q, "gl_repository": "project-42", "project": "/disk/x.git", "relative_path": "snapshot/1.git",
		"action": "git-receive-pack", "protocol": %q, "changes": %q,
		"env": "{\"GIT_OBJECT_DIRECTORY_RELATIVE\":\"%s\",\"GIT_ALTERNATE_OBJECT_DIRECTORIES_RELATIVE\":[\"objects\"]}"}`,
		who, protocol, strings.Join(changes, "\n")+"\n", quarantine)
}

// TestAllowed_matrix pushes changes of refs with each role. Gitaly knows the
// history.
func TestAllowed_matrix(t *testing.T) {
	t.Parallel()
	g := gitalytest.Start(t)
	g.Secret = servertest.GitalyToken
	repository(g)
	s := servertest.Start(t, servertest.Settings(t, "memory:", storages(g)), servertest.WithWorld(t, protectedWorld))
	const ff, force, remove, create = old + " " + newer, old + " " + forced, old + " " + absent, absent + " " + newer
	const all, maintainers, none = "200 200 200 401", "200 200 401 401", "401 401 401 401"
	for name, row := range map[string]struct{ protocol, changes, want string }{
		"create unprotected":                  {"ssh", create + " refs/heads/x", all},
		"fast-forward unprotected":            {"ssh", ff + " refs/heads/master", all},
		"force-push unprotected":              {"ssh", force + " refs/heads/master", all},
		"delete unprotected":                  {"ssh", remove + " refs/heads/x", all},
		"delete default":                      {"ssh", remove + " refs/heads/master", none},
		"delete default, web":                 {"web", remove + " refs/heads/master", none},
		"fast-forward feature":                {"ssh", ff + " refs/heads/feature", maintainers},
		"the same over HTTP":                  {"http", ff + " refs/heads/feature", maintainers},
		"force-push feature":                  {"ssh", force + " refs/heads/feature", none},
		"delete feature, ssh":                 {"ssh", remove + " refs/heads/feature", none},
		"delete feature, http":                {"http", remove + " refs/heads/feature", none},
		"delete feature, web":                 {"web", remove + " refs/heads/feature", maintainers},
		"create tag":                          {"ssh", create + " refs/tags/x", all},
		"update tag":                          {"ssh", force + " refs/tags/x", all},
		"delete tag":                          {"ssh", remove + " refs/tags/x", all},
		"create protected tag":                {"ssh", create + " refs/tags/v1", maintainers},
		"update protected tag":                {"ssh", ff + " refs/tags/v1", none},
		"both in one push":                    {"ssh", ff + " refs/heads/x\n" + ff + " refs/heads/feature", maintainers},
		"push=30":                             {"ssh", ff + " refs/heads/dev/x", all},
		"push=30, forced":                     {"ssh", force + " refs/heads/dev/x", none},
		"push=0":                              {"ssh", ff + " refs/heads/shut/x", none},
		"push=40 merge=30":                    {"ssh", ff + " refs/heads/merge/x", maintainers},
		"force allowed, forced":               {"ssh", force + " refs/heads/force/x", maintainers},
		"force allowed, not":                  {"ssh", ff + " refs/heads/force/x", maintainers},
		"a tag named like the default branch": {"ssh", create + " refs/tags/master", none},
		"an unknown object":                   {"ssh", old + " " + strings.Repeat("4", 40) + " refs/heads/feature", none},
	} {
		want := strings.Fields(row.want)
		for i, people := range [][]string{{"own", "root"}, {"maint"}, {"dev"}, {"rep", "guest"}} {
			for _, who := range people {
				got := s.Post(t, "/allowed", pushBody(who, row.protocol, row.changes))
				if fmt.Sprint(got.Status) != want[i] {
					t.Errorf("%s as %s: got %d %s, want %s", name, who, got.Status, got.Body, want[i])
				}
			}
		}
	}
	for who, want := range map[string]int{"own": 200, "root": 200, "maint": 200, "dev": 200, "rep": 401, "guest": 401} {
		body := fmt.Sprintf(`{"username": %q, "project": "acme/cli", "action": "git-receive-pack", "protocol": "ssh", "changes": "_any"}`, who)
		s.Post(t, "/allowed", body).Want(t, "_any as "+who, want, `{}`)
	}
	for _, call := range g.Calls("CommitIsAncestor", "HasLocalBranches", "FindDefaultBranchName") {
		if got := call.Metadata.Get("relative-path-bin"); len(got) != 1 || got[0] != "snapshot/1.git" {
			t.Errorf("%s: got the path %q", call.Method, got)
		}
	}
}

// TestAllowed_manyBranches pushes to two thousand protected branches at once, each
// with commits of its own: Gitaly is called at most once for a hundred of them.
func TestAllowed_manyBranches(t *testing.T) {
	t.Parallel()
	const count = 2000
	commit := func(n int) string { return fmt.Sprintf("%040x", n+1) }
	for name, status := range map[string]int{"updated": 200, "forced": 401} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gitalytest.Start(t)
			r, incoming := repository(g), map[string]gitalytest.Commit{}
			r.Quarantined[quarantine] = incoming
			var changes []string
			for n := range count {
				before, after := commit(n), commit(count+n)
				r.Commits[before] = gitalytest.Commit{Parents: []string{old}}
				incoming[after] = gitalytest.Commit{Parents: []string{old}}
				if status == 200 {
					incoming[after] = gitalytest.Commit{Parents: []string{before}}
				}
				changes = append(changes, fmt.Sprintf("%s %s refs/heads/dev/%d", before, after, n))
			}
			s := servertest.Start(t, servertest.Settings(t, "memory:", storages(g)), servertest.WithWorld(t, protectedWorld))
			if got := s.Post(t, "/allowed", pushBody("dev", "ssh", changes...)); got.Status != status {
				t.Errorf("got %d %s, want %d", got.Status, got.Body, status)
			}
			if calls := g.Calls("ListCommits", "CommitIsAncestor"); len(calls) == 0 || len(calls) > count/100 {
				t.Errorf("got %d calls", len(calls))
			}
		})
	}
}

// TestAllowed_gitalyHangs makes Gitaly hang for one repository: pushes to others,
// also of the same storage, are checked meanwhile. The waiting pushes are refused
// when Gitaly stops.
func TestAllowed_gitalyHangs(t *testing.T) {
	t.Parallel()
	near, far := gitalytest.Start(t), gitalytest.Start(t)
	far.Storage = "far"
	repository(near)
	for id, g := range map[source.ProjectID]*gitalytest.Server{43: near, 44: far} {
		r := g.Put(source.Project{ID: id}.RelativePath(source.Code))
		r.Quarantined[quarantine] = map[string]gitalytest.Commit{newer: {Parents: []string{old}}, old: {}}
	}
	s := servertest.Start(t, servertest.Settings(t, "memory:", storages(near, far)), servertest.WithWorld(t, strings.Replace(protectedWorld, "members:\n", `
  - {id: 43, path: acme/near, protected_branches: [{name: feature, push: maintainer}]}
  - {id: 44, path: acme/far, storage: far, protected_branches: [{name: feature, push: maintainer}]}
members:
  - {user: maint, group: acme, role: maintainer}
`, 1)))
	feature := pushBody("maint", "ssh", old+" "+newer+" refs/heads/feature")
	near.StopAnswering(func(c gitalytest.Call) bool { return c.Repository.GetGlRepository() == "project-42" })
	waiting := make(chan servertest.Answer, 10)
	for range cap(waiting) {
		go func() { waiting <- s.Post(t, "/allowed", feature) }()
	}
	servertest.Await(t, "all pushes to reach Gitaly", func() bool { return len(near.Calls("CommitIsAncestor")) == cap(waiting) })
	for _, other := range []string{"project-43", "project-44"} {
		s.Post(t, "/allowed", strings.Replace(feature, "project-42", other, 1)).Want(t, other+" meanwhile", 200, `{"status": true}`)
	}
	s.Get(t, "/check").Want(t, "the server", 200, `{"redis": true}`)
	near.Stop()
	for range cap(waiting) {
		(<-waiting).WantRefusal(t, "a push that waited", 503)
	}
	if call := near.Calls("CommitIsAncestor")[0]; call.Left <= 0 || call.Left > gitaccess.Timeout {
		t.Errorf("the deadline that Gitaly got is in %s, want at most 50 s", call.Left)
	}
}

// TestAllowed_gitalyDown stops Gitaly: the changes of pushes that need it are refused,
// while commands whose changes are not known yet go on to Gitaly themselves. The
// server needs no restart when Gitaly is back.
func TestAllowed_gitalyDown(t *testing.T) {
	t.Parallel()
	g := gitalytest.Start(t)
	repository(g)
	// Without workers no job creates the missing repositories.
	config := servertest.Settings(t, "memory:", storages(g), "jobs.workers=0")
	s := servertest.Start(t, config, servertest.WithWorld(t, strings.Replace(protectedWorld, "members:\n", "  - {id: 43, path: acme/fresh, empty: true}\nmembers:\n  - {user: dev, project: acme/fresh, role: developer}\n", 1)))
	feature := pushBody("maint", "ssh", old+" "+newer+" refs/heads/feature")
	fetch := strings.Replace(servertest.Fetch(`"username": "maint"`), "acme/tools/cli", "acme/cli", 1)
	g.Stop()
	s.Post(t, "/allowed", feature).WantRefusal(t, "a protected branch", 503)
	first := strings.Replace(pushBody("dev", "ssh", absent+" "+newer+" refs/heads/x"), "project-42", "project-43", 1)
	s.Post(t, "/allowed", first).WantRefusal(t, "a push that may create the first branch", 503)
	s.Post(t, "/allowed", pushBody("dev", "ssh", old+" "+absent+" refs/heads/x")).WantRefusal(t, "a push that may delete the default branch", 503)
	s.Post(t, "/allowed", pushBody("rep", "ssh", old+" "+newer+" refs/heads/feature")).WantRefusal(t, "a push that is refused without Gitaly", 401)
	s.Post(t, "/allowed", pushBody("dev", "ssh", old+" "+newer+" refs/heads/x")).Want(t, "a branch that is not protected", 200, `{"status": true}`)
	s.Post(t, "/allowed", fetch).Want(t, "a fetch", 200, `{"status": true}`)
	push := strings.Replace(fetch, "git-upload-pack", "git-receive-pack", 1)
	for _, project := range []string{"acme/cli", "acme/cli.wiki"} {
		s.Post(t, "/allowed", strings.Replace(push, "acme/cli", project, 1)).Want(t, "a push to "+project, 200, `{"status": true}`)
	}
	g.Resume(t)
	servertest.Await(t, "Gitaly to be back", func() bool { return s.Post(t, "/allowed", feature).Status == 200 })
	g.Forget(source.Project{ID: 42}.RelativePath(source.Code))
	servertest.Await(t, "a missing repository to be noticed", func() bool { return s.Post(t, "/allowed", fetch).Status == 404 })
}

// TestAllowed_noGitaly runs without Gitaly: rules that need no history still hold.
func TestAllowed_noGitaly(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Settings(t, "memory:", "gitaly.storages=[]"), servertest.WithWorld(t, protectedWorld))
	s.Post(t, "/allowed", pushBody("maint", "ssh", old+" "+newer+" refs/heads/feature")).WantRefusal(t, "a protected branch", 401)
	s.Post(t, "/allowed", pushBody("maint", "ssh", old+" "+newer+" refs/heads/force/x")).Want(t, "a branch that allows force pushes", 200, `{"status": true}`)
	s.Post(t, "/allowed", pushBody("dev", "ssh", old+" "+absent+" refs/heads/master")).WantRefusal(t, "the stored default branch", 401)
	s.Post(t, "/allowed", pushBody("dev", "ssh", absent+" "+newer+" refs/tags/x")).Want(t, "a tag", 200, `{"status": true}`)
}
