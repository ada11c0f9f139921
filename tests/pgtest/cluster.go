package pgtest

import (
	"bufio"
	"context"
	"crypto/rand"
	_ "embed" // for the scripts
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

//go:embed cluster.sh
var clusterScript string

// cluster starts a server of its own from the machine's binaries.
func cluster(ctx context.Context) (*server, error) {
	s, _, err := newCluster(ctx, settings...)
	return s, err
}

// newCluster starts a server from the machine's binaries, and returns the script that
// holds it too.
func newCluster(ctx context.Context, settings ...string) (*server, *script, error) {
	bin, err := binaries()
	if err != nil {
		return nil, nil, err
	}
	for attempt := 1; ; attempt++ {
		s, held, err := startCluster(ctx, bin, settings)
		if err == nil || attempt == 3 { // meanwhile another process may have taken the port
			return s, held, err
		}
	}
}

// script is a cluster.sh that runs.
type script struct {
	dir     string
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// ask sends the script a line, and waits for its answer.
func (s *script) ask(line string) error {
	if _, err := io.WriteString(s.in, line+"\n"); err != nil {
		return err
	}
	if answer, err := s.out.ReadString('\n'); answer != "done\n" {
		return errors.Join(fmt.Errorf("%s PostgreSQL: got %q", line, answer), err)
	}
	return nil
}

// close ends the script, and the server with it.
func (s *script) close() error {
	return errors.Join(s.in.Close(), s.command.Wait(), os.RemoveAll(s.dir))
}

// startCluster runs cluster.sh and waits for its "ready". The script stops the
// server when its standard input ends, so that the server ends with this
// process, even if that is killed.
func startCluster(ctx context.Context, bin string, settings []string) (_ *server, _ *script, err error) {
	port, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "gatehouse-pgtest-")
	if err != nil {
		return nil, nil, err
	}
	password := rand.Text()
	sh := exec.Command("/bin/sh", "-c", clusterScript, "cluster.sh", dir, bin, port)
	for _, setting := range settings {
		sh.Args = append(sh.Args, "-c", setting)
	}
	sh.Dir = "/"
	sh.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "PASSWORD=" + password}
	sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C must not reach it
	if os.Geteuid() == 0 {                               // PostgreSQL refuses to run as root
		if sh.SysProcAttr.Credential, err = unprivileged(); err == nil {
			err = os.Chown(dir, int(sh.SysProcAttr.Credential.Uid), int(sh.SysProcAttr.Credential.Gid))
		}
		if err != nil {
			return nil, nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	lifeline, err := sh.StdinPipe()
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	output, err := sh.StdoutPipe()
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	sh.Stderr = sh.Stdout
	if err := sh.Start(); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	held := &script{dir, sh, lifeline, bufio.NewReader(output)}
	if first, err := held.out.ReadString('\n'); first != "ready\n" {
		rest, _ := io.ReadAll(held.out)
		return nil, nil, errors.Join(fmt.Errorf("%s%s", first, rest), err, held.close())
	}
	s, err := newServer(ctx, "a temporary cluster of "+bin,
		fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%s/postgres?sslmode=disable", password, port), held.close)
	if err != nil {
		return nil, nil, errors.Join(err, held.close())
	}
	return s, held, nil
}

// binaries returns the folder of initdb and pg_ctl: from PATH, or the newest
// where Debian keeps them.
func binaries() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil {
			return filepath.Dir(initdb), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errors.New("no initdb on PATH or in /usr/lib/postgresql")
	}
	version := func(path string) float64 {
		v, _ := strconv.ParseFloat(strings.Split(path, "/")[4], 64)
		return v
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return int(version(a) - version(b)) })
	return filepath.Dir(newest), nil
}

// unprivileged returns the user that runs the server if this process is root's.
func unprivileged() (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// freePort returns an unused TCP port of the loopback address.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}
