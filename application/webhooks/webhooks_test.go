package webhooks_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application"
	"gatehouse/application/webhooks"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// fakePorts implements every port.
type fakePorts struct {
	hook    hooks.Hook
	project source.Project
	err     error // of the store

	status  int
	sendErr error // of the sender

	turn   hooks.Turn
	missed int
	// took is how long the receiver takes.
	took time.Duration
	// sending, if there is one, gets each delivery that is being sent, and answer lets it
	// go on.
	sending chan int64
	answer  chan struct{}

	mu        sync.Mutex
	clock     time.Time
	sent      []hooks.Delivery
	delivered []int64
	events    []audit.Event
	released  int
}

func (h *fakePorts) Delivery(_ context.Context, id int64) (hooks.Delivery, error) {
	return hooks.Delivery{ID: id, Hook: h.hook, EventID: "e", Key: "k", Turn: h.turn, Missed: h.missed}, h.err
}

func (h *fakePorts) Hook(context.Context, hooks.HookID) (hooks.Hook, source.Project, error) {
	return h.hook, h.project, h.err
}

func (h *fakePorts) RecordAttempt(_ context.Context, _ hooks.HookID, a webhooks.Attempt, change func(hooks.Health) (hooks.Health, []audit.Event)) error {
	h.mu.Lock()
	before := h.hook.Health
	h.mu.Unlock()
	health, events := change(before) // it asks for the time
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, events...)
	accepted := int64(0)
	if a.Accepted {
		accepted = a.Delivery
	}
	h.delivered = append(h.delivered, accepted)
	h.hook.Health = health
	return h.err
}

func (h *fakePorts) Release(_ context.Context, perHook int) error {
	h.released = perHook
	return h.err
}

func (h *fakePorts) Send(_ context.Context, d hooks.Delivery) (int, error) {
	if h.sending != nil {
		h.sending <- d.ID
		<-h.answer
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent = append(h.sent, d)
	h.clock = h.clock.Add(h.took)
	return h.status, h.sendErr
}

func (h *fakePorts) dispatcher() *webhooks.Dispatcher {
	rules := webhooks.Rules{Pause: time.Minute, SlowAfter: 5 * time.Second, PerHost: 2, NewID: func() string { return "id" }}
	h.clock = now
	return webhooks.New(h, h, rules, func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.clock
	})
}

func TestDispatcher_Deliver(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection refused")
	for name, c := range map[string]struct {
		status int
		broken error
		fails  string // in the error; empty for a success
	}{
		"ok":         {200, nil, ""},
		"accepted":   {202, nil, ""},
		"a redirect": {302, nil, "status 302"},
		"not found":  {404, nil, "status 404"},
		"an error":   {500, nil, "status 500"},
		"no answer":  {0, broken, "connection refused"},
	} {
		h := &fakePorts{hook: hooks.Hook{ID: 3, Token: "sesame", Health: hooks.Health{Failures: 2}}, status: c.status, sendErr: c.broken}
		err := h.dispatcher().Deliver(t.Context(), 7)
		if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: got %v", name, err)
		}
		want, made := hooks.Health{Failures: 3, Status: c.status, LastAt: now}, int64(0)
		if c.fails == "" {
			want, made = hooks.Health{Status: c.status, LastAt: now}, 7
		}
		if h.hook.Health != want || len(h.delivered) != 1 || h.delivered[0] != made {
			t.Errorf("%s: got %+v, made %v", name, h.hook.Health, h.delivered)
		}
		if len(h.sent) != 1 || h.sent[0].Hook.Token != "sesame" || h.sent[0].Key != "k" {
			t.Errorf("%s: sent %+v", name, h.sent)
		}
	}
}

