package gitaly_test

import (
	"errors"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gatehouse/adapters/gitaly"
	"gatehouse/application/code"
	"gatehouse/domain"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
)

// TestClient_faults has Gitaly fail with every code: each call returns the kind that
// says whether to repeat it.
func TestClient_faults(t *testing.T) {
	t.Parallel()
	kinds := map[codes.Code]domain.Kind{
		codes.Canceled: domain.Unavailable, codes.DeadlineExceeded: domain.Unavailable, codes.ResourceExhausted: domain.Unavailable,
		codes.Aborted: domain.Unavailable, codes.Unavailable: domain.Unavailable,
		codes.NotFound: domain.NotFound, codes.AlreadyExists: domain.Conflict,
		codes.InvalidArgument: domain.Unprocessable, codes.FailedPrecondition: domain.Unprocessable, codes.OutOfRange: domain.Unprocessable,
		codes.Unimplemented: domain.Unprocessable, codes.DataLoss: domain.Unprocessable,
		codes.Unknown: "", codes.Internal: "", codes.PermissionDenied: "", codes.Unauthenticated: "",
	}
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		want, listed := kinds[code]
		if !listed {
			t.Errorf("the code %v is not in the table", code)
		}
		s := gitalytest.Start(t)
		filled(s)
		s.Fail(func(gitalytest.Call) error { return status.Error(code, "so it is") })
		for name, call := range calls(client(t, s)) {
			err := call(t)
			if name == "Create" && code == codes.AlreadyExists || name == "Remove" && code == codes.NotFound {
				if err != nil {
					t.Errorf("%s after %v: got %v", name, code, err)
				}
				continue
			}
			want := want
			switch {
			case code == codes.InvalidArgument && slices.Contains([]string{"Branch", "Branches", "Commit", "LastCommitOf", "Blob", "Tree"}, name):
				want = domain.NotFound
			case want == domain.Unprocessable && name == "CommitFiles" && (code == codes.InvalidArgument || code == codes.FailedPrecondition):
				want = domain.Invalid
			}
			if kind, _ := errors.AsType[domain.Kind](err); err == nil || kind != want {
				t.Errorf("%s after %v: got %q of %v, want %q", name, code, kind, err, want)
			}
		}
	}
}

// calls are all of a client, each with its error.
func calls(c *gitaly.Client) map[string]func(*testing.T) error {
	ask := func(questions ...source.Question) func(*testing.T) error {
		return func(t *testing.T) error {
			answers, err := c.Answers(t.Context(), place("default"), questions)
			if err != nil && answers != nil {
				t.Errorf("got %v with an error", answers)
			}
			return err
		}
	}
	var many []source.Question
	for _, older := range []source.ObjectID{one, two, three} {
		for _, newer := range []source.ObjectID{one, two, three} {
			many = append(many, ancestor(older, newer))
		}
	}
	return map[string]func(*testing.T) error{
		"Answers, an ancestor": ask(ancestor(one, two)),
		"Answers, many":        ask(many...),
		"Answers, existence":   ask(source.Question{About: source.Existence}),
		"Answers, branches":    ask(source.Question{About: source.Branches}),
		"Answers, the default": ask(source.Question{About: source.Default, Branch: "main"}),
		"DefaultBranch":        func(t *testing.T) error { _, err := c.DefaultBranch(t.Context(), cli); return err },
		"HasBranches":          func(t *testing.T) error { _, err := c.HasBranches(t.Context(), cli); return err },
		"History": func(t *testing.T) error {
			_, _, err := c.History(t.Context(), cli, source.Span{To: three}, 1)
			return err
		},
		"Create": func(t *testing.T) error {
			return c.Create(t.Context(), source.Project{ID: 43, Storage: "default"}, source.Code)
		},
		"Remove":           func(t *testing.T) error { return c.Remove(t.Context(), cli, source.Code) },
		"SetDefaultBranch": func(t *testing.T) error { return c.SetDefaultBranch(t.Context(), cli, "main") },
		"Branch":           func(t *testing.T) error { _, err := c.Branch(t.Context(), cli, "main"); return err },
		"Branches": func(t *testing.T) error {
			_, _, err := c.Branches(t.Context(), cli, code.BranchQuery{})
			return err
		},
		"Commit":       func(t *testing.T) error { _, err := c.Commit(t.Context(), cli, "main"); return err },
		"LastCommitOf": func(t *testing.T) error { _, err := c.LastCommitOf(t.Context(), cli, three, "a"); return err },
		"Blob":         func(t *testing.T) error { _, err := c.Blob(t.Context(), cli, three, "a"); return err },
		"Tree": func(t *testing.T) error {
			_, _, err := c.Tree(t.Context(), cli, code.TreeQuery{Revision: three})
			return err
		},
		"CommitFiles": func(t *testing.T) error { _, err := c.CommitFiles(t.Context(), cli, source.NewCommit{}); return err },
	}
}
