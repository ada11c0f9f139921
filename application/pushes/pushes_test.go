package pushes_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/pushes"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// fakePorts implements every port; err makes all calls fail.
type fakePorts struct {
	context pushes.PushContext
	notice  *source.Notice
	err     error
	unsent  []pushes.Unsent

	counted  []string
	recorded []pushes.Push

	spoolErr       error
	others, same   bool // what Waiting returns
	spooled, inLog []pushes.Push
}

func (h *fakePorts) Increase(_ context.Context, repository string, _ time.Time, _ time.Duration) error {
	h.counted = append(h.counted, "+"+repository)
	return h.err
}

func (h *fakePorts) Decrease(ctx context.Context, repository string, _ time.Time) error {
	h.counted = append(h.counted, "-"+repository)
	return errors.Join(h.err, ctx.Err())
}

func (h *fakePorts) DecreaseOnce(ctx context.Context, repository, entry string, _, _ time.Time) error {
	h.counted = append(h.counted, "-"+repository+" for "+entry)
	return errors.Join(h.err, ctx.Err())
}

func (h *fakePorts) Ping(context.Context) error { return h.err }

func (h *fakePorts) Record(ctx context.Context, p pushes.Push) error {
	h.recorded = append(h.recorded, p)
	if h.err == nil && p.DecreaseAt.Equal(now) {
		h.counted = append(h.counted, "-"+p.Repository+" with its record")
	}
	return errors.Join(h.err, ctx.Err())
}

func (h *fakePorts) Add(p pushes.Push) error {
	if h.spoolErr == nil {
		h.spooled = append(h.spooled, p)
	}
	return h.spoolErr
}

func (h *fakePorts) Waiting(string) (others, same bool) { return h.others, h.same }

func (h *fakePorts) LogPush(p pushes.Push, _ error) { h.inLog = append(h.inLog, p) }

func (h *fakePorts) PushContext(_ context.Context, _ identity.Claim, _ source.RepositoryID, withHooks bool, _ time.Time) (pushes.PushContext, error) {
	found := h.context
	if !withHooks {
		found.Hooks = nil
	}
	return found, h.err
}

func (h *fakePorts) Take(context.Context, identity.UserID, source.RepositoryID, time.Time) (source.Notice, error) {
	if h.notice == nil {
		return source.Notice{}, domain.NotFound
	}
	n := *h.notice
	h.notice = nil
	return n, h.err
}

// newID is the id of every push of these tests.
func newID() string { return "entry-1" }

func (h *fakePorts) receiver(failOpen bool) *pushes.Receiver {
	rules := pushes.Rules{
		Expiry: 600 * time.Second, FailOpen: failOpen, NewID: newID,
		CloneURL: func(path string, protocol source.Protocol) string {
			return string(protocol) + "://git.example/" + path + ".git"
		},
		HooksLimit: 3, LogUnsent: func(u pushes.Unsent) { h.unsent = append(h.unsent, u) },
	}
	return pushes.New(h, h, h, h, h, rules, func() time.Time { return now })
}

func TestReceiver_PreReceive(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	for name, c := range map[string]struct {
		err      error
		failOpen bool
		want     bool
	}{
		"counted":      {nil, false, true},
		"down, open":   {down, true, true},
		"down, closed": {down, false, false},
	} {
		h := &fakePorts{err: c.err}
		got, err := h.receiver(c.failOpen).PreReceive(t.Context(), "wiki-7")
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: got %v, %v, want %v, %v", name, got, err, c.want, c.err)
		}
		if !cmp.Equal(h.counted, []string{"+wiki-7"}) {
			t.Errorf("%s: counted %q", name, h.counted)
		}
	}
}

func push(repository string, options ...string) pushes.Push {
	return pushes.Push{Repository: repository, Identifier: "key-11", Changes: "x", Options: options}
}

func TestReceiver_PostReceive_messages(t *testing.T) {
	t.Parallel()
	dede := identity.Actor{User: identity.User{ID: 7}}
	project := source.Project{ID: 42, Path: "acme/cli"}
	banners := []source.Banner{{Message: "Hello"}}
	notice := source.Notice{OldPath: "old/cli", Protocol: source.SSH}
	hello := pushes.Message{Text: "Hello", Type: pushes.Alert}
	for name, c := range map[string]struct {
		push    pushes.Push
		context pushes.PushContext
		notice  bool
		want    []pushes.Message
	}{
		"nothing to say":      {push("project-42"), pushes.PushContext{Actor: dede, Project: project}, false, nil},
		"a banner":            {push("project-42"), pushes.PushContext{Actor: dede, Project: project, Banners: banners}, false, []pushes.Message{hello}},
		"a banner, anonymous": {push("project-42"), pushes.PushContext{Project: project, Banners: banners}, true, []pushes.Message{hello}},
		"no project":          {push("project-42"), pushes.PushContext{Actor: dede, Banners: banners}, true, nil},
		"a malformed number":  {push("nonsense"), pushes.PushContext{Actor: dede, Project: project, Banners: banners}, true, nil},
		"a snippet":           {push("snippet-42"), pushes.PushContext{Actor: dede, Project: project, Banners: banners}, true, nil},
		"all, in order": {
			push("project-42", "mr.create", "ci.skip", "mr.target=main"), pushes.PushContext{Actor: dede, Project: project, Banners: banners}, true,
			[]pushes.Message{
				hello,
				{Text: "WARNING: merge_request.create, merge_request.target: merge request push options are not supported.", Type: pushes.Alert},
				{Text: "Project 'old/cli' has moved to 'acme/cli'.\n\nPoint your remote at its new place:\n\n  git remote set-url origin ssh://git.example/acme/cli.git\n", Type: pushes.Basic},
			},
		},
		"options on a wiki": {
			push("wiki-42", "merge_request.create"), pushes.PushContext{Project: project}, false,
			[]pushes.Message{{Text: "WARNING: merge_request.create: push options are supported for projects only.", Type: pushes.Alert}},
		},
		"other options": {push("project-42", "ci.skip", "", "x.y"), pushes.PushContext{Actor: dede, Project: project}, false, nil},
		"a deploy key's creator gets no notice": {
			push("project-42"), pushes.PushContext{Actor: identity.Actor{User: dede.User, Key: identity.Key{ID: 3, Kind: identity.DeployKey}}, Project: project}, true, nil,
		},
	} {
		h := &fakePorts{context: c.context}
		if c.notice {
			h.notice = &notice
		}
		report := h.receiver(true).PostReceive(t.Context(), c.push)
		if diff := cmp.Diff(c.want, report.Messages); diff != "" || report.Warning != nil {
			t.Errorf("%s: %v\n%s", name, report.Warning, diff)
		}
		if len(h.recorded) != 1 || h.recorded[0].ReceivedAt != now || !cmp.Equal(h.counted, []string{"-" + c.push.Repository + " with its record"}) {
			t.Errorf("%s: recorded %v, counted %v", name, h.recorded, h.counted)
		}
	}
}

