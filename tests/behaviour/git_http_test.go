package behaviour_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/credentials"
	"gatehouse/application/gitaccess"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

func TestGit_http(t *testing.T) {
	run(t, gitDecisionCases, gitAnswerCases, gitLimitCases, workhorseCases)
}

// gitWorld has a token for each user, named t-USER, and further ones of dev's.
const gitWorld = `
users:
  - {id: 1, username: root, admin: true}
  - {id: 2, username: maint}
  - {id: 3, username: dev}
  - {id: 4, username: rep}
  - {id: 5, username: guest}
  - {id: 6, username: new}
  - {id: 7, username: gone, state: blocked}
groups:
  - {id: 11, path: acme}
  - {id: 12, path: open, visibility: public}
  - {id: 13, path: office, visibility: public, allowed_ips: [192.0.2.0/24]}
  - {id: 14, path: sshonly, visibility: public, protocols: ssh}
projects:
  - {id: 21, path: acme/cli, moved_from: [old/cli]}
  - {id: 22, path: open/site, visibility: public}
  - {id: 23, path: open/members, visibility: public, repository: private}
  - {id: 24, path: acme/archived, archived: true}
  - {id: 25, path: office/plans, visibility: public}
  - {id: 26, path: sshonly/x, visibility: public}
  - {id: 27, path: acme/elsewhere, storage: other}
members:
  - {user: maint, group: acme, role: maintainer}
  - {user: dev, group: acme, role: developer}
  - {user: rep, group: acme, role: reporter}
  - {user: guest, group: acme, role: guest}
  - {user: gone, group: acme, role: developer}
access_tokens:
  - {user: root, name: t, scopes: [api], token: t-root}
  - {user: maint, name: t, scopes: [api], token: t-maint}
  - {user: dev, name: t, scopes: [api], token: t-dev}
  - {user: rep, name: t, scopes: [write_repository], token: t-rep}
  - {user: guest, name: t, scopes: [api], token: t-guest}
  - {user: new, name: t, scopes: [api], token: t-new}
  - {user: gone, name: t, scopes: [api], token: t-gone}
  - {user: dev, name: read, scopes: [read_repository], token: t-read}
  - {user: dev, name: narrow, scopes: [read_user], token: t-narrow}
  - {user: dev, name: old, scopes: [api], expires_at: 2020-01-01, token: t-old}
  - {user: dev, name: revoked, scopes: [api], revoked: true, token: t-revoked}
`

// smartHTTP answers in place of Gitaly.
type smartHTTP struct {
	mutex     sync.Mutex
	transfers []gitaccess.Transfer
	requests  []string
	// refs and result are the answers; err fails every call, after the answer.
	refs, result string
	err          error
}

func (f *smartHTTP) begin(t gitaccess.Transfer, request string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.transfers, f.requests = append(f.transfers, t), append(f.requests, request)
}

func (f *smartHTTP) InfoRefs(_ context.Context, t gitaccess.Transfer, w io.Writer) error {
	f.begin(t, "")
	return f.answer(w, f.refs)
}

func (f *smartHTTP) UploadPack(_ context.Context, t gitaccess.Transfer, r io.Reader, w io.Writer) (audit.Stats, error) {
	request, err := io.ReadAll(r)
	f.begin(t, string(request))
	return audit.Stats{Wants: int64(strings.Count(string(request), "want"))}, errors.Join(err, f.answer(w, f.result))
}

func (f *smartHTTP) ReceivePack(_ context.Context, t gitaccess.Transfer, r io.Reader, w io.Writer) error {
	early := f.answer(w, f.result) // before the end of the request
	request, err := io.ReadAll(r)
	f.begin(t, string(request))
	return errors.Join(err, early)
}

