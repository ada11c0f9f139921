package postreceive_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application"
	"gatehouse/application/postreceive"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

const none = "0000000000000000000000000000000000000000"

// id is an object's name made of one digit.
func id(digit string) string { return strings.Repeat(digit, 40) }

// fakePorts implements Pushes and History; err makes the calls of the first
// fail, historyErr those of the second.
type fakePorts struct {
	push    postreceive.ReceivedPush
	project source.Project
	hooks   []hooks.Hook
	err     error

	branch     string
	commits    []source.Commit
	total      int
	historyErr error
	tag        source.PeeledTag
	tagErr     error

	questions []string
	update    *postreceive.ProjectUpdate
}

func (h *fakePorts) ReceivedPush(context.Context, int64) (postreceive.ReceivedPush, error) {
	return h.push, h.err
}

func (h *fakePorts) Standing(_ context.Context, q source.Inquiry) (source.Standing, error) {
	h.questions = append(h.questions, q.Claim.String())
	return source.Standing{Project: h.project, Actor: identity.Actor{User: identity.User{ID: 4}}}, h.err
}

func (h *fakePorts) Hooks(context.Context, source.ProjectID) ([]hooks.Hook, error) {
	return h.hooks, h.err
}

func (h *fakePorts) Complete(_ context.Context, _ int64, o postreceive.ProjectUpdate, _ time.Time) error {
	h.update = &o
	return h.err
}

func (h *fakePorts) DefaultBranch(context.Context, source.Project) (string, error) {
	h.questions = append(h.questions, "HEAD")
	return h.branch, h.historyErr
}

func (h *fakePorts) HasBranches(context.Context, source.Project) (bool, error) {
	return h.branch != "", h.historyErr
}

func (h *fakePorts) Tag(_ context.Context, _ source.Project, name string) (source.PeeledTag, error) {
	h.questions = append(h.questions, "tag "+name)
	if h.tagErr != nil {
		return h.tag, h.tagErr
	}
	return h.tag, h.historyErr
}

func (h *fakePorts) History(_ context.Context, _ source.Project, span source.Span, limit int) ([]source.Commit, int, error) {
	h.questions = append(h.questions, fmt.Sprintf("%.11s..%.11s %d", span.From, span.To, limit))
	return h.commits, h.total, h.historyErr
}

// process runs a Worker on the push, with a history or without one.
func (h *fakePorts) process(t *testing.T, history postreceive.History) error {
	t.Helper()
	n := 0
	rules := postreceive.Rules{HooksLimit: 3, NewID: func() string { n++; return fmt.Sprint(n) }}
	return postreceive.New(h, history, rules, func() time.Time { return now }).Process(t.Context(), 7)
}

// allEvents is a hook for all events.
var allEvents = hooks.Hook{ID: 1, Push: true, TagPush: true}

func push(repository string, changes ...string) *fakePorts {
	return &fakePorts{
		push: postreceive.ReceivedPush{
			Repository: repository, Identifier: "user-4", Changes: strings.Join(changes, "\n"), ReceivedAt: now.Add(-time.Minute), Options: []string{"ci.skip"},
		},
		project: source.Project{ID: 42, Path: "acme/cli", DefaultBranch: "main", Protections: []source.Protection{{Kind: source.Branch, Pattern: "main"}}},
		branch:  "main", hooks: []hooks.Hook{allEvents},
	}
}

