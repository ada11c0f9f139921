package pushes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/pushes"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

const (
	none = "0000000000000000000000000000000000000000"
	some = "1111111111111111111111111111111111111111"
)

// linkingReceiver is a Receiver that links to merge requests.
func (h *fakePorts) linkingReceiver() *pushes.Receiver {
	return pushes.New(h, h, h, h, h, pushes.Rules{
		NewID:           newID,
		CloneURL:        func(path string, _ source.Protocol) string { return "clone " + path },
		WebURL:          func(path string) string { return "look " + path },
		MergeRequestURL: func(path, branch string) string { return "merge " + path + " " + branch },
	}, func() time.Time { return now })
}

func person() pushes.PushContext {
	return pushes.PushContext{
		Actor:   identity.Actor{User: identity.User{ID: 7, State: identity.Active}},
		Project: source.Project{ID: 42, Path: "acme/cli", DefaultBranch: "trunk"},
	}
}

func texts(messages []pushes.Message) (out []string) {
	for _, m := range messages {
		out = append(out, string(m.Type)+" "+m.Text)
	}
	return out
}

func TestReceiver_PostReceive_invites(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 12 {
		many = append(many, fmt.Sprintf("%s %s refs/heads/b%d", none, some, i))
	}
	for name, c := range map[string]struct {
		repository, changes string
		change              func(*pushes.PushContext)
		want                []string
	}{
		"a new branch and others": {
			"project-42",
			none + " " + some + " refs/heads/a/b\n" + none + " " + some + " refs/heads/trunk\n" + none + " " + some + " refs/tags/v1\n" + some + " " + none + " refs/heads/gone\n" + some + " " + some + " refs/heads/old",
			nil, []string{"basic Create a merge request for a/b at:\n  merge acme/cli a/b", "basic Create a merge request for old at:\n  merge acme/cli old"},
		},
		"anonymous":        {"project-42", none + " " + some + " refs/heads/a", func(s *pushes.PushContext) { s.Actor = identity.Actor{} }, nil},
		"a wiki":           {"wiki-42", none + " " + some + " refs/heads/a", nil, nil},
		"no project":       {"project-42", none + " " + some + " refs/heads/a", func(s *pushes.PushContext) { s.Project = source.Project{} }, nil},
		"a default branch": {"project-42", none + " " + some + " refs/heads/main", func(s *pushes.PushContext) { s.Project.DefaultBranch = "" }, nil},
	} {
		h := &fakePorts{context: person()}
		if c.change != nil {
			c.change(&h.context)
		}
		report := h.linkingReceiver().PostReceive(t.Context(), pushes.Push{Repository: c.repository, Identifier: "user-7", Changes: c.changes})
		if diff := cmp.Diff(c.want, texts(report.Messages)); diff != "" || report.Warning != nil {
			t.Errorf("%s: %v, -want +got %s", name, report.Warning, diff)
		}
	}
	h := &fakePorts{context: person()}
	if got := h.linkingReceiver().PostReceive(t.Context(), pushes.Push{Repository: "project-42", Changes: strings.Join(many, "\n")}); len(got.Messages) != 10 {
		t.Errorf("got %d links of 12, want 10", len(got.Messages))
	}
}

func TestReceiver_PostReceive_createdNotice(t *testing.T) {
	t.Parallel()
	h := &fakePorts{context: person(), notice: &source.Notice{Protocol: source.SSH}}
	push := pushes.Push{Repository: "project-42", Identifier: "user-7", Changes: none + " " + some + " refs/heads/topic"}
	got := texts(h.linkingReceiver().PostReceive(t.Context(), push).Messages)
	want := []string{
		"basic Create a merge request for topic at:\n  merge acme/cli topic",
		"basic The private project 'acme/cli' was created:\n\n  look acme/cli\n\nTo push there later on, add it as a remote:\n\n  git remote add origin clone acme/cli\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got %s", diff)
	}
}
