// Package e2e_test pushes with git, GitLab Shell and Gitaly as programs of
// their own. Without their binaries the tests are skipped.
package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/adapters/gitaly"
	"gatehouse/application/gitaccess"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/pgtest"
	"gatehouse/tests/servertest"
	"gatehouse/tests/world"
)

// site is one Gatehouse, one Gitaly and a GitLab Shell in a folder.
type site struct {
	dir, git, url string
	// bin is the folder of Gitaly's programs.
	bin    string
	world  string
	gitaly *exec.Cmd
	events *receiver
}

// adminToken is a token of an administrator.
const adminToken = "e2e-administrator-token"

const gitalySecret = "of Gatehouse and Gitaly"

// timeout is far longer than any operation takes.
const timeout = time.Minute

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// each runs a test at a new site on each database.
func each(t *testing.T, test func(t *testing.T, s *site)) {
	t.Parallel()
	for _, database := range []string{"SQLite", "PostgreSQL"} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			s := prepare(t)
			s.world = s.people()
			s.open(t, database)
			test(t, s)
		})
	}
}

// prepare returns a site without a running program, or skips the test.
func prepare(t *testing.T) *site {
	t.Helper()
	shell, gitaly, git := os.Getenv("GITLAB_SHELL_BIN_DIR"), os.Getenv("GITALY_BIN_DIR"), os.Getenv("GIT_BIN")
	if shell == "" || gitaly == "" || git == "" {
		t.Skip("skipped: GITLAB_SHELL_BIN_DIR, GITALY_BIN_DIR and GIT_BIN do not name the programs")
	}
	dir, err := os.MkdirTemp("", "e2e") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &site{dir: dir, git: git, bin: gitaly, events: receive(t)}
	// git calls it with a host and a command, in place of ssh and sshd.
	s.write(t, "ssh", 0o700, fmt.Sprintf("#!/bin/sh\nGITLAB_SHELL_DIR=%s SSH_CONNECTION='192.0.2.7 1 192.0.2.1 22' SSH_ORIGINAL_COMMAND=\"$2\" exec %s key-${KEY}\n", dir, filepath.Join(shell, "gitlab-shell")))
	return s
}

// open starts all programs, with the world of the site.
func (s *site) open(t *testing.T, database string) {
	t.Helper()
	url := s.path("gatehouse.db")
	if database == "PostgreSQL" {
		url = pgtest.Open(t)
	}
	s.url = s.startGatehouse(t, url)
	s.configureGitaly(t)
	s.startGitaly(t)
	s.write(t, "config.yml", 0o600, fmt.Sprintf("user: git\ngitlab_url: %q\nsecret_file: %q\nlog_file: %q\n", s.url, s.path("secret"), s.path("shell.log")))
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) write(t *testing.T, name string, mode os.FileMode, text string) {
	t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// startGatehouse serves a world with a maintainer, whose key is 101, and a
// developer, whose key is 102.
func (s *site) startGatehouse(t *testing.T, database string) (url string) {
	t.Helper()
	config, err := config.Load(config.Sources{Flags: map[string]string{
		"http.address": "127.0.0.1:0", "database.url": database, "external_url": "http://git.example.com",
		"shell.secret_file": s.path("secret"), "instance.key_file": s.path("key"), "log.format": "json",
		"gitaly.storages":         fmt.Sprintf(`[{name: default, address: "unix:%s", token: %q}]`, s.path("gitaly.sock"), gitalySecret),
		"git.merge_request_links": "true", "webhooks.allow_local_requests": "true", "jobs.poll_interval": "100ms", "jobs.retry_delay": "100ms",
	}})
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(s.path("gatehouse.log"))
	if err != nil {
		t.Fatal(err)
	}
	listening, gone := make(chan bootstrap.Addresses, 1), make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		gone <- bootstrap.Run(ctx, config,
			bootstrap.WithLog(bootstrap.NewLogger(config.Log, log)),
			bootstrap.WithWorld(bootstrap.World{Name: "e2e", World: world.Parse(t, s.world)}),
			bootstrap.WhenListening(func(at bootstrap.Addresses) { listening <- at }))
	}()
	t.Cleanup(func() {
		stop()
		if err := <-gone; err != nil {
			t.Errorf("Gatehouse: %v", err)
		}
		s.printLog(t, "gatehouse.log")
		_ = log.Close()
	})
	select {
	case at := <-listening:
		return "http://" + at.TCP
	case err := <-gone:
		gone <- err
		t.Fatalf("Gatehouse: %v", err)
	}
	return ""
}