func TestWorker_Process_events(t *testing.T) {
	t.Parallel()
	commits := []source.Commit{{ID: "c1"}, {ID: "c2"}}
	for name, c := range map[string]struct {
		change string
		// span is what history is asked for; empty for nothing.
		span     string
		checkout string
		total    int
		isSafe   bool
	}{
		"an update":                {id("a") + " " + id("b") + " refs/heads/topic", "aaaaaaaaaaa..bbbbbbbbbbb 20", id("b"), 300, false},
		"of a protected branch":    {id("a") + " " + id("b") + " refs/heads/main", "aaaaaaaaaaa..bbbbbbbbbbb 20", id("b"), 300, true},
		"a new branch":             {none + " " + id("b") + " refs/heads/topic", "refs/heads/..bbbbbbbbbbb 20", id("b"), 300, false},
		"the first one":            {none + " " + id("b") + " refs/heads/main", "..bbbbbbbbbbb 20", id("b"), 300, true},
		"a branch that is deleted": {id("a") + " " + none + " refs/heads/topic", "", "", 0, false},
		"a tag that is deleted":    {id("a") + " " + none + " refs/tags/v1", "", "", 0, false},
	} {
		h := push("project-42", c.change)
		h.commits, h.total = commits, 300
		if err := h.process(t, h); err != nil || len(h.update.Deliveries) != 1 {
			t.Errorf("%s: got %v, %+v", name, err, h.update)
			continue
		}
		d := h.update.Deliveries[0]
		if d.Event.Change.String() != c.change || string(d.Event.Checkout) != c.checkout || d.Event.Total != c.total ||
			d.Event.Protected != c.isSafe || d.Event.User.ID != 4 || d.Event.Project.Path != "acme/cli" || d.EventID != "1" || d.Key != "2" {
			t.Errorf("%s: got %+v", name, d)
		}
		if !cmp.Equal(d.Event.Options, h.push.Options) || d.Event.Project.Protections != nil {
			t.Errorf("%s: got %+v", name, d.Event)
		}
		asked := strings.Join(h.questions, ", ")
		if spans := strings.Contains(asked, ".."); spans != (c.span != "") || !strings.Contains(asked, c.span) {
			t.Errorf("%s: asked for %s", name, asked)
		}
	}
}

