package cli_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
)

func TestRun_hooksTest(t *testing.T) {
	t.Parallel()
	status, token := http.StatusOK, ""
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token = r.Header.Get("X-Gitlab-Token")
		w.WriteHeader(status)
	}))
	defer receiver.Close()
	dir := t.TempDir()
	here := []string{"--database", filepath.Join(dir, "gatehouse.db"), "--set", "instance.key_file=" + filepath.Join(dir, "key")}
	with := func(args ...string) []string { return append(args, here...) }
	const local = "webhooks.allow_local_requests=true"
	const placeholder = "hook 3: sent a placeholder (no Gitaly is connected): 7e577e577e577e577e577e577e577e577e577e57 of refs/heads/gatehouse-hook-test\n"
	const commit = "2222222222222222222222222222222222222222"
	const lastCommit = "hook 3: sent the last commit of the default branch: " + commit + " of refs/heads/trunk\n"
	g := gitalytest.Start(t)
	repo := g.Put(source.Project{ID: 3}.RelativePath(source.Code))
	repo.Head, repo.Refs["refs/heads/trunk"], repo.Commits[commit] = "refs/heads/trunk", commit, gitalytest.Commit{Message: "first"}
	storage, noStorage := "gitaly.storages=[{name: default, address: "+g.Address()+"}]", "gitaly.storages=[{name: default, address: tcp://127.0.0.1:1}]"
	hooked := world + "hooks: [{id: 3, project: gnuwget/wget2, url: \"" + receiver.URL + "/?key=sesame\", token: sesame}, {id: 4, group: gnuwget, url: \"http://127.0.0.1:1\"}]\n"
	gatehouse(t, hooked, with("apply", "-")...)
	for name, c := range map[string]struct {
		args      []string
		status    int
		code      int
		out, errs string
	}{
		"success":                    {[]string{"3", "--set", local}, 200, 0, placeholder + "hook 3: the receiver answered with status 200\n", ""},
		"success, JSON":              {[]string{"3", "--set", local, "--json"}, 204, 0, "\"status\": 204", ""},
		"receiver answers 403":       {[]string{"3", "--set", local}, 403, 1, placeholder, "status 403"},
		"receiver answers 500, JSON": {[]string{"3", "--set", local, "--json"}, 500, 1, "\"status\": 500", "status 500"},
		"no receiver, JSON":          {[]string{"4", "--set", local, "--json"}, 200, 1, "\"status\": null", "no answer"},
		"placeholder, JSON":          {[]string{"3", "--set", local, "--json"}, 200, 0, "\"placeholder\": \"no Gitaly is connected\"", ""},
		"last commit":                {[]string{"3", "--set", local, "--set", storage}, 200, 0, lastCommit + "hook 3: the receiver answered with status 200\n", ""},
		"last commit, JSON":          {[]string{"3", "--set", local, "--set", storage, "--json"}, 200, 0, "\"ref\": \"refs/heads/trunk\",\n  \"commit\": \"" + commit + "\",\n  \"placeholder\": null", ""},
		"Gitaly gone":                {[]string{"3", "--set", local, "--set", noStorage}, 200, 0, "hook 3: sent a placeholder (the last commit is not known: ", ""},
		"local address not allowed":  {[]string{"3"}, 200, 1, placeholder, "webhooks.allow_local_requests"},
		"unknown hook":               {[]string{"5"}, 200, 1, "", "there is no hook 5"},
		"invalid number":             {[]string{"x"}, 200, 2, "", "not the number of a hook"},
		"no number":                  {nil, 200, 2, "", "takes one argument, ID, and got 0"},
	} {
		status, token = c.status, ""
		got := run(t.Context(), "", with(append([]string{"hooks", "test"}, c.args...)...)...)
		if got.code != c.code || !strings.Contains(got.out, c.out) || !strings.Contains(got.err, c.errs) || c.out == "" && got.out != "" || strings.Contains(got.out+got.err, "sesame") {
			t.Errorf("%s: got %d, %q, %q", name, got.code, got.out, got.err)
		}
		if strings.HasPrefix(name, "success") && token != "sesame" {
			t.Errorf("%s: the receiver got the token %q", name, token)
		}
	}
	if shown := gatehouse(t, "", with("show", "hooks")...); strings.Contains(shown, "sesame") || !strings.Contains(shown, receiver.URL+"/?***") {
		t.Errorf("show: got %s", shown)
	}
}

// TestRun_withoutInstanceKey runs commands where the key of the database is not. Only
// those that write or read a secret fail, and none makes a key.
func TestRun_withoutInstanceKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database, elsewhere := "--database="+filepath.Join(dir, "gatehouse.db"), filepath.Join(dir, "elsewhere")
	const hook = "hooks: [{id: 3, project: gnuwget/wget2, url: \"https://sesame@ci.example.com/?sesame\"}]\n"
	gatehouse(t, world+hook, "apply", "-", database, "--set=instance.key_file="+filepath.Join(dir, "key"))
	there := func(args ...string) []string { return append(args, database, "--set=instance.key_file="+elsewhere) }
	gatehouse(t, world, there("apply", "-")...)
	gatehouse(t, "", there("token", "create", "--user", "root", "--scope", "api")...)
	gatehouse(t, "", there("explain", "--project", "gnuwget/wget2", "--user", "root")...)
	if shown := gatehouse(t, "", there("show", "hooks")...); !strings.Contains(shown, "https://***@ci.example.com/?***") {
		t.Errorf("show: got %s", shown)
	}
	for in, args := range map[string][]string{world + hook: {"apply", "-"}, "": {"hooks", "test", "3"}} {
		if got := run(t.Context(), in, there(args...)...); got.code != 1 || !strings.Contains(got.err, "restore it") || strings.Contains(got.err, "sesame") {
			t.Errorf("%s: got %+v", args, got)
		}
	}
	if _, err := os.Stat(elsewhere); err == nil {
		t.Error("another key was made")
	}
}

func TestRun_jobs(t *testing.T) {
	t.Parallel()
	flag := filled(t)
	if shown := gatehouse(t, "", "show", "jobs", "--json", flag); strings.TrimSpace(shown) != "[]" {
		t.Errorf("show: got %s", shown)
	}
	for _, name := range []string{"retry", "discard"} {
		if got := run(t.Context(), "", "jobs", name, "7", flag); got.code != 1 || !strings.Contains(got.err, "there is no job 7") {
			t.Errorf("%s: got %+v", name, got)
		}
		for _, wrong := range []string{"x", "0", "-1", "1.5"} {
			if got := run(t.Context(), "", "jobs", name, flag, "--", wrong); got.code != 2 || !strings.Contains(got.err, "not the number of a job") {
				t.Errorf("%s %s: got %+v", name, wrong, got)
			}
		}
	}
}
