package bootstrap

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
	"gatehouse/adapters/secretfile"
	"gatehouse/bootstrap/config"
)

// Checkup is one thing that has to be right for a server to run.
type Checkup struct {
	Name string
	// Problem is nil if the thing is right.
	Problem error
	// Unseen says that nobody looked, so that nothing is known.
	Unseen bool
	// Detail says what was found.
	Detail string
}

// Check looks at what a server would need, and changes nothing.
func Check(ctx context.Context, config config.Config) []Checkup {
	checkups := []Checkup{
		checkData(ctx, config.Database), checkSecret("shell.secret_file", config.Shell.SecretFile, true),
		checkSecret("instance.key_file", config.Instance.KeyFile, true),
	}
	if config.Kas.Enabled {
		checkups = append(checkups, checkKasSecret(config.Kas.SecretFile))
	}
	if previous := config.Shell.PreviousSecretFile; previous != "" {
		checkups = append(checkups, checkSecret("shell.previous_secret_file", previous, false))
	}
	if previous := config.Instance.PreviousKeyFile; previous != "" {
		checkups = append(checkups, checkSecret("instance.previous_key_file", previous, false))
	}
	if config.Redis.URL != "" {
		checkups = append(checkups, checkRedis(ctx, config.Redis.URL))
	}
	return append(checkups, checkGitaly(ctx, config.Gitaly)...)
}

// checkData looks at the database and, if it is a file, whether serve could
// write there: SQLite keeps its journal beside the file.
func checkData(ctx context.Context, d config.Database) Checkup {
	if file := d.File(); file != "" {
		if err := checkFolder(file); err != nil {
			return Checkup{Name: "database.url", Problem: err}
		}
	}
	return checkDatabase(ctx, d)
}

// checkFolder says what keeps a file from being made or changed at path.
func checkFolder(path string) error {
	folder := filepath.Dir(absolute(path))
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s cannot be made: there is no folder %s", absolute(path), folder)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s cannot be made: %s is no folder", absolute(path), folder)
	case syscall.Access(folder, writable) != nil:
		return fmt.Errorf("%s cannot be written: the folder %s is not writable", absolute(path), folder)
	}
	return nil
}

// writable is W_OK of access(2).
const writable = 2

// checkSecret looks at a secret file, which may be made on demand.
func checkSecret(key, path string, made bool) Checkup {
	c := Checkup{Name: key, Detail: absolute(path)}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && made:
		c.Problem = checkFolder(path)
		c.Detail += " is not there yet; serve will make it"
		return c
	case err == nil && info.Mode().Perm()&0o007 != 0:
		c.Problem = fmt.Errorf("%s can be read or written by everybody (mode %04o); chmod o= it", absolute(path), info.Mode().Perm())
		return c
	}
	_, c.Problem = secretfile.Open(Clock(), func(error) {}, path)
	return c
}

// checkKasSecret looks at a secret file, and at what is in there.
func checkKasSecret(path string) Checkup {
	c := checkSecret("kas.secret_file", path, true)
	if _, err := os.Stat(path); err == nil && c.Problem == nil {
		_, c.Problem = secretfile.OpenKey(Clock(), func(error) {}, path, secretfile.KasSize)
	}
	return c
}

// patience is how long Gitaly may take to answer.
const patience = 5 * time.Second

// checkGitaly asks all storages at once. The one that
// is assumed is never a problem: a server without repositories needs none.
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
	client, err := Storages(config.Config{Gitaly: g}, Clock())
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

// checkStorage has the Gitaly of a storage say how it is. Where this server is
// not to ask, it looks whether somebody answers.
func checkStorage(ctx context.Context, g config.Gitaly, client *gitaly.Client, s config.Storage) Checkup {
	c := Checkup{Name: "gitaly " + s.Name, Detail: s.Address}
	if !g.Connected() {
		return checkListener(ctx, c, s)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	health, err := client.Check(ctx, s.Name)
	switch {
	case err != nil:
		c.Problem = fmt.Errorf("%s: %w", s.Address, err)
	case health.Version != "":
		c.Detail = fmt.Sprintf("%s, Gitaly %s with git %s", s.Address, health.Version, health.GitVersion)
	}
	return c
}

func checkListener(ctx context.Context, c Checkup, s config.Storage) Checkup {
	if strings.HasPrefix(s.Address, "dns:") {
		c.Unseen, c.Detail = true, c.Detail+" is for gRPC to look up"
		return c
	}
	if err := dial(ctx, s.Address); err != nil {
		c.Problem = fmt.Errorf("nobody answers at %s: %w", s.Address, err)
	}
	return c
}

// dial says why there is no connection to address.
func dial(ctx context.Context, address string) error {
	network, where := "tcp", ""
	if socket, ok := strings.CutPrefix(address, "unix:"); ok {
		network, where = "unix", socket
	} else {
		_, where, _ = strings.Cut(address, "://")
	}
	dialer := net.Dialer{Timeout: patience}
	conn, err := dialer.DialContext(ctx, network, where)
	if operation, ok := errors.AsType[*net.OpError](err); ok {
		return operation.Err // the address is told already
	}
	if err != nil {
		return err
	}
	return conn.Close()
}
