// Package gitoverhttp_test has real git clone from and push to whole servers over HTTP, in front
// of a Gitaly that runs real git as well.
package gitoverhttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"gatehouse/tests/gitalytest"
	"gatehouse/tests/gitclient"
	"gatehouse/tests/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// host is a server with a Gitaly and a client.
type host struct {
	*gitclient.Host
	server *servertest.Server
	gitaly *gitalytest.Server
}

// open starts a server on a database.
func open(t *testing.T, database string, settings ...string) host {
	t.Helper()
	gitalytest.RequireGit(t)
	folder := t.TempDir() // older than the Gitaly
	gitaly := gitalytest.Start(t)
	gitaly.KeepOnDisk(t, folder)
	settings = append([]string{`gitaly.storages=[{name: default, address: "` + gitaly.Address() + `"}]`}, settings...)
	server := servertest.Start(t, servertest.Settings(t, database, append(settings, servertest.FastJobs...)...), servertest.WithWorld(t, gitclient.World))
	for _, token := range []string{gitclient.Admin, gitclient.Maint, gitclient.Dev, gitclient.Read, gitclient.Narrow, gitclient.Expired} {
		server.Log.Hide(token)
	}
	gitaly.CallHooks(server.GitalyHooks(t))
	return host{gitclient.New(t, "http://"+server.TCP+servertest.Root, ""), server, gitaly}
}

// onMemory runs a test at a server that keeps all in memory.
func onMemory(t *testing.T, settings ...string) host {
	t.Helper()
	t.Parallel()
	return open(t, "memory:", settings...)
}

// TestScenarios plays what clients do on each database.
func TestScenarios(t *testing.T) {
	for _, scenario := range gitclient.Scenarios {
		t.Run(scenario.Name, func(t *testing.T) {
			servertest.OnEach(t, func(t *testing.T, database string) { scenario.Play(open(t, database).Host) })
		})
	}
}

// running is a git that has been started.
type running struct {
	*exec.Cmd
	out  strings.Builder
	done chan error
}

func (h host) start(token, folder string, args ...string) *running {
	h.Helper()
	r := &running{Cmd: h.Command(token, folder, args...), done: make(chan error, 1)}
	r.Stdout, r.Stderr = &r.out, &r.out
	if err := r.Start(); err != nil {
		h.Fatal(err)
	}
	go func() { r.done <- r.Wait() }()
	return r
}

// await waits until a channel yields, before git ends.
func (r *running) await(t *testing.T, reached <-chan struct{}) {
	t.Helper()
	select {
	case <-reached:
	case err := <-r.done:
		t.Fatalf("git ended too early: %v\n%s", err, &r.out)
	}
}

// awaitLog waits for a line of the request log.
func (h host) awaitLog(words ...string) {
	h.Helper()
	servertest.Await(h.T, strings.Join(words, ", ")+" in the log", func() bool {
		for line := range strings.SplitSeq(h.server.Log.String(), "\n") {
			found := true
			for _, word := range words {
				found = found && strings.Contains(line, word)
			}
			if found {
				return true
			}
		}
		return false
	})
}

// filled has a project of two megabytes.
func (h host) filled() {
	h.Helper()
	folder := h.Push("acme/cli")
	h.Commit(folder, "large", 2<<20)
	h.Must(gitclient.Maint, folder, "push", "origin", "main")
}

