package rest_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/openapi"
	"gatehouse/adapters/httpapi/rest"
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
		route := rest.Route{Method: http.MethodGet, Path: "/items", Name: "getItems", Who: rest.Anyone, Params: filter{}, List: true, Answer: answer}
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

// TestOperations_words wants the words of each list to be in its operation: those of its
// orders, and the parameters of keyset pagination only where it is possible.
func TestOperations_words(t *testing.T) {
	t.Parallel()
	byName := map[string]httpapi.Operation{}
	for _, o := range rest.Operations() {
		byName[o.Name] = o
	}
	for name, want := range map[string]map[string][]string{
		"listUsers":   {"order_by": {"id", "name", "username", "created_at", "updated_at"}, "sort": {"asc", "desc"}, "pagination": {"keyset"}},
		"listOwnKeys": {"order_by": {"id"}, "sort": {"asc", "desc"}},
	} {
		if diff := cmp.Diff(want, byName[name].Words); diff != "" {
			t.Errorf("%s: got (+), want (-):\n%s", name, diff)
		}
	}
	if sorts := byName["listPersonalAccessTokens"].Words["sort"]; !slices.Contains(sorts, "name_desc") || slices.Contains(sorts, "desc") {
		t.Errorf("got %v, want the words of access tokens", sorts)
	}
}

func TestRoute_Operation_projects(t *testing.T) {
	t.Parallel()
	for method, want := range map[string][]int{http.MethodGet: {200, 301}, http.MethodPut: {200}} {
		o := rest.Route{Method: method, Path: "/projects/:id/items", Name: "items", Who: rest.SignedIn, Answer: item{}}.Operation()
		if got := statuses(o.Answers); !slices.Equal(got, want) || !slices.Contains(statuses(o.Refusals.Answers), http.StatusMethodNotAllowed) {
			t.Errorf("%s: got %v", method, got)
		}
	}
	refusing := rest.Route{Method: http.MethodGet, Path: "/items", Name: "refuse", Who: rest.SignedIn, Answer: []any{}}
	if got := refusing.Operation().Answers; len(got) > 0 {
		t.Errorf("got %v of a route that always refuses", got)
	}
}

func TestRoute_Operation_alternatives(t *testing.T) {
	t.Parallel()
	route := rest.Route{
		Method: http.MethodDelete, Path: "/items/:id", Name: "deleteItem", Who: rest.SignedIn, Scopes: []identity.Scope{"read_user"},
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

// TestOperations finds an answer or a parameter that lacks a tag.
func TestOperations(t *testing.T) {
	t.Parallel()
	if _, err := openapi.Build(openapi.Info{}, rest.Operations()); err != nil {
		t.Error(err)
	}
}
