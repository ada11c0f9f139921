package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// ownedSettings keep what was committed even if the server is stopped at once: only a
// crash of the machine may lose it.
var ownedSettings = []string{"max_connections=200", "fsync=off", "full_page_writes=off", "autovacuum=off"}

// Owned is a PostgreSQL that one test may stop, start and pause. It is not safe for
// concurrent use.
type Owned struct {
	server *server
	held   *script
}

// Start starts a server of the test's own from the machine's binaries, whatever
// TEST_POSTGRES says, and stops it at the end of the test. As root on Debian it
// installs missing binaries; elsewhere it returns why there are none. Settings are
// added to those of the server, such as "work_mem=8MB".
func Start(t testing.TB, settings ...string) (*Owned, error) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if _, err := binaries(); err != nil {
		if missing := installBinaries(ctx); missing != nil {
			return nil, errors.Join(err, missing)
		}
	}
	s, held, err := newCluster(ctx, slices.Concat(ownedSettings, settings)...)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("PostgreSQL: %v", err)
		}
	})
	return &Owned{s, held}, nil
}

// Open is Open of this server.
func (o *Owned) Open(t testing.TB, migrate ...func(dsn string) error) string {
	t.Helper()
	return o.server.open(t, migrate)
}

// Stop ends the server at once, as a crash does.
func (o *Owned) Stop() error { return o.held.ask("stop") }

// Start starts the server again, and returns once it answers.
func (o *Owned) Start() error { return o.held.ask("start") }

// Pause stops all processes of the server until Resume: connections stay open, and
// the kernel accepts new ones.
func (o *Owned) Pause() error { return o.signal(syscall.SIGSTOP) }

// Resume ends a pause.
func (o *Owned) Resume() error { return o.signal(syscall.SIGCONT) }

// signal sends a signal to the first process, which starts the others, and to these.
func (o *Owned) signal(s syscall.Signal) error {
	first, err := o.first()
	if err == nil {
		err = syscall.Kill(first, s)
	}
	if err != nil {
		return err
	}
	children, err := children(first)
	for _, pid := range children {
		if failure := syscall.Kill(pid, s); failure != nil && !errors.Is(failure, syscall.ESRCH) {
			err = errors.Join(err, failure)
		}
	}
	return err
}

// PIDs returns the processes of the server.
func (o *Owned) PIDs() ([]int, error) {
	first, err := o.first()
	if err != nil {
		return nil, err
	}
	others, err := children(first)
	return append(others, first), err
}

// first returns the process that starts the others.
func (o *Owned) first() (pid int, err error) {
	text, err := os.ReadFile(filepath.Join(o.held.dir, "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	pid, err = strconv.Atoi(string(line))
	if err != nil {
		err = fmt.Errorf("postmaster.pid: %w", err)
	}
	return pid, err
}

// children returns the processes that a process has started.
func children(parent int) (pids []int, err error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// Behind the name, which may hold anything, stand the state and the parent.
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if len(fields) > 1 && string(fields[1]) == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids, err
}
