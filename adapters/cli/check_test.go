package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Check skips a storage at a dns: address: it is neither ok nor wrong.
func TestRun_checkStorages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{
		"check", "--database=memory:", "--set", "shell.secret_file=" + filepath.Join(dir, "secret"), "--set", "instance.key_file=" + filepath.Join(dir, "key"),
		"--set", "gitaly.connect=false", "--set", `gitaly.storages=[{name: far, address: "dns:///gitaly.invalid:8075"}]`,
	}
	out := gatehouse(t, "", args...)
	if !strings.Contains(out, "gitaly far         not looked at  dns:///gitaly.invalid:8075 is for gRPC to look up") {
		t.Errorf("got\n%s", out)
	}
	out = gatehouse(t, "", append(args, "--json")...)
	if !strings.Contains(strings.ReplaceAll(out, " ", ""), `"ok":null`) {
		t.Errorf("got\n%s", out)
	}
	args[len(args)-1] = `gitaly.storages=[{name: near, address: "unix:` + filepath.Join(dir, "none") + `"}]`
	if got := run(t.Context(), "", args...); got.code != 1 || strings.Count(got.out, "WRONG") != 1 || !strings.Contains(got.out, "nobody answers at unix:"+dir) {
		t.Errorf("no Gitaly at the socket: got %d, %s", got.code, got.out)
	}
}

// TestRun_checkWarnings checks a secret file that every user can read: a warning, or
// wrong if secrets.strict is set.
func TestRun_checkWarnings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(secret, 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"check", "--json", "--database=memory:", "--set", "shell.secret_file=" + secret, "--set", "instance.key_file=" + filepath.Join(dir, "key")}
	for _, test := range []struct {
		strict      string
		code        int
		ok, warning bool
	}{{"false", 0, true, true}, {"true", 1, false, false}} {
		got := run(t.Context(), "", append(args, "--set=secrets.strict="+test.strict)...)
		var records []struct {
			Check, Detail string
			OK, Warning   bool
		}
		if err := json.Unmarshal([]byte(got.out), &records); err != nil || got.code != test.code {
			t.Errorf("strict %s: got %d, %v", test.strict, got.code, err)
		}
		for _, r := range records {
			ok, warning := true, false
			if r.Check == "shell.secret_file" {
				ok, warning = test.ok, test.warning
				if !strings.Contains(r.Detail, secret) || !strings.Contains(r.Detail, "mode 0644") || strings.Contains(r.Detail, "0123456789") {
					t.Errorf("got %s", r.Detail)
				}
			}
			if r.OK != ok || r.Warning != warning {
				t.Errorf("strict %s, %s: got ok %t, warning %t", test.strict, r.Check, r.OK, r.Warning)
			}
		}
	}
}

// TestRun_checkFix has a secret that is too open and a folder that is missing: wrong with
// secrets.strict, and right after --fix.
func TestRun_checkFix(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret, folder := filepath.Join(dir, "secret"), filepath.Join(dir, "keys")
	if err := os.WriteFile(secret, []byte("0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(secret, 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"check", "--database=memory:", "--set=secrets.strict=true", "--set=kas.enabled=false",
		"--set=shell.secret_file=" + secret, "--set=instance.key_file=" + filepath.Join(folder, "key"),
	}
	got := run(t.Context(), "", args...)
	if got.code != 1 || strings.Count(got.out, "WRONG") != 2 || !strings.Contains(got.out, "`gatehouse check --fix` makes it") {
		t.Errorf("before: got %d, %s", got.code, got.out)
	}
	if got := run(t.Context(), "", append(args, "--fix", "--set=git.rate_limit=x")...); got.code != 1 || strings.Contains(got.out, "fixed") {
		t.Errorf("a mistake in the settings: got %d, %s", got.code, got.out)
	}
	got = run(t.Context(), "", append(args, "--fix", "--json")...)
	var records []struct {
		Check, Detail      string
		OK, Warning, Fixed bool
	}
	if err := json.Unmarshal([]byte(got.out), &records); err != nil || got.code != 0 {
		t.Fatalf("fix: got %d, %v, %s", got.code, err, got.out)
	}
	var fixed []string
	for _, r := range records {
		if r.Fixed {
			fixed = append(fixed, r.Check+" "+r.Detail)
		}
		if !r.OK || r.Warning {
			t.Errorf("got %+v", r)
		}
	}
	if want := []string{"shell.secret_file chmod 0640 " + secret, "instance.key_file mkdir -m 0700 " + folder}; !slices.Equal(fixed, want) {
		t.Errorf("got %q, want %q", fixed, want)
	}
	if got := run(t.Context(), "", append(args, "--fix")...); got.code != 0 || strings.Contains(got.out, "fixed") {
		t.Errorf("again: got %d, %s", got.code, got.out)
	}
}

// TestRun_checkFixFails wants a folder where there can be none.
func TestRun_checkFixFails(t *testing.T) {
	t.Parallel()
	got := run(t.Context(), "", "check", "--fix", "--database=memory:", "--set=shell.secret_file=/proc/gatehouse/secret")
	if got.code != 1 || strings.Contains(got.out, "fixed") || !strings.Contains(got.out, "mkdir -m 0700 /proc/gatehouse: ") {
		t.Errorf("got %d, %s", got.code, got.out)
	}
}
