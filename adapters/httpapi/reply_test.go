package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/domain"
)

var dialect = httpapi.Dialect{Status: map[domain.Kind]int{domain.Forbidden: http.StatusUnauthorized}}

func TestDialect_Reply(t *testing.T) {
	t.Parallel()
	refusal := domain.Refuse(domain.Forbidden, "You may not.")
	const internalError = `{"message":"500 Internal Server Error"}`
	type answer struct {
		Status bool `json:"status"`
	}
	tests := map[string]struct {
		body   any
		err    error
		status int
		want   string
	}{
		"body":                   {answer{true}, nil, 200, `{"status":true}`},
		"nil body":               {nil, nil, 200, "null"},
		"overridden kind":        {nil, refusal, 401, `{"message":"You may not."}`},
		"wrapped refusal":        {nil, fmt.Errorf("project %q: %w", "secret/path", refusal), 401, `{"message":"You may not."}`},
		"invalid":                {nil, domain.Refuse(domain.Invalid, "a is missing"), 400, `{"message":"a is missing","error":"a is missing"}`},
		"unknown kind":           {nil, domain.Refuse("made up", "Oh."), 500, `{"message":"Oh."}`},
		"bare kind":              {nil, domain.NotFound, 500, internalError},
		"foreign error":          {nil, errors.New("dial tcp 10.0.0.1:5432"), 500, internalError},
		"deadline":               {nil, context.DeadlineExceeded, 500, internalError},
		"refusal after deadline": {nil, errors.Join(domain.Refuse(domain.NotFound, "Gone."), context.DeadlineExceeded), 404, `{"message":"Gone."}`},
		"body and refusal":       {answer{true}, refusal, 401, `{"message":"You may not."}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, _ := newEngine(t)
			engine.POST("/", dialect.Reply(func(*gin.Context) (any, error) { return tt.body, tt.err }))
			wantAnswer(t, serve(engine, httptest.NewRequest("POST", "/", nil)), tt.status, tt.want)
		})
	}
}

// TestDialect_Reply_kinds finds a Kind without a status of its own: every dialect
// starts from the same statuses, so that one dialect stands for all.
func TestDialect_Reply_kinds(t *testing.T) {
	t.Parallel()
	want := map[domain.Kind]int{
		domain.NotFound: 404, domain.Conflict: 409, domain.Invalid: 400, domain.Unauthenticated: 401, domain.Forbidden: 403,
		domain.Unprocessable: 422, domain.TooMany: 429, domain.TooLarge: 413, domain.Unavailable: 503,
	}
	for _, kind := range domain.Kinds {
		engine, _ := newEngine(t)
		engine.POST("/", httpapi.Dialect{}.Reply(func(*gin.Context) (any, error) { return nil, domain.Refuse(kind, "No.") }))
		if got := serve(engine, httptest.NewRequest("POST", "/", nil)).Code; got != want[kind] {
			t.Errorf("%s: got status %d, want %d", kind, got, want[kind])
		}
	}
}

// expired is an error that a dialect refines.
type expired struct{ error }

func TestDialect_Reply_refine(t *testing.T) {
	t.Parallel()
	refined := httpapi.Dialect{Refine: func(err error) (httpapi.Refinement, bool) {
		_, ok := errors.AsType[expired](err)
		return httpapi.Refinement{Status: http.StatusUnauthorized, Body: []string{err.Error()}, Challenge: "Bearer"}, ok
	}}
	for name, c := range map[string]struct {
		err             error
		status          int
		body, challenge string
	}{
		"type that is refined": {fmt.Errorf("token: %w", expired{domain.Refuse(domain.Forbidden, "It expired.")}), 401, `["token: It expired."]`, "Bearer"},
		"any other refusal":    {domain.Refuse(domain.Forbidden, "No."), 403, `{"message":"No."}`, ""},
		"foreign error":        {errors.New("connection refused"), 500, `{"message":"500 Internal Server Error"}`, ""},
	} {
		engine, logs := newEngine(t)
		engine.POST("/", refined.Reply(func(*gin.Context) (any, error) { return nil, c.err }))
		answer := serve(engine, httptest.NewRequest("POST", "/", nil))
		wantAnswer(t, answer, c.status, c.body)
		if got := answer.Header().Get("WWW-Authenticate"); got != c.challenge {
			t.Errorf("%s: got challenge %q, want %q", name, got, c.challenge)
		}
		if got := logs.TakeAll()[0].ContextMap()["error"]; got != c.err.Error() {
			t.Errorf("%s: got %q in the request log, want the error", name, got)
		}
	}
}

func TestDialect_Reply_words(t *testing.T) {
	t.Parallel()
	literal, worded := httpapi.Dialect{}, httpapi.Dialect{Words: httpapi.StatusWords}
	for name, c := range map[string]struct {
		refusal       *domain.Refusal
		plain, status string
	}{
		"not found, no reason":    {&domain.Refusal{Kind: domain.NotFound}, "not found", "404 Not Found"},
		"not found, reason":       {domain.Refuse(domain.NotFound, "Namespace Not Found"), "Namespace Not Found", "404 Namespace Not Found"},
		"unauthenticated":         {&domain.Refusal{Kind: domain.Unauthenticated}, "unauthenticated", "401 Unauthorized"},
		"unauthenticated, reason": {domain.Refuse(domain.Unauthenticated, "JWT invalid"), "JWT invalid", "JWT invalid"},
		"forbidden, no reason":    {&domain.Refusal{Kind: domain.Forbidden}, "forbidden", "403 Forbidden"},
		"forbidden, reason":       {domain.Refuse(domain.Forbidden, "Blocked."), "Blocked.", "403 Forbidden - Blocked."},
		"unprocessable":           {&domain.Refusal{Kind: domain.Unprocessable}, "unprocessable", "400 Bad request"},
		"unprocessable, reason":   {domain.Refuse(domain.Unprocessable, "Must be root"), "Must be root", "400 Bad request - Must be root"},
		"unavailable, reason":     {domain.Refuse(domain.Unavailable, "Try later."), "Try later.", "Try later."},
		"unavailable, no reason":  {&domain.Refusal{Kind: domain.Unavailable}, "unavailable", "unavailable"},
	} {
		for _, as := range []struct {
			dialect httpapi.Dialect
			want    string
		}{{literal, c.plain}, {worded, c.status}} {
			engine, _ := newEngine(t)
			engine.POST("/", as.dialect.Reply(func(*gin.Context) (any, error) { return nil, c.refusal }))
			got := serve(engine, httptest.NewRequest("POST", "/", nil)).Body.String()
			if want := `{"message":"` + as.want + `"}`; got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
	}
}

func TestDialect_Reply_status(t *testing.T) {
	t.Parallel()
	engine, _ := newEngine(t)
	engine.POST("/", dialect.Reply(func(c *gin.Context) (any, error) {
		c.Status(http.StatusMultipleChoices)
		return "elsewhere", nil
	}))
	wantAnswer(t, serve(engine, httptest.NewRequest("POST", "/", nil)), http.StatusMultipleChoices, `"elsewhere"`)
}

func TestDialect_Reply_noContent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err        error
		status     int
		body, kind string
	}{
		"done":    {nil, 204, "", ""},
		"refused": {domain.Refuse(domain.NotFound, "Gone."), 404, `{"message":"Gone."}`, "text/plain"},
	} {
		engine, _ := newEngine(t)
		engine.POST("/", dialect.Reply(func(g *gin.Context) (any, error) {
			g.Header("Content-Type", "text/plain")
			g.Status(http.StatusNoContent)
			return nil, c.err
		}))
		answer := serve(engine, httptest.NewRequest("POST", "/", nil))
		if got := answer.Header().Get("Content-Type"); answer.Code != c.status || answer.Body.String() != c.body || got != c.kind {
			t.Errorf("%s: got %d %s of type %q, want %d %s", name, answer.Code, answer.Body, got, c.status, c.body)
		}
	}
}

// mountThings mounts a route for each outcome.
func mountThings(engine *gin.Engine) {
	for path, err := range map[string]error{
		"/hidden": errors.New("connection refused"), "/down": domain.Refuse(domain.Unavailable, "try again later"),
	} {
		engine.POST(path, func(c *gin.Context) {
			_ = c.Error(err)
			c.JSON(http.StatusOK, nil)
		})
	}
	engine.POST("/things/:id", dialect.Reply(func(*gin.Context) (any, error) { return nil, nil }))
	engine.POST("/refused", dialect.Reply(func(*gin.Context) (any, error) {
		return nil, domain.Refuse(domain.NotFound, "no such thing")
	}))
	engine.POST("/broken", dialect.Reply(func(*gin.Context) (any, error) {
		return nil, fmt.Errorf("project %q: %w", "x", domain.NotFound)
	}))
}

func tooLargeRefusal(err error) error {
	tooLarge, ok := errors.AsType[*http.MaxBytesError](err)
	if !ok {
		return err
	}
	return domain.Refuse(domain.TooLarge, "the request body is larger than %d bytes", tooLarge.Limit)
}
