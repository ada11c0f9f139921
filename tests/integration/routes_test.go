package integration_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/tests/world"
)

// The objects of pushes.
var (
	nothing = strings.Repeat("0", 40)
	before  = strings.Repeat("1", 40)
	after   = strings.Repeat("2", 40)
)

// blob is what OpenSSH shows of dev's key 102, which is world.Key(2).
func blob(line string) string { return strings.Fields(line)[1] }

// exchange is a call of the small world with what its answer has to hold.
type exchange struct {
	what, route, json, form string
	status                  int
	want                    string
}

var exchanges = []exchange{
	// GitLab Shell.
	{"a health check", "GET /check", "", "", 200, `{"api_version": "v4", "gitlab_version": "16.11.0-gatehouse", "redis": true}`},
	{"a key", "GET /authorized_keys?key=" + url.QueryEscape(blob(world.Key(2))), "", "", 200, `{"id": 102, "title": "laptop", "usage_type": "auth_and_signing"}`},
	{"an unknown key", "GET /authorized_keys?key=" + url.QueryEscape(blob(world.Key(250))), "", "", 404, `{"message": "404 Key Not Found"}`},
	{"a greeting", "GET /discover?key_id=102", "", "", 200, `{"id": 4, "name": "Dede", "username": "dev"}`},
	{"a greeting for nobody", "GET /discover?key_id=404404", "", "", 200, `null`},
	{
		"a fetch", "POST /allowed",
		`{"key_id": "102", "project": "/acme/tools/cli.git", "action": "git-upload-pack", "protocol": "ssh", "changes": "_any", "check_ip": "192.0.2.7"}`,
		`key_id=102&project=acme/tools/cli&action=git-upload-pack&protocol=ssh`,
		200, `{"status": true, "gl_repository": "project-60", "gl_project_path": "acme/tools/cli", "gl_id": "user-4", "gl_username": "dev",
			"gl_key_id": 102, "gl_root_namespace_id": 50, "gitaly": {"address": "tcp://gitaly.example.com:8075", "token": "` + gitalyToken + `"}}`,
	},
	{
		"a project that is hidden", "POST /allowed",
		`{"username": "sam", "project": "acme/tools/cli", "action": "git-upload-pack", "protocol": "ssh"}`,
		`username=sam&project=acme/tools/cli&action=git-upload-pack&protocol=ssh`,
		404, `{"status": false}`,
	},
	{
		"a push of a reporter", "POST /allowed",
		`{"key_id": 106, "project": "acme/tools/cli", "action": "git-receive-pack", "protocol": "ssh", "changes": "_any"}`,
		`key_id=106&project=acme/tools/cli&action=git-receive-pack&protocol=ssh&changes=_any`,
		401, `{"status": false}`,
	},
	{
		"credentials for LFS", "POST /lfs_authenticate", `{"key_id": "102", "project": "acme/tools/cli", "operation": "download"}`, "key_id=102&project=acme/tools/cli",
		200, `{"username": "dev", "expires_in": 1800, "repository_http_path": "https://git.example.com/gitlab/acme/tools/cli.git"}`,
	},
	{"recovery codes", "POST /two_factor_recovery_codes", `{"key_id": "102"}`, "user_id=4", 200, `{"success": true}`},
	{
		"an access token", "POST /personal_access_token", `{"key_id": "102", "name": "mine", "scopes": ["read_api"]}`, "user_id=4&name=mine&scopes[]=read_api",
		200, `{"success": true, "scopes": ["read_api"]}`,
	},
	{"a wrong password", "POST /two_factor_manual_otp_check", `{"key_id": "102", "otp_attempt": "x"}`, "key_id=102&otp_attempt=x", 200, `{"success": false}`},
	{"a certificate", "GET /authorized_certs?key=x&user_identifier=dev", "", "", 404, `{"success": false}`},
	// Gitaly.
	{
		"a branch", "POST /allowed",
		`{"key_id": "102", "gl_repository": "project-60", "project": "/var/opt/x.git", "action": "git-receive-pack", "protocol": "ssh",
			"changes": "` + before + " " + after + ` refs/heads/topic\n", "env": "{}"}`,
		`key_id=102&gl_repository=project-60&action=git-receive-pack&protocol=ssh&changes=` + url.QueryEscape(before+" "+after+" refs/heads/topic\n"),
		200, `{"status": true}`,
	},
	{
		"a protected branch, with no Gitaly to look at its history", "POST /allowed",
		`{"user_id": "3", "gl_repository": "project-60", "action": "git-receive-pack", "protocol": "http", "changes": "` + before + " " + after + ` refs/heads/feature\n"}`,
		`user_id=3&gl_repository=project-60&action=git-receive-pack&protocol=http&changes=` + url.QueryEscape(before+" "+after+" refs/heads/feature"),
		401, `{"status": false}`,
	},
	{"a push that begins", "POST /pre_receive", `{"gl_repository": "project-60"}`, "gl_repository=project-60", 200, `{"reference_counter_increased": true}`},
	{
		"a push that has landed", "POST /post_receive",
		`{"gl_repository": "project-60", "identifier": "key-102", "changes": "` + before + " " + after + ` refs/heads/topic\n", "push_options": null}`,
		`gl_repository=project-60&identifier=user-4&changes=` + url.QueryEscape(before+" "+after+" refs/heads/topic"),
		200, `{"messages": [{"message": "For acme only", "type": "alert"}], "reference_counter_decreased": true}`,
	},
	{"an object for an archive", "GET /lfs?gl_repository=project-60&oid=1", "", "", 404, `{"message": "404 Not Found"}`},
	// Anybody.
	{"a parameter that is missing", "POST /pre_receive", `{}`, "x=", 400, `{"message": "gl_repository is missing"}`},
	{"a wrong method", "POST /check", `{}`, "x=", 405, `{"message": "405 Method Not Allowed"}`},
	{"no route", "GET /nowhere", "", "", 404, `{"message": "404 Not Found"}`},
	{"slashes", "GET ///gitlab//api/v4//internal/check/", "", "", 200, `{"api_version": "v4"}`},
}

