package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"gatehouse/adapters/gitaly"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

// gitalyTimeout is how long a Gitaly may take to answer.
const gitalyTimeout = 5 * time.Second

// checkGitaly checks all storages at the same time. The assumed storage is never
// a problem: a server without repositories needs none.
func checkGitaly(ctx context.Context, g config.Gitaly) []Checkup {
	if len(g.Storages) == 0 {
		known, err := g.Known()
		assumed := known[0]
		c := Checkup{Name: "gitaly.storages", Problem: err, Detail: fmt.Sprintf("empty; %q at %s is assumed", assumed.Name, assumed.Address)}
		if dial(ctx, assumed.Address) == nil {
			c.Detail += ", where somebody answers"
		} else {
			c.Detail += ", where nobody answers"
		}
		return []Checkup{c}
	}
	client, err := bootstrap.Storages(config.Config{Gitaly: g}, bootstrap.Clock())
	if err != nil {
		return []Checkup{{Name: "gitaly.storages", Problem: err}}
	}
	defer func() { _ = client.Close() }()
	checkups := make([]Checkup, len(g.Storages))
	var wait sync.WaitGroup
	for i, s := range g.Storages {
		wait.Go(func() { checkups[i] = checkStorage(ctx, g, client, s) })
	}
	wait.Wait()
	return checkups
}

// checkStorage asks the Gitaly of a storage for its version. If this server is
// not to ask Gitaly, it only connects.
func checkStorage(ctx context.Context, g config.Gitaly, client *gitaly.Client, s config.Storage) Checkup {
	c := Checkup{Name: "gitaly " + s.Name, Detail: s.Address}
	if !g.Connected() {
		return checkListener(ctx, c, s)
	}
	ctx, cancel := context.WithTimeout(ctx, gitalyTimeout)
	defer cancel()
	health, err := client.Check(ctx, s.Name)
	switch {
	case err != nil:
		c.Problem = fmt.Errorf("%s: %w%s", s.Address, err, adviceOn(s.Address))
	case health.Version != "":
		c.Detail = fmt.Sprintf("%s, Gitaly %s with git %s", s.Address, health.Version, health.GitVersion)
	}
	return c
}

func checkListener(ctx context.Context, c Checkup, s config.Storage) Checkup {
	if strings.HasPrefix(s.Address, "dns:") {
		c.Skipped, c.Detail = true, c.Detail+" is for gRPC to look up"
		return c
	}
	if err := dial(ctx, s.Address); err != nil {
		c.Problem = fmt.Errorf("nobody answers at %s: %w%s", s.Address, err, adviceOn(s.Address))
	}
	return c
}

// adviceOn says, with a semicolon in front, why a socket takes no connection, or nothing.
func adviceOn(address string) string {
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		return ""
	}
	path = filepath.Clean(path) // it may begin with ///
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "; there is no such socket: start Gitaly, with socket_path = \"" + path + "\""
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("; %s may not enter a folder on the way to it", userName(os.Geteuid()))
	case err == nil && syscall.Access(path, writable) != nil:
		return fmt.Sprintf("; it has %s, and %s may not write to it: let Gitaly listen at a TCP address (listen_addr), or run as the same user",
			ownerOf(info), userName(os.Geteuid()))
	}
	return ""
}

// dial returns why no connection to the address can be made, or nil.
func dial(ctx context.Context, address string) error {
	network, where := "tcp", ""
	if socket, ok := strings.CutPrefix(address, "unix:"); ok {
		network, where = "unix", socket
	} else {
		_, where, _ = strings.Cut(address, "://")
	}
	dialer := net.Dialer{Timeout: gitalyTimeout}
	conn, err := dialer.DialContext(ctx, network, where)
	if operation, ok := errors.AsType[*net.OpError](err); ok {
		return operation.Err // the whole would repeat the address
	}
	if err != nil {
		return err
	}
	return conn.Close()
}
