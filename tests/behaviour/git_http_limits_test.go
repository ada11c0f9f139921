package behaviour_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"gatehouse/application/gitaccess"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/audit"
)

var gitLimitCases = []Case{
	{Name: "Git over HTTP: guessers are banned", Check: func(s Subject) {
		server := s.gitServer()
		ask := func(token, peer string) int {
			return server.ask(git{line: fmt.Sprintf(gitFetch, "open/site"), token: token, peer: peer}).Code
		}
		for i := range 29 {
			if got := ask(fmt.Sprint("guess", i), ""); got != 401 {
				s.Fatalf("guess %d: got %d", i, got)
			}
		}
		for i := range 40 {
			if got := ask("t-old", ""); got != 401 {
				s.Fatalf("expired token, time %d: got %d", i, got) // which is no guess
			}
		}
		s.Same("a right one", ask("t-dev", ""), 200)
		for i := range 30 {
			if got := ask(fmt.Sprint("guess", i), ""); got != 401 {
				s.Fatalf("guess %d after a right one: got %d", i, got)
			}
		}
		s.Same("banned", ask("guess", ""), 403)
		s.Same("banned, the right one", ask("t-dev", ""), 403)
		s.Same("banned, without credentials", ask("", ""), 403)
		s.Same("another address", ask("t-dev", "198.51.100.8:1"), 200)
		server.server.now = server.server.now.Add(59 * time.Minute)
		s.Same("before the hour is over", ask("t-dev", ""), 403)
		server.server.now = server.server.now.Add(2 * time.Minute)
		s.Same("after the hour", ask("t-dev", ""), 200)
	}},
	{Name: "Git over HTTP: what is no guess", Check: func(s Subject) {
		server := s.gitServer()
		for _, header := range []string{"Negotiate abc", "Basic Og==", "Basic Z2l0bGFiLWNpLXRva2VuOng=", "Bearer "} {
			for range 40 {
				if w := server.ask(git{line: fmt.Sprintf(gitFetch, "open/site"), header: map[string]string{"Authorization": header}}); w.Code != 401 {
					s.Fatalf("%s: got %d", header, w.Code)
				}
			}
		}
	}},
	{Name: "Git over HTTP: behind a proxy that is not trusted no one is banned", Check: func(s Subject) {
		server := s.gitServer()
		for _, c := range []struct {
			peer string
			want int
		}{{"10.0.0.1:1", 401}, {"127.0.0.1:1", 401}, {"[::1]:1", 401}, {"198.51.100.9:1", 403}} {
			got := 0
			for range 31 {
				got = server.ask(git{line: fmt.Sprintf(gitFetch, "open/site"), token: "guess", peer: c.peer, header: map[string]string{"X-Forwarded-For": "203.0.113.5"}}).Code
			}
			s.Same(c.peer, got, c.want)
		}
		bare := func(peer string) (got int) {
			for range 31 {
				got = server.ask(git{line: fmt.Sprintf(gitFetch, "open/site"), token: "guess", peer: peer}).Code
			}
			return got
		}
		s.Same("this machine", bare("127.0.0.1:1"), 401)
		s.Same("private address", bare("10.0.0.9:1"), 403)
		banned := git{line: fmt.Sprintf(gitFetch, "open/site"), peer: "10.0.0.9:1", header: map[string]string{"X-Forwarded-For": "203.0.113.5"}}
		server.want(banned, 403, "wrong access tokens") // a header does not end a ban
	}},
	{Name: "Git over HTTP: a ban can be switched off", Check: func(s Subject) {
		server := s.gitServer(func(c *config.Config) { c.Git.HTTPBan.Failures = 0 })
		for range 100 {
			server.want(git{line: fmt.Sprintf(gitFetch, "open/site"), token: "guess"}, 401, "")
		}
	}},
	{Name: "Git over HTTP: rate limit", Check: func(s Subject) {
		server := s.gitServer(func(c *config.Config) { c.Git.RateLimit = 2 })
		line := fmt.Sprintf(gitFetch, "acme/cli")
		server.want(git{line: line, token: "t-dev"}, 200, "")
		server.want(git{line: strings.ToUpper(line[:10]) + line[10:], token: "t-dev"}, 200, "")
		w := server.want(git{line: line, token: "t-dev"}, 429, "Too many")
		wantHeaders(s, w, map[string]string{"Retry-After": "60"})
		stranger := fmt.Sprintf(gitFetch, "open/site")
		server.want(git{line: stranger, peer: "192.0.2.1:1"}, 200, "")
		server.want(git{line: fmt.Sprintf(gitFetch, "acme/none"), peer: "192.0.2.1:1"}, 401, "")
		server.want(git{line: stranger, peer: "192.0.2.1:1"}, 429, "Too many")
		server.want(git{line: stranger, peer: "192.0.2.2:1"}, 200, "")
	}},
	{Name: "Git over HTTP: all strangers together have 32 transfers", Check: func(s Subject) {
		server := s.gitServer()
		release := make(chan struct{})
		blocked := &blockedHTTP{smartHTTP: server.gitaly, entered: make(chan struct{}), release: release}
		server.server = s.serverWith(bootstrap.Fakes{Repositories: repositories{}, SmartHTTP: blocked})
		var running sync.WaitGroup
		for i := range 32 {
			running.Go(func() {
				server.want(git{line: fmt.Sprintf(gitFetch, "open/site"), peer: fmt.Sprintf("192.0.2.%d:1", i/4)}, 200, "")
			})
			<-blocked.entered
		}
		server.want(git{line: fmt.Sprintf(gitFetch, "open/site"), peer: "198.51.100.1:1"}, 429, "without an account")
		close(release)
		running.Wait()
	}},
	{Name: "Git over HTTP: strangers have few transfers", Check: func(s Subject) {
		server := s.gitServer()
		release := make(chan struct{})
		blocked := &blockedHTTP{smartHTTP: server.gitaly, entered: make(chan struct{}), release: release}
		server.server = s.serverWith(bootstrap.Fakes{Repositories: repositories{}, SmartHTTP: blocked})
		var running sync.WaitGroup
		for i := range 4 {
			running.Go(func() {
				line := fmt.Sprintf(gitFetch, "open/site")
				g := git{line: line}
				if i%2 == 0 {
					g = git{line: "POST /open/site.git/git-upload-pack", body: "0000"}
				}
				server.want(g, 200, "")
			})
			<-blocked.entered
		}
		w := server.want(git{line: fmt.Sprintf(gitFetch, "open/site")}, 429, "without an account")
		if w.Header().Get("Retry-After") == "" {
			s.Errorf("no Retry-After")
		}
		server.want(git{line: "POST /open/site.git/git-upload-pack", body: "0000"}, 200, "ERR Too many")
		go func() { <-blocked.entered; <-blocked.entered; close(release) }()
		running.Go(func() { server.want(git{line: fmt.Sprintf(gitFetch, "open/site"), token: "t-dev"}, 200, "") })
		server.want(git{line: fmt.Sprintf(gitFetch, "open/site"), peer: "198.51.100.8:1"}, 200, "")
		running.Wait()
		server.want(git{line: fmt.Sprintf(gitFetch, "open/site")}, 200, "")
	}},
}

// blockedHTTP waits in each call until release is closed.
type blockedHTTP struct {
	*smartHTTP
	entered chan struct{}
	release <-chan struct{}
}

func (b *blockedHTTP) wait() {
	select {
	case <-b.release:
	case b.entered <- struct{}{}:
		<-b.release
	}
}

func (b *blockedHTTP) InfoRefs(ctx context.Context, t gitaccess.Transfer, w io.Writer) error {
	b.wait()
	return b.smartHTTP.InfoRefs(ctx, t, w)
}

func (b *blockedHTTP) UploadPack(ctx context.Context, t gitaccess.Transfer, r io.Reader, w io.Writer) (audit.Stats, error) {
	b.wait()
	return b.smartHTTP.UploadPack(ctx, t, r, w)
}
