package audit_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/audit"
	"gatehouse/domain/source"
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

func TestCause_projects(t *testing.T) {
	t.Parallel()
	by := audit.Cause{Actor: audit.Actor{Kind: audit.Person, User: 1, Username: "root"}, CorrelationID: "c"}
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	p := source.Project{ID: 7, Path: "acme/tools/cli", Visibility: source.Private, Storage: "default"}
	was, is := audit.Object{Kind: audit.Project, ID: 7, Path: "acme/tools/cli"}, audit.Object{Kind: audit.Project, ID: 7, Path: "kit/tools/cli"}
	if diff := cmp.Diff([]audit.Event{
		by.Event(at, audit.Delete, was, was, audit.Values{"path": "acme/tools/cli", "visibility": "private", "storage": "default"}, nil),
	}, by.ProjectsDeleted(at, []source.Project{p})); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]audit.Event{
		by.Event(at, audit.Update, is, is, audit.Values{"path": "acme/tools/cli"}, audit.Values{"path": "kit/tools/cli"}),
	}, by.ProjectsMoved(at, []source.Project{p}, "acme", "kit")); diff != "" {
		t.Errorf("moved (-want +got):\n%s", diff)
	}
}
