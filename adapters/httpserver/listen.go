package httpserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"
)

// Permissions say who may connect to a socket.
type Permissions struct {
	// Mode is its mode. 0 means 0660: GitLab Shell and Gitaly often run as users of
	// their own.
	Mode fs.FileMode
	// Group is the number of its group. nil means that of the process.
	Group *int
}

const (
	defaultMode fs.FileMode = 0o660
	// ownersMode is the mode of a socket until its group is set.
	ownersMode = 0o600
)

// listen listens at an address of "tcp" or "unix". It replaces a socket whose
// process is gone. At no moment does a socket let more users in than its permissions.
func listen(ctx context.Context, network, address string, allow Permissions) (net.Listener, error) {
	if network != "unix" {
		return new(net.ListenConfig).Listen(ctx, network, address)
	}
	if err := removeStale(ctx, address); err != nil {
		return nil, err
	}
	config := net.ListenConfig{Control: startPrivate}
	listener, err := config.Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if err := allow.grant(address); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// startPrivate gives a socket that has no address yet the mode that its file begins with.
// Only Linux can: elsewhere the file begins with what the umask leaves.
func startPrivate(_, _ string, socket syscall.RawConn) error {
	var failure error
	err := socket.Control(func(descriptor uintptr) { failure = syscall.Fchmod(int(descriptor), ownersMode) })
	if errors.Is(failure, syscall.EINVAL) {
		failure = nil
	}
	return errors.Join(err, failure)
}

// grant sets the group first, so that the group before it gets nothing.
func (p Permissions) grant(path string) error {
	if p.Group != nil {
		if err := os.Chown(path, -1, *p.Group); err != nil {
			return fmt.Errorf("set the group %d: %w; is the user of this server in that group?", *p.Group, err)
		}
	}
	return os.Chmod(path, cmp.Or(p.Mode, defaultMode))
}

// removeStale removes a socket at which no process listens. It fails on anything
// else at the path.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s exists and is not a socket", path)
	}
	dialer := net.Dialer{Timeout: time.Second}
	peer, err := dialer.DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		return errors.Join(fmt.Errorf("another process listens on %s", path), peer.Close())
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	default:
		return fmt.Errorf("find out whether a process listens on %s: %w", path, err)
	}
}
