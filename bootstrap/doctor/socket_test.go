package doctor_test

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gatehouse/bootstrap/config"
	"gatehouse/bootstrap/doctor"
)

// socketFolder makes a folder for sockets, whose path is short enough, in one of that mode.
func socketFolder(t *testing.T, outer os.FileMode) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "g")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	inner := filepath.Join(dir, "run")
	if err := os.Mkdir(inner, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, outer); err != nil {
		t.Fatal(err)
	}
	return inner
}

// TestCheck_socketFolder has one mode or another of the socket, its folder and the one above.
func TestCheck_socketFolder(t *testing.T) {
	t.Parallel()
	own := strconv.Itoa(os.Getegid())
	for name, c := range map[string]struct {
		outer, folder os.FileMode
		mode, group   string
		// want ends the problem, or without a group the warning, with FOLDER and OUTER
		// in place of their paths.
		want string
	}{
		"open to all":                     {0o755, 0o755, "0660", "", ""},
		"open to the group":               {0o755, 0o750, "0660", "", ""},
		"the owner's socket":              {0o700, 0o700, "0600", "", ""},
		"closed to the group":             {0o755, 0o700, "0660", own, "the folder FOLDER has mode 0700; chmod g+x FOLDER"},
		"outer folder closed":             {0o700, 0o755, "0660", "", "the folder OUTER has mode 0700; chmod g+x OUTER"},
		"closed to others":                {0o755, 0o750, "0666", "", "the folder FOLDER has mode 0750; chmod o+x FOLDER"},
		"of another group":                {0o755, 0o750, "0660", "54321", "chgrp 54321 FOLDER && chmod g+x FOLDER"},
		"of another group, open to all":   {0o755, 0o711, "0660", "54321", ""},
		"a group that cannot connect":     {0o755, 0o750, "0640", own, "with 0640 the group " + own + " cannot connect; 0660 lets it"},
		"of another group, open to group": {0o755, 0o710, "0620", "54321", "chgrp 54321 FOLDER && chmod g+x FOLDER"},
	} {
		settings := settings(t)
		folder := socketFolder(t, c.outer)
		if err := os.Chmod(folder, c.folder); err != nil {
			t.Fatal(err)
		}
		settings.HTTP.Socket, settings.HTTP.SocketMode, settings.HTTP.SocketGroup = filepath.Join(folder, "s"), c.mode, c.group
		got := checkup(t, settings, "http.socket")
		if c.group == "54321" && os.Geteuid() != 0 {
			wantProblem(t, got, "is not in the group 54321: usermod -a -G 54321 ")
			continue
		}
		want, found := strings.NewReplacer("FOLDER", folder, "OUTER", filepath.Dir(folder)).Replace(c.want), got.Warning
		if c.group != "" {
			found = got.Problem
		}
		if (got.Problem != nil) != (want != "" && c.group != "") || (found == nil) != (want == "") || found != nil && !strings.HasSuffix(found.Error(), want) {
			t.Errorf("%s: got %+v, want %q", name, got, want)
		}
	}
}

// TestCheck_socketThere has a socket that belongs to a running server, or a file, at the path.
func TestCheck_socketThere(t *testing.T) {
	t.Parallel()
	c := settings(t)
	folder := socketFolder(t, 0o755)
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	c.HTTP.Socket = filepath.Join(folder, "s")
	if got := checkup(t, c, "http.socket"); got.Problem != nil || got.Warning != nil || got.Detail != c.HTTP.Socket+" is not there; serve makes it" {
		t.Errorf("no socket: got %+v", got)
	}
	listen(t, "unix", c.HTTP.Socket)
	if err := os.Chmod(c.HTTP.Socket, 0o660); err != nil {
		t.Fatal(err)
	}
	if got := checkup(t, c, "http.socket"); got.Problem != nil || got.Warning != nil || !strings.HasSuffix(got.Detail, "and mode 0660") {
		t.Errorf("the socket: got %+v", got)
	}
	c.HTTP.SocketMode = "0600"
	if got := checkup(t, c, "http.socket"); got.Problem != nil || got.Warning == nil || !strings.HasSuffix(got.Warning.Error(), "and mode 0660, not what http.socket_group and http.socket_mode say: restart the server") {
		t.Errorf("another mode: got %+v", got)
	}
	// The advice is about the group that the settings name, not the one that the socket has.
	c.HTTP.SocketMode, c.HTTP.SocketGroup = "0660", strconv.Itoa(os.Getegid())
	if os.Geteuid() == 0 {
		if err := os.Chown(c.HTTP.Socket, -1, 54321); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(folder, 0o750); err != nil {
			t.Fatal(err)
		}
		if got := checkup(t, c, "http.socket"); got.Problem != nil || got.Warning == nil || !strings.HasSuffix(got.Warning.Error(), "restart the server") {
			t.Errorf("another group: got %+v", got)
		}
	}
	c.HTTP.Socket = filepath.Join(folder, "file")
	write(t, c.HTTP.Socket, "x", 0o600)
	wantProblem(t, checkup(t, c, "http.socket"), "exists and is not a socket")
	c.HTTP.Socket = filepath.Join(folder, "none", "s")
	wantProblem(t, checkup(t, c, "http.socket"), "there is no folder "+filepath.Join(folder, "none")+"; `gatehouse check --fix` makes it")
}

