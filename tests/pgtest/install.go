package pgtest

import (
	"context"
	_ "embed" // for the script
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

//go:embed install.sh
var installScript string

// install brings Debian's PostgreSQL onto the machine, then starts a cluster.
func install(ctx context.Context) (*server, error) {
	if err := installBinaries(ctx); err != nil {
		return nil, err
	}
	return cluster(ctx)
}

// installBinaries brings Debian's PostgreSQL onto the machine.
// It does so only as root: a Debian machine without PostgreSQL and without a
// container engine is taken for a throw-away one.
func installBinaries(ctx context.Context) error {
	if _, err := os.Stat("/etc/debian_version"); err != nil || os.Geteuid() != 0 {
		return errors.New("only installed as root on Debian")
	}
	lock, err := os.Create("/var/tmp/gatehouse-pgtest-install.lock")
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	// Packages are tested side by side; the first installs, the rest wait.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	if _, err := binaries(); err != nil {
		report("INSTALLING POSTGRESQL from the distribution's packages")
		if out, err := exec.CommandContext(ctx, "/bin/sh", "-c", installScript).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
}
