package upgrade_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/fx"

	"gatehouse/adapters/cli"
	"gatehouse/application"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

// instance is a gatehouse: this tree or a binary.
type instance interface {
	// run returns what a command prints.
	run(t *testing.T, args ...string) string
	// serve returns the base URL of a server with the settings, and what stops
	// the server.
	serve(t *testing.T, with settings) (url string, stop func())
	// now is the time for the servers.
	now() time.Time
}

// settings are configuration values by key.
type settings map[string]string

// newSettings returns the settings of every server and command. Durations are
// so long that none ends between the writing of a set and its test.
func newSettings(t *testing.T, database string) settings {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"shell", "kas", "instance"} { // the server wants them private, which Git cannot keep
		writeFile(t, filepath.Join(dir, name), readFile(t, filepath.Join("testdata/secrets", name)))
	}
	return settings{
		"database.url": database, "external_url": "https://git.example.com", "http.address": "127.0.0.1:0",
		"shell.secret_file": filepath.Join(dir, "shell"), "kas.secret_file": filepath.Join(dir, "kas"),
		"instance.key_file": filepath.Join(dir, "instance"),
		"gitaly.storages":   `[{name: default, address: "tcp://gitaly.example.com:8075", token: gitaly-token}]`, "gitaly.connect": "false",
		"git.rate_limit": "0", "audit.enabled": "true", "tokens.max_lifetime_days": "0",
		"counters.expiry": tenYears, "otp.session": tenYears, "seats.refresh_interval": tenYears,
		"jobs.workers": "0", "jobs.poll_interval": "50ms", "jobs.retry_delay": "1h", "webhooks.allow_local_requests": "true",
		"webhooks.timeout": "50s", // on a busy machine the receiver may be slow
		"version":          "16.11.0-gatehouse", "log.level": "info", "log.format": "json",
	}
}

const tenYears = "87600h"

// storage makes servers ask the Gitaly at the address.
func storage(address string) settings {
	return settings{"gitaly.connect": "true", "gitaly.storages": `[{name: default, address: "` + address + `"}]`}
}

// with returns a copy with more values.
func (s settings) with(more settings) settings {
	all := maps.Clone(s)
	maps.Copy(all, more)
	return all
}

// flags are the settings as arguments.
func (s settings) flags() (args []string) {
	for _, key := range slices.Sorted(maps.Keys(s)) {
		args = append(args, "--set", key+"="+s[key])
	}
	return args
}

// timeout is far longer than any operation takes.
const timeout = 5 * time.Minute

// await polls until done.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(timeout); !done(); <-poll.C {
		if time.Now().After(deadline) {
			t.Fatalf("no %s in %s", what, timeout)
		}
	}
}

// logBuffer collects a log.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns what was written so far.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// tree is this source tree, in the process of the test, at a fixed time.
type tree struct{ at time.Time }

func newTree(at time.Time) tree { return tree{at} }

func (r tree) now() time.Time { return r.at }

func (tree) run(t *testing.T, args ...string) string {
	t.Helper()
	var out, log bytes.Buffer
	if code := cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &log}, args); code != 0 {
		t.Fatalf("gatehouse %s: exit code %d: %s", args[0], code, &log)
	}
	return out.String()
}

// wantRefusal wants `gatehouse migrate` to refuse a database with these words, also with
// --check, and the database to stay as it is.
func (tree) wantRefusal(t *testing.T, e engine, url string, words []string, with settings) {
	t.Helper()
	before := e.content(t, url)
	for _, command := range [][]string{{"migrate", "--check"}, {"migrate"}} {
		var out bytes.Buffer
		code := cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, append(command, with.flags()...))
		if code != 1 {
			t.Errorf("gatehouse %s: got exit code %d: %s", command, code, &out)
		}
		for _, word := range words {
			if !strings.Contains(out.String(), word) {
				t.Errorf("gatehouse %s: got %s, want %s", command, &out, word)
			}
		}
	}
	if diff := cmp.Diff(lines(before), lines(e.content(t, url))); diff != "" {
		t.Errorf("the database after the refusal (-before +after):\n%s", diff)
	}
}

func (r tree) serve(t *testing.T, with settings) (url string, stop func()) {
	t.Helper()
	config, err := config.Load(config.Sources{Flags: with})
	if err != nil {
		t.Fatal(err)
	}
	log := new(logBuffer)
	listening, gone := make(chan bootstrap.Addresses, 1), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		gone <- bootstrap.Run(ctx, config,
			fx.Replace(application.Clock(r.now)),
			bootstrap.WithLog(bootstrap.NewLogger(config.Log, log)),
			bootstrap.WhenListening(func(at bootstrap.Addresses) { listening <- at }))
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-gone; err != nil {
			t.Errorf("Run: %v\n%s", err, log)
		}
	})
	t.Cleanup(stop)
	select {
	case at := <-listening:
		return "http://" + at.TCP, stop
	case err := <-gone:
		gone <- nil // for stop
		t.Fatalf("Run: %v\n%s", err, log)
		return "", nil
	}
}

// binary is a program of a release, at the machine's time.
type binary struct{ path string }

func (binary) now() time.Time { return time.Now().UTC() }

func (b binary) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), b.path, args...)
	command.Dir, command.Env = t.TempDir(), []string{"TZ=UTC"} // no configuration but the arguments
	return command
}

func (b binary) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := b.command(t, args...).Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("gatehouse %s: %v: %s", args[0], err, failed.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func (b binary) serve(t *testing.T, with settings) (url string, stop func()) {
	t.Helper()
	command := b.command(t, append([]string{"serve"}, with.flags()...)...)
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	lines := bufio.NewReader(log)
	for url == "" {
		line, err := lines.ReadString('\n')
		all.WriteString(line)
		if err != nil {
			t.Fatalf("the server does not listen: %v\n%s", err, &all)
		}
		var entry struct{ Msg, Key, Address string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "listening" && entry.Key == "http.address" {
			url = "http://" + entry.Address
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(&all, lines) // until the server has ended
	}()
	return url, func() {
		err := command.Process.Signal(syscall.SIGTERM)
		<-drained
		if err := errors.Join(err, command.Wait()); err != nil {
			t.Fatalf("the server: %v\n%s", err, &all)
		}
	}
}

// client closes each connection, so that no server waits for it at its end.
var client = &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
