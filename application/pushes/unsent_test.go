package pushes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/pushes"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// pushOf is a push of that many branches b0, b1 … and tags t0, t1 ….
func pushOf(branches, tags int) pushes.Push {
	var changes []string
	for i := range branches {
		changes = append(changes, fmt.Sprintf("%s %s refs/heads/b%d", none, some, i))
	}
	for i := range tags {
		changes = append(changes, fmt.Sprintf("%s %s refs/tags/t%d", none, some, i))
	}
	return pushes.Push{Repository: "project-42", Identifier: "user-7", Changes: strings.Join(changes, "\n")}
}

const unsentAdvice = "\n\nPush fewer at once next time, or ask an administrator to raise webhooks.push_limit.\n"

func TestReceiver_PostReceive_unsent(t *testing.T) {
	t.Parallel()
	branches, tags, last := hooks.Hook{Push: true}, hooks.Hook{TagPush: true}, hooks.Hook{Push: true, Branches: "b3"}
	logged := func(branches, tags int) []pushes.Unsent {
		return []pushes.Unsent{{Repository: "project-42", User: "dede", Branches: branches, Tags: tags, Limit: 3}}
	}
	for name, c := range map[string]struct {
		push  pushes.Push
		hooks []hooks.Hook
		want  string // without the advice
		log   []pushes.Unsent
	}{
		"as many as may be": {pushOf(3, 3), []hooks.Hook{branches, tags}, "", nil},
		"too many tags": {pushOf(3, 4), []hooks.Hook{branches, tags},
			"Webhooks receive no events of the 4 tags in this push, because there are more than 3.", logged(0, 4)},
		"too many branches": {pushOf(5, 1), []hooks.Hook{branches, tags},
			"Webhooks receive no events of the 5 branches in this push, because there are more than 3.", logged(5, 0)},
		"too many of both": {pushOf(5, 4), []hooks.Hook{branches, tags},
			"Webhooks receive no events of the 5 branches and 4 tags in this push, because there are more than 3 of each.", logged(5, 4)},
		"too many of both, hook of tags": {pushOf(5, 4), []hooks.Hook{tags},
			"Webhooks receive no events of the 4 tags in this push, because there are more than 3.", logged(0, 4)},
		"too many, hook of the last": {pushOf(4, 0), []hooks.Hook{tags, last},
			"Webhooks receive no events of the 4 branches in this push, because there are more than 3.", logged(4, 0)},
		"too many, hook of none of them": {pushOf(5, 0), []hooks.Hook{tags, {Push: true, Branches: "release/*"}}, "", nil},
		"too many, no hook":              {pushOf(5, 5), nil, "", nil},
	} {
		h := &fakePorts{context: person()}
		h.context.Actor.User.Username, h.context.Hooks = "dede", c.hooks
		var want []string
		if c.want != "" {
			want = []string{"basic " + c.want + unsentAdvice}
		}
		report := h.receiver(true).PostReceive(t.Context(), c.push)
		if diff := cmp.Diff(want, texts(report.Messages)); diff != "" || report.Warning != nil {
			t.Errorf("%s: %v, -want +got %s", name, report.Warning, diff)
		}
		if diff := cmp.Diff(c.log, h.unsent); diff != "" {
			t.Errorf("%s: logged, -want +got %s", name, diff)
		}
	}
}

func TestReceiver_PostReceive_unsentComesLast(t *testing.T) {
	t.Parallel()
	h := &fakePorts{context: pushes.PushContext{
		Project: source.Project{ID: 42, Path: "acme/cli"}, Actor: identity.Actor{User: identity.User{ID: 7, State: identity.Active}},
		Banners: []source.Banner{{Message: "Hello"}}, Hooks: []hooks.Hook{{TagPush: true}},
	}, notice: &source.Notice{OldPath: "old/cli", Protocol: source.SSH}}
	p := pushOf(0, 4)
	p.Options = []string{"mr.create"}
	var kinds []string
	for _, m := range h.receiver(true).PostReceive(t.Context(), p).Messages {
		kinds = append(kinds, string(m.Type)+" "+strings.Fields(m.Text)[0])
	}
	if diff := cmp.Diff([]string{"alert Hello", "alert WARNING:", "basic Project", "basic Webhooks"}, kinds); diff != "" {
		t.Errorf("-want +got %s", diff)
	}
}

// TestReceiver_PostReceive_noUnsent has pushes of which hooks never receive events.
func TestReceiver_PostReceive_noUnsent(t *testing.T) {
	t.Parallel()
	context := person()
	context.Hooks = []hooks.Hook{{Push: true, TagPush: true}}
	wiki := pushOf(4, 4)
	wiki.Repository = "wiki-42"
	h := &fakePorts{context: context}
	if got := h.receiver(true).PostReceive(t.Context(), wiki).Messages; len(got) > 0 || len(h.unsent) > 0 {
		t.Errorf("of a wiki: got %v", got)
	}
	off := pushes.New(h, h, h, h, h, pushes.Rules{HooksLimit: 0, NewID: newID}, func() time.Time { return now })
	if got := off.PostReceive(t.Context(), pushOf(4, 4)).Messages; len(got) > 0 {
		t.Errorf("with a limit of 0: got %v", got)
	}
}
