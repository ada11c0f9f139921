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
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	c := settings(t)
	write(t, c.Shell.SecretFile, "0123456789abcdef", 0o000)
	me, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	wantProblem(t, checkup(t, c, "shell.secret_file"), fmt.Sprintf("chown %s %s", me.Username, c.Shell.SecretFile))
}