func (f *smartHTTP) answer(w io.Writer, text string) error {
	if text != "" {
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return f.err
}

// last returns the last transfer and its request.
func (f *smartHTTP) last() (gitaccess.Transfer, string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if len(f.transfers) == 0 {
		return gitaccess.Transfer{}, ""
	}
	return f.transfers[len(f.transfers)-1], f.requests[len(f.requests)-1]
}

// gitServer is a server with Git over HTTP and a Gitaly that is a fake.
type gitServer struct {
	*server
	gitaly *smartHTTP
}

func (s Subject) gitServer(change ...func(*config.Config)) gitServer {
	s.Helper()
	gitaly := &smartHTTP{refs: "001e# service=git-upload-pack\n0000", result: "PACK"}
	s.Apply(gitWorld)
	return gitServer{s.serverWith(bootstrap.Fakes{Repositories: repositories{}, SmartHTTP: gitaly}, change...), gitaly}
}

// git is a request of a client; the zero values are those of a fetch without credentials.
type git struct {
	// line is the method and the path; the body of a POST has the type of the path.
	line, token, body string
	header            map[string]string
	peer              string
}

const (
	gitFetch = "GET /%s.git/info/refs?service=git-upload-pack"
	gitPush  = "GET /%s.git/info/refs?service=git-receive-pack"
)

func (s gitServer) ask(g git) *httptest.ResponseRecorder {
	s.Helper()
	method, path, _ := strings.Cut(g.line, " ")
	body := io.Reader(strings.NewReader(g.body))
	if g.body == "" && method != http.MethodPost {
		body = http.NoBody
	}
	r := httptest.NewRequestWithContext(s.Context(), method, path, body)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-"+path[strings.LastIndexByte(path, '/')+1:]+"-request")
	}
	if g.token != "" {
		r.SetBasicAuth("any", g.token)
	}
	for name, value := range g.header {
		r.Header.Set(name, value)
	}
	r.RemoteAddr = "198.51.100.7:1234"
	if g.peer != "" {
		r.RemoteAddr = g.peer
	}
	w := httptest.NewRecorder()
	s.Handlers.Internal.ServeHTTP(w, r)
	return w
}

// want sends a request whose answer has to have that status and those words.
func (s gitServer) want(g git, status int, words string) *httptest.ResponseRecorder {
	s.Helper()
	w := s.ask(g)
	if w.Code != status || !strings.Contains(w.Body.String(), words) {
		s.Errorf("%s with %q: got %d %q, want %d %q", g.line, g.token, w.Code, w.Body, status, words)
	}
	challenged := w.Header().Get("WWW-Authenticate") == `Basic realm="GitLab"`
	if challenged != (status == http.StatusUnauthorized) {
		s.Errorf("%s with %q: got the challenge %q with status %d", g.line, g.token, w.Header().Get("WWW-Authenticate"), w.Code)
	}
	if status >= 400 && status != http.StatusNotImplemented && !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		s.Errorf("%s: got an error of the type %q", g.line, w.Header().Get("Content-Type"))
	}
	if w.Header().Get("X-Request-Id") == "" {
		s.Errorf("%s: the answer has no X-Request-Id", g.line)
	}
	return w
}

// gitDecisions are what clients may do: the credentials, the request and its status.
var gitDecisions = []struct {
	token, line, project string
	status               int
	words                string
}{
	{"", gitFetch, "open/site", 200, "# service"},
	{"", gitPush, "open/site", 401, "access token"},
	{"", gitFetch, "open/members", 401, "access token"},
	{"", gitFetch, "acme/cli", 401, "access token"},
	{"", gitPush, "acme/cli", 401, "access token"},
	{"", gitFetch, "acme/none", 401, "access token"},
	{"", gitFetch, "none", 401, "access token"},
	{"", gitFetch, "a//b", 401, "access token"},
	{"", gitFetch, "old/cli", 401, "access token"},
	{"", gitFetch, "office/plans", 401, "access token"},
	{"", gitFetch, "sshonly/x", 403, "HTTP is not allowed"},
	{"wrong", gitFetch, "open/site", 401, "wrong"},
	{"t-old", gitFetch, "open/site", 401, "expired"},
	{"t-revoked", gitFetch, "acme/cli", 401, "revoked"},
	{"t-dev", gitFetch, "acme/cli", 200, "# service"},
	{"t-dev", gitPush, "acme/cli", 200, "# service"},
	{"t-dev", gitFetch, "ACME/Cli", 200, "# service"},
	{"t-dev", gitFetch, "old/cli", 200, "# service"},
	{"t-dev", gitFetch, "acme/cli.wiki", 200, "# service"},
	{"t-dev", gitPush, "acme/cli.wiki", 200, "# service"},
	{"t-dev", gitFetch, "acme%2Fcli", 200, "# service"},
	{"t-dev", gitFetch, "acme/none", 404, "not found"},
	{"t-dev", gitFetch, "acme/../acme/cli", 404, "not found"},
	{"t-dev", gitFetch, "acme%00/cli", 404, "not found"},
	{"t-dev", gitFetch, "/acme/cli", 404, "not found"},
	{"t-dev", gitFetch, "acme//cli", 404, "not found"},
	{"t-dev", gitFetch, "acme/cli.git", 404, "not found"},
	{"t-dev", gitPush, "acme/archived", 403, "archived"},
	{"t-dev", gitFetch, "acme/archived", 200, "# service"},
	{"t-dev", gitFetch, "acme/elsewhere", 503, "Gitaly"},
	{"t-new", gitFetch, "acme/cli", 404, "not found"},
	{"t-new", gitPush, "open/site", 403, "developer"},
	{"t-guest", gitFetch, "acme/cli", 403, "reporter"},
	{"t-rep", gitFetch, "acme/cli", 200, "# service"},
	{"t-rep", gitPush, "acme/cli", 403, "developer"},
	{"t-read", gitFetch, "acme/cli", 200, "# service"},
	{"t-read", gitPush, "acme/cli", 403, "write_repository"},
	{"t-narrow", gitFetch, "acme/cli", 403, "read_repository"},
	{"t-narrow", gitFetch, "open/site", 403, "read_repository"},
	{"t-narrow", gitFetch, "acme/none", 404, "not found"},
	{"t-gone", gitFetch, "acme/cli", 403, "blocked"},
	{"t-gone", gitFetch, "acme/none", 403, "blocked"},
	{"t-root", gitPush, "acme/cli", 200, "# service"},
	{"t-dev", gitFetch, "office/plans", 404, "not found"},
}

