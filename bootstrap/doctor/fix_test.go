package doctor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
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
	c.Kas.Enabled, c.Workhorse.SecretFile = false, at("workhorse")
	c.Shell.PreviousSecretFile, c.Instance.PreviousKeyFile = at("previous/shell"), at("previous_key")
	c.HTTP.Socket, c.HTTP.SocketMode = at("run/s"), "0660"
	write(t, c.Shell.SecretFile, "0123456789abcdef", 0o644)
	write(t, c.Workhorse.SecretFile, "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", 0o644)
	write(t, c.Instance.PreviousKeyFile, strings.Repeat("k", 32), 0o666)
	write(t, at("unrelated"), "x", 0o666)
	if err := os.Mkdir(c.Spool.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(c.Spool.Path, 0o755); err != nil {
		t.Fatal(err)
	}
	want := []doctor.Change{
		{Name: "database.url", Command: "mkdir -m 0700 " + at("data")},
		{Name: "database.url", Command: "mkdir -m 0700 " + at("data/deep")},
		{Name: "shell.secret_file", Command: "chmod 0640 " + at("shell")},
		{Name: "instance.key_file", Command: "mkdir -m 0700 " + at("keys")},
		{Name: "workhorse.secret_file", Command: "chmod 0640 " + at("workhorse")},
		{Name: "instance.previous_key_file", Command: "chmod 0660 " + at("previous_key")},
		{Name: "spool.path", Command: "chmod 0700 '" + at(`it'\''s a spool`) + "'"},
		{Name: "http.socket", Command: "mkdir -m 0750 " + at("run")},
	}
	if diff := cmp.Diff(want, doctor.Fix(c)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantModes := map[string]string{
		"data": "drwx------", "data/deep": "drwx------", "keys": "drwx------", "run": "drwxr-x---", "it's a spool": "drwx------",
		"shell": "-rw-r-----", "workhorse": "-rw-r-----", "previous_key": "-rw-rw----", "unrelated": "-rw-rw-rw-",
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

// TestFix_links has links in place of files and of the spool. What they lead to may be
// anyone's, so it stays as it is.
func TestFix_links(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	c := settings(t)
	c.Database.URL, c.Spool.Path = config.URL(filepath.Join(dir, "a.db")), filepath.Join(dir, "spool")
	c.Shell.SecretFile, c.Instance.KeyFile = filepath.Join(dir, "secret"), filepath.Join(dir, "none", "key")
	file, folder := filepath.Join(elsewhere, "file"), filepath.Join(elsewhere, "folder")
	write(t, file, "0123456789abcdef", 0o644)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		c.Shell.SecretFile: file, filepath.Join(dir, "a.db-wal"): file, c.Spool.Path: folder, filepath.Join(dir, "none"): filepath.Join(elsewhere, "none"),
	} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	got := doctor.Fix(c)
	if len(got) != 1 || got[0].Name != "instance.key_file" || got[0].Problem == nil {
		t.Errorf("got %+v, want only the folder that could not be made", got)
	}
	if diff := cmp.Diff(map[string]string{"file": "-rw-r--r--", "folder": "drwxr-xr-x"}, modes(t, elsewhere)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantProblem(t, checkup(t, c, "shell.secret_file"), "")
	if got := checkup(t, c, "shell.secret_file").Warning; got == nil || !strings.Contains(got.Error(), "chmod o= it") {
		t.Errorf("got %v, want what to type", got)
	}
}

// TestFix_otherKinds has folders in place of files, and a file in place of the spool: they
// belong to something else.
func TestFix_otherKinds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := settings(t)
	c.Database.URL, c.Spool.Path = config.URL(filepath.Join(dir, "a.db")), filepath.Join(dir, "spool")
	c.Shell.SecretFile = filepath.Join(dir, "secret")
	write(t, c.Spool.Path, "", 0o644)
	for _, folder := range []string{c.Database.File(), c.Shell.SecretFile} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got := doctor.Fix(c); len(got) > 0 {
		t.Errorf("got %+v", got)
	}
}

// TestFix_socketFolders has a socket two missing folders deep: its group reaches it through
// both.
func TestFix_socketFolders(t *testing.T) {
	t.Parallel()
	group := os.Getegid()
	if os.Geteuid() == 0 {
		group = 54321
	}
	c := settings(t)
	folder := socketFolder(t, 0o755)
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	c.HTTP.Socket, c.HTTP.SocketGroup = filepath.Join(folder, "a", "b", "s"), strconv.Itoa(group)
	if got := doctor.Fix(c); len(got) != 4 {
		t.Errorf("got %+v, want two folders, each with its group", got)
	}
	if diff := cmp.Diff(map[string]string{"a": "drwxr-x---", "a/b": "drwxr-x---"}, modes(t, folder)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantProblem(t, checkup(t, c, "http.socket"), "")
	if again := doctor.Fix(c); len(again) > 0 {
		t.Errorf("the second time: got %+v", again)
	}
}

// TestFix_ofAnotherUser runs as root, where the server is another user: who closes a file
// of that server's may keep the server out.
func TestFix_ofAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("root alone can give a file away")
	}
	c := settings(t)
	write(t, c.Shell.SecretFile, "0123456789abcdef", 0o644)
	write(t, c.Database.File(), "", 0o644)
	if err := os.Chown(c.Database.File(), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	got := doctor.Fix(c)
	if len(got) != 1 || got[0].Name != "user" || got[0].Problem == nil {
		t.Errorf("got %+v, want that nothing was changed", got)
	}
	if got := checkup(t, c, "user").Warning; got == nil || !strings.HasSuffix(got.Error(), c.Database.File()+" belongs to 12345: runuser -u 12345 -- gatehouse check") {
		t.Errorf("got %v, want a warning", got)
	}
	c.File = "/etc/gate house.yaml"
	if got := checkup(t, c, "user").Warning; got == nil || !strings.HasSuffix(got.Error(), ": runuser -u 12345 -- gatehouse check --config '/etc/gate house.yaml'") {
		t.Errorf("with a file of settings: got %v", got)
	}
	c.File = ""
	if diff := cmp.Diff(map[string]string{"secret": "-rw-r--r--", "gatehouse.db": "-rw-r--r--"}, modes(t, filepath.Dir(c.Shell.SecretFile))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := os.Remove(c.Database.File()); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(c.Shell.SecretFile, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if got := doctor.Fix(c); len(got) > 0 {
		t.Errorf("a file of another user: got %+v", got)
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
	if runUnprivileged(t) {
		return
	}
	locked := filepath.Join(dir, "locked")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	c.HTTP.Socket, c.HTTP.SocketGroup = filepath.Join(locked, "run", "s"), ""
	got := doctor.Fix(c)
	command := fmt.Sprintf(" -m 0750 %s", filepath.Dir(c.HTTP.Socket))
	if len(got) != 1 || got[0].Problem == nil || got[0].Problem.Error() != "permission denied" || !strings.HasPrefix(got[0].Command, "install -d -o ") || !strings.HasSuffix(got[0].Command, command) {
		t.Errorf("a folder that is not writable: got %+v", got)
	}
}
