// Package gitclient drives real git over HTTP against a whole host: a server and a Gitaly
// behind it. The scenarios are the same for the Gitaly of the tests and for a real one.
package gitclient

import (
	"context"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/tests/servertest"
)

// The access tokens of World. Each belongs to the user of its name, but Read, Narrow and
// Expired, which are dev's.
const (
	Admin   = "gitclient-token-of-root"
	Maint   = "gitclient-token-of-maint"
	Dev     = "gitclient-token-of-dev"
	Read    = "gitclient-token-that-reads"
	Narrow  = "gitclient-token-for-users"
	Expired = "gitclient-token-that-expired"
)

// World has a maintainer and a developer of a group, a private project, which was moved, and
// a public one.
const World = `
users: [{id: 1, username: root, admin: true}, {id: 2, username: maint}, {id: 3, username: dev}]
groups: [{id: 5, path: acme}, {id: 6, path: open, visibility: public}]
projects:
  - {id: 42, path: acme/cli, default_branch: main, moved_from: [old/cli]}
  - {id: 43, path: open/site, visibility: public, default_branch: main}
members:
  - {user: maint, group: acme, role: maintainer}
  - {user: dev, group: acme, role: developer}
  - {user: maint, group: open, role: maintainer}
access_tokens:
  - {user: root, name: t, scopes: [api], token: ` + Admin + `}
  - {user: maint, name: t, scopes: [write_repository], token: ` + Maint + `}
  - {user: dev, name: t, scopes: [write_repository], token: ` + Dev + `}
  - {user: dev, name: read, scopes: [read_repository], token: ` + Read + `}
  - {user: dev, name: narrow, scopes: [read_user], token: ` + Narrow + `}
  - {user: dev, name: old, scopes: [api], expires_at: 2020-01-01, token: ` + Expired + `}
`

// Host is a host under test, with a folder for clones.
type Host struct {
	*testing.T
	// URL is the address of the server, with its relative root.
	URL string
	// Program is git.
	Program string
	dir     string
}

// New returns a host whose clones lie in a folder of their own. An empty program is the git
// of this machine.
func New(t *testing.T, url, program string) *Host {
	t.Helper()
	if program == "" {
		found, err := exec.LookPath("git")
		if err != nil && os.Getenv("CI") == "" {
			t.Skip("skipped: there is no git")
		}
		program = found
	}
	return &Host{t, url, program, t.TempDir()}
}

// Path returns the path of a folder for clones.
func (h *Host) Path(names ...string) string {
	return filepath.Join(append([]string{h.dir}, names...)...)
}

// Remote returns the URL of a project.
func (h *Host) Remote(project string) string { return h.URL + "/" + project }

// Command returns the command of git in a folder. With a token it answers the server's
// challenge, as people's credential helpers do.
func (h *Host) Command(token, folder string, args ...string) *exec.Cmd {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), servertest.WaitTimeout)
	h.Cleanup(cancel)
	helper := ""
	if token != "" {
		helper = fmt.Sprintf("!f() { test \"$1\" = get && echo username=any && echo password=%s; }; f", token)
	}
	c := exec.CommandContext(ctx, h.Program, append([]string{
		"-c", "credential.helper=", "-c", "credential.helper=" + helper, "-c", "init.defaultBranch=main", "-c", "protocol.version=2",
		"-c", "gc.auto=0", "-c", "maintenance.auto=false",
	}, args...)...)
	c.Dir = h.Path(folder)
	c.Env = append(os.Environ(), "HOME="+h.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Dede", "GIT_AUTHOR_EMAIL=dev@example.com", "GIT_COMMITTER_NAME=Dede", "GIT_COMMITTER_EMAIL=dev@example.com",
		"GIT_TRACE_CURL=1", "GIT_TRACE_CURL_NO_DATA=1", "GIT_TRACE_REDACT=1", "no_proxy=*")
	c.WaitDelay = time.Second
	return c
}

// Try runs git and returns what it prints, with the trace of its requests.
func (h *Host) Try(token, folder string, args ...string) (string, error) {
	h.Helper()
	out, err := h.Command(token, folder, args...).CombinedOutput()
	return string(out), err
}

// Must is Try for a command that has to succeed.
func (h *Host) Must(token, folder string, args ...string) string {
	h.Helper()
	out, err := h.Try(token, folder, args...)
	if err != nil {
		h.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Refused is Try for a command that has to fail and to print these words.
func (h *Host) Refused(words, token, folder string, args ...string) string {
	h.Helper()
	out, err := h.Try(token, folder, args...)
	if err == nil || !strings.Contains(strings.Join(strings.Fields(out), " "), words) {
		h.Errorf("git %s: got %v, want it refused with %q\n%s", strings.Join(args, " "), err, words, out)
	}
	return out
}

// Want fails the test unless a text has all words.
func (h *Host) Want(what, text string, words ...string) {
	h.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			h.Errorf("%s: %q is missing in\n%s", what, word, text)
		}
	}
}

// Write writes a file of that size which cannot be compressed. Files of different names
// differ.
func (h *Host) Write(folder, file string, size int) {
	h.Helper()
	content := make([]byte, size)
	seed := crc32.ChecksumIEEE([]byte(file))
	for i := range content {
		seed = seed*1664525 + 1013904223
		content[i] = byte(seed >> 24)
	}
	if err := os.WriteFile(h.Path(folder, file), content, 0o600); err != nil {
		h.Fatal(err)
	}
}

// Commit adds a file as Write does, and commits it.
func (h *Host) Commit(folder, file string, size int) {
	h.Helper()
	h.Write(folder, file, size)
	h.Must("", folder, "add", file)
	h.Must("", folder, "commit", "--quiet", "--message", "Add "+file)
}

// Head returns the commit of a revision.
func (h *Host) Head(folder, revision string) string {
	h.Helper()
	return strings.TrimSpace(h.Must("", folder, "rev-parse", revision))
}

// Init makes a repository with one commit and a remote.
func (h *Host) Init(folder, project string) {
	h.Helper()
	h.Must("", "", "init", "--quiet", folder)
	h.Commit(folder, "one", 10)
	h.Must("", folder, "remote", "add", "origin", h.Remote(project))
}

// Push fills a project by a first push of the maintainer, from a folder of its name.
func (h *Host) Push(project string) (folder string) {
	h.Helper()
	folder = strings.ReplaceAll(project, "/", "-")
	h.Init(folder, project+".git")
	servertest.Await(h.T, "the repository of "+project, func() bool {
		out, err := h.Try(Maint, folder, "push", "origin", "main")
		if err != nil && !strings.Contains(out, "There is no repository for this project yet") {
			h.Fatalf("push: %v\n%s", err, out)
		}
		return err == nil
	})
	return folder
}

// Between returns the URL of a server in front, which calls do before it passes a request on.
func (h *Host) Between(do func(*http.Request)) string {
	h.Helper()
	target, err := url.Parse(h.URL)
	if err != nil {
		h.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		do(r)
		proxy.ServeHTTP(w, r)
	}))
	h.Cleanup(server.Close)
	return server.URL
}

// API asks the management API as the administrator, and wants a status below 300.
func (h *Host) API(method, path string) {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), method, h.URL+"/api/v4"+path, nil)
	if err != nil {
		h.Fatal(err)
	}
	r.Header.Set("PRIVATE-TOKEN", Admin)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode >= 300 {
		h.Errorf("%s %s: got status %d", method, path, answer.StatusCode)
	}
}
