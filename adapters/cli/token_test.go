package cli_test

import (
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// osUser returns the name of the operating system's user who runs the test.
func osUser(t *testing.T) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

func TestRun_tokenCreate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	here := []string{"--database", filepath.Join(dir, "gatehouse.db"), "--set", "instance.key_file=" + filepath.Join(dir, "key")}
	with := func(args ...string) []string { return append(args, here...) }
	if got := run(t.Context(), "users: [{username: root}]", with("apply", "-")...); got.code != 0 {
		t.Fatal(got.err)
	}
	got := run(t.Context(), "", with("token", "create", "--user", "ROOT", "--scope", "api,read_user", "--name", "mine")...)
	text := strings.TrimSpace(got.out)
	if got.code != 0 || !regexp.MustCompile(`^glpat-[\w-]{20}$`).MatchString(text) || strings.Contains(got.err, text) {
		t.Fatalf("got %d, %q, %q", got.code, got.out, got.err)
	}
	shown := run(t.Context(), "", with("show", "access-tokens", "--json")...)
	if !strings.Contains(shown.out, `"name": "mine"`) || strings.Contains(shown.out, text) {
		t.Errorf("show: got %s", shown.out)
	}
	events := gatehouse(t, "", with("show", "audit", "--json")...)
	for _, member := range []string{`"action": "access_token.create"`, `"actor_kind": "operator"`, `"username": "` + osUser(t) + `"`, `"entity_path": "root"`, `"target_path": "mine"`} {
		if !strings.Contains(events, member) {
			t.Errorf("audit: got %s, want %s", events, member)
		}
	}
	if strings.Contains(events, text) {
		t.Errorf("audit: the token is in %s", events)
	}
	got = run(t.Context(), "", with("token", "create", "--user", "root", "--scope", "api,sudo")...)
	if scopes := gatehouse(t, "", with("show", "access-tokens", "--json")...); got.code != 0 || !strings.Contains(scopes, `"sudo"`) {
		t.Errorf("for administrators: got %d, %q, %s", got.code, got.err, scopes)
	}
	got = run(t.Context(), "", with("token", "create", "--user", "root", "--scope", "api", "--json", "--expires-at", "2020-01-01")...)
	if got.code != 1 || !strings.Contains(got.err, "in the past") {
		t.Errorf("a day in the past: got %d, %q", got.code, got.err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown user":  {[]string{"--user", "nobody", "--scope", "api"}, 1, "given user"},
		"unknown scope": {[]string{"--user", "root", "--scope", "fly"}, 1, "Invalid scope: 'fly'"},
		"missing user":  {[]string{"--scope", "api"}, 2, "user"},
		"argument":      {[]string{"--user", "root", "--scope", "api", "x"}, 2, "x"},
	} {
		got := run(t.Context(), "", with(append([]string{"token", "create"}, c.args...)...)...)
		if got.code != c.code || !strings.Contains(got.err, c.want) || got.out != "" {
			t.Errorf("%s: got %d, %q, %q", name, got.code, got.out, got.err)
		}
	}
}
