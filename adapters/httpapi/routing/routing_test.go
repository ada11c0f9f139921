package routing_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/adapters/httpapi/kas"
	"gatehouse/adapters/httpapi/portal"
	"gatehouse/adapters/httpapi/rest"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/routing"
	"gatehouse/adapters/httpapi/shell"
	"gatehouse/adapters/httpserver"
)

// The answers to a request without a credential, and to one that no route serves.
const (
	shellRoute   = `401 {"message":"401 Unauthorized"}`
	kasRoute     = `401 {"message":"KAS JWT authentication invalid"}`
	portalRoute  = `401 {"message":"401 Unauthorized"}`
	noRoute      = `404 {"message":"404 Not Found","error":"404 Not Found"}`
	noMethod     = `405 {"message":"405 Method Not Allowed","error":"405 Method Not Allowed"}`
	noPortalPath = `404 {"error":"404 Not Found"}`
)

func TestNew(t *testing.T) {
	t.Parallel()
	internal, public := newHandlers(t, true, zap.NewNop())
	withoutKas, _ := newHandlers(t, false, zap.NewNop())
	for request, want := range map[string]struct{ internal, withoutKas, public string }{
		"POST /gitlab/api/v4/internal/allowed":                                      {shellRoute, shellRoute, noRoute},
		"GET /gitlab/api/v4/internal/allowed":                                       {noMethod, noMethod, noRoute},
		"POST /api/v4/internal/allowed":                                             {noRoute, noRoute, noRoute},
		"GET /gitlab/api/v4/internal/unknown":                                       {noRoute, noRoute, noRoute},
		"GET /gitlab/api/v4/internal/kubernetes/agent_info":                         {kasRoute, noRoute, noRoute},
		"GET /gitlab/api/v4/namespaces/1/gitlab_subscription":                       {portalRoute, portalRoute, portalRoute},
		"DELETE /gitlab/api/v4/namespaces/1/gitlab_subscription":                    {noPortalPath, noPortalPath, noPortalPath},
		"GET /gitlab/api/v4/namespaces":                                             {noPortalPath, noPortalPath, noPortalPath},
		"GET /gitlab/api/v4/namespacesx":                                            {noRoute, noRoute, noRoute},
		"PUT /gitlab/api/v4/internal/upcoming_reconciliations":                      {portalRoute, portalRoute, noRoute},
		"GET /gitlab/api/v4/internal/upcoming_reconciliations":                      {noPortalPath, noPortalPath, noRoute},
		"POST /gitlab/api/v4/internal/gitlab_subscriptions/namespaces/1/minutes":    {portalRoute, portalRoute, noRoute},
		"POST /gitlab/api/v4/internal/gitlab_subscriptions/namespaces/1/unknown":    {noPortalPath, noPortalPath, noRoute},
		"POST /gitlab/api/v4/internal//gitlab_subscriptions//namespaces/1/minutes/": {portalRoute, portalRoute, noRoute},
	} {
		for _, c := range []struct {
			name    string
			handler http.Handler
			want    string
		}{{"internal", internal, want.internal}, {"internal without kas", withoutKas, want.withoutKas}, {"public", public, want.public}} {
			method, path, _ := strings.Cut(request, " ")
			answer := httptest.NewRecorder()
			c.handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), method, path, nil))
			if got := fmt.Sprint(answer.Code, " ", answer.Body); got != c.want {
				t.Errorf("%s, %s: got %s, want %s", request, c.name, got, c.want)
			}
		}
	}
}