func TestReceiver_PostReceive_noticeIsShownOnce(t *testing.T) {
	t.Parallel()
	h := &fakePorts{
		context: pushes.PushContext{Actor: identity.Actor{User: identity.User{ID: 7}}, Project: source.Project{ID: 42, Path: "acme/cli"}},
		notice:  &source.Notice{OldPath: "old/cli"},
	}
	b := h.receiver(true)
	first, second := b.PostReceive(t.Context(), push("project-42")), b.PostReceive(t.Context(), push("project-42"))
	if len(first.Messages) != 1 || len(second.Messages) != 0 {
		t.Errorf("got %v, then %v", first.Messages, second.Messages)
	}
}

func TestReceiver_PostReceive_neverFails(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	h := &fakePorts{err: down, spoolErr: errors.New("disk full")}
	report := h.receiver(false).PostReceive(t.Context(), push("project-42"))
	if len(report.Messages) > 0 || !errors.Is(report.Warning, down) {
		t.Errorf("got %v, %v", report.Messages, report.Warning)
	}
	if got := strings.Count(report.Warning.Error(), down.Error()); got != 3 {
		t.Errorf("got %d warnings, want one for the counter, the record and the messages", got)
	}
	if len(h.recorded) != 1 || len(h.counted) != 1 {
		t.Error("a failing counter kept the push from being recorded")
	}
}

func TestReceiver_PostReceive_outlivesItsCaller(t *testing.T) {
	t.Parallel()
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	if report := (&fakePorts{}).receiver(true).PostReceive(ctx, push("project-42")); report.Warning != nil {
		t.Errorf("got %v", report.Warning)
	}
}

func TestReceiver_PostReceive_fills(t *testing.T) {
	t.Parallel()
	const zero, one = "0000000000000000000000000000000000000000", "1111111111111111111111111111111111111111"
	for name, c := range map[string]struct {
		repository, changes string
		want                source.ProjectID
	}{
		"a new branch":      {"project-42", zero + " " + one + " refs/heads/main\n", 42},
		"an updated branch": {"project-42", one + " " + one + " refs/heads/main", 42},
		"a deleted branch":  {"project-42", one + " " + zero + " refs/heads/main", 0},
		"a tag":             {"project-42", zero + " " + one + " refs/tags/v1", 0},
		"a wiki":            {"wiki-42", zero + " " + one + " refs/heads/main", 0},
		"nonsense":          {"nonsense", zero + " " + one + " refs/heads/main", 0},
		"no changes":        {"project-42", "", 0},
	} {
		h := &fakePorts{}
		h.receiver(true).PostReceive(t.Context(), pushes.Push{Repository: c.repository, Changes: c.changes})
		if got := h.recorded[0].NonEmptyProject; got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

// slow is a store whose counters hang.
type slow struct{ *fakePorts }

func (s slow) Decrease(ctx context.Context, _ string, _ time.Time) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestReceiver_PostReceive_eachStepHasItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := slow{&fakePorts{context: pushes.PushContext{Project: source.Project{ID: 42}, Banners: []source.Banner{{Message: "Hello"}}}}}
		report := pushes.New(s, s, s, s, s, pushes.Rules{NewID: newID, CountersApart: true}, time.Now).PostReceive(t.Context(), push("project-42"))
		if !errors.Is(report.Warning, context.DeadlineExceeded) || len(s.recorded) != 1 || len(report.Messages) != 1 {
			t.Errorf("got %v, recorded %v, messages %v", report.Warning, s.recorded, report.Messages)
		}
	})
}

func TestReceiver_Healthy(t *testing.T) {
	t.Parallel()
	if !(&fakePorts{}).receiver(true).Healthy(t.Context()) || (&fakePorts{err: errors.New("down")}).receiver(true).Healthy(t.Context()) {
		t.Error("health is not the counters'")
	}
}