func TestWorker_Process_tags(t *testing.T) {
	t.Parallel()
	object, commit := source.ObjectID(id("b")), source.ObjectID(id("c"))
	onCommit := []source.Commit{{ID: commit}}
	down := fmt.Errorf("gitaly: %w", domain.Unavailable)
	for name, c := range map[string]struct {
		tag             source.PeeledTag
		commits         []source.Commit
		err, historyErr error
		asked           string
		want            hooks.Event // with Checkout, Message, Commits and Total
		waits           bool
	}{
		"annotated": {source.PeeledTag{Object: object, Commit: commit, Message: "First"}, onCommit, nil, nil, "tag v1, ..ccccccccccc 1",
			hooks.Event{Checkout: commit, Message: "First", Commits: onCommit, Total: 1}, false},
		"lightweight": {source.PeeledTag{Object: object, Commit: object}, []source.Commit{{ID: object}}, nil, nil, "tag v1, ..bbbbbbbbbbb 1",
			hooks.Event{Checkout: object, Commits: []source.Commit{{ID: object}}, Total: 1}, false},
		"of a tree":              {source.PeeledTag{Object: object, Message: "Files"}, nil, nil, nil, "tag v1", hooks.Event{Message: "Files"}, false},
		"lightweight, of a blob": {source.PeeledTag{Object: object}, nil, nil, nil, "tag v1", hooks.Event{}, false},
		"moved meanwhile": {source.PeeledTag{Object: "x", Commit: "y", Message: "Second"}, onCommit, nil, nil, "tag v1, ..bbbbbbbbbbb 1",
			hooks.Event{Checkout: commit, Commits: onCommit, Total: 1}, false},
		"deleted meanwhile": {source.PeeledTag{}, onCommit, domain.NotFound, nil, "tag v1, ..bbbbbbbbbbb 1",
			hooks.Event{Checkout: commit, Commits: onCommit, Total: 1}, false},
		"deleted meanwhile, and its object": {source.PeeledTag{}, nil, domain.NotFound, domain.Unprocessable, "tag v1, ..bbbbbbbbbbb 1",
			hooks.Event{Checkout: object}, false},
		"no commits, for good": {source.PeeledTag{Object: object, Commit: commit, Message: "First"}, nil, nil, domain.Unprocessable, "tag v1, ..ccccccccccc 1",
			hooks.Event{Checkout: commit, Message: "First"}, false},
		"not told, for good": {source.PeeledTag{}, nil, domain.Unprocessable, nil, "tag v1", hooks.Event{Checkout: object}, false},
		"not told now":       {source.PeeledTag{}, nil, down, nil, "tag v1", hooks.Event{}, true},
	} {
		h := push("project-42", none+" "+id("b")+" refs/tags/v1")
		h.tag, h.commits, h.tagErr = c.tag, c.commits, c.err
		err := h.process(t, tagHistory{h, c.historyErr})
		if c.waits {
			if !errors.Is(err, domain.Unavailable) || h.update != nil {
				t.Errorf("%s: got %v, %+v", name, err, h.update)
			}
			continue
		}
		if err != nil || len(h.update.Deliveries) != 1 {
			t.Errorf("%s: got %v, %+v", name, err, h.update)
			continue
		}
		e := h.update.Deliveries[0].Event
		got := hooks.Event{Checkout: e.Checkout, Message: e.Message, Commits: e.Commits, Total: e.Total}
		if diff := cmp.Diff(c.want, got); diff != "" || string(e.Change.New) != id("b") {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		if asked := strings.Join(h.questions[1:], ", "); asked != c.asked {
			t.Errorf("%s: asked for %s, want %s", name, asked, c.asked)
		}
	}
}

// tagHistory is a History whose commits cannot be listed if err is not nil.
type tagHistory struct {
	*fakePorts
	err error
}

func (h tagHistory) History(ctx context.Context, p source.Project, span source.Span, limit int) ([]source.Commit, int, error) {
	commits, total, err := h.fakePorts.History(ctx, p, span, limit)
	return commits, total, errors.Join(err, h.err)
}

func TestWorker_Process_whoHears(t *testing.T) {
	t.Parallel()
	const a, b, c, d, tag = "refs/heads/a", "refs/heads/b", "refs/heads/c", "refs/heads/d", "refs/tags/v1"
	for name, test := range map[string]struct {
		refs []string
		want string // hook and ref of each delivery
	}{
		"each its own":              {[]string{a, tag}, "1 a, 2 a, 1 v1"},
		"too many branches":         {[]string{a, b, c, d}, ""},
		"too many, and a tag":       {[]string{a, b, c, d, tag}, "1 v1"},
		"as many as may be":         {[]string{b, c, d}, "1 b, 1 c, 1 d"},
		"other refs count for none": {[]string{"refs/notes/x"}, ""},
	} {
		var changes []string
		for _, ref := range test.refs {
			changes = append(changes, id("a")+" "+id("b")+" "+ref)
		}
		h := push("project-42", changes...)
		h.hooks = append(h.hooks, hooks.Hook{ID: 2, Push: true, Branches: "a"})
		if err := h.process(t, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		keys := map[string]bool{}
		events := map[string]bool{}
		for _, one := range h.update.Deliveries {
			got = append(got, fmt.Sprint(one.Hook.ID, " ", one.Event.Change.Ref.Name))
			keys[one.Key], events[one.EventID] = true, true
		}
		if text := strings.Join(got, ", "); text != test.want || len(keys) != len(got) || len(events) > len(test.refs) {
			t.Errorf("%s: got %s with %d keys and %d events, want %s", name, text, len(keys), len(events), test.want)
		}
	}
}

func TestWorker_Process_project(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for name, c := range map[string]struct {
		change, known, head string
		branch              string
		empty               *bool
		asks                bool
	}{
		"an update asks nothing":  {id("a") + " " + id("b") + " refs/heads/main", "main", "main", "", nil, false},
		"unless nothing is known": {id("a") + " " + id("b") + " refs/heads/main", "", "main", "main", &no, true},
		"the first branch":        {none + " " + id("b") + " refs/heads/trunk", "", "trunk", "trunk", &no, true},
		"HEAD is elsewhere":       {none + " " + id("b") + " refs/heads/x", "main", "trunk", "trunk", &no, true},
		"HEAD is where it was":    {none + " " + id("b") + " refs/heads/x", "main", "main", "", &no, true},
		"the last branch goes":    {id("a") + " " + none + " refs/heads/main", "main", "", "", &yes, true},
		"a tag says nothing":      {none + " " + id("b") + " refs/tags/v1", "main", "trunk", "", nil, false},
	} {
		h := push("project-42", c.change)
		h.hooks, h.project.DefaultBranch, h.branch = nil, c.known, c.head
		if err := h.process(t, h); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := postreceive.ProjectUpdate{Project: 42, ActiveAt: h.push.ReceivedAt, DefaultBranch: c.branch, Empty: c.empty, PerHook: 1}
		if diff := cmp.Diff(want, *h.update); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if asked := len(h.questions) > 1; asked != c.asks {
			t.Errorf("%s: asked %q", name, h.questions)
		}
	}
}

func TestWorker_Process_noProject(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		repository string
		gone       bool
		want       postreceive.ProjectUpdate
	}{
		"nonsense":            {"nonsense", false, postreceive.ProjectUpdate{}},
		"a snippet":           {"snippet-42", false, postreceive.ProjectUpdate{}},
		"a project that went": {"project-42", true, postreceive.ProjectUpdate{}},
		"a wiki":              {"wiki-42", false, postreceive.ProjectUpdate{Project: 42, ActiveAt: now.Add(-time.Minute)}},
	} {
		h := push(c.repository, none+" "+id("b")+" refs/heads/main")
		if c.gone {
			h.project = source.Project{}
		}
		if err := h.process(t, h); err != nil || h.update == nil {
			t.Fatalf("%s: %v", name, err)
		}
		c.want.PerHook = 1
		if diff := cmp.Diff(c.want, *h.update); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestWorker_Process_history(t *testing.T) {
	t.Parallel()
	down := fmt.Errorf("gitaly: %w", domain.Unavailable)
	for name, c := range map[string]struct {
		down error
		age  time.Duration
		want bool // whether the push is settled
	}{
		"down":           {down, time.Minute, false},
		"down for long":  {down, 2 * time.Hour, true},
		"no repository":  {domain.NotFound, 0, true},
		"not a Gitaly":   {fmt.Errorf("gitaly: %w", domain.Unprocessable), 0, true},
		"fails":          {errors.New("bad object"), time.Minute, false},
		"fails for long": {errors.New("bad object"), 2 * time.Minute, true},
	} {
		h := push("project-42", none+" "+id("b")+" refs/heads/main")
		h.historyErr, h.push.ReceivedAt = c.down, now.Add(-c.age)
		err := h.process(t, h)
		if settled := h.update != nil; settled != c.want || (err == nil) != c.want {
			t.Errorf("%s: settled %v, %v", name, settled, err)
		}
		if c.want && (len(h.update.Deliveries) != 1 || h.update.Deliveries[0].Event.Commits != nil || string(h.update.Deliveries[0].Event.Checkout) != id("b")) {
			t.Errorf("%s: got %+v", name, h.update.Deliveries)
		}
	}
}

func TestWorker_Process_again(t *testing.T) {
	t.Parallel()
	h := push("project-42")
	h.push.Processed = true
	if err := h.process(t, h); err != nil || h.update != nil || len(h.questions) > 0 {
		t.Errorf("a push that is settled: got %v, %v", err, h.update)
	}
	h.err = domain.NotFound
	if _, hopeless := errors.AsType[application.Discarded](h.process(t, h)); !hopeless {
		t.Error("a push that is not there is tried again")
	}
	h.err = domain.Unavailable
	if err := h.process(t, h); !errors.Is(err, domain.Unavailable) {
		t.Errorf("a store that is down: got %v", err)
	}
}

// fakeQueue is pushes 1 to n of one repository, of which settled are processed.
type fakeQueue struct {
	*fakePorts
	mu      sync.Mutex
	settled []int64
	// down are the pushes whose processing fails.
	down map[int64]bool
	// entered, if there is one, gets each push that is processed, and leave lets it go
	// on.
	entered chan int64
	leave   chan struct{}
}

func (q *fakeQueue) ReceivedPush(_ context.Context, push int64) (postreceive.ReceivedPush, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	received := q.push
	received.Identifier = fmt.Sprintf("user-%d", push)
	received.Processed = slices.Contains(q.settled, push)
	for earlier := int64(1); earlier < push && received.Earlier == 0; earlier++ {
		if !slices.Contains(q.settled, earlier) {
			received.Earlier = earlier
		}
	}
	return received, nil
}

func (q *fakeQueue) Standing(_ context.Context, i source.Inquiry) (source.Standing, error) {
	var push int64
	if _, err := fmt.Sscanf(i.Claim.String(), "user-%d", &push); err != nil {
		return source.Standing{}, err
	}
	if q.entered != nil {
		q.entered <- push
		<-q.leave
	}
	if q.down[push] {
		return source.Standing{}, domain.Unavailable
	}
	return source.Standing{}, nil
}

func (q *fakeQueue) Complete(_ context.Context, push int64, _ postreceive.ProjectUpdate, _ time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !slices.Contains(q.settled, push) {
		q.settled = append(q.settled, push)
	}
	return nil
}

func (q *fakeQueue) worker() *postreceive.Worker {
	return postreceive.New(q, nil, postreceive.Rules{NewID: func() string { return "id" }}, func() time.Time { return now })
}

func TestWorker_Process_earlierFirst(t *testing.T) {
	t.Parallel()
	q := &fakeQueue{fakePorts: push("project-42")}
	if err := q.worker().Process(t.Context(), 4); err != nil || !cmp.Equal(q.settled, []int64{1, 2, 3, 4}) {
		t.Errorf("got %v, %v", err, q.settled)
	}
	q = &fakeQueue{fakePorts: push("project-42"), down: map[int64]bool{3: true}}
	err := q.worker().Process(t.Context(), 5)
	if !errors.Is(err, domain.Unavailable) || !strings.Contains(err.Error(), "push 3") || !cmp.Equal(q.settled, []int64{1, 2}) {
		t.Errorf("one that fails: got %v, %v", err, q.settled)
	}
	q = &fakeQueue{fakePorts: push("project-42")}
	w := q.worker()
	if later, ok := errors.AsType[application.Postponed](w.Process(t.Context(), 150)); !ok || len(q.settled) != 100 {
		t.Errorf("very many: got %v, %d", later, len(q.settled))
	}
	if err := w.Process(t.Context(), 150); err != nil || len(q.settled) != 150 || !slices.IsSorted(q.settled) {
		t.Errorf("the rest: got %v, %v", err, q.settled)
	}
}

func TestWorker_Process_oneOfARepository(t *testing.T) {
	t.Parallel()
	q := &fakeQueue{fakePorts: push("project-42"), entered: make(chan int64), leave: make(chan struct{})}
	w := q.worker()
	done := make(chan error)
	go func() { done <- w.Process(t.Context(), 1) }()
	<-q.entered
	var last time.Duration
	for range 3 {
		later, ok := errors.AsType[application.Postponed](w.Process(t.Context(), 2))
		if !ok || later.For <= last {
			t.Errorf("while another one is processed: got %v after %s", later, last)
		}
		last = later.For
	}
	close(q.leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
	go func() { <-q.entered }()
	if err := w.Process(t.Context(), 2); err != nil || !cmp.Equal(q.settled, []int64{1, 2}) {
		t.Errorf("afterwards: got %v, %v", err, q.settled)
	}
}
