package behaviour_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/source"
)

// workhorseKey is the secret of Workhorse in the tests.
var workhorseKey = bytes.Repeat([]byte("w"), 32)

// workhorse returns a token that is signed with a key.
func workhorse(s Subject, key []byte, claims jwt.MapClaims) map[string]string {
	s.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(key)
	s.Fine("token", err)
	return map[string]string{"Gitlab-Workhorse-Api-Request": token}
}

// workhorseServer is a server with a Workhorse in front.
func (s Subject) workhorseServer() gitServer {
	s.Helper()
	file := filepath.Join(s.TempDir(), "workhorse")
	s.Fine("secret", os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(workhorseKey)), 0o600))
	return s.gitServer(func(c *config.Config) {
		c.Workhorse.SecretFile, c.Audit.Enabled, c.HTTP.TrustedProxies = file, true, []string{"10.0.0.1"}
	})
}

var workhorseCases = []Case{
	{Name: "Workhorse in front: it is told where the repository is", Check: func(s Subject) {
		server := s.workhorseServer()
		header := workhorse(s, workhorseKey, jwt.MapClaims{"iss": "gitlab-workhorse"})
		header["X-Forwarded-For"] = "192.0.2.9"
		for _, line := range []string{fmt.Sprintf(gitPush, "acme/cli"), "POST /acme/cli.git/git-receive-pack", "POST /acme/cli.git/git-upload-pack"} {
			w := server.want(git{line: line, token: "t-dev", peer: "10.0.0.1:1", header: header}, 200, "")
			wantHeaders(s, w, map[string]string{"Content-Type": "application/vnd.gitlab-workhorse+json"})
			want := `{"GL_ID":"user-3","GL_USERNAME":"dev","GL_REPOSITORY":"project-21",` +
				`"GitConfigOptions":["uploadpack.allowFilter=true","uploadpack.allowAnySHA1InWant=true"],"ShowAllRefs":false,` +
				`"Repository":{"storage_name":"default","relative_path":"` + source.Project{ID: 21}.RelativePath(source.Code) + `",` +
				`"gl_repository":"project-21","gl_project_path":"acme/cli","git_object_directory":"","git_alternate_object_directories":[]},` +
				`"GitalyServer":{"address":"unix:/run/gitaly.sock","token":"t","call_metadata":{"remote_ip":"192.0.2.9","user_id":"user-3","username":"dev"}},` +
				`"NeedAudit":true,"ProjectID":21,"RootNamespaceID":11}`
			s.Same(line, w.Body.String(), want)
		}
		if got, _ := server.gitaly.last(); got.Command != "" {
			s.Errorf("the server asked Gitaly for %s itself", got.Command)
		}
	}},
	{Name: "Workhorse in front: strangers and refusals", Check: func(s Subject) {
		server := s.workhorseServer()
		header := workhorse(s, workhorseKey, jwt.MapClaims{"iss": "gitlab-workhorse"})
		w := server.want(git{line: fmt.Sprintf(gitFetch, "open/site"), header: header}, 200, `"GL_ID":"","GL_USERNAME":null,"GL_REPOSITORY":"project-22"`)
		wantHeaders(s, w, map[string]string{"Content-Type": "application/vnd.gitlab-workhorse+json"})
		server.want(git{line: fmt.Sprintf(gitFetch, "acme/cli"), header: header}, 401, "")
		server.want(git{line: fmt.Sprintf(gitPush, "acme/cli"), token: "t-read", header: header}, 403, "write_repository")
		server.want(git{line: fmt.Sprintf(gitFetch, "acme/none"), token: "t-dev", header: header}, 404, "")
	}},
	{Name: "Workhorse in front: it tells of what it moved", Check: func(s Subject) {
		server := s.workhorseServer()
		tell := func(header map[string]string) (int, string) {
			r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, "/api/v4/internal/shellhorse/git_audit_event",
				strings.NewReader(`{"action":"git-upload-pack","protocol":"http","gl_repository":"project-21","identifier":"user-3","changes":"_any","packfile_stats":{"wants":1}}`))
			r.Header.Set("Content-Type", "application/json")
			for name, value := range header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			server.Handlers.Internal.ServeHTTP(w, r)
			return w.Code, w.Body.String()
		}
		good := workhorse(s, workhorseKey, jwt.MapClaims{"iss": "gitlab-workhorse"})
		if status, body := tell(good); status != http.StatusOK || !strings.Contains(body, `"verb":"clone"`) {
			s.Errorf("got %d %s", status, body)
		}
		bad := workhorse(s, []byte("another"), jwt.MapClaims{"iss": "gitlab-workhorse"})
		if status, body := tell(bad); status != http.StatusForbidden || !strings.Contains(body, "403 Forbidden") {
			s.Errorf("another key: got %d %s", status, body)
		}
		good["Gitlab-Shell-Api-Request"] = "not GitLab Shell's"
		if status, body := tell(good); status != http.StatusForbidden {
			s.Errorf("beside a bad token of GitLab Shell: got %d %s", status, body)
		}
		if w := server.ask(git{line: "POST /api/v4/internal/allowed", header: workhorse(s, workhorseKey, jwt.MapClaims{"iss": "gitlab-workhorse"})}); w.Code != http.StatusUnauthorized {
			s.Errorf("another route: got %d", w.Code)
		}
	}},
	{Name: "Workhorse in front: tokens that are not its own", Check: func(s Subject) {
		server := s.workhorseServer()
		line := fmt.Sprintf(gitFetch, "open/site")
		for name, header := range map[string]map[string]string{
			"another key":    workhorse(s, bytes.Repeat([]byte("x"), 32), jwt.MapClaims{"iss": "gitlab-workhorse"}),
			"another issuer": workhorse(s, workhorseKey, jwt.MapClaims{"iss": "gitlab-shell"}),
			"no issuer":      workhorse(s, workhorseKey, jwt.MapClaims{}),
			"expired":        workhorse(s, workhorseKey, jwt.MapClaims{"iss": "gitlab-workhorse", "exp": now.Add(-time.Hour).Unix()}),
			"no token":       {"Gitlab-Workhorse-Api-Request": "abc"},
			"a long one":     {"Gitlab-Workhorse-Api-Request": strings.Repeat("a", 5000)},
		} {
			if w := server.want(git{line: line, header: header}, 403, "Workhorse"); strings.Contains(w.Body.String(), "gitaly.sock") {
				s.Errorf("%s: the answer tells where Gitaly is", name)
			}
		}
		server.want(git{line: line}, 200, "# service") // who comes without passes as ever
		plain := s.serverWith(bootstrap.Fakes{Repositories: repositories{}, SmartHTTP: server.gitaly})
		gitServer{plain, server.gitaly}.want(git{line: line, header: workhorse(s, workhorseKey, jwt.MapClaims{"iss": "gitlab-workhorse"})}, 200, "# service")
	}},
}