// TestNew_management serves the management API on the internal listeners, and on the
// public one if the settings open it; the portal keeps its routes.
func TestNew_management(t *testing.T) {
	t.Parallel()
	const unauthorized, unknown = `401 {"message":"401 Unauthorized"}`, `404 {"error":"404 Not Found"}`
	auth := shell.NewAuthenticator(func() [][]byte { return nil }, shell.LegacyReject, false, time.Now, zap.NewNop())
	down := errors.New("the database is gone")
	apis := routing.APIs{
		Shell: shell.New(auth, shell.UseCases{}, shell.Instance{}), Portal: portal.New(nil, nil, true),
		Rest:  rest.New(rest.UseCases{}, rest.Instance{}, call.Limits{}, time.Now),
		Ready: func(context.Context) error { return down },
	}
	handlers := map[string]http.Handler{}
	for name, settings := range map[string]routing.Settings{
		"portal": {RelativeRoot: "/gitlab", PublicPortal: true}, "api": {RelativeRoot: "/gitlab", PublicRest: true}, "neither": {RelativeRoot: "/gitlab"},
	} {
		internal, public, err := routing.New(apis, settings, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		handlers["internal"], handlers[name] = internal, public
	}
	for request, want := range map[string]map[string]string{
		"GET /gitlab/api/v4/user":                             {"internal": unauthorized, "portal": noRoute, "api": unauthorized, "neither": noRoute},
		"GET /gitlab/api/v4/nope":                             {"internal": unknown, "portal": noRoute, "api": unknown, "neither": noRoute},
		"GET /gitlab/api/v4/user//":                           {"internal": unknown, "api": unknown},
		"GET /gitlab/api/v4/users/":                           {"internal": unknown, "api": unknown},
		"GET /gitlab/api/v4/users//keys":                      {"internal": unknown, "api": unknown},
		"PATCH /gitlab/api/v4/user":                           {"internal": `405 {"error":"405 Not Allowed"}`},
		"GET /api/v4/user":                                    {"internal": noRoute, "api": noRoute},
		"GET /gitlab/api/v4/namespaces/1/gitlab_subscription": {"internal": portalRoute, "portal": portalRoute, "api": unknown, "neither": noRoute},
		"POST /gitlab/api/v4/internal/allowed":                {"internal": shellRoute, "portal": noRoute, "api": noRoute, "neither": noRoute},
		"POST /gitlab/api/v4//internal//allowed":              {"internal": shellRoute, "api": noRoute},
		"GET /gitlab/-/health":                                {"internal": "200 GitLab OK", "portal": "200 GitLab OK", "api": "200 GitLab OK", "neither": "200 GitLab OK"},
		"GET /gitlab/-/liveness":                              {"internal": `200 {"status":"ok"}`, "neither": `200 {"status":"ok"}`},
		"GET /gitlab/-/readiness":                             {"internal": `503 {"status":"failed"}`, "neither": `503 {"status":"failed"}`},
		"GET /-/health":                                       {"internal": noRoute},
		"POST /gitlab/-/health":                               {"internal": noMethod},
	} {
		for name, want := range want {
			method, path, _ := strings.Cut(request, " ")
			answer := httptest.NewRecorder()
			handlers[name].ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), method, path, nil))
			if got := fmt.Sprint(answer.Code, " ", answer.Body); got != want {
				t.Errorf("%s, %s: got %s, want %s", request, name, got, want)
			}
		}
	}
}

// newHandlers makes the handlers below /gitlab, with the routes of kas or without.
func newHandlers(t *testing.T, withKas bool, log *zap.Logger) (internal, public http.Handler) {
	t.Helper()
	shellAuth := shell.NewAuthenticator(func() [][]byte { return nil }, shell.LegacyReject, false, time.Now, zap.NewNop())
	apis := routing.APIs{Shell: shell.New(shellAuth, shell.UseCases{}, shell.Instance{}), Portal: portal.New(nil, nil, true)}
	if withKas {
		apis.Kas = kas.New(kas.NewAuthenticator(func() []byte { return nil }, 0, false, false, time.Now), nil, nil)
	}
	internal, public, err := routing.New(apis, routing.Settings{RelativeRoot: "/gitlab", PublicPortal: true}, log)
	if err != nil {
		t.Fatal(err)
	}
	return internal, public
}

