package httpserver_test

import (
	"io/fs"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap"

	"gatehouse/adapters/httpserver"
)

// TestServer_permissions starts servers with one mode and group of the socket or another,
// one after the other at one path.
func TestServer_permissions(t *testing.T) {
	t.Parallel()
	other := os.Getegid()
	if groups, err := os.Getgroups(); err == nil && len(groups) > 0 {
		other = groups[len(groups)-1]
	}
	if os.Geteuid() == 0 { // which may give a file to any group
		other = 1
	}
	socket := socketPath(t)
	for _, c := range []struct {
		allow httpserver.Permissions
		mode  fs.FileMode
		group int
	}{
		{httpserver.Permissions{}, 0o660, os.Getegid()},
		{httpserver.Permissions{Mode: 0o600}, 0o600, os.Getegid()},
		{httpserver.Permissions{Mode: 0o666, Group: new(os.Getegid())}, 0o666, os.Getegid()},
		{httpserver.Permissions{Group: &other}, 0o660, other},
	} {
		endpoint := unix(socket, say("internal"))
		endpoint.Permissions = c.allow
		server := start(t, endpoint)
		info, err := os.Stat(socket)
		if err != nil {
			t.Fatal(err)
		}
		owner := info.Sys().(*syscall.Stat_t)
		if info.Mode().Perm() != c.mode || int(owner.Gid) != c.group {
			t.Errorf("%+v: got mode %o, group %d, want %o, %d", c.allow, info.Mode().Perm(), owner.Gid, c.mode, c.group)
		}
		if got, err := get(t.Context(), "unix", socket); got != "internal" {
			t.Errorf("%+v: got %q, %v", c.allow, got, err)
		}
		stop(t, server)
	}
}

// TestServer_foreignGroup wants a group of which the process is no member.
func TestServer_foreignGroup(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may give a socket to any group")
	}
	socket := socketPath(t)
	endpoint := unix(socket, say("internal"))
	endpoint.Permissions.Group = new(0)
	err := httpserver.New(zap.NewNop(), endpoint).Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is the user of this server in that group?") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(socket); err == nil {
		t.Error("the socket is still there")
	}
}

// TestStartPrivate looks at the file of a socket before its permissions are set.
func TestStartPrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux gives the file the mode of the socket")
	}
	socket := socketPath(t)
	config := net.ListenConfig{Control: httpserver.StartPrivate}
	listener, err := config.Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want mode 0600", info.Mode(), err)
	}
}