// people are a maintainer and a developer with keys, their projects and a hook.
func (s *site) people() string {
	return `
users: [{id: 1, username: maint}, {id: 2, username: dev}, {id: 3, username: root, name: Rita Root, email: root@example.com, admin: true}]
access_tokens: [{user: root, name: e2e, scopes: [api], token: ` + adminToken + `}]
groups: [{id: 5, path: acme}]
projects:
  - {id: 42, path: acme/cli, default_branch: main}
  - {id: 43, path: acme/many, default_branch: main, protected_branches: [{name: "*", push: maintainer}]}
members: [{user: maint, group: acme, role: maintainer}, {user: dev, group: acme, role: developer}]
keys:
  - {id: 101, user: maint, title: one, key: "` + world.Key(1) + `"}
  - {id: 102, user: dev, title: two, key: "` + world.Key(2) + `"}
hooks: [{group: acme, url: "` + s.events.URL + `", token: of-the-hook, push_events: true, tag_push_events: true, enable_ssl_verification: false}]
`
}

func (s *site) configureGitaly(t *testing.T) {
	t.Helper()
	for _, folder := range []string{"repositories", "run", "log"} {
		if err := os.Mkdir(s.path(folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.write(t, "gitaly.toml", 0o600, fmt.Sprintf(`
socket_path = %q
bin_dir = %q
runtime_dir = %q
[git]
bin_path = %q
[[storage]]
name = "default"
path = %q
[gitlab]
url = %q
secret_file = %q
[auth]
token = %q
[logging]
dir = %q
`, s.path("gitaly.sock"), s.bin, s.path("run"), s.git, s.path("repositories"), s.url, s.path("secret"), gitalySecret, s.path("log")))
}

// startGitaly starts Gitaly and returns once it answers.
func (s *site) startGitaly(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(s.path("gitaly.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(filepath.Join(s.bin, "gitaly"), "serve", s.path("gitaly.toml"))
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	s.gitaly = server
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		s.printLog(t, "gitaly.log")
		_ = log.Close()
	})
	client, err := gitaly.New([]gitaccess.Storage{{Name: "default", Address: "unix:" + s.path("gitaly.sock"), Token: gitalySecret}}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	servertest.Await(t, "Gitaly", func() bool {
		_, err := client.Check(t.Context(), "default")
		return err == nil
	})
}

// printLog prints a log if the test has failed.
func (s *site) printLog(t *testing.T, name string) {
	if text, err := os.ReadFile(s.path(name)); t.Failed() && err == nil {
		t.Logf("%s:\n%s", name, text)
	}
}

// run runs git in a folder with a key, and returns its output.
func (s *site) run(t *testing.T, key, folder string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	c := exec.CommandContext(ctx, s.git, args...)
	c.Dir = s.path(folder)
	c.Env = append(os.Environ(), "KEY="+key, "GIT_SSH="+s.path("ssh"), "GIT_SSH_VARIANT=simple", "HOME="+s.dir, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Dede", "GIT_AUTHOR_EMAIL=dev@example.com", "GIT_COMMITTER_NAME=Dede", "GIT_COMMITTER_EMAIL=dev@example.com")
	out, err := c.CombinedOutput()
	return string(out), err
}

// must is run for a command that has to succeed.
func (s *site) must(t *testing.T, key, folder string, args ...string) string {
	t.Helper()
	out, err := s.run(t, key, folder, args...)
	if err != nil {
		t.Fatalf("git %s as key %s: %v\n%s", strings.Join(args, " "), key, err, out)
	}
	return out
}

// refused is run for a command that must fail with these words.
func (s *site) refused(t *testing.T, words, key, folder string, args ...string) {
	t.Helper()
	out, err := s.run(t, key, folder, args...)
	if err == nil || !strings.Contains(strings.Join(strings.Fields(out), " "), words) {
		t.Errorf("git %s as key %s: got %v, want it refused with %q\n%s", strings.Join(args, " "), key, err, words, out)
	}
}

// commit makes a commit on the folder's branch.
func (s *site) commit(t *testing.T, folder, file string) {
	t.Helper()
	s.write(t, filepath.Join(folder, file), 0o600, file)
	s.must(t, "", folder, "add", file)
	s.must(t, "", folder, "commit", "--quiet", "--message", "Add "+file)
}

// receiver is a receiver of webhooks.
type receiver struct {
	*httptest.Server
	mutex  sync.Mutex
	events []event
}

type event struct {
	Header   http.Header
	Ref      string `json:"ref"`
	Before   string `json:"before"`
	After    string `json:"after"`
	Checkout string `json:"checkout_sha"`
	Message  string `json:"message"`
	Total    int    `json:"total_commits_count"`
	User     string `json:"user_username"`
	Commit   []struct {
		Title string   `json:"title"`
		Added []string `json:"added"`
	} `json:"commits"`
}

func receive(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		e := event{Header: request.Header}
		_ = json.NewDecoder(bytes.NewReader(body)).Decode(&e)
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.events = append(r.events, e)
	}))
	t.Cleanup(r.Close)
	return r
}

// wait returns the first event for which is returns true.
func (r *receiver) wait(t *testing.T, what string, is func(event) bool) (found event) {
	t.Helper()
	servertest.Await(t, what, func() bool {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		at := slices.IndexFunc(r.events, is)
		if at < 0 {
			return false
		}
		found = r.events[at]
		return true
	})
	return found
}