// TestNew_bodyAfterAnswer sends a body over a Unix socket when its request is answered
// already. The client sends all of it, and reads the answer and the end.
func TestNew_bodyAfterAnswer(t *testing.T) {
	t.Parallel()
	answered := make(chan struct{}, 1)
	core, _ := observer.New(zap.InfoLevel)
	log := zap.New(core, zap.Hooks(func(zapcore.Entry) error {
		answered <- struct{}{}
		return nil
	}))
	internal, _ := newHandlers(t, true, log)
	folder, err := os.MkdirTemp("", "gatehouse")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	server := httpserver.New(zap.NewNop(), httpserver.Endpoint{Key: "http.socket", Network: "unix", Address: filepath.Join(folder, "s"), Handler: internal})
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	for request, want := range map[string]int{
		"POST /nope":                          404,
		"PUT /gitlab/api/v4/internal/allowed": 405,
		"PATCH /gitlab/api/v4/internal/kubernetes/agent_info":    404,
		"GET /gitlab/api/v4/internal/kubernetes/agent_info":      401,
		"PUT /gitlab/api/v4/namespaces":                          404,
		"DELETE /gitlab/api/v4/namespaces/1/gitlab_subscription": 404,
	} {
		for _, form := range []struct{ field, body string }{{"Content-Length: 4", "body"}, {"Transfer-Encoding: chunked", "4\r\nbody\r\n0\r\n\r\n"}} {
			head := fmt.Sprintf("%s HTTP/1.1\r\nHost: gatehouse\r\nConnection: close\r\n%s\r\n\r\n", request, form.field)
			for tries := 1; ; tries++ {
				start := time.Now()
				got, err := sendLate(server.Address("http.socket"), head, form.body, answered)
				if err == nil && got == want {
					break
				}
				// A machine that halts this test for a second misses the time for the body.
				if time.Since(start) < time.Second/2 || tries == 10 {
					t.Errorf("%s, %s: got %d, %v, want %d", request, form.field, got, err, want)
					break
				}
			}
		}
	}
}

// sendLate sends the head of a request, and the body once the request is answered. It
// returns the status of the answer, behind which the connection ends.
func sendLate(socket, head, body string, answered <-chan struct{}) (status int, err error) {
	client, err := net.Dial("unix", socket)
	if err != nil {
		return 0, err
	}
	defer func() { _ = client.Close() }()
	if _, err := io.WriteString(client, head); err != nil {
		return 0, err
	}
	<-answered
	if _, err := io.WriteString(client, body); err != nil {
		return 0, err
	}
	from := bufio.NewReader(client)
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return response.StatusCode, err
	}
	if _, err := from.ReadByte(); !errors.Is(err, io.EOF) {
		return response.StatusCode, fmt.Errorf("the connection stays open: %w", err)
	}
	return response.StatusCode, nil
}

// TestNew_tooLargeAndClose sends more than a route takes with "Connection: close", as
// GitLab Shell and Gitaly do: they see the answer.
func TestNew_tooLargeAndClose(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "gatehouse")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	handler := strangersHandlers(t)["internal"]
	server := httpserver.New(zap.NewNop(),
		httpserver.Endpoint{Key: "unix", Network: "unix", Address: filepath.Join(folder, "s"), Handler: handler},
		httpserver.Endpoint{Key: "tcp", Network: "tcp", Address: "127.0.0.1:0", Handler: handler})
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	secret := base64.StdEncoding.EncodeToString([]byte(strangersSecret))
	for _, network := range []string{"unix", "tcp"} {
		client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Address(network))
		}}}
		for range 10 {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://gatehouse/api/v4/internal/pre_receive", strings.NewReader(strings.Repeat("x", 3<<20)))
			if err != nil {
				t.Fatal(err)
			}
			request.Close = true
			request.Header.Set("Gitlab-Shared-Secret", secret)
			response, err := client.Do(request)
			if err != nil {
				t.Fatalf("%s: %v", network, err)
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("%s: got %d, %v, want 413", network, response.StatusCode, err)
			}
			_ = response.Body.Close()
		}
	}
}

func TestNew_badProxy(t *testing.T) {
	t.Parallel()
	settings := routing.Settings{PublicPortal: true, TrustedProxies: []string{"10.0.0.0/99"}}
	if _, _, err := routing.New(routing.APIs{}, settings, zap.NewNop()); err == nil {
		t.Error("got no error for an invalid network")
	}
}
