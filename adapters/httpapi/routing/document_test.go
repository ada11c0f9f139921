package routing_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/httpapi/kas"
	"gatehouse/adapters/httpapi/openapi"
	"gatehouse/adapters/httpapi/portal"
	"gatehouse/adapters/httpapi/rest"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/routing"
	"gatehouse/adapters/httpapi/shell"
)

// allAPIs are the routes of all callers, without use cases.
func allAPIs() routing.APIs {
	shellAuth := shell.NewAuthenticator(func() [][]byte { return nil }, shell.LegacyReject, false, time.Now, zap.NewNop())
	kasAuth := kas.NewAuthenticator(func() []byte { return nil }, 0, false, false, time.Now)
	return routing.APIs{
		Shell: shell.New(shellAuth, shell.UseCases{}, shell.Instance{}), Kas: kas.New(kasAuth, nil, nil),
		Portal: portal.New(nil, nil, true), Rest: rest.New(rest.UseCases{}, rest.Instance{}, call.Limits{}, time.Now),
	}
}

// TestOperations finds a route without an operation, and an operation without a route, on
// each kind of listener with each setting.
func TestOperations(t *testing.T) {
	t.Parallel()
	without := func(kas, rest bool) routing.APIs {
		apis := allAPIs()
		if kas {
			apis.Kas = nil
		}
		if rest {
			apis.Rest = nil
		}
		return apis
	}
	for name, c := range map[string]struct {
		apis     routing.APIs
		settings routing.Settings
		kind     routing.Listener
	}{
		"internal":                     {allAPIs(), routing.Settings{}, routing.Internal},
		"internal without kas":         {without(true, false), routing.Settings{}, routing.Internal},
		"internal without rest":        {without(false, true), routing.Settings{}, routing.Internal},
		"public":                       {allAPIs(), routing.Settings{PublicPortal: true, PublicRest: true}, routing.Public},
		"public without portal":        {allAPIs(), routing.Settings{PublicRest: true}, routing.Public},
		"public without rest":          {without(false, true), routing.Settings{PublicPortal: true, PublicRest: true}, routing.Public},
		"public with rest not allowed": {allAPIs(), routing.Settings{PublicPortal: true}, routing.Public},
	} {
		handler, mounted, err := routing.Mounted(c.apis, c.settings, c.kind)
		if err != nil {
			t.Fatal(err)
		}
		described, names, paths := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, o := range routing.Operations(c.apis, c.settings, c.kind) {
			if route := o.Method + " " + o.Path; described[route] || names[o.Name] {
				t.Errorf("%s: %s is there twice, as %s", name, route, o.Name)
			}
			described[o.Method+" "+o.Path], names[o.Name], paths[o.Path] = true, true, true
			if o.Summary == "" || o.Client.Name == "" || !strings.HasSuffix(o.Client.About, ".") {
				t.Errorf("%s: %s has the summary %q and the section %v", name, o.Name, o.Summary, o.Client)
			}
		}
		served := map[string]bool{}
		for _, r := range mounted {
			route := r.Method + " " + r.Path
			served[route] = true
			isHead := r.Method == http.MethodHead && described[http.MethodGet+" "+r.Path]
			isOther := paths[r.Path] && isRefused(t, handler, r.Method, r.Path)
			if !described[route] && !isHead && !isOther {
				t.Errorf("%s: %s has no operation", name, route)
			}
		}
		for route := range described {
			if !served[route] {
				t.Errorf("%s: %s is described and not served", name, route)
			}
		}
	}
}

// isRefused says whether a route is there to answer that there is none for the method.
func isRefused(t *testing.T, handler http.Handler, method, path string) bool {
	t.Helper()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	return answer.Code == http.StatusNotFound
}

// TestNew_document asks each listener for the document of its routes, and for the page.
func TestNew_document(t *testing.T) {
	t.Parallel()
	settings := routing.Settings{
		RelativeRoot: "/gitlab", PublicPortal: true, PublicRest: true, Version: "16.11.0-gatehouse", ExternalURL: "https://git.example.com/gitlab",
	}
	internal, public, err := routing.New(allAPIs(), settings, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	const path = "/gitlab/api/v4/openapi.json"
	for _, c := range []struct {
		name    string
		handler http.Handler
		kind    routing.Listener
	}{{"internal", internal, routing.Internal}, {"public", public, routing.Public}} {
		answer := serve(t, c.handler, path)
		if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != "application/json" || answer.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Fatalf("%s: got %d %v", c.name, answer.Code, answer.Header())
		}
		var document struct {
			Servers []struct{ URL string }
			Paths   map[string]map[string]any
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &document); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if len(document.Servers) != 2 || document.Servers[0].URL != settings.ExternalURL || document.Servers[1].URL != settings.RelativeRoot {
			t.Errorf("%s: got the servers %v", c.name, document.Servers)
		}
		operations := 0
		for path, item := range document.Paths {
			operations += len(item)
			if c.kind == routing.Public && strings.Contains(path, "/internal") {
				t.Errorf("%s: got %s", c.name, path)
			}
		}
		if want := len(routing.Operations(allAPIs(), settings, c.kind)); operations != want {
			t.Errorf("%s: got %d operations, want %d", c.name, operations, want)
		}
		if again := serve(t, c.handler, path); again.Body.String() != answer.Body.String() {
			t.Errorf("%s: got another document the second time", c.name)
		}
		if page := serve(t, c.handler, "/gitlab/-/docs"); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `data-root="/gitlab"`) {
			t.Errorf("%s: got %d %s", c.name, page.Code, page.Body)
		}
	}
}

func serve(t *testing.T, handler http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return answer
}

// TestNew_noDocument asks listeners that do not serve the management API: they have neither
// the document nor the page.
func TestNew_noDocument(t *testing.T) {
	t.Parallel()
	apis := allAPIs()
	_, public, err := routing.New(apis, routing.Settings{PublicPortal: true}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	apis.Rest = nil
	internal, _, err := routing.New(apis, routing.Settings{}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	for name, handler := range map[string]http.Handler{"public": public, "internal": internal} {
		for _, path := range []string{"/api/v4/openapi.json", "/-/docs", "/-/docs/page.js"} {
			if answer := serve(t, handler, path); answer.Code != http.StatusNotFound {
				t.Errorf("%s: got %d for %s", name, answer.Code, path)
			}
		}
	}
}

// BenchmarkDocument measures the first request for the document, without HTTP.
func BenchmarkDocument(b *testing.B) {
	operations := routing.Operations(allAPIs(), routing.Settings{}, routing.Internal)
	b.ReportAllocs()
	for b.Loop() {
		text, err := openapi.Build(openapi.Info{}, operations)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(text)), "bytes/doc")
	}
}
