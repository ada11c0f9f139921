package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/bootstrap/config"
	"gatehouse/bootstrap/doctor"
)

// modes returns the modes of everything below a folder, by path.
func modes(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || path == folder {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			found[strings.TrimPrefix(path, folder+"/")] = info.Mode().String()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestFix has files that are too open, and folders that are missing.
func TestFix(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	c := config.Default()
	c.Database.URL, c.Spool.Path = config.URL(at("data/deep/gatehouse.db")), at("it's a spool")
	c.Shell.SecretFile, c.Instance.KeyFile, c.Kas.SecretFile = at("shell"), at("keys/key"), at("none/kas")
	c.Kas.Enabled = false
	c.Shell.PreviousSecretFile, c.Instance.PreviousKeyFile = at("previous/shell"), at("previous_key")
	c.HTTP.Socket, c.HTTP.SocketMode = at("run/s"), "0660"
	write(t, c.Shell.SecretFile, "0123456789abcdef", 0o644)
	write(t, c.Instance.PreviousKeyFile, strings.Repeat("k", 32), 0o666)
	write(t, at("unrelated"), "x", 0o666)
	if err := os.Mkdir(c.Spool.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(c.Spool.Path, 0o755); err != nil {
		t.Fatal(err)
	}
	want := []doctor.Change{
		{Name: "database.url", Command: "mkdir -p -m 0700 " + at("data/deep")},
		{Name: "shell.secret_file", Command: "chmod 0640 " + at("shell")},
		{Name: "instance.key_file", Command: "mkdir -p -m 0700 " + at("keys")},
		{Name: "instance.previous_key_file", Command: "chmod 0660 " + at("previous_key")},
		{Name: "spool.path", Command: "chmod 0700 '" + at(`it'\''s a spool`) + "'"},
		{Name: "http.socket", Command: "mkdir -p -m 0750 " + at("run")},
	}
	if diff := cmp.Diff(want, doctor.Fix(c)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantModes := map[string]string{
		"data": "drwx------", "data/deep": "drwx------", "keys": "drwx------", "run": "drwxr-x---", "it's a spool": "drwx------",
		"shell": "-rw-r-----", "previous_key": "-rw-rw----", "unrelated": "-rw-rw-rw-",
	}
	if diff := cmp.Diff(wantModes, modes(t, dir)); diff != "" {
		t.Errorf("modes (-want +got):\n%s", diff)
	}
	if text, err := os.ReadFile(c.Shell.SecretFile); string(text) != "0123456789abcdef" {
		t.Errorf("the secret is %q, %v", text, err)
	}
	if again := doctor.Fix(c); len(again) > 0 {
		t.Errorf("the second time: got %+v", again)
	}
	for _, checked := range doctor.Check(t.Context(), c) {
		wantProblem(t, checked, "")
	}
}

// TestFix_database closes an SQLite file and the files beside it, and a configuration
// file with a secret.
func TestFix_database(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "gatehouse.yaml")
	write(t, file, "database: {url: 'file:"+dir+"/a.db?mode=rwc'}\nredis: {url: 'redis://:hunter2@127.0.0.1:1'}", 0o604)
	c, err := config.Load(config.Sources{File: file})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.db", "a.db-wal", "a.db-shm"} {
		write(t, filepath.Join(dir, name), "", 0o644)
	}
	c.Shell.SecretFile, c.Instance.KeyFile = filepath.Join(dir, "secret"), filepath.Join(dir, "key")
	doctor.Fix(c)
	want := map[string]string{"gatehouse.yaml": "-rw-------", "a.db": "-rw-r-----", "a.db-wal": "-rw-r-----", "a.db-shm": "-rw-r-----"}
	if diff := cmp.Diff(want, modes(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFix_fails wants a folder below a file.
func TestFix_fails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "x", 0o600)
	c := settings(t)
	c.Database.URL = "memory:"
	c.HTTP.Socket, c.HTTP.SocketGroup = filepath.Join(dir, "none", "s"), "no such group"
	if got := doctor.Fix(c); len(got) > 0 {
		t.Errorf("a group that does not exist: got %+v", got)
	}
	wantProblem(t, checkup(t, c, "http.socket"), `this machine has no group "no such group"`)
	if os.Geteuid() == 0 {
		return // who may do everything
	}
	locked := filepath.Join(dir, "locked")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	c.HTTP.Socket, c.HTTP.SocketGroup = filepath.Join(locked, "run", "s"), ""
	got := doctor.Fix(c)
	if len(got) != 1 || got[0].Problem == nil || got[0].Problem.Error() != "permission denied" {
		t.Errorf("a folder that is not writable: got %+v", got)
	}
}