// TestServer_routes asks everything in every way a caller may use.
func TestServer_routes(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := serve(t, settings(t, database), with(t, small))
		for _, e := range exchanges {
			for _, over := range []door{tcp, unix} {
				s.ask(t, call{route: e.route, body: e.json, over: over}).is(t, e.what, e.status, e.want)
				s.ask(t, call{route: e.route, body: e.form, form: true, over: over, by: bySecret}).is(t, e.what+", in the old way", e.status, e.want)
			}
		}
	})
}

func TestServer_unauthorized(t *testing.T) {
	t.Parallel()
	s := serve(t, settings(t, "memory:"), with(t, small))
	now := time.Now()
	claims := func(issuer string, lifetime time.Duration) jwt.MapClaims {
		return jwt.MapClaims{"iss": issuer, "iat": now.Unix(), "exp": now.Add(lifetime).Unix()}
	}
	for what, by := range map[string]credential{
		"nothing":         byNobody,
		"a wrong secret":  func(*server) (string, string) { return "Gitlab-Shared-Secret", "c2VzYW1l" },
		"an old token":    func(s *server) (string, string) { return tokenHeader, s.sign(claims("gitlab-shell", -2*time.Minute)) },
		"a foreign token": func(s *server) (string, string) { return tokenHeader, s.sign(claims("gitlab-kas", time.Minute)) },
		"a wrong key": func(s *server) (string, string) {
			return tokenHeader, s.signWith([]byte("sesame"), claims("gitlab-shell", time.Minute))
		},
		"no token at all": func(s *server) (string, string) { return tokenHeader, "ein.unlesbares.Zeichen" },
	} {
		for _, over := range []door{tcp, unix} {
			for _, route := range []string{"GET /check", "POST /allowed", "POST /pre_receive", "GET /authorized_keys?key=x"} {
				s.ask(t, call{route: route, body: "{", over: over, by: by}).is(t, what+" at "+route, 401, `{"message": "401 Unauthorized"}`)
			}
		}
	}
	// The right secret where it is not looked for is in no log either.
	s.ask(t, call{route: "GET /nowhere?secret_token=" + string(s.secret), by: byNobody}).is(t, "no route", 404, `{}`)
	s.ask(t, call{route: "GET /check?secret_token=" + string(s.secret), by: byNobody}).is(t, "in the query", 200, `{}`)
}

func TestServer_publicListener(t *testing.T) {
	t.Parallel()
	s := serve(t, settings(t, "memory:"), with(t, small))
	for _, e := range exchanges {
		s.ask(t, call{route: e.route, body: e.json, over: public}).is(t, e.what, http.StatusNotFound, `{"message": "404 Not Found"}`)
	}
}

// TestServer_relativeRoot is about what is not below it.
func TestServer_relativeRoot(t *testing.T) {
	t.Parallel()
	s := serve(t, settings(t, "memory:"))
	for _, path := range []string{"//api/v4/internal/check", "//gitlabs/api/v4/internal/check", "//gitlab", "//"} {
		for _, over := range []door{tcp, unix} {
			s.ask(t, call{route: "GET " + path, over: over}).is(t, path, http.StatusNotFound, `{"message": "404 Not Found"}`)
		}
	}
}

// TestServer_rotation changes the secret under a server that runs.
func TestServer_rotation(t *testing.T) {
	t.Parallel()
	clock := newClock()
	config := settings(t, "memory:")
	config.Shell.PreviousSecretFile = config.Shell.SecretFile + ".old"
	write(t, config.Shell.PreviousSecretFile, "of last year")
	s := serve(t, config, clock.option())
	check := call{route: "GET /check"}
	s.ask(t, check).is(t, "the first secret", 200, `{}`)

	first := s.secret
	write(t, config.Shell.PreviousSecretFile, string(first))
	write(t, config.Shell.SecretFile, "the second secret\n")
	clock.advance(2 * time.Second)
	s.ask(t, check).is(t, "the previous secret", 200, `{}`)
	s.secret = []byte("the second secret")
	s.ask(t, check).is(t, "the new secret", 200, `{}`)
	s.ask(t, call{route: check.route, by: bySecret}).is(t, "the new secret itself", 200, `{}`)

	write(t, config.Shell.PreviousSecretFile, "of nobody any more")
	clock.advance(2 * time.Second)
	s.ask(t, check).is(t, "the new secret, alone", 200, `{}`)
	s.secret = first
	s.ask(t, check).is(t, "the first secret, later", 401, `{}`)
}
