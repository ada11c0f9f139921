package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
)

func TestHandler(t *testing.T) {
	t.Parallel()
	tests := []struct {
		root, target, want string // want is the parameter id and the query
	}{
		{"", "/v4/things/7", "7?"},
		{"", "/v4/things/7?path=/a//b/", "7?path=/a//b/"},
		{"", "/v4/things/7/?a=1/", "7?a=1/"},
		{"", "//v4///things//7//", "7?"},
		{"", "/v4/things/acme%2Ftools", "acme/tools?"},
		{"", "/v4/things/acme%2ftools/", "acme/tools?"},
		{"", "/v4/things/acme%2F%2Ftools", "acme//tools?"},
		{"", "/v4/things/a%20b", "a b?"},
		{"", "/v4/things/a+b", "a+b?"},
		{"", "/v4/things/a+b%2Fc", "a+b/c?"},
		{"", "/v4/things/a%2Bb%2Fc", "a+b/c?"},
		{"", "/v4/things/100%25", "100%?"},
		{"", "/v4/things/%25%32%46", "%2F?"},
		{"", "/v4/things/a/b", ""},
		{"", "/v4/things/..", "..?"},
		{"", "/v4/things/", ""},
		{"", "/", ""},
		{"", "http://gatehouse/v4/things/7", "7?"},
		{"/", "/v4/things/7", "7?"},
		{"/gitlab", "/gitlab/v4/things/7", "7?"},
		{"gitlab/", "/gitlab/v4/things/7/", "7?"},
		{"//gitlab//", "//gitlab//v4/things/acme%2Ftools?a=1", "acme/tools?a=1"},
		{"/a/b", "/a/b/v4/things/7", "7?"},
		{"/gitlab", "/v4/things/7", ""},
		{"/gitlab", "/gitlabs/v4/things/7", ""},
		{"/gitlab", "/gitlab%2Fv4/things/7", ""},
		{"/gitlab", "/GitLab/v4/things/7", ""},
		{"/gitlab", "/gitlab", ""},
		{"/gitlab", "/gitlab/", ""},
	}
	for _, tt := range tests {
		t.Run(tt.root+" "+tt.target, func(t *testing.T) {
			t.Parallel()
			engine, _ := newEngine(t)
			engine.GET("/v4/things/:id", dialect.Reply(func(c *gin.Context) (any, error) {
				return c.Param("id") + "?" + c.Request.URL.RawQuery, nil
			}))
			answer := serve(httpapi.Handler(tt.root, engine), httptest.NewRequest("GET", tt.target, nil))
			if tt.want == "" {
				wantAnswer(t, answer, http.StatusNotFound, `{"message":"404 Not Found","error":"404 Not Found"}`)
				return
			}
			wantAnswer(t, answer, http.StatusOK, `"`+tt.want+`"`)
		})
	}
}

func TestHandlerAsSent(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"/gitlab/v4/things/7": "7", "/gitlab/v4//things/7": "7", "/gitlab/v4///things/7": "", "/gitlab/v4/things//7": "", "/gitlab/v4/things/7/": "",
		"/gitlab//v4/things/7": "", "/gitlab/v4//": "",
	} {
		engine, _ := newEngine(t)
		engine.GET("/v4/things/:id", dialect.Reply(func(c *gin.Context) (any, error) { return c.Param("id"), nil }))
		answer := serve(httpapi.HandlerAsSent("/gitlab", "/v4", engine), httptest.NewRequest("GET", target, nil))
		if found := answer.Code == http.StatusOK; found != (want != "") {
			t.Errorf("%s: got %d", target, answer.Code)
		}
	}
}

func TestHandler_leavesTheRequest(t *testing.T) {
	t.Parallel()
	engine, logs := newEngine(t)
	r := httptest.NewRequest("GET", "/elsewhere/a%2Fb/?secret_token=hunter2", nil)
	serve(httpapi.Handler("/gitlab", engine), r)
	if got := r.URL.String(); got != "/elsewhere/a%2Fb/?secret_token=hunter2" {
		t.Errorf("got %q, want the caller's request as it was", got)
	}
	if got := logs.TakeAll()[0].ContextMap()["path"]; got != "/elsewhere/a" {
		t.Errorf("got path %v in the log, want the one that was sent, to the first odd character", got)
	}
}

// FuzzHandler looks for a path that panics, redirects, or is answered although it
// is not below the root.
func FuzzHandler(f *testing.F) {
	for _, seed := range []string{"/", "//", "/gitlab", "/gitlab//v4/things/a%2Fb/", "/gitlab%2F", "/%2e%2e/gitlab", "/gitlab/v4/things/+%", "*"} {
		f.Add(seed)
	}
	engine, err := httpapi.NewEngine(zap.NewNop(), nil)
	if err != nil {
		f.Fatal(err)
	}
	engine.GET("/v4/things/:id", dialect.Reply(func(*gin.Context) (any, error) { return nil, nil }))
	handler := httpapi.Handler("/gitlab", engine)
	f.Fuzz(func(t *testing.T, path string) {
		r, err := http.NewRequest("GET", path, nil)
		if err != nil {
			return
		}
		inside := strings.HasPrefix(strings.TrimLeft(r.URL.EscapedPath(), "/"), "gitlab/")
		status := serve(handler, r).Code
		if status != http.StatusNotFound && (status != http.StatusOK || !inside) {
			t.Errorf("%q: got %d", path, status)
		}
	})
}