func TestDispatcher_Deliver_leftAlone(t *testing.T) {
	t.Parallel()
	paused := &fakePorts{hook: hooks.Hook{Health: hooks.Health{Failures: 4, PausedUntil: now.Add(90 * time.Second)}}}
	if later, ok := errors.AsType[application.Postponed](paused.dispatcher().Deliver(t.Context(), 7)); !ok || later.For != 90*time.Second {
		t.Errorf("paused: got %v", later)
	}
	failing := &fakePorts{hook: hooks.Hook{ID: 3, Health: hooks.Health{Failures: 39}}, status: 500}
	if err := failing.dispatcher().Deliver(t.Context(), 7); err == nil || len(failing.events) != 1 || failing.events[0].Actor.Kind != audit.System || failing.events[0].After["disabled"] != true {
		t.Errorf("disabled now: got %v, audit events %+v", err, failing.events)
	}
	disabled := &fakePorts{hook: hooks.Hook{ID: 3, Health: hooks.Health{Failures: 40, Disabled: true}}}
	if _, ok := errors.AsType[application.Discarded](disabled.dispatcher().Deliver(t.Context(), 7)); !ok {
		t.Error("disabled: the delivery waits")
	}
	gone := &fakePorts{err: domain.NotFound}
	if _, ok := errors.AsType[application.Discarded](gone.dispatcher().Deliver(t.Context(), 7)); !ok {
		t.Error("gone: the delivery waits")
	}
	foreign := &fakePorts{err: errors.New("sealed with another key")}
	if err := foreign.dispatcher().Deliver(t.Context(), 7); !errors.Is(err, foreign.err) || len(foreign.delivered) > 0 {
		t.Errorf("sealed with another key: got %v, health %+v", err, foreign.hook.Health)
	}
	passed := &fakePorts{hook: hooks.Hook{ID: 3}, turn: hooks.TurnPassed}
	if why, ok := errors.AsType[application.Discarded](passed.dispatcher().Deliver(t.Context(), 7)); !ok || !strings.Contains(why.Error(), "later event") {
		t.Errorf("overtaken: got %v", why)
	}
	early := &fakePorts{turn: hooks.TurnLater}
	later, _ := errors.AsType[application.Postponed](early.dispatcher().Deliver(t.Context(), 7))
	early.turn = hooks.TurnSoon
	if soon, ok := errors.AsType[application.Postponed](early.dispatcher().Deliver(t.Context(), 7)); !ok || later.For < 2*soon.For {
		t.Errorf("out of turn: got %v and %v", later, soon)
	}
	if sent := len(passed.sent) + len(early.sent) + len(paused.sent) + len(disabled.sent) + len(gone.sent) + len(foreign.sent); sent != 0 {
		t.Errorf("%d were sent", sent)
	}
}

func TestDispatcher_Deliver_cutOff(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := &fakePorts{sendErr: context.Canceled}
	if err := h.dispatcher().Deliver(ctx, 7); !errors.Is(err, context.Canceled) || len(h.delivered) > 0 {
		t.Errorf("an end of ours counts against the hook: got %v", err)
	}
}

// byOperator is who tests hooks.
var byOperator = audit.Cause{Actor: audit.Actor{Kind: audit.Operator, Username: "root"}}

func TestDispatcher_Test(t *testing.T) {
	t.Parallel()
	h := &fakePorts{
		hook:    hooks.Hook{ID: 3, URL: "https://u:secret@ci.example.com/x?token=y", Health: hooks.Health{Failures: 40, Disabled: true}},
		project: source.Project{ID: 42, Path: "acme/cli", DefaultBranch: "trunk"}, status: 201,
	}
	result, err := h.dispatcher().Test(t.Context(), byOperator, 3, nil)
	if err != nil || result.Status != 201 || h.hook.Health.Disabled || len(h.sent) != 1 {
		t.Fatalf("got %+v, %v, %+v", result, err, h.hook.Health)
	}
	if diff := cmp.Diff(result.Event, h.sent[0].Event); diff != "" {
		t.Errorf("another event was sent: %s", diff)
	}
	hook := audit.Object{Kind: "hook", ID: 3, Path: h.hook.DisplayURL()}
	want := byOperator.Event(now, audit.Update, audit.Object{}, hook, audit.Values{"disabled": true}, audit.Values{"disabled": false})
	if diff := cmp.Diff([]audit.Event{want}, h.events); diff != "" {
		t.Errorf("audit events (-want +got):\n%s", diff)
	}
	h.status = 500
	if result, err := h.dispatcher().Test(t.Context(), byOperator, 3, nil); err == nil || result.Status != 500 {
		t.Errorf("a failure: got %+v, %v", result, err)
	}
	for name, h := range map[string]*fakePorts{"no hook": {err: domain.NotFound}, "no project": {hook: hooks.Hook{ID: 3}}} {
		result, err := h.dispatcher().Test(t.Context(), byOperator, 3, nil)
		if _, refused := errors.AsType[*domain.Refusal](err); !refused || len(h.sent) > 0 || result.Event.Change.Ref.Name != "" {
			t.Errorf("%s: got %+v, %v", name, result, err)
		}
	}
}

