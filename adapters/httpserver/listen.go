package httpserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"
)

// socketMode lets the owner and the group connect: GitLab Shell and Gitaly
// often run as users of their own.
const socketMode = 0o660

// listen listens at an address of "tcp" or "unix". It replaces a socket whose
// process is gone.
func listen(ctx context.Context, network, address string) (net.Listener, error) {
	if network != "unix" {
		return new(net.ListenConfig).Listen(ctx, network, address)
	}
	if err := removeStale(ctx, address); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(address, socketMode); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
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
