package routing_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/httpapi/kas"
	"gatehouse/adapters/httpapi/portal"
	"gatehouse/adapters/httpapi/routing"
	"gatehouse/adapters/httpapi/shell"
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
	internal, public := newHandlers(t, true)
	withoutKas, _ := newHandlers(t, false)
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

// newHandlers makes the handlers below /gitlab, with the routes of kas or without.
func newHandlers(t *testing.T, withKas bool) (internal, public http.Handler) {
	t.Helper()
	shellAuth := shell.NewAuthenticator(func() [][]byte { return nil }, shell.LegacyReject, time.Now, zap.NewNop())
	apis := routing.APIs{Shell: shell.New(shellAuth, shell.UseCases{}, shell.Instance{}), Portal: portal.New(nil, nil, true)}
	if withKas {
		apis.Kas = kas.New(kas.NewAuthenticator(func() []byte { return nil }, 0, false, time.Now), nil, nil)
	}
	internal, public, err := routing.New(apis, routing.Settings{RelativeRoot: "/gitlab"}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return internal, public
}

func TestNew_badProxy(t *testing.T) {
	t.Parallel()
	settings := routing.Settings{TrustedProxies: []string{"10.0.0.0/99"}}
	if _, _, err := routing.New(routing.APIs{}, settings, zap.NewNop()); err == nil {
		t.Error("got no error for an invalid network")
	}
}