// TestCheck_gitalySocket wants the reason why a socket of Gitaly takes no connection.
func TestCheck_gitalySocket(t *testing.T) {
	t.Parallel()
	c := settings(t)
	path := filepath.Join(t.TempDir(), "gitaly.sock")
	for _, connect := range []bool{true, false} {
		c.Gitaly = config.Gitaly{Connect: connect, Storages: []config.Storage{{Name: "default", Address: "unix:" + path}}}
		wantProblem(t, checkup(t, c, "gitaly default"), `there is no such socket: start Gitaly, with socket_path = "`+path+`"`)
	}
}

// TestCheck_unreadableSecret has a secret of another user.
func TestCheck_unreadableSecret(t *testing.T) {
	t.Parallel()
	if runUnprivileged(t) {
		return
	}
	c := settings(t)
	write(t, c.Shell.SecretFile, "0123456789abcdef", 0o000)
	me, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	wantProblem(t, checkup(t, c, "shell.secret_file"), fmt.Sprintf("it has owner %s, group ", me.Username))
	wantProblem(t, checkup(t, c, "shell.secret_file"), "and mode 0000: chmod u+rw "+c.Shell.SecretFile)
}

// TestCheck_unreadable has folders and files that this user may not use, with what to type.
func TestCheck_unreadable(t *testing.T) {
	t.Parallel()
	if runUnprivileged(t) {
		return
	}
	dir := t.TempDir()
	inner := filepath.Join(dir, "inner")
	c := settings(t)
	c.Database.URL, c.Spool.Path = config.URL(filepath.Join(inner, "a.db")), filepath.Join(inner, "spool")
	for _, folder := range []string{inner, c.Spool.Path} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, c.Database.File(), "", 0o600)
	write(t, c.Database.File()+"-wal", "", 0o400)
	wantProblem(t, checkup(t, c, "database.url"), "and mode 0400: chmod u+rw "+c.Database.File()+"-wal")
	if err := os.Chmod(c.Spool.Path, 0o300); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, checkup(t, c, "spool.path"), "and mode 0300: chmod u+rwx "+c.Spool.Path)
	if err := os.Chmod(inner, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(inner, 0o700) })
	wantProblem(t, checkup(t, c, "database.url"), "and mode 0500: chmod u+rwx "+inner+", or name a file elsewhere")
	c.Database.URL = "/a.db" // in a folder that others use too
	wantProblem(t, checkup(t, c, "database.url"), ": run this as the user of the server, or name a file elsewhere")
	file := filepath.Join(dir, "gatehouse.yaml")
	write(t, file, "", 0o200)
	if got := doctor.CheckConfigFile(file); got == nil || !strings.HasSuffix(got.Error(), "&& chmod g+r "+file) {
		t.Errorf("configuration file: got %v", got)
	}
}

// TestCheck_readAsOther has a secret of root's that everyone may read: who closes it has to
// give this user access first.
func TestCheck_readAsOther(t *testing.T) {
	t.Parallel()
	if runUnprivileged(t) {
		return
	}
	const ofRoot = "/etc/passwd"
	c := settings(t)
	c.Shell.SecretFile = ofRoot
	if got := checkup(t, c, "shell.secret_file").Warning; got == nil || !strings.Contains(got.Error(), "chmod o= it, but only after chgrp ") {
		t.Errorf("got %v", got)
	}
	for _, change := range doctor.Fix(c) {
		if change.Name == "shell.secret_file" {
			t.Errorf("got %+v, want another user's file left alone", change)
		}
	}
}