// fakeHistory answers with a commit of trunk, with an error, or never.
type fakeHistory struct {
	commit source.Commit
	err    error
	hangs  bool
}

func (h fakeHistory) LastCommit(ctx context.Context, _ source.Project) (string, source.Commit, error) {
	if h.hangs {
		<-ctx.Done()
		return "", source.Commit{}, ctx.Err()
	}
	return "trunk", h.commit, h.err
}

func TestDispatcher_Test_event(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const id, parent, none = "1111", "2222", "0000"
		project := source.Project{ID: 42, Path: "acme/cli", DefaultBranch: "main", Protections: []source.Protection{{Kind: source.Branch, Pattern: "trunk"}}}
		all, onlyTags, filtered := hooks.Hook{Push: true, TagPush: true}, hooks.Hook{TagPush: true}, hooks.Hook{Push: true, Branches: "release/*"}
		const placeholder = string(hooks.TestID + " " + hooks.TestID + " refs/heads/" + hooks.TestName)
		for name, c := range map[string]struct {
			hook      hooks.Hook
			history   webhooks.History
			want, why string
			isSafe    bool
		}{
			"last commit":              {all, fakeHistory{commit: source.Commit{ID: id, Parent: parent}}, parent + " " + id + " refs/heads/trunk", "", true},
			"root commit":              {all, fakeHistory{commit: source.Commit{ID: id}}, none + " " + id + " refs/heads/trunk", "", true},
			"filter on other branches": {filtered, fakeHistory{commit: source.Commit{ID: id}}, none + " " + id + " refs/heads/trunk", "", true},
			"hook of no event":         {hooks.Hook{}, nil, placeholder, "no Gitaly is connected", false},
			"no Gitaly":                {all, nil, placeholder, "no Gitaly is connected", false},
			"no commit":                {all, fakeHistory{err: domain.NotFound}, placeholder, "the repository has no commits", false},
			"broken":                   {all, fakeHistory{err: errors.New("broken")}, placeholder, "the last commit is not known: broken", false},
			"no answer in time":        {all, fakeHistory{hangs: true}, placeholder, "the last commit is not known: context deadline exceeded", false},
			"tags only":                {onlyTags, fakeHistory{hangs: true}, strings.Replace(placeholder, "heads", "tags", 1), "the hook hears of tags only", false},
		} {
			h := &fakePorts{hook: c.hook, project: project, status: 200}
			began := time.Now()
			result, err := h.dispatcher().Test(t.Context(), byOperator, 3, c.history)
			if err != nil || result.Status != 200 || result.Placeholder != c.why || len(h.sent) != 1 || time.Since(began) > 5*time.Second {
				t.Errorf("%s: got %+v, %v after %v", name, result, err, time.Since(began))
				continue
			}
			e := h.sent[0].Event
			if e.Change.String() != c.want || e.Checkout != e.Change.New || e.Protected != c.isSafe || len(e.Commits) != 1 || e.Commits[0].ID != e.Change.New || e.Total != 1 {
				t.Errorf("%s: sent %+v", name, e)
			}
			if e.Change.Creates() != (c.want[:4] == none) || e.Change.Deletes() {
				t.Errorf("%s: sent %s", name, e.Change)
			}
			if asks := cmp.Equal(e.Options, []string{"ci.skip"}) && strings.Contains(e.Commits[0].Message, "[skip ci]"); asks != (c.why != "") {
				t.Errorf("%s: asks not to be built: %t", name, asks)
			}
		}
	})
}

