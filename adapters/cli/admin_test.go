package cli_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestRun_adminCreate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	here := []string{"--database", filepath.Join(dir, "gatehouse.db"), "--set", "instance.key_file=" + filepath.Join(dir, "key"), "--set", "external_url=https://git.example.com"}
	with := func(args ...string) []string { return append(args, here...) }
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no username":       {nil, 2, "username"},
		"invalid username":  {[]string{"--username", "-root"}, 1, "username is invalid"},
		"reserved username": {[]string{"--username", "admin"}, 1, "username is a reserved name"},
		"invalid e-mail":    {[]string{"--username", "root", "--email", "root"}, 1, "email is invalid"},
		"invalid day":       {[]string{"--username", "root", "--expires-at", "soon"}, 2, "--expires-at takes a day"},
		"day of the past":   {[]string{"--username", "root", "--expires-at", "2020-01-01"}, 1, "in the past"},
	} {
		got := run(t.Context(), "", with(append([]string{"admin", "create"}, c.args...)...)...)
		if got.code != c.code || !strings.Contains(got.err, c.want) {
			t.Errorf("%s: got %d, %s, want %d, %s", name, got.code, got.err, c.code, c.want)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("what is refused leaves %v, %v", left, err)
	}
	got := run(t.Context(), "", with("admin", "create", "--username", "root", "--json")...)
	var made struct {
		ID                     int64
		Username, Email, Token string
		TokenID                int64   `json:"token_id"`
		ExpiresAt              *string `json:"expires_at"`
	}
	if err := json.Unmarshal([]byte(got.out), &made); err != nil || got.code != 0 {
		t.Fatalf("got %d, %s%s, %v", got.code, got.out, got.err, err)
	}
	if made.ID != 1 || made.Username != "root" || made.Email != "root@git.example.com" || made.TokenID != 1 || made.ExpiresAt != nil {
		t.Errorf("got %s", got.out)
	}
	if !regexp.MustCompile(`^glpat-[\w-]{20}$`).MatchString(made.Token) || strings.Contains(got.err, made.Token) {
		t.Errorf("got the token %q, and %q", made.Token, got.err)
	}
	again := run(t.Context(), "", with("admin", "create", "--username", "other")...)
	if again.code != 1 || again.out != "" || !strings.Contains(again.err, "has an administrator already") {
		t.Errorf("a second one: got %d, %s%s", again.code, again.out, again.err)
	}
	users := gatehouse(t, "", with("show", "users", "--json")...)
	if !strings.Contains(users, `"admin": true`) || strings.Contains(users, "other") {
		t.Errorf("got the users %s", users)
	}
	events := gatehouse(t, "", with("show", "audit", "--json")...)
	for _, member := range []string{`"action": "user.create"`, `"action": "access_token.create"`, `"actor_kind": "operator"`, `"entity_path": "root"`} {
		if !strings.Contains(events, member) {
			t.Errorf("audit: got %s, want %s", events, member)
		}
	}
	if strings.Contains(events, made.Token) {
		t.Errorf("the token is in %s", events)
	}
}
