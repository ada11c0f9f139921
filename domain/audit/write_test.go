package audit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/audit"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, after, was, is audit.Values }{
		"nothing":   {audit.Values{"a": "x", "list": []string{"x"}}, audit.Values{"a": "x", "list": []string{"x"}}, audit.Values{}, audit.Values{}},
		"a change":  {audit.Values{"a": "x", "b": true}, audit.Values{"a": "y", "b": true}, audit.Values{"a": "x"}, audit.Values{"a": "y"}},
		"a new one": {audit.Values{}, audit.Values{"a": "y"}, audit.Values{"a": nil}, audit.Values{"a": "y"}},
		"an end":    {audit.Values{"a": "x"}, audit.Values{}, audit.Values{"a": "x"}, audit.Values{"a": nil}},
		"created":   {nil, audit.Values{"a": "y"}, nil, audit.Values{"a": "y"}},
		"deleted":   {audit.Values{"a": "x"}, nil, audit.Values{"a": "x"}, nil},
	} {
		was, is := audit.Changes(c.before, c.after)
		if diff := cmp.Diff([]audit.Values{c.was, c.is}, []audit.Values{was, is}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
