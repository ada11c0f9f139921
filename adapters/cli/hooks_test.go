package cli_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
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
	hooked := world + "hooks: [{id: 3, project: gnuwget/wget2, url: \"" + receiver.URL + "/?key=sesame\", token: sesame}, {id: 4, group: gnuwget, url: \"http://127.0.0.1:1\"}]\n"
	gatehouse(t, hooked, with("apply", "-")...)
	for name, c := range map[string]struct {
		args      []string
		status    int
		code      int
		out, errs string
	}{
		"success":                    {[]string{"3", "--set", local}, 200, 0, "hook 3: the receiver answered with status 200\n", ""},
		"success, JSON":              {[]string{"3", "--set", local, "--json"}, 204, 0, "\"status\": 204", ""},
		"receiver answers 403":       {[]string{"3", "--set", local}, 403, 1, "", "status 403"},
		"receiver answers 500, JSON": {[]string{"3", "--set", local, "--json"}, 500, 1, "\"status\": 500", "status 500"},
		"no receiver, JSON":          {[]string{"4", "--set", local, "--json"}, 200, 1, "\"status\": null", "no answer"},
		"local address not allowed":  {[]string{"3"}, 200, 1, "", "webhooks.allow_local_requests"},
		"unknown hook":               {[]string{"5"}, 200, 1, "", "there is no hook 5"},
		"invalid number":             {[]string{"x"}, 200, 2, "", "not the number of a hook"},
		"no number":                  {nil, 200, 2, "", "accepts 1 arg"},
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
