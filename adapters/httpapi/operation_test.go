package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/httpapi"
	"gatehouse/domain"
)

func TestDialect_Reply_encoded(t *testing.T) {
	t.Parallel()
	engine, _ := newEngine(t)
	engine.GET("/", dialect.Reply(func(c *gin.Context) (any, error) {
		c.Header("Content-Type", "application/json")
		c.Status(http.StatusCreated)
		return httpapi.Encoded(`{"a": "<b>"}`), nil
	}))
	answer := serve(engine, httptest.NewRequest("GET", "/", nil))
	if got := answer.Body.String(); answer.Code != 201 || got != `{"a": "<b>"}` || answer.Header().Get("Content-Type") != "application/json" {
		t.Errorf("got %d %v %s", answer.Code, answer.Header(), got)
	}
}

func TestDialect_Refusals(t *testing.T) {
	t.Parallel()
	type body struct{}
	d := httpapi.Dialect{
		Status: map[domain.Kind]int{domain.Forbidden: 401},
		Body:   func(domain.Kind, string) any { return body{} },
	}
	got := map[int][]any{}
	for _, a := range d.Refusals(domain.Forbidden, domain.NotFound, domain.TooLarge) {
		got[a.Status] = append(got[a.Status], a.Body)
	}
	want := map[int][]any{
		401: {body{}}, 404: {body{}}, 413: {body{}, httpapi.Message{}}, 500: {httpapi.Message{Message: "500 Internal Server Error"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBelow(t *testing.T) {
	t.Parallel()
	operations := []httpapi.Operation{{Path: "/user"}}
	if got := httpapi.Below("/api/v4", operations); got[0].Path != "/api/v4/user" || operations[0].Path != "/user" {
		t.Errorf("got %q, and changed the argument to %q", got[0].Path, operations[0].Path)
	}
}

func TestListOf(t *testing.T) {
	t.Parallel()
	for name, item := range map[string]any{"item": 1, "slice": []int{1}} {
		if _, ok := httpapi.ListOf(item).([]int); !ok {
			t.Errorf("%s: got %T, want []int", name, httpapi.ListOf(item))
		}
	}
}
