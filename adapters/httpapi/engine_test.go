package httpapi_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/adapters/httpapi"
)

func TestNewEngine_unknown(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, target string
		status         int
		allow, body    string
	}{
		"route":          {"GET", "/unknown", 404, "", `{"message":"404 Not Found","error":"404 Not Found"}`},
		"root":           {"GET", "/", 404, "", `{"message":"404 Not Found","error":"404 Not Found"}`},
		"method":         {"GET", "/post", 405, "POST", `{"message":"405 Method Not Allowed","error":"405 Method Not Allowed"}`},
		"trailing slash": {"POST", "/post/", 404, "", `{"message":"404 Not Found","error":"404 Not Found"}`},
		"other case":     {"POST", "/Post", 404, "", `{"message":"404 Not Found","error":"404 Not Found"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, _ := newEngine(t)
			engine.POST("/post", func(c *gin.Context) { c.JSON(http.StatusOK, nil) })
			answer := serve(engine, httptest.NewRequest(tt.method, tt.target, nil))
			wantAnswer(t, answer, tt.status, tt.body)
			if got := answer.Header().Get("Allow"); got != tt.allow {
				t.Errorf("got Allow %q, want %q", got, tt.allow)
			}
		})
	}
}

func TestNewEngine_badProxy(t *testing.T) {
	t.Parallel()
	if _, err := httpapi.NewEngine(zap.NewNop(), []string{"10.0.0.0/99"}); err == nil || !strings.Contains(err.Error(), "trusted proxies") {
		t.Errorf("got %v, want an error about trusted proxies", err)
	}
}

func TestNewEngine_requestID(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	tests := map[string]struct {
		given string
		kept  bool
	}{
		"well-formed": {"01HXYZ-abc_123", true}, "longest": {long[:255], true}, "absent": {"", false},
		"too long": {long, false}, "control": {"a\tb", false}, "blank": {"a b", false}, "not ASCII": {"ä", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, _ := newEngine(t)
			var seen string
			engine.GET("/", func(c *gin.Context) { seen = httpapi.RequestID(c.Request.Context()) })
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("X-Request-Id", tt.given)
			echoed := serve(engine, r).Header().Get("X-Request-Id")
			if echoed != seen || (seen == tt.given) != tt.kept {
				t.Errorf("got %q, echoed %q, from %q", seen, echoed, tt.given)
			}
			if _, err := uuid.Parse(seen); (err != nil) != tt.kept {
				t.Errorf("got %q, want a uuid only if the id was not kept", seen)
			}
		})
	}
	if got := httpapi.RequestID(t.Context()); got != "" {
		t.Errorf("got %q outside of a request, want nothing", got)
	}
}

func TestNewEngine_log(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		target string
		level  zapcore.Level
		want   map[string]any
	}{
		"answered": {"/things/7?secret_token=hunter2", zap.InfoLevel, map[string]any{"route": "/things/:id", "status": int64(200)}},
		"refused": {"/refused?secret_token=hunter2", zap.InfoLevel,
			map[string]any{"route": "/refused", "status": int64(404), "error": "no such thing"}},
		"broken": {"/broken?secret_token=hunter2", zap.ErrorLevel,
			map[string]any{"route": "/broken", "status": int64(500), "error": "project \"x\": not found"}},
		"fault behind status 200": {"/hidden", zap.WarnLevel,
			map[string]any{"route": "/hidden", "status": int64(200), "error": "connection refused"}},
		"unavailable store behind status 200": {"/down", zap.WarnLevel,
			map[string]any{"route": "/down", "status": int64(200), "error": "try again later"}},
		"query escaped": {"/unknown%3Fsecret_token=hunter2", zap.InfoLevel,
			map[string]any{"route": "", "path": "/unknown", "status": int64(404)}},
		"password in the address": {"http://me:hunter2@host/unknown", zap.InfoLevel,
			map[string]any{"route": "", "path": "/unknown", "status": int64(404)}},
		"unknown": {"/unknown?secret_token=hunter2", zap.InfoLevel,
			map[string]any{"route": "", "path": "/unknown", "status": int64(404)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, logs := newEngine(t)
			mountThings(engine)
			r := httptest.NewRequest("POST", tt.target, strings.NewReader(`{"secret_token":"hunter2"}`))
			r.Header.Set("User-Agent", "GitLab-Shell"+strings.Repeat("!", 200))
			r.Header.Set("X-Request-Id", "abc")
			r.Header.Set("Gitlab-Shared-Secret", "hunter2")
			serve(engine, r)

			lines := logs.TakeAll()
			if len(lines) != 1 || lines[0].Level != tt.level || lines[0].Message != "request" {
				t.Fatalf("got %v, want one line of level %s", lines, tt.level)
			}
			got := lines[0].ContextMap()
			if took, ok := got["duration_ms"].(float64); !ok || took < 0 {
				t.Errorf("got duration_ms %v", got["duration_ms"])
			}
			delete(got, "duration_ms")
			want := map[string]any{"method": "POST", "caller": "GitLab-Shell" + strings.Repeat("!", 88),
				"correlation_id": "abc", "remote_ip": "192.0.2.1"}
			for key, value := range tt.want {
				want[key] = value
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewEngine_panic(t *testing.T) {
	t.Parallel()
	engine, logs := newEngine(t)
	engine.POST("/panic", func(*gin.Context) { panic("no such index") })
	engine.POST("/late", func(c *gin.Context) {
		c.JSON(http.StatusOK, nil)
		panic("too late")
	})

	answer := serve(engine, httptest.NewRequest("POST", "/panic", strings.NewReader("hunter2")))
	wantAnswer(t, answer, http.StatusInternalServerError, `{"message":"500 Internal Server Error"}`)
	lines := logs.TakeAll()
	if len(lines) != 2 || lines[0].Message != "panic" || lines[1].Message != "request" {
		t.Fatalf("got %v, want the panic and the request", lines)
	}
	stack, _ := lines[0].ContextMap()["stack"].(string)
	if !strings.Contains(stack, "engine_test.go") || strings.Contains(stack, "hunter2") {
		t.Errorf("got stack %s, want this file and no payload", stack)
	}
	if got := lines[1].ContextMap()["error"]; got != "panic: no such index" {
		t.Errorf("got %v in the request log", got)
	}

	wantAnswer(t, serve(engine, httptest.NewRequest("POST", "/late", nil)), http.StatusOK, "null")
}

func TestNewEngine_hangUp(t *testing.T) {
	t.Parallel()
	engine, _ := newEngine(t)
	engine.GET("/", func(*gin.Context) { panic(http.ErrAbortHandler) })
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("got %v, want the abort passed on", got)
		}
	}()
	serve(engine, httptest.NewRequest("GET", "/", nil))
}

func TestClientIP(t *testing.T) {
	t.Parallel()
	unix := &net.UnixAddr{Net: "unix", Name: "/run/gatehouse.sock"}
	tests := map[string]struct {
		peer, forwarded string
		local           net.Addr
		want            string
	}{
		"untrusted peer":             {"192.0.2.1:1234", "", nil, "192.0.2.1"},
		"untrusted peer forwards":    {"192.0.2.1:1234", "198.51.100.7", nil, "192.0.2.1"},
		"trusted proxy":              {"10.0.0.1:1234", "", nil, "10.0.0.1"},
		"trusted proxy forwards":     {"10.0.0.1:1234", "198.51.100.7", nil, "198.51.100.7"},
		"trusted proxy forwards two": {"10.0.0.1:1234", "203.0.113.9, 198.51.100.7", nil, "198.51.100.7"},
		"Unix socket":                {"@", "", unix, ""},
		"Unix socket forwards":       {"@", "198.51.100.7", unix, "198.51.100.7"},
		"unknown peer":               {"", "", nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, _ := newEngine(t, "10.0.0.0/8")
			var got string
			engine.GET("/", func(c *gin.Context) { got = httpapi.ClientIP(c) })
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tt.peer
			r.Header.Set("X-Forwarded-For", tt.forwarded)
			r.Header.Set("X-Real-IP", "203.0.113.1")
			if tt.local != nil {
				r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, tt.local))
			}
			serve(engine, r)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	const tooLarge = `{"message":"the request body is larger than 10 bytes","error":"the request body is larger than 10 bytes"}`
	tests := map[string]struct {
		target, body string
		hideLength   bool
		status       int
		want         string
		left         int
	}{
		"body of the limit":            {"/read", "0123456789", false, 200, `"0123456789"`, 0},
		"too large by Content-Length":  {"/read", "0123456789ab", false, 413, tooLarge, 1},
		"too large, no Content-Length": {"/read", "0123456789ab", true, 413, tooLarge, 1},
		"body not read by the handler": {"/leave", "0123456789", false, 200, `"left"`, 0},
		"too large body not read":      {"/leave", "0123456789ab", true, 200, `"left"`, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, _ := newEngine(t)
			mountBodies(engine, httpapi.Limit(10))
			body := strings.NewReader(tt.body)
			r := httptest.NewRequest("POST", tt.target, body)
			if tt.hideLength {
				r.ContentLength = -1
			}
			wantAnswer(t, serve(engine, r), tt.status, tt.want)
			if got := body.Len(); got != tt.left {
				t.Errorf("got %d bytes left, want %d", got, tt.left)
			}
		})
	}
}

func newEngine(t *testing.T, proxies ...string) (*gin.Engine, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	engine, err := httpapi.NewEngine(zap.New(core), proxies)
	if err != nil {
		t.Fatal(err)
	}
	return engine, logs
}

func mountBodies(engine *gin.Engine, limit gin.HandlerFunc) {
	engine.POST("/leave", limit, dialect.Reply(func(*gin.Context) (any, error) { return "left", nil }))
	engine.POST("/read", limit, dialect.Reply(func(c *gin.Context) (any, error) {
		content, err := io.ReadAll(c.Request.Body)
		if err != nil {
			return nil, tooLargeRefusal(err)
		}
		return string(content), nil
	}))
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}

func wantAnswer(t *testing.T, answer *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if answer.Code != status || answer.Body.String() != body {
		t.Errorf("got %d %s, want %d %s", answer.Code, answer.Body, status, body)
	}
	if got := answer.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("got content type %q, want JSON", got)
	}
}
