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

var dialect = httpapi.Dialect{
	Status: map[domain.Kind]int{
		domain.NotFound: http.StatusNotFound, domain.Invalid: http.StatusBadRequest,
		domain.Forbidden: http.StatusUnauthorized, domain.TooLarge: http.StatusRequestEntityTooLarge,
	},
	Body: httpapi.Plain,
}

func TestDialect_Reply(t *testing.T) {
	t.Parallel()
	refusal := domain.Refuse(domain.Forbidden, "You may not.")
	const mute = `{"message":"500 Internal Server Error"}`
	type answer struct {
		Status bool `json:"status"`
	}
	tests := map[string]struct {
		body   any
		err    error
		status int
		want   string
	}{
		"answer":         {answer{true}, nil, 200, `{"status":true}`},
		"nothing":        {nil, nil, 200, "null"},
		"refusal":        {nil, refusal, 401, `{"message":"You may not."}`},
		"wrapped":        {nil, fmt.Errorf("project %q: %w", "secret/path", refusal), 401, `{"message":"You may not."}`},
		"invalid":        {nil, domain.Refuse(domain.Invalid, "a is missing"), 400, `{"message":"a is missing","error":"a is missing"}`},
		"gap":            {nil, domain.Refuse(domain.Conflict, "Twice."), 500, `{"message":"Twice."}`},
		"bare kind":      {nil, domain.NotFound, 500, mute},
		"store":          {nil, errors.New("dial tcp 10.0.0.1:5432"), 500, mute},
		"deadline":       {nil, context.DeadlineExceeded, 500, mute},
		"late refusal":   {nil, errors.Join(domain.Refuse(domain.NotFound, "Gone."), context.DeadlineExceeded), 404, `{"message":"Gone."}`},
		"answer ignored": {answer{true}, refusal, 401, `{"message":"You may not."}`},
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

func TestDialect_Reply_words(t *testing.T) {
	t.Parallel()
	literal := httpapi.Dialect{Status: dialect.Status, Body: httpapi.Plain}
	worded := literal
	worded.Words = httpapi.StatusWords
	for name, c := range map[string]struct {
		refusal       *domain.Refusal
		plain, status string
	}{
		"not found":             {&domain.Refusal{Kind: domain.NotFound}, "not found", "404 Not Found"},
		"not found, which":      {domain.Refuse(domain.NotFound, "Namespace Not Found"), "Namespace Not Found", "404 Namespace Not Found"},
		"stranger":              {&domain.Refusal{Kind: domain.Unauthenticated}, "unauthenticated", "401 Unauthorized"},
		"stranger, why":         {domain.Refuse(domain.Unauthenticated, "JWT invalid"), "JWT invalid", "JWT invalid"},
		"forbidden":             {&domain.Refusal{Kind: domain.Forbidden}, "forbidden", "403 Forbidden"},
		"forbidden, why":        {domain.Refuse(domain.Forbidden, "Blocked."), "Blocked.", "403 Forbidden - Blocked."},
		"impossible":            {&domain.Refusal{Kind: domain.Unprocessable}, "unprocessable", "400 Bad request"},
		"impossible, why":       {domain.Refuse(domain.Unprocessable, "Must be root"), "Must be root", "400 Bad request - Must be root"},
		"unavailable":           {domain.Refuse(domain.Unavailable, "Try later."), "Try later.", "Try later."},
		"unavailable, unworded": {&domain.Refusal{Kind: domain.Unavailable}, "unavailable", "unavailable"},
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
