package integration_test

import (
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/tests/servertest"
	"gatehouse/tests/world"
)

// exchange is a call in the small world, and a part of its answer.
type exchange struct {
	what, route, json, form string
	status                  int
	want                    string
}

var exchanges = []exchange{
	// GitLab Shell.
	{"a health check", "GET /check", "", "", 200, `{"api_version": "v4", "gitlab_version": "16.11.0-gatehouse", "redis": true}`},
	{"a key", "GET /authorized_keys?key=" + url.QueryEscape(servertest.KeyBlob(world.Key(2))), "", "", 200, `{"id": 102, "title": "laptop", "usage_type": "auth_and_signing"}`},
	{"an unknown key", "GET /authorized_keys?key=" + url.QueryEscape(servertest.KeyBlob(world.Key(250))), "", "", 404, `{"message": "404 Key Not Found"}`},
	{"a greeting", "GET /discover?key_id=102", "", "", 200, `{"id": 4, "name": "Dede", "username": "dev"}`},
	{"a greeting for an unknown key", "GET /discover?key_id=404404", "", "", 200, `null`},
	{
		"a fetch", "POST /allowed",
		`{"key_id": "102", "project": "/acme/tools/cli.git", "action": "git-upload-pack", "protocol": "ssh", "changes": "_any", "check_ip": "192.0.2.7"}`,
		`key_id=102&project=acme/tools/cli&action=git-upload-pack&protocol=ssh`,
		200, `{"status": true, "gl_repository": "project-60", "gl_project_path": "acme/tools/cli", "gl_id": "user-4", "gl_username": "dev",
			"gl_key_id": 102, "gl_root_namespace_id": 50, "gitaly": {"address": "tcp://gitaly.example.com:8075", "token": "` + servertest.GitalyToken + `"}}`,
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
			"changes": "` + servertest.OldID + " " + servertest.NewID + ` refs/heads/topic\n", "env": "{}"}`,
		`key_id=102&gl_repository=project-60&action=git-receive-pack&protocol=ssh&changes=` + url.QueryEscape(servertest.OldID+" "+servertest.NewID+" refs/heads/topic\n"),
		200, `{"status": true}`,
	},
	{
		"a protected branch, without Gitaly", "POST /allowed",
		`{"user_id": "3", "gl_repository": "project-60", "action": "git-receive-pack", "protocol": "http", "changes": "` + servertest.OldID + " " + servertest.NewID + ` refs/heads/feature\n"}`,
		`user_id=3&gl_repository=project-60&action=git-receive-pack&protocol=http&changes=` + url.QueryEscape(servertest.OldID+" "+servertest.NewID+" refs/heads/feature"),
		401, `{"status": false}`,
	},
	{"before a push", "POST /pre_receive", `{"gl_repository": "project-60"}`, "gl_repository=project-60", 200, `{"reference_counter_increased": true}`},
	{
		"after a push", "POST /post_receive",
		`{"gl_repository": "project-60", "identifier": "key-102", "changes": "` + servertest.OldID + " " + servertest.NewID + ` refs/heads/topic\n", "push_options": null}`,
		`gl_repository=project-60&identifier=user-4&changes=` + url.QueryEscape(servertest.OldID+" "+servertest.NewID+" refs/heads/topic"),
		200, `{"messages": [{"message": "For acme only", "type": "alert"}], "reference_counter_decreased": true}`,
	},
	{"an object for an archive", "GET /lfs?gl_repository=project-60&oid=1", "", "", 404, `{"message": "404 Not Found"}`},
	// All callers.
	{"a parameter that is missing", "POST /pre_receive", `{}`, "x=", 400, `{"message": "gl_repository is missing"}`},
	{"a wrong method", "POST /check", `{}`, "x=", 405, `{"message": "405 Method Not Allowed"}`},
	{"no route", "GET /nowhere", "", "", 404, `{"message": "404 Not Found"}`},
	{"slashes", "GET ///gitlab//api/v4//internal/check/", "", "", 200, `{"api_version": "v4"}`},
}

// TestServer_routes makes every call over both listeners: as JSON with a token,
// and as a form with the shared secret.
func TestServer_routes(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		s := servertest.Start(t, servertest.Settings(t, database), servertest.WithWorld(t, servertest.World))
		for _, e := range exchanges {
			for _, over := range []servertest.Listener{servertest.TCP, servertest.Unix} {
				s.Ask(t, servertest.Call{Route: e.route, Body: e.json, Over: over}).Want(t, e.what, e.status, e.want)
				s.Ask(t, servertest.Call{Route: e.route, Body: e.form, Form: true, Over: over, By: servertest.BySecret}).Want(t, e.what+", as a form with the secret", e.status, e.want)
			}
		}
	})
}

func TestServer_unauthorized(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Settings(t, "memory:"), servertest.WithWorld(t, servertest.World))
	now := time.Now()
	claims := func(issuer string, lifetime time.Duration) jwt.MapClaims {
		return jwt.MapClaims{"iss": issuer, "iat": now.Unix(), "exp": now.Add(lifetime).Unix()}
	}
	for what, by := range map[string]servertest.Credential{
		"nothing":        servertest.Anonymous,
		"a wrong secret": func(*servertest.Server) (string, string) { return "Gitlab-Shared-Secret", "c2VzYW1l" },
		"an old token": func(s *servertest.Server) (string, string) {
			return servertest.TokenHeader, s.Sign(claims("gitlab-shell", -2*time.Minute))
		},
		"a foreign token": func(s *servertest.Server) (string, string) {
			return servertest.TokenHeader, s.Sign(claims("gitlab-kas", time.Minute))
		},
		"a wrong key": func(s *servertest.Server) (string, string) {
			return servertest.TokenHeader, s.SignWith([]byte("sesame"), claims("gitlab-shell", time.Minute))
		},
		"a malformed token": func(s *servertest.Server) (string, string) { return servertest.TokenHeader, "not.a.token" },
	} {
		for _, over := range []servertest.Listener{servertest.TCP, servertest.Unix} {
			for _, route := range []string{"GET /check", "POST /allowed", "POST /pre_receive", "GET /authorized_keys?key=x"} {
				s.Ask(t, servertest.Call{Route: route, Body: "{", Over: over, By: by}).Want(t, what+" at "+route, 401, `{"message": "401 Unauthorized"}`)
			}
		}
	}
	// A secret in a query parameter is not logged either.
	s.Ask(t, servertest.Call{Route: "GET /nowhere?secret_token=" + string(s.Secret), By: servertest.Anonymous}).Want(t, "no route", 404, `{}`)
	s.Ask(t, servertest.Call{Route: "GET /check?secret_token=" + string(s.Secret), By: servertest.Anonymous}).Want(t, "in the query", 200, `{}`)
}

func TestServer_publicListener(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Settings(t, "memory:"), servertest.WithWorld(t, servertest.World))
	for _, e := range exchanges {
		s.Ask(t, servertest.Call{Route: e.route, Body: e.json, Over: servertest.Public}).Want(t, e.what, http.StatusNotFound, `{"message": "404 Not Found"}`)
	}
}

// TestServer_relativeRoot asks for paths outside the relative root.
func TestServer_relativeRoot(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Settings(t, "memory:"))
	for _, path := range []string{"//api/v4/internal/check", "//gitlabs/api/v4/internal/check", "//gitlab", "//"} {
		for _, over := range []servertest.Listener{servertest.TCP, servertest.Unix} {
			s.Ask(t, servertest.Call{Route: "GET " + path, Over: over}).Want(t, path, http.StatusNotFound, `{"message": "404 Not Found"}`)
		}
	}
}

// TestServer_rotation changes the secret file while the server runs.
func TestServer_rotation(t *testing.T) {
	t.Parallel()
	clock := newClock()
	config := servertest.Settings(t, "memory:")
	config.Shell.PreviousSecretFile = config.Shell.SecretFile + ".old"
	write(t, config.Shell.PreviousSecretFile, "of last year")
	s := servertest.Start(t, config, clock.option())
	check := servertest.Call{Route: "GET /check"}
	s.Ask(t, check).Want(t, "the first secret", 200, `{}`)

	first := s.Secret
	write(t, config.Shell.PreviousSecretFile, string(first))
	write(t, config.Shell.SecretFile, "the second secret\n")
	clock.advance(2 * time.Second)
	s.Ask(t, check).Want(t, "the previous secret", 200, `{}`)
	s.Secret = []byte("the second secret")
	s.Ask(t, check).Want(t, "the new secret", 200, `{}`)
	s.Ask(t, servertest.Call{Route: check.Route, By: servertest.BySecret}).Want(t, "the new secret itself", 200, `{}`)

	write(t, config.Shell.PreviousSecretFile, "another old secret")
	clock.advance(2 * time.Second)
	s.Ask(t, check).Want(t, "the new secret, alone", 200, `{}`)
	s.Secret = first
	s.Ask(t, check).Want(t, "the first secret, later", 401, `{}`)

	s.Secret = []byte("another old secret")
	s.Ask(t, check).Want(t, "another previous secret", 200, `{}`)
	write(t, config.Shell.PreviousSecretFile, " \n")
	clock.advance(2 * time.Second)
	s.Ask(t, check).Want(t, "its file is blank", 401, `{}`)
	write(t, config.Shell.PreviousSecretFile, "another old secret")
	clock.advance(2 * time.Second)
	s.Ask(t, check).Want(t, "its file is back", 200, `{}`)
	if err := os.Remove(config.Shell.PreviousSecretFile); err != nil {
		t.Fatal(err)
	}
	clock.advance(2 * time.Second)
	s.Ask(t, check).Want(t, "its file is deleted", 401, `{}`)
}
