package rest_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/openapi"
	"gatehouse/adapters/httpapi/rest"
)

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

// TestOperations finds an answer or a parameter that lacks a tag.
func TestOperations(t *testing.T) {
	t.Parallel()
	if _, err := openapi.Build(openapi.Info{}, rest.Operations()); err != nil {
		t.Error(err)
	}
}
