package servertest

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Redis is a redis-server of a test's own. It keeps nothing on disk.
type Redis struct {
	// Address is where it listens, host:port.
	Address string
	program string
	dir     string
	command *exec.Cmd
}

// Need returns where a program of the machine is. Where it is missing it skips the test,
// or fails it if CI is set.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	switch {
	case err != nil && os.Getenv("CI") != "":
		t.Fatalf("%v, and CI is set", err)
	case err != nil:
		t.Skip(err)
	}
	return path
}

// StartRedis runs a redis-server, which the test Needs, until the end of the test.
func StartRedis(t testing.TB) *Redis {
	t.Helper()
	program := Need(t, "redis-server")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = free.Close()
	r := &Redis{Address: free.Addr().String(), program: program, dir: t.TempDir()}
	t.Cleanup(r.Kill)
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

// URL returns the URL of the server.
func (r *Redis) URL() string { return "redis://" + r.Address }

// Start starts the server, empty, and returns once it listens.
func (r *Redis) Start() error {
	_, port, err := net.SplitHostPort(r.Address)
	if err != nil {
		return err
	}
	r.command = exec.Command(r.program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", r.dir)
	if err := r.command.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(WaitTimeout); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", r.Address)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return err
		}
	}
}

// Kill ends the server by SIGKILL; it forgets everything.
func (r *Redis) Kill() {
	if r.command != nil && r.command.Process != nil {
		_ = r.command.Process.Kill() // unless it has ended
		_ = r.command.Wait()         // its error is that it was killed
	}
}

// Pause stops the server until Resume: connections stay open, and the kernel accepts new
// ones.
func (r *Redis) Pause() error { return r.command.Process.Signal(syscall.SIGSTOP) }

// Resume ends a pause.
func (r *Redis) Resume() error { return r.command.Process.Signal(syscall.SIGCONT) }