// awayDirectory and awayTokens are those of a database that does not answer.
type awayDirectory struct{ gitaccess.Directory }

func (awayDirectory) Standing(context.Context, source.Inquiry) (source.Standing, error) {
	return source.Standing{}, domain.Unavailable
}

type awayTokens struct{ credentials.Tokens }

func (awayTokens) Bearer(context.Context, identity.TokenDigest) (credentials.Bearer, error) {
	return credentials.Bearer{}, domain.Unavailable
}

var gitDecisionCases = []Case{
	{Name: "Git over HTTP: who may fetch and push", OnDatabases: true, Check: func(s Subject) {
		server := s.gitServer()
		for _, d := range gitDecisions {
			server.want(git{line: fmt.Sprintf(d.line, d.project), token: d.token}, d.status, d.words)
		}
	}},
	{Name: "Git over HTTP: hidden and absent projects look alike", Check: func(s Subject) {
		server := s.gitServer()
		for _, token := range []string{"", "t-new"} {
			for _, line := range []string{gitFetch, gitPush, "GET /%s.git/HEAD", "HEAD /%s.git/info/refs", "POST /%s.git/git-upload-pack", "POST /%s.git/git-receive-pack"} {
				hidden := server.ask(git{line: fmt.Sprintf(line, "acme/cli"), token: token, body: "0000"})
				absent := server.ask(git{line: fmt.Sprintf(line, "acme/none"), token: token, body: "0000"})
				hidden.Header().Del("X-Request-Id")
				absent.Header().Del("X-Request-Id")
				if hidden.Code != absent.Code || hidden.Body.String() != absent.Body.String() || cmp.Diff(hidden.Header(), absent.Header()) != "" {
					s.Errorf("%s as %q: hidden %d %q %v, absent %d %q %v", line, token, hidden.Code, hidden.Body, hidden.Header(), absent.Code, absent.Body, absent.Header())
				}
			}
		}
	}},
	{Name: "Git over HTTP: credentials in other forms", Check: func(s Subject) {
		server := s.gitServer()
		line := fmt.Sprintf(gitFetch, "acme/cli")
		for _, c := range []struct {
			name, header string
			status       int
		}{
			{"Bearer", "Bearer t-dev", 200},
			{"bearer in lower case", "bearer t-dev", 200},
			{"no user name", "Basic OnQtZGV2", 200},                        // :t-dev
			{"a CI job's user", "Basic Z2l0bGFiLWNpLXRva2VuOnQtZGV2", 401}, // gitlab-ci-token:t-dev
			{"the token as the user name", "Basic dC1kZXY6", 401},          // t-dev:
			{"another scheme", "Negotiate abc", 401},
			{"no base64", "Basic t-dev", 401},
			{"nothing behind Bearer", "Bearer ", 401},
		} {
			if w := server.ask(git{line: line, header: map[string]string{"Authorization": c.header}}); w.Code != c.status {
				s.Errorf("%s: got %d %q, want %d", c.name, w.Code, w.Body, c.status)
			}
		}
	}},
	{Name: "Git over HTTP: user blocked between two requests: refused", OnDatabases: true, Check: func(s Subject) {
		server := s.gitServer()
		server.want(git{line: fmt.Sprintf(gitPush, "acme/cli"), token: "t-dev"}, 200, "")
		s.Apply("users: [{id: 3, username: dev, state: blocked}]\n")
		server.want(git{line: "POST /acme/cli.git/git-receive-pack", token: "t-dev", body: "0000"}, 403, "blocked")
	}},
	{Name: "Git over HTTP: use of a token is stamped", OnDatabases: true, Check: func(s Subject) {
		server := s.gitServer()
		server.want(git{line: fmt.Sprintf(gitFetch, "acme/cli"), token: "t-read"}, 200, "")
		s.Fine("Flush", s.Store.Flush(s.Context()))
		for _, record := range s.List("access-tokens") {
			fields := strings.Fields(record) // the last but two says when it was used
			if used, want := fields[len(fields)-3] != "-", strings.Contains(record, "dev read"); used != want {
				s.Errorf("used %t: %s", used, record)
			}
		}
	}},
	{Name: "Git over HTTP: the real client's address counts", Check: func(s Subject) {
		server := s.gitServer(func(c *config.Config) { c.HTTP.TrustedProxies = []string{"10.0.0.1"} })
		line := fmt.Sprintf(gitFetch, "office/plans")
		for _, c := range []struct {
			peer, forwarded string
			status          int
		}{
			{"192.0.2.9:1", "", 200}, {"198.51.100.7:1", "", 404}, {"198.51.100.7:1", "192.0.2.9", 404},
			{"10.0.0.1:1", "192.0.2.9", 200}, {"10.0.0.1:1", "198.51.100.7", 404}, {"@", "", 404}, {"[::ffff:192.0.2.9]:1", "", 200},
		} {
			g := git{line: line, token: "t-dev", peer: c.peer}
			if c.forwarded != "" {
				g.header = map[string]string{"X-Forwarded-For": c.forwarded}
			}
			server.want(g, c.status, "")
		}
	}},
	{Name: "Git over HTTP: what the instance allows", Check: func(s Subject) {
		for _, c := range []struct {
			name        string
			change      func(*config.Config)
			fetch, push int
			public      int
			words       string
		}{
			{"pushes over HTTP are off", func(c *config.Config) { c.Git.HTTPReceivePack = false }, 200, 403, 200, "Push over SSH"},
			{"fetches over HTTP are off", func(c *config.Config) { c.Git.HTTPUploadPack = false }, 403, 200, 403, "Pull over SSH"},
			{"SSH only", func(c *config.Config) { c.Git.Protocols = source.OnlySSH }, 403, 403, 403, "not allowed"},
			{"read-only", func(c *config.Config) { c.Git.ReadOnly = true }, 200, 403, 200, "read-only"},
			{"terms", func(c *config.Config) { c.Git.TermsEnforced = true }, 403, 403, 200, "terms"},
			{"no Gitaly for the storage", func(c *config.Config) { c.Gitaly.Storages = c.Gitaly.Storages[1:] }, 503, 503, 503, "Gitaly"},
		} {
			server := s.gitServer(c.change)
			for _, g := range []struct {
				git
				status int
			}{
				{git{line: fmt.Sprintf(gitFetch, "acme/cli"), token: "t-dev"}, c.fetch},
				{git{line: fmt.Sprintf(gitPush, "acme/cli"), token: "t-dev"}, c.push},
				{git{line: fmt.Sprintf(gitFetch, "open/site")}, c.public},
			} {
				words := c.words
				if g.status == 200 {
					words = ""
				}
				if server.want(g.git, g.status, words); s.Failed() {
					s.Fatalf("%s", c.name)
				}
			}
		}
	}},
	{Name: "Git over HTTP: project that is being moved", Check: func(s Subject) {
		server := s.gitServer()
		s.Apply("projects: [{id: 21, path: acme/cli, read_only: true}]\n")
		server.want(git{line: fmt.Sprintf(gitPush, "acme/cli"), token: "t-dev"}, 403, "read-only")
		server.want(git{line: fmt.Sprintf(gitFetch, "acme/cli"), token: "t-dev"}, 200, "")
	}},
	{Name: "Git over HTTP: database away", Check: func(s Subject) {
		s.Apply(gitWorld)
		noStanding, noToken := s, s
		noStanding.Directory, noToken.AccessTokens = awayDirectory{s.Directory}, awayTokens{s.AccessTokens}
		for name, c := range map[string]struct {
			s     Subject
			token string
		}{
			"standing": {noStanding, "t-dev"}, "standing of a stranger": {noStanding, ""}, "token": {noToken, "t-dev"},
		} {
			server := gitServer{c.s.serverWith(bootstrap.Fakes{Repositories: repositories{}, SmartHTTP: &smartHTTP{}}), nil}
			if w := server.want(git{line: fmt.Sprintf(gitFetch, "open/site"), token: c.token}, 503, "at the moment"); w.Header().Get("Retry-After") == "" {
				s.Errorf("%s: no Retry-After", name)
			}
		}
	}},
	{Name: "Git over HTTP: switched off", Check: func(s Subject) {
		server := s.gitServer(func(c *config.Config) { c.Git.HTTP = false })
		if w := server.ask(git{line: fmt.Sprintf(gitFetch, "open/site")}); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "404 Not Found") {
			s.Errorf("got %d %q", w.Code, w.Body)
		}
	}},
	{Name: "Git over HTTP: moved project: a notice waits for the push", OnDatabases: true, Check: func(s Subject) {
		server := s.gitServer()
		server.want(git{line: fmt.Sprintf(gitPush, "old/cli"), token: "t-dev"}, 200, "")
		notice, err := s.Notices.Take(s.Context(), 3, source.RepositoryID{Kind: source.Code, ID: 21}, now)
		if err != nil || notice.OldPath != "old/cli" || notice.Protocol != source.HTTP {
			s.Errorf("got %+v, %v", notice, err)
		}
	}},
	{Name: "Git over HTTP: push to create", OnDatabases: true, Check: func(s Subject) {
		server := s.gitServer(func(c *config.Config) { c.Git.PushToCreate = true })
		server.want(git{line: fmt.Sprintf(gitPush, "dev/fresh"), token: "t-read"}, 403, "write_repository")
		server.want(git{line: fmt.Sprintf(gitPush, "acme/fresh"), token: "t-new"}, 404, "")
		server.want(git{line: fmt.Sprintf(gitPush, "dev/new.git"), token: "t-dev"}, 404, "")
		server.want(git{line: fmt.Sprintf(gitPush, "dev/api.atom"), token: "t-dev"}, 422, "could not be created")
		server.want(git{line: fmt.Sprintf(gitPush, "dev/fresh"), token: "t-dev"}, 200, "")
		if !slices.ContainsFunc(s.List("projects"), func(record string) bool { return strings.Contains(record, "dev/fresh") }) {
			s.Errorf("no project was made: %v", s.List("projects"))
		}
	}},
}