func TestDispatcher_Deliver_slow(t *testing.T) {
	t.Parallel()
	for took, failures := range map[time.Duration]int{5 * time.Second: 0, 5*time.Second + 1: 4} {
		h := &fakePorts{hook: hooks.Hook{ID: 3, Health: hooks.Health{Failures: 3}}, status: 200, took: took}
		if err := h.dispatcher().Deliver(t.Context(), 7); err != nil || h.delivered[0] != 7 {
			t.Errorf("%s: got %v, delivered %v", took, err, h.delivered)
		}
		if h.hook.Health.Failures != failures || h.hook.Health.Pause(h.clock) != time.Minute*time.Duration(failures/4) {
			t.Errorf("%s: got %+v", took, h.hook.Health)
		}
	}
}

func TestDispatcher_Deliver_slots(t *testing.T) {
	t.Parallel()
	h := &fakePorts{status: 200, sending: make(chan int64), answer: make(chan struct{})}
	d := h.dispatcher()
	var sending sync.WaitGroup
	// deliver sends to a hook; it fails unless the delivery finds a slot just as wanted.
	deliver := func(hook hooks.HookID, url string, finds bool) {
		t.Helper()
		h.hook = hooks.Hook{ID: hook, URL: url}
		if finds {
			sending.Go(func() {
				if err := d.Deliver(t.Context(), int64(hook)); err != nil {
					t.Errorf("hook %d: %v", hook, err)
				}
			})
			<-h.sending
			return
		}
		if later, ok := errors.AsType[application.Postponed](d.Deliver(t.Context(), int64(hook))); !ok || later.For < time.Second || later.For > 10*time.Second {
			t.Errorf("hook %d, %s: got %v", hook, url, later)
		}
	}
	deliver(1, "https://a.example.com/1", true)
	deliver(1, "https://a.example.com/1", false)
	deliver(2, "https://A.example.com:443/2", true)
	deliver(3, "https://a.example.com/3", false)
	deliver(4, "http://a.example.com/4", true) // another port
	deliver(5, "https://b.example.com/5", true)
	close(h.answer)
	sending.Wait()
	go func() { <-h.sending }()
	h.hook = hooks.Hook{ID: 1, URL: "https://a.example.com/1"}
	if err := d.Deliver(t.Context(), 1); err != nil {
		t.Errorf("the slots are not free again: %v", err)
	}
}

// TestDispatcher_Deliver_elsewhere wants that nothing waits for deliveries that another
// server has sent since they found no slot.
func TestDispatcher_Deliver_elsewhere(t *testing.T) {
	t.Parallel()
	h := &fakePorts{status: 200, sending: make(chan int64), answer: make(chan struct{})}
	d := h.dispatcher()
	var sending sync.WaitGroup
	wait := func(hook hooks.HookID) time.Duration {
		h.hook = hooks.Hook{ID: hook, URL: "https://a.example.com"}
		later, _ := errors.AsType[application.Postponed](d.Deliver(t.Context(), int64(hook)))
		return later.For
	}
	for hook := range hooks.HookID(2) {
		h.hook = hooks.Hook{ID: hook + 1, URL: "https://a.example.com"}
		sending.Go(func() { _ = d.Deliver(t.Context(), int64(hook+1)) })
		<-h.sending
	}
	for hook := range hooks.HookID(1000) {
		wait(hook + 3)
	}
	if got := wait(2000); got < 10*time.Second {
		t.Errorf("behind a thousand: got %s", got)
	}
	h.clock = h.clock.Add(5 * time.Minute)
	if got := wait(3000); got > 2*time.Second {
		t.Errorf("five minutes later: got %s", got)
	}
	close(h.answer)
	sending.Wait()
}

func TestDispatcher_Release(t *testing.T) {
	t.Parallel()
	h := &fakePorts{}
	if err := h.dispatcher().Release(t.Context()); err != nil || h.released != 1 {
		t.Errorf("got %v, %d for each hook", err, h.released)
	}
}