// status returns that of a request without credentials.
func (h host) status(path string) int {
	h.Helper()
	answer, err := http.Get(h.URL + path)
	if err != nil {
		h.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// TestClientKilled kills git in the middle of a clone: Gitaly's call ends, and the log says
// so.
func TestClientKilled(t *testing.T) {
	h := onMemory(t)
	h.filled()
	stopped, release := h.gitaly.Throttle(1 << 20)
	defer release()
	clone := h.start(gitclient.Dev, "", "clone", h.Remote("acme/cli.git"), "clone")
	clone.await(h.T, stopped)
	// git-remote-http is a process of its own, which ends with the pipe to git.
	if err := clone.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-clone.done
	h.awaitLog(`"route":"/:repository/git-upload-pack"`, `"bytes_out":1`, `"error":"`)
}

// TestServerDrained stops a server in the middle of a clone and of a push: both end well,
// the hooks of the push are still answered, and whoever begins is refused.
func TestServerDrained(t *testing.T) {
	h := onMemory(t)
	h.filled()
	h.Must(gitclient.Dev, "", "clone", "--quiet", h.Remote("acme/cli.git"), "dev")
	h.Commit("dev", "two", 10)
	hooks := h.server.GitalyHooks(t)
	judging, judge := make(chan struct{}), make(chan struct{})
	decide := hooks.PreReceive
	hooks.PreReceive = func(p gitalytest.Push) error {
		close(judging)
		<-judge
		return decide(p)
	}
	h.gitaly.CallHooks(hooks)
	stopped, release := h.gitaly.Throttle(1 << 20)
	clone := h.start(gitclient.Dev, "", "clone", h.Remote("acme/cli.git"), "clone")
	clone.await(h.T, stopped)
	push := h.start(gitclient.Dev, "dev", "push", "origin", "HEAD:refs/heads/topic")
	push.await(h.T, judging)

	h.server.Terminate()
	servertest.Await(t, "the server to drain", func() bool { return h.status("/-/readiness") == http.StatusServiceUnavailable })
	h.Refused("503", gitclient.Dev, "", "clone", h.Remote("acme/cli.git"), "late")
	close(judge)
	if err := <-push.done; err != nil {
		t.Errorf("push: %v\n%s", err, &push.out)
	}
	h.server.StillRunning(t)
	release()
	if err := <-clone.done; err != nil {
		t.Errorf("clone: %v\n%s", err, &clone.out)
	}
	<-h.server.Done
}

// TestServerDrained_cut stops a server that waits for no transfer.
func TestServerDrained_cut(t *testing.T) {
	h := onMemory(t, "git.http_drain=0s")
	h.filled()
	stopped, release := h.gitaly.Throttle(1 << 20)
	defer release()
	clone := h.start(gitclient.Dev, "", "clone", h.Remote("acme/cli.git"), "clone")
	clone.await(h.T, stopped)
	h.server.Stop(t)
	if err := <-clone.done; err == nil {
		t.Errorf("the clone succeeded:\n%s", &clone.out)
	}
}

// TestGitalyKilled ends Gitaly in the middle of a clone and of a push. Git sees both fail.
func TestGitalyKilled(t *testing.T) {
	h := onMemory(t)
	h.filled()
	h.Must(gitclient.Dev, "", "clone", "--quiet", h.Remote("acme/cli.git"), "dev")
	h.Commit("dev", "two", 10)
	stopped, release := h.gitaly.Throttle(1 << 20)
	clone := h.start(gitclient.Dev, "", "clone", h.Remote("acme/cli.git"), "clone")
	clone.await(h.T, stopped)
	h.gitaly.Stop()
	release()
	if err := <-clone.done; err == nil {
		t.Errorf("the clone succeeded:\n%s", &clone.out)
	}
	h.Refused("503", gitclient.Dev, "", "clone", h.Remote("acme/cli.git"), "away")

	h.gitaly.Resume(t)
	servertest.Await(t, "Gitaly", func() bool {
		_, err := h.Try(gitclient.Dev, "", "ls-remote", h.Remote("acme/cli.git"))
		return err == nil
	})
	hooks := h.server.GitalyHooks(t)
	hooks.PreReceive = func(gitalytest.Push) error {
		h.gitaly.Stop()
		return errors.New("Gitaly has ended")
	}
	h.gitaly.CallHooks(hooks)
	if out, err := h.Try(gitclient.Dev, "dev", "push", "origin", "HEAD:refs/heads/topic"); err == nil {
		t.Errorf("the push succeeded:\n%s", out)
	}
	h.awaitLog(`"route":"/:repository/git-receive-pack"`, `"error":"`)
}

// TestListeners clones over IPv6, over a Unix socket behind a proxy, and from the public
// listener, which serves Git only if it is told to.
func TestListeners(t *testing.T) {
	t.Parallel()
	t.Run("IPv6", func(t *testing.T) {
		if probe, err := net.Listen("tcp", "[::1]:0"); err != nil {
			t.Skip("skipped: this machine has no IPv6")
		} else {
			_ = probe.Close()
		}
		h := onMemory(t, "http.address=[::1]:0")
		h.filled()
		h.Must(gitclient.Dev, "", "clone", h.Remote("acme/cli.git"), "clone")
		h.awaitLog(`"route":"/:repository/git-upload-pack"`, `"remote_ip":"::1"`)
	})
	t.Run("Unix socket", func(t *testing.T) {
		h := onMemory(t)
		h.filled()
		proxy := httptest.NewServer(&httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.Out.URL.Scheme, r.Out.URL.Host = "http", "gatehouse"
				r.Out.Header.Set("X-Forwarded-For", "192.0.2.7")
			},
			Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return h.server.Dial(ctx, servertest.Unix)
			}},
		})
		t.Cleanup(proxy.Close)
		h.Must(gitclient.Dev, "", "clone", proxy.URL+servertest.Root+"/acme/cli", "clone")
		h.awaitLog(`"route":"/:repository/git-upload-pack"`, `"remote_ip":"192.0.2.7"`)
	})
	for _, routes := range []string{"portal", "portal, git"} {
		t.Run("public, "+routes, func(t *testing.T) {
			h := onMemory(t, "http.public_routes="+routes)
			h.filled()
			remote := "http://" + h.server.Public + servertest.Root + "/acme/cli.git"
			if routes == "portal" {
				h.Refused("not found", gitclient.Dev, "", "clone", remote, "clone")
				return
			}
			h.Must(gitclient.Dev, "", "clone", remote, "clone")
		})
	}
}

