package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"gatehouse/adapters/secretfile"
)

// Checkup is one thing that has to be right for a server to run.
type Checkup struct {
	Name string
	// Problem is nil if the thing is right.
	Problem error
	// Detail says what was found.
	Detail string
}

// Check looks at what a server would need, and changes nothing.
func Check(ctx context.Context, config Config) []Checkup {
	checkups := []Checkup{
		checkDatabase(ctx, config.Database), checkSecret("shell.secret_file", config.Shell.SecretFile, true),
		checkSecret("instance.key_file", config.Instance.KeyFile, true),
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
	return append(checkups, checkGitaly(config.Gitaly)...)
}

// checkSecret looks at a secret file, which may be made on demand.
func checkSecret(key, path string, made bool) Checkup {
	c := Checkup{Name: key, Detail: absolute(path)}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && made:
		c.Detail += " is not there yet; serve will make it"
		return c
	case err == nil && info.Mode().Perm()&0o007 != 0:
		c.Problem = fmt.Errorf("%s can be read or written by everybody (mode %04o); chmod o= it", absolute(path), info.Mode().Perm())
		return c
	}
	_, c.Problem = secretfile.Open(Clock(), func(error) {}, path)
	return c
}

func checkGitaly(config Gitaly) []Checkup {
	if len(config.Storages) == 0 {
		assumed, err := assumedStorage()
		return []Checkup{{Name: "gitaly.storages", Problem: err, Detail: fmt.Sprintf("empty; %q at %s is assumed", assumed.Name, assumed.Address)}}
	}
	var checkups []Checkup
	for _, s := range config.Storages {
		checkups = append(checkups, Checkup{Name: "gitaly " + s.Name, Detail: s.Address})
	}
	return checkups
}
