package bench_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse/tests/servertest"
)

// task is what the test binary does instead of tests when it is started again, as a
// process of its own.
type task struct {
	Name string
	// URL is the database of the floor, the host that the proxy forwards to, or the folder of
	// Gitaly; Address where each listens.
	URL, Address string
}

const (
	taskVariable = "BENCH_TASK"
	loadTask     = "load"
	floorTask    = "floor"
	delayTask    = "delay"
	gitalyTask   = "gitaly"
)

func (t task) command() (*exec.Cmd, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(program)
	command.Env = append(os.Environ(), taskVariable+"="+string(text))
	return command, nil
}

// runTask does the task that this process was started for, if there is one, and ends with
// its standard input.
func runTask() {
	text, given := os.LookupEnv(taskVariable)
	if !given {
		return
	}
	var t task
	err := json.Unmarshal([]byte(text), &t)
	switch {
	case err != nil:
	case t.Name == loadTask:
		err = generate(os.Stdin, os.Stdout)
	default:
		serve := map[string]func(context.Context, task) error{floorTask: serveFloor, delayTask: serveDelay, gitalyTask: serveGitaly}[t.Name]
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
		if err = serve(ctx, t); ctx.Err() != nil {
			err = io.EOF
		}
	}
	if !errors.Is(err, io.EOF) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// process is a server that runs in a process of its own.
type process struct {
	name    string
	address string
	// network is that of the address; empty for TCP.
	network string
	world   world
	pid     int
	// onPostgres says that its database is PostgreSQL's.
	onPostgres bool
	// warm says that it was asked before.
	warm bool
	// stop ends the process. It also ends with the test.
	stop func()
}

// startServer starts a gatehouse program on a database, with its usual settings but for
// the limit of requests, which is too high to be met, and those given. Its log is written,
// and thrown away.
func startServer(t testing.TB, name, program, url string, w world, settings ...string) *process {
	t.Helper()
	dir := t.TempDir()
	address := freeAddress(t)
	args := []string{"serve"}
	for _, setting := range append([]string{
		"http.address=" + address, "database.url=" + url, "shell.secret_file=" + secretFile(t), "kas.secret_file=" + filepath.Join(dir, "kas"),
		"instance.key_file=" + secretFile(t), // that of all servers on the database
		"git.rate_limit=" + strconv.Itoa(rateLimit), "log.format=json",
	}, settings...) {
		args = append(args, "--set", setting)
	}
	command := exec.Command(program, args...)
	command.Dir, command.Env = dir, []string{"TZ=UTC"}
	p := &process{name: name, address: address, world: w, onPostgres: isPostgres(url)}
	p.start(t, command)
	return p
}

// startFloor starts the floor on the database of a server.
func startFloor(t testing.TB, url string, w world) *process {
	t.Helper()
	p := &process{name: "floor", address: freeAddress(t), world: w, onPostgres: isPostgres(url)}
	p.startTask(t, task{Name: floorTask, URL: url, Address: p.address})
	return p
}

// startTask starts this binary for a task, and returns once it listens.
func (p *process) startTask(t testing.TB, task task) {
	t.Helper()
	command, err := task.command()
	if err == nil {
		_, err = command.StdinPipe() // open as long as this process
	}
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = os.Stderr
	p.start(t, command)
}

// start runs the command until the end of the test, and returns once it listens.
func (p *process) start(t testing.TB, command *exec.Cmd) {
	t.Helper()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid = command.Process.Pid
	ended := make(chan struct{})
	go func() {
		_ = command.Wait() // how it ended says nothing: it was killed
		close(ended)
	}()
	p.stop = func() {
		_ = command.Process.Kill()
		<-ended
	}
	t.Cleanup(p.stop)
	for deadline := time.After(servertest.WaitTimeout); ; {
		conn, err := net.Dial(cmp.Or(p.network, "tcp"), p.address)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s ended before it listened; to see why: %s", p.name, command)
		case <-deadline:
			t.Fatalf("%s does not listen: %s", p.name, command)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// isPostgres says whether a database is PostgreSQL's, and not a file of SQLite.
func isPostgres(url string) bool { return strings.Contains(url, "://") }

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// cpuTime returns how long processes have run on a core, all together. A process that has
// ended does not count.
func cpuTime(pids ...int) (total time.Duration) {
	const tick = 10 * time.Millisecond // of all of Linux's clocks that programs see
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		for _, field := range fields[11:13] { // for itself and in the kernel
			ticks, _ := strconv.Atoi(string(field))
			total += time.Duration(ticks) * tick
		}
	}
	return total
}