// TestConnections has as many clones under way as the server has connections to its
// database, and pushes meanwhile: a transfer holds none.
func TestConnections(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		h := open(t, database, "database.pool_size=1", "database.lookups_in_flight=1")
		h.filled()
		h.Must(gitclient.Dev, "", "clone", "--quiet", h.Remote("acme/cli.git"), "dev")
		h.Commit("dev", "two", 10)
		stopped, release := h.gitaly.Throttle(1 << 20)
		var clones []*running
		for i := range 3 {
			clone := h.start(gitclient.Dev, "", "clone", h.Remote("acme/cli.git"), fmt.Sprint("clone-", i))
			clone.await(t, stopped)
			clones = append(clones, clone)
		}
		h.Must(gitclient.Dev, "dev", "push", "origin", "HEAD:refs/heads/topic")
		release()
		for _, clone := range clones {
			if err := <-clone.done; err != nil {
				t.Errorf("clone: %v\n%s", err, &clone.out)
			}
		}
	})
}

// TestBanned guesses until the address is banned.
func TestBanned(t *testing.T) {
	h := onMemory(t, "git.http_ban.failures=5", "http.trusted_proxies=127.0.0.1")
	h.filled()
	const from = "http.extraHeader=X-Forwarded-For: 192.0.2.7"
	for i := range 5 {
		h.Refused("could not read Username", "", "", "-c", from, "-c", fmt.Sprintf("http.extraHeader=Authorization: Bearer guess-%d", i), "ls-remote", h.Remote("acme/cli.git"))
	}
	h.Refused("Too many wrong access tokens", gitclient.Dev, "", "-c", from, "ls-remote", h.Remote("acme/cli.git"))
	h.Must(gitclient.Dev, "", "ls-remote", h.Remote("acme/cli.git"))
}