var gitAnswerCases = []Case{
	{Name: "Git over HTTP: info/refs", Check: func(s Subject) {
		server := s.gitServer()
		w := server.want(git{line: fmt.Sprintf(gitFetch, "acme/cli"), token: "t-dev", header: map[string]string{"Git-Protocol": "version=2", "X-Request-Id": "abc"}}, 200, "001e# service=git-upload-pack\n0000")
		wantHeaders(s, w, map[string]string{
			"Content-Type": "application/x-git-upload-pack-advertisement", "Cache-Control": "no-cache, max-age=0, must-revalidate",
			"Expires": "Fri, 01 Jan 1980 00:00:00 GMT", "Pragma": "no-cache", "Content-Encoding": "", "X-Request-Id": "abc",
		})
		got, _ := server.gitaly.last()
		want := gitaccess.Transfer{
			Location: gitaccess.Location{
				Storage:      gitaccess.Storage{Name: "default", Address: "unix:/run/gitaly.sock", Token: "t"},
				RelativePath: source.Project{ID: 21}.RelativePath(source.Code), Repository: source.RepositoryID{ID: 21},
			},
			ProjectPath: "acme/cli", Command: source.UploadPack, Version: "version=2", Actor: got.Actor, Address: "198.51.100.7", CorrelationID: "abc",
		}
		if diff := cmp.Diff(want, got); diff != "" || got.Actor.User.Username != "dev" {
			s.Errorf("transfer (-want +got), for %s:\n%s", got.Actor, diff)
		}
	}},
	{Name: "Git over HTTP: many refs are compressed for who takes gzip", Check: func(s Subject) {
		server := s.gitServer()
		server.gitaly.refs = strings.Repeat("refs/heads/main and more ", 1000)
		for accepts, want := range map[string]string{"deflate, gzip;q=1.0": "gzip", "gzip": "gzip", "": "", "br": "", "gzip;q=0": "", "gzip; q=0.0": "", "xgzip": ""} {
			w := server.want(git{line: fmt.Sprintf(gitFetch, "open/site"), header: map[string]string{"Accept-Encoding": accepts}}, 200, "")
			body := io.Reader(w.Body)
			if want == "gzip" {
				unzipped, err := gzip.NewReader(body)
				s.Fine("gzip", err)
				body = unzipped
			}
			text, err := io.ReadAll(body)
			if err != nil || string(text) != server.gitaly.refs || w.Header().Get("Content-Encoding") != want {
				s.Errorf("%q: got %d bytes, %v, encoded as %q", accepts, len(text), err, w.Header().Get("Content-Encoding"))
			}
		}
	}},
	{Name: "Git over HTTP: info/refs takes no body", Check: func(s Subject) {
		server := s.gitServer()
		server.want(git{line: fmt.Sprintf(gitFetch, "acme/cli"), token: "t-dev", body: "x"}, 400, "no body")
	}},
	{Name: "Git over HTTP: only known versions of the protocol are passed on", Check: func(s Subject) {
		server := s.gitServer()
		for header, want := range map[string]string{"": "", "version=1": "version=1", "version=2": "version=2", "version=2:x": "", "version=3": ""} {
			server.want(git{line: fmt.Sprintf(gitFetch, "open/site"), header: map[string]string{"Git-Protocol": header}}, 200, "")
			if got, _ := server.gitaly.last(); got.Version != want {
				s.Errorf("%q: got %q", header, got.Version)
			}
		}
	}},
	{Name: "Git over HTTP: fetch", Check: func(s Subject) {
		server := s.gitServer(func(c *config.Config) { c.Git.ReceiveMaxInputMiB = 1 })
		w := server.want(git{line: "POST /acme/cli.git/git-upload-pack", token: "t-dev", body: "0008want0000"}, 200, "PACK")
		wantHeaders(s, w, map[string]string{"Content-Type": "application/x-git-upload-pack-result", "Cache-Control": "no-cache"})
		got, request := server.gitaly.last()
		if request != "0008want0000" || !slices.Contains(got.Options, "uploadpack.allowFilter=true") || !slices.Contains(got.Options, "receive.maxInputSize=1048576") {
			s.Errorf("got %q with %q", request, got.Options)
		}
	}},
	{Name: "Git over HTTP: compressed requests", Check: func(s Subject) {
		server := s.gitServer()
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, _ = io.WriteString(w, strings.Repeat("0008want", 1000)+"0000")
		s.Fine("gzip", w.Close())
		for encoding, want := range map[string]int{"gzip": 200, "x-gzip": 200, "br": 415} {
			server.want(git{line: "POST /open/site.git/git-upload-pack", body: zipped.String(), header: map[string]string{"Content-Encoding": encoding}}, want, "")
		}
		if _, request := server.gitaly.last(); len(request) != 8004 {
			s.Errorf("got %d bytes", len(request))
		}
		gz := map[string]string{"Content-Encoding": "gzip"}
		server.want(git{line: "POST /open/site.git/git-upload-pack", body: "no gzip", header: gz}, 400, "compressed")
		server.want(git{line: "POST /open/site.git/git-upload-pack", body: zipped.String()[:zipped.Len()-9], header: gz}, 400, "compressed")
		server.want(git{line: "POST /acme/cli.git/git-receive-pack", token: "t-dev", body: "no gzip", header: gz}, 400, "compressed")
	}},
	{Name: "Git over HTTP: a bomb of gzip is refused", Check: func(s Subject) {
		server := s.gitServer()
		var bomb bytes.Buffer
		w := gzip.NewWriter(&bomb)
		_, _ = io.WriteString(w, strings.Repeat("fff0"+strings.Repeat("x", 0xfff0-4), 1030)) // which are packets
		s.Fine("gzip", w.Close())
		g := git{line: "POST /open/site.git/git-upload-pack", body: bomb.String(), header: map[string]string{"Content-Encoding": "gzip"}}
		server.want(g, 413, "decompressed")
		g.token = "t-dev"
		server.want(g, 413, "decompressed")
	}},
	{Name: "Git over HTTP: bodies that are none of Git's", Check: func(s Subject) {
		server := s.gitServer()
		for _, command := range []string{"git-upload-pack", "git-receive-pack"} {
			line := "POST /acme/cli.git/" + command
			for _, body := range []string{"", "garbage", "00", "0003", "zzzz", "fff5" + strings.Repeat("x", 70_000), "0010short"} {
				server.want(git{line: line, token: "t-dev", body: body}, 400, "request")
			}
			for _, media := range []string{"", "text/plain", "application/x-git-upload-archive-request", "application/x-" + command + "-result"} {
				server.want(git{line: line, token: "t-dev", body: "0000", header: map[string]string{"Content-Type": media}}, 415, "")
			}
		}
		if got, _ := server.gitaly.last(); got.Command != "" {
			s.Errorf("Gitaly was asked: %+v", got)
		}
	}},
	{Name: "Git over HTTP: push", Check: func(s Subject) {
		server := s.gitServer()
		server.gitaly.result = "early"
		for _, size := range []int{0, 1, 300_000} { // also more than is kept in memory
			body := "0000" + strings.Repeat("p", size)
			w := server.want(git{line: "POST /acme/cli.git/git-receive-pack", token: "t-dev", body: body}, 200, "early")
			wantHeaders(s, w, map[string]string{"Content-Type": "application/x-git-receive-pack-result", "Cache-Control": "no-cache"})
			if got, request := server.gitaly.last(); request != body || got.Actor.GLID() != "user-3" || got.Actor.User.Username != "dev" {
				s.Errorf("got %d bytes as %s", len(request), got.Actor)
			}
		}
		server.gitaly.result = ""
		if w := server.want(git{line: "POST /acme/cli.git/git-receive-pack", token: "t-dev", body: "0000"}, 200, ""); w.Body.Len() != 0 {
			s.Errorf("the probe: got %q", w.Body)
		}
	}},
	{Name: "Git over HTTP: an answer that comes early and is long", Check: func(s Subject) {
		server := s.gitServer()
		server.gitaly.result = strings.Repeat("r", 1<<20)
		if w := server.want(git{line: "POST /acme/cli.git/git-receive-pack", token: "t-dev", body: "0000"}, 200, ""); w.Body.String() != server.gitaly.result {
			s.Errorf("got %d bytes", w.Body.Len())
		}
	}},
	{Name: "Git over HTTP: failures of Gitaly before a byte", Check: func(s Subject) {
		server := s.gitServer()
		server.gitaly.refs, server.gitaly.result = "", ""
		for _, c := range []struct {
			err          error
			refs, result int
			strangers    int
			words        string
		}{
			{fmt.Errorf("x: %w", domain.NotFound), 404, 404, 401, ""},
			{fmt.Errorf("x: %w", domain.Unavailable), 503, 503, 503, "Gitaly"},
			{fmt.Errorf("x: %w", domain.Unprocessable), 422, 422, 422, ""},
			{errors.New("secret"), 500, 500, 500, "Try again"},
			{&gitaccess.BusyError{RetryAfter: 7 * time.Second, Cause: errors.New("secret")}, 429, 200, 429, "busy"},
		} {
			server.gitaly.err = c.err
			w := server.want(git{line: fmt.Sprintf(gitFetch, "acme/cli"), token: "t-dev"}, c.refs, c.words)
			server.want(git{line: fmt.Sprintf(gitFetch, "open/site")}, c.strangers, "")
			fetched := server.want(git{line: "POST /acme/cli.git/git-upload-pack", token: "t-dev", body: "0000"}, c.result, c.words)
			pushed := server.want(git{line: "POST /acme/cli.git/git-receive-pack", token: "t-dev", body: "0000"}, c.result, c.words)
			if strings.Contains(w.Body.String()+fetched.Body.String()+pushed.Body.String(), "secret") {
				s.Errorf("%v: the answer has the words of Gitaly", c.err)
			}
			if c.refs == 429 && w.Header().Get("Retry-After") != "7" {
				s.Errorf("got Retry-After %q", w.Header().Get("Retry-After"))
			}
		}
	}},
	{Name: "Git over HTTP: busy results are packets", Check: func(s Subject) {
		server := s.gitServer()
		server.gitaly.result, server.gitaly.err = "", &gitaccess.BusyError{Cause: errors.New("busy")}
		const words = "The server that keeps the repository is busy. Try again in a moment."
		for body, want := range map[string]string{
			"0000":                           "001aunpack server is busy\n0000",
			"0016x\x00side-band-64k x\n0000": "0023\x01001aunpack server is busy\n0000" + fmt.Sprintf("%04x\x02%s\n0000", len(words)+6, words),
		} {
			w := server.want(git{line: "POST /acme/cli.git/git-receive-pack", token: "t-dev", body: body}, 200, "")
			s.Same("push", w.Body.String(), want)
		}
		w := server.want(git{line: "POST /acme/cli.git/git-upload-pack", token: "t-dev", body: "0000"}, 200, "")
		s.Same("fetch", w.Body.String(), fmt.Sprintf("%04xERR %s\n", len(words)+9, words))
		wantHeaders(s, w, map[string]string{"Content-Type": "application/x-git-upload-pack-result"})
	}},
	{Name: "Git over HTTP: a failure behind the first byte ends the connection", Check: func(s Subject) {
		server := s.gitServer()
		server.gitaly.refs = strings.Repeat("r", 10_000)
		server.gitaly.err = errors.New("the end")
		for _, g := range []git{
			{line: fmt.Sprintf(gitFetch, "acme/cli"), token: "t-dev"}, {line: "POST /acme/cli.git/git-upload-pack", token: "t-dev", body: "0000"},
			{line: fmt.Sprintf(gitFetch, "acme/cli"), token: "t-dev", header: map[string]string{"Accept-Encoding": "gzip"}},
		} {
			func() {
				defer func() {
					if cause := recover(); cause != http.ErrAbortHandler {
						s.Errorf("%s: got %v, want that the connection ends", g.line, cause)
					}
				}()
				server.ask(g)
			}()
		}
	}},
	{Name: "Git over HTTP: the dumb protocol and all else", Check: func(s Subject) {
		server := s.gitServer()
		for _, line := range []string{
			"GET /%s.git/info/refs", "GET /%s.git/info/refs?service=git-upload-archive", "HEAD /%s.git/info/refs?service=git-upload-pack", "GET /%s.git/HEAD",
			"GET /%s.git/objects/info/packs", "GET /%s.git/git-upload-pack", "PUT /%s.git/git-receive-pack", "GET /%s.git/", "POST /%s.git/info/refs", "GET /%s.git/info/refs/?service=git-upload-pack",
		} {
			server.want(git{line: fmt.Sprintf(line, "acme/cli"), token: "t-dev"}, 403, "smart")
			server.want(git{line: fmt.Sprintf(line, "acme/cli"), token: "t-new"}, 404, "")
			server.want(git{line: fmt.Sprintf(line, "acme/cli")}, 401, "")
		}
		for _, line := range []string{"GET /acme/cli.git", "GET /.git/info/refs", "GET /acme/cli/info/refs/x", "POST /acme/cli/git-upload-pack", "POST /acme/cli/info/refs?service=git-upload-pack", "GET //api/v4/projects/x.git/info/refs"} {
			if w := server.ask(git{line: line, token: "t-dev"}); w.Code != http.StatusNotFound {
				s.Errorf("%s: got %d", line, w.Code)
			}
		}
	}},
	{Name: "Git over HTTP: a path without .git is redirected", Check: func(s Subject) {
		server := s.gitServer(func(c *config.Config) { c.HTTP.RelativeRoot = "/git" })
		for line, want := range map[string]string{
			"GET /git/acme/cli/info/refs?service=git-upload-pack&x=1":  "/git/acme/cli.git/info/refs?service=git-upload-pack&x=1",
			"GET /git/acme/none/info/refs?service=git-receive-pack":    "/git/acme/none.git/info/refs?service=git-receive-pack",
			"GET /git//example.com/info/refs?service=git-receive-pack": "/git//example.com.git/info/refs?service=git-receive-pack",
			"GET /git/acme/c%20i/info/refs?service=git-upload-pack":    "/git/acme/c%20i.git/info/refs?service=git-upload-pack",
		} {
			w := server.ask(git{line: line})
			if got := w.Header().Get("Location"); w.Code != http.StatusMovedPermanently || got != want {
				s.Errorf("%s: got %d to %q, want %q", line, w.Code, got, want)
			}
		}
		server.want(git{line: "GET /git/acme/cli/info/refs"}, 404, "")
	}},
	{Name: "Git over HTTP: routes of Git LFS", Check: func(s Subject) {
		server := s.gitServer()
		for _, line := range []string{"POST /acme/cli.git/info/lfs/objects/batch", "GET /acme/cli.git/info/lfs/locks", "GET /none.git/gitlab-lfs/objects/0", "PUT /acme/cli.git/gitlab-lfs/objects/0/1"} {
			w := server.want(git{line: line, header: map[string]string{"X-Request-Id": "abc"}}, 501, "")
			var body struct {
				Message   string `json:"message"`
				RequestID string `json:"request_id"`
			}
			err := json.Unmarshal(w.Body.Bytes(), &body)
			if err != nil || body.Message == "" || body.RequestID != "abc" || w.Header().Get("Content-Type") != "application/vnd.git-lfs+json" {
				s.Errorf("%s: got %q of the type %q", line, w.Body, w.Header().Get("Content-Type"))
			}
		}
	}},
	{Name: "Git over HTTP: transfers in the audit log", OnDatabases: true, Check: func(s Subject) {
		server := s.gitServer(func(c *config.Config) { c.Audit.Enabled = true })
		server.want(git{line: fmt.Sprintf(gitFetch, "acme/cli"), token: "t-dev"}, 200, "")
		server.want(git{line: "POST /acme/cli.git/git-upload-pack", token: "t-dev", body: "0009lsref0000"}, 200, "")
		server.want(git{line: "POST /acme/cli.git/git-upload-pack", token: "t-dev", body: "0008want0000"}, 200, "")
		server.want(git{line: "POST /open/site.git/git-upload-pack", body: "0008want0000"}, 200, "")
		server.want(git{line: "POST /acme/cli.git/git-receive-pack", token: "t-dev", body: "0000"}, 200, "")
		server.want(git{line: "POST /acme/cli.git/git-receive-pack", token: "t-dev", body: "0005x0000"}, 200, "")
		var verbs []string
		for _, record := range s.List("audit") {
			if fields := strings.Fields(record); strings.Contains(record, " done project 21 ") {
				verbs = append(verbs, strings.Join(fields[3:6], " "))
			}
		}
		if diff := cmp.Diff([]string{"clone http project-21", "push http project-21"}, verbs); diff != "" {
			s.Errorf("verbs (-want +got):\n%s\n%s", diff, strings.Join(s.List("audit"), "\n"))
		}
	}},
}

func wantHeaders(s Subject, w *httptest.ResponseRecorder, want map[string]string) {
	s.Helper()
	for name, value := range want {
		if got := w.Header().Get(name); got != value {
			s.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
}
