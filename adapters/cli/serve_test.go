package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/grpclog"

	"gatehouse/adapters/cli"
	"gatehouse/bootstrap"
)

// lines is a writer that hands each line to a channel. gRPC may log when the command
// line has ended, so it is never closed: an empty line is its end.
type lines chan string

// Write implements io.Writer.
func (l lines) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		l <- string(line)
	}
	return len(p), nil
}

// message is a line of the log.
type message struct {
	Level    string
	Logger   string
	Msg      string
	Setting  string
	File     string
	Error    string
	LogLevel string `json:"log_level"`
	Keys     []string
}

// serving is a server that a command line runs in this process.
type serving struct {
	log     lines
	hangups chan os.Signal
	stop    context.CancelFunc
	code    chan int
}

// serve runs a command line with the arguments until the test ends, and returns once
// the log has a line with the message "listening".
func serve(t *testing.T, args ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &serving{make(lines, 1000), make(chan os.Signal, 1), cancel, make(chan int, 1)}
	go func() {
		s.code <- cli.Run(ctx, cli.Streams{Out: new(bytes.Buffer), Err: s.log, Hangups: s.hangups}, args)
		s.log <- ""
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-s.code; code != 0 {
			t.Errorf("got the exit code %d", code)
		}
	})
	s.until(t, "listening")
	return s
}

// until takes lines from the log to one with that message, and returns them.
func (s *serving) until(t *testing.T, msg string) (all []message) {
	t.Helper()
	for line := range s.log {
		if line == "" {
			break
		}
		var m message
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if all = append(all, m); m.Msg == msg {
			return all
		}
	}
	t.Fatalf("no line has the message %q", msg)
	return nil
}

// hangup does what SIGHUP does, and returns what the log has of it.
func (s *serving) hangup(t *testing.T) []message {
	t.Helper()
	s.hangups <- nil
	all := slices.DeleteFunc(s.until(t, "secret files and log level were read again"), func(m message) bool { return m.Level == "debug" || m.Logger == "grpc" })
	return all
}

// TestServe_hangup changes the secret and the configuration file of a server, and
// sends hang-ups.
func TestServe_hangup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, secret := filepath.Join(dir, "gatehouse.yaml"), filepath.Join(dir, "secret")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const base = "http: {address: '127.0.0.1:0'}\ndatabase: {url: 'memory:'}\n"
	write(file, base+"log: {level: info}\n")
	s := serve(t, "serve", "--config="+file, "--set=shell.secret_file="+secret,
		"--set=instance.key_file="+filepath.Join(dir, "key"), "--set=kas.secret_file="+filepath.Join(dir, "kas"))

	want := func(what string, got []message, want ...message) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%s: got %v, want %v", what, got, want)
		}
		for i, w := range want {
			g := got[i]
			if g.Level != w.Level || g.Msg != w.Msg || g.Setting != w.Setting || g.LogLevel != w.LogLevel || !slices.Equal(g.Keys, w.Keys) || !strings.Contains(g.Error, w.Error) {
				t.Errorf("%s: got %v, want %v", what, g, w)
			}
		}
	}
	read := message{Level: "info", Msg: "secret files and log level were read again", LogLevel: "info"}

	want("nothing has changed", s.hangup(t), read)

	write(secret, "another secret, long enough")
	want("the secret", s.hangup(t), message{Level: "info", Msg: "a changed secret is in use", Setting: "shell.secret_file"}, read)

	write(file, base+"log: {level: debug}\nredis: {url: 'redis://:hunter2@redis'}\notp: {enabled: false}\n")
	got := s.hangup(t)
	read.LogLevel = "debug"
	want("the level and others", got, message{Level: "warn", Msg: "changed settings need a restart", Keys: []string{"redis.url", "otp.enabled"}}, read)

	write(file, base+"log: {level: warn}\n")
	read.LogLevel = "warn"
	want("a higher level", s.hangup(t), read)

	for _, bad := range []string{"log: [", "log: {level: loud}\n", "gti: 1\n"} {
		write(file, base+bad)
		s.hangups <- nil
		got := s.until(t, "the settings cannot be loaded again, so they stay as they are")
		want(bad, got, message{Level: "error", Msg: "the settings cannot be loaded again, so they stay as they are"})
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	s.hangups <- nil
	want("no file", s.until(t, "the settings cannot be loaded again, so they stay as they are"),
		message{Level: "error", Msg: "the settings cannot be loaded again, so they stay as they are", Error: file})
	write(file, base)
	read.LogLevel = "info"
	want("back to the default", s.hangup(t), read)
}

// TestServe_grpcLog is not parallel: gRPC has one log for the whole process.
func TestServe_grpcLog(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, "serve", "--database=memory:", "--address=127.0.0.1:0", "--set=shell.secret_file="+filepath.Join(dir, "secret"),
		"--set=instance.key_file="+filepath.Join(dir, "key"), "--set=kas.secret_file="+filepath.Join(dir, "kas"))
	grpclog.Warning("a line of gRPC's own")
	lines := s.until(t, "a line of gRPC's own")
	if got := lines[len(lines)-1]; got.Level != "warn" || got.Logger != "grpc" {
		t.Errorf("got %+v", got)
	}
}

func TestDemo_hangup(t *testing.T) {
	t.Parallel()
	s := serve(t, "demo", "--address=127.0.0.1:0")
	if got := s.hangup(t); len(got) != 1 || got[0].LogLevel != "info" {
		t.Errorf("got %v", got)
	}
}

// TestServe_strict starts a server with a weak secret: a warning, or an error with
// secrets.strict.
func TestServe_strict(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"serve", "--database=memory:", "--address=127.0.0.1:0", "--set=shell.secret_file=" + secret,
		"--set=instance.key_file=" + filepath.Join(dir, "key"), "--set=kas.secret_file=" + filepath.Join(dir, "kas"),
	}
	got := run(t.Context(), "", append(args, "--set=secrets.strict=true")...)
	if got.code != 1 || !strings.HasPrefix(got.err, "gatehouse: shell.secret_file: ") || !strings.Contains(got.err, secret) || strings.Contains(got.err, "hunter2") {
		t.Errorf("strict: got %d, %s", got.code, got.err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := &trigger{text: `"msg":"listening"`, act: cancel}
	code := cli.Run(ctx, cli.Streams{Err: log}, args)
	if text := log.written.String(); code != 0 || strings.Count(text, `"msg":"a secret is weak"`) != 1 || strings.Contains(text, "hunter2") {
		t.Errorf("got %d, %s, want one warning", code, text)
	}
}

// TestServe_options replaces a leaf of the graph.
func TestServe_options(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	code := cli.Run(ctx, cli.Streams{Err: new(bytes.Buffer)}, []string{
		"serve", "--database=memory:", "--address=127.0.0.1:0", "--set=shell.secret_file=" + filepath.Join(dir, "secret"),
		"--set=instance.key_file=" + filepath.Join(dir, "key"), "--set=kas.secret_file=" + filepath.Join(dir, "kas"),
	}, bootstrap.WhenListening(func(bootstrap.Addresses) { cancel() }))
	if code != 0 || t.Context().Err() != nil {
		t.Errorf("got the exit code %d", code)
	}
}
