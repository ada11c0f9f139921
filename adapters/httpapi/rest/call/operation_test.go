package call_test

import (
	"net/http"
	"slices"
	"testing"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/domain/identity"
)

type item struct {
	ID int64 `json:"id"`
}

type filter struct {
	Search string `param:"search"`
}

func statuses(answers []httpapi.Answer) (out []int) {
	for _, a := range answers {
		out = append(out, a.Status)
	}
	return out
}

func TestRoute_Operation_list(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]any{"an item": item{}, "a slice": []item{}} {
		route := call.Route{Method: http.MethodGet, Path: "/items", Name: "getItems", Who: call.Anyone, Params: filter{}, List: true, Answer: answer}
		o := route.Operation()
		if len(o.Params.([]any)) != 2 || len(o.Security[0]) != 0 || !slices.Contains(statuses(o.Refusals.Answers), http.StatusMethodNotAllowed) {
			t.Errorf("%s: got %+v", name, o)
		}
		got := o.Answers[0]
		if _, isList := got.Body.([]item); !isList || got.Status != http.StatusOK || len(got.Headers) == 0 {
			t.Errorf("%s: got %+v, want a list with the headers of a page", name, got)
		}
	}
}

func TestRoute_Operation_projects(t *testing.T) {
	t.Parallel()
	for method, want := range map[string][]int{http.MethodGet: {200, 301}, http.MethodPut: {200}} {
		o := call.Route{Method: method, Path: "/projects/:id/items", Name: "items", Who: call.SignedIn, Answer: item{}}.Operation()
		if got := statuses(o.Answers); !slices.Equal(got, want) || !slices.Contains(statuses(o.Refusals.Answers), http.StatusMethodNotAllowed) {
			t.Errorf("%s: got %v", method, got)
		}
	}
	refusing := call.Route{Method: http.MethodGet, Path: "/items", Name: "refuse", Who: call.SignedIn, Answer: []any{}}
	if got := refusing.Operation().Answers; len(got) > 0 {
		t.Errorf("got %v of a route that always refuses", got)
	}
}

func TestRoute_Operation_alternatives(t *testing.T) {
	t.Parallel()
	route := call.Route{
		Method: http.MethodDelete, Path: "/items/:id", Name: "deleteItem", Who: call.SignedIn, Scopes: []identity.Scope{"read_user"},
		Status: http.StatusAccepted, Answer: []any{item{}, (*bool)(nil), httpapi.Answer{Status: http.StatusNoContent}},
	}
	o := route.Operation()
	if got := statuses(o.Answers); !slices.Equal(got, []int{202, 202, 204}) || o.Params != nil || len(o.Security[0]) == 0 {
		t.Errorf("got %+v", o)
	}
	if want := "For callers with a token. A token needs one of the scopes api, read_user."; o.Note != want {
		t.Errorf("got %q, want %q", o.Note, want)
	}
	conditional := slices.ContainsFunc(o.Extra, func(p httpapi.Parameter) bool { return p.Name == "If-Unmodified-Since" })
	if !conditional || !slices.Contains(statuses(o.Refusals.Answers), http.StatusPreconditionFailed) {
		t.Error("got a deletion without its condition")
	}
}
