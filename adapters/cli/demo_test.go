package cli_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"gatehouse/adapters/cli"
)

func TestDemo_play(t *testing.T) {
	t.Parallel()
	// The documented address is in use, by this test or by another process.
	if listener, err := net.Listen("tcp", "127.0.0.1:3001"); err == nil {
		defer listener.Close()
	}
	got := run(t.Context(), "", "demo", "--play")
	if got.code != 0 || got.err != "" || !strings.HasSuffix(got.out, "Nora was refused before she was a member, and may push now.\n") {
		t.Fatalf("got %d, %s%s", got.code, got.out, got.err)
	}
	for _, want := range []string{
		`--data "key_id=11&project=gnuwget/wget2&action=git-upload-pack&protocol=ssh"`,
		"All 21 examples were answered as documented.", `"path_with_namespace": "rockets/saturn"`, "404 Not Found\n{\n  \"message\"", `"gl_username": "nora"`,
		`gh-pages\n"`, `"message": "Hello from post-receive"`, "200 OK",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is missing:\n%s", want, got.out)
		}
	}
}

func TestDemo_playFindsDifferences(t *testing.T) {
	t.Parallel()
	got := run(t.Context(), "", "demo", "--play", "--address=127.0.0.1:0", "--set", "version=1", "--set", "git.config_options=[a.b=c]", "--set", "git.protocols=http")
	if got.code != 1 || !strings.Contains(got.err, " examples were not answered as documented: Git Authentication, LFS Authentication, Instance information\n") ||
		!strings.HasSuffix(got.err, "2 of 6 calls of the second act were not answered as expected: Before: may Nora push?, After: may Nora push?\n") {
		t.Errorf("got %d, %s", got.code, got.err)
	}
	for _, want := range []string{`gitlab_version: want "12.3.0-pre", got "1"`, "status: want 200, got 401", "gitaly is missing"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is missing:\n%s", want, got.out)
		}
	}
}

// trigger is a writer that calls act when the text has been written.
type trigger struct {
	text string
	act  func()

	mu      sync.Mutex
	written bytes.Buffer
}

func (w *trigger) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.written.Write(p)
	if strings.Contains(w.written.String(), w.text) {
		w.act()
	}
	return n, err
}

func TestDemo_servesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &trigger{text: "# PostReceive", act: cancel}
	var log bytes.Buffer
	code := cli.Run(ctx, cli.Streams{Out: out, Err: &log}, []string{"demo", "--address=127.0.0.1:0"})
	if code != 0 || !strings.Contains(log.String(), "listening") {
		t.Errorf("got %d, %s", code, &log)
	}
	_, dir, _ := strings.Cut(out.written.String(), "secret are in\n")
	dir, _, _ = strings.Cut(dir, " ")
	if _, err := os.Stat(dir); err == nil || !strings.Contains(dir, "gatehouse-demo-") {
		t.Errorf("the folder %q is still there", dir)
	}
}

func TestServe_withWorldInMemory(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := &trigger{text: `"msg":"listening"`, act: cancel}
	code := cli.Run(ctx, cli.Streams{In: strings.NewReader(world), Err: log}, []string{
		"serve", "--database=memory:", "--address=127.0.0.1:0", "--world=-", "--set=shell.secret_file=" + t.TempDir() + "/secret", "--set=instance.key_file=" + t.TempDir() + "/key",
		"--set=kas.secret_file=" + t.TempDir() + "/kas",
	})
	if code != 0 || !strings.Contains(log.written.String(), "2 users, 1 group") {
		t.Errorf("got %d, %s", code, &log.written)
	}
	if got := run(t.Context(), "users: 1", "serve", "--database=memory:", "--world=-"); got.code != 1 || !strings.Contains(got.err, "line 1") {
		t.Errorf("a bad world: got %d, %s", got.code, got.err)
	}
}
