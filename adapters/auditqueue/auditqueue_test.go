package auditqueue_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/adapters/auditqueue"
	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeLog keeps events, or fails, or takes no event before it is released.
type fakeLog struct {
	mu      sync.Mutex
	batches [][]audit.Event
	err     error
	blocked chan struct{}
	delay   time.Duration // of each call
	calls   int
}

func (l *fakeLog) Append(ctx context.Context, events ...audit.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	time.Sleep(l.delay)
	if l.blocked != nil {
		select {
		case <-l.blocked:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if l.err != nil {
		return l.err
	}
	l.batches = append(l.batches, append([]audit.Event(nil), events...))
	return nil
}

// set makes the log fail with err, or work again.
func (l *fakeLog) set(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// asked is how many times the log was asked.
func (l *fakeLog) asked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls
}

func (l *fakeLog) events() (all []audit.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, batch := range l.batches {
		all = append(all, batch...)
	}
	return all
}

// queue is a queue over a log, with a gatekeeper that fills it.
type queue struct {
	*auditqueue.Queue
	*fakeLog
	lines *observer.ObservedLogs
	gatekeeper
}

func start(settings auditqueue.Settings, log *fakeLog) *queue {
	core, lines := observer.New(zap.InfoLevel)
	q := auditqueue.New(settings, log, zap.New(core))
	q.Start()
	return &queue{q, log, lines, newGatekeeper(q)}
}

// wantLine fails the test unless the last line counts these decisions, and it is the
// only one since the last call.
func (q *queue) wantLine(t *testing.T, when string, overLimit, lost int64) {
	t.Helper()
	lines := q.lines.TakeAll()
	if len(lines) != 1 || lines[0].Level != zapcore.WarnLevel {
		t.Errorf("%s: got %v, want one warning", when, lines)
		return
	}
	if got := lines[0].ContextMap(); got["over_limit"] != overLimit || got["lost"] != lost {
		t.Errorf("%s: got %v, want %d over the limit and %d lost", when, got, overLimit, lost)
	}
}

// gatekeeper is a gatekeeper that knows one user and one public project.
type gatekeeper struct{ *gitaccess.Gatekeeper }

func newGatekeeper(decisions gitaccess.Decisions) gatekeeper {
	rules := gitaccess.Rules{
		Settings: source.Settings{Protocols: source.AllProtocols},
		Storages: map[string]gitaccess.Storage{"default": {Name: "default"}},
	}
	return gatekeeper{gitaccess.New(directory{}, nil, nil, forgetful{}, unlimited{}, nil, decisions, rules, time.Now)}
}

type directory struct{}

func (directory) Standing(_ context.Context, q source.Inquiry) (source.Standing, error) {
	if q.Target.Path != "acme/cli" {
		return source.Standing{}, nil
	}
	return source.Standing{
		Actor:      identity.Actor{User: identity.User{ID: 2, Username: "dev", State: identity.Active, EmailConfirmed: true}},
		Repository: source.RepositoryID{ID: 42},
		Project: source.Project{
			ID: 42, Path: "acme/cli", Visibility: source.Public, Storage: "default", Repository: source.FeatureEnabled,
			Root: source.Namespace{Protocols: source.AllProtocols},
		},
	}, nil
}

type forgetful struct{}

func (forgetful) Record(identity.KeyID, time.Time)      {}
func (forgetful) UserActive(identity.UserID, time.Time) {}

type unlimited struct{}

func (unlimited) Count(context.Context, time.Time, ...gitaccess.Bucket) (bool, func() bool) {
	return true, func() bool { return true }
}

// ask asks n times for a fetch of a project; that of any but acme/cli is refused.
func (g gatekeeper) ask(t *testing.T, n int, path source.Path) {
	t.Helper()
	for range n {
		_, err := g.Allow(t.Context(), gitaccess.Request{Request: source.Request{
			Claim: identity.ClaimUser("2"), Command: source.UploadPack, Protocol: source.SSH, Target: source.Target{Path: path},
		}})
		if (err == nil) != (path == "acme/cli") {
			t.Fatalf("%s: got %v", path, err)
		}
	}
}

var (
	everything = auditqueue.Settings{Everything: true}
	refusals   = auditqueue.Settings{Refusals: true}
)

func TestQueue_whatIsRecorded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		settings auditqueue.Settings
		want     []audit.Outcome
	}{
		"nothing":    {auditqueue.Settings{}, nil},
		"refusals":   {refusals, []audit.Outcome{audit.Refused}},
		"everything": {everything, []audit.Outcome{audit.Allowed, audit.Refused}},
		"both":       {auditqueue.Settings{Everything: true, Refusals: true}, []audit.Outcome{audit.Allowed, audit.Refused}},
	} {
		synctest.Test(t, func(t *testing.T) {
			q := start(tt.settings, &fakeLog{})
			q.ask(t, 1, "acme/cli")
			q.ask(t, 1, "acme/none")
			q.Stop(t.Context())
			events := q.events()
			if len(events) != len(tt.want) {
				t.Fatalf("%s: got %d events, want %v", name, len(events), tt.want)
			}
			for i, want := range tt.want {
				if events[i].Outcome != want {
					t.Errorf("%s: event %d: got %s, want %s", name, i, events[i].Outcome, want)
				}
			}
			if q.lines.Len() > 0 {
				t.Errorf("%s: got %v in the log", name, q.lines.All())
			}
		})
	}
}

func TestQueue_refusalsPerSecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := start(refusals, &fakeLog{})
		q.ask(t, 4, "acme/none")
		time.Sleep(600 * time.Millisecond)
		q.ask(t, 20, "acme/none") // 6 of them
		time.Sleep(500 * time.Millisecond)
		q.ask(t, 20, "acme/none") // 4: the first four are a second old
		time.Sleep(time.Second)
		q.ask(t, 1, "acme/none")
		synctest.Wait()
		time.Sleep(time.Second)
		events := q.events()
		if len(events) != 15 {
			t.Fatalf("got %d events, want 4, 6, 4 and 1", len(events))
		}
		for i, e := range events {
			want := map[int]int{10: 14, 14: 16}[i]
			if e.Decision.Unrecorded != want {
				t.Errorf("event %d: got %d unrecorded, want %d", i, e.Decision.Unrecorded, want)
			}
		}
		time.Sleep(time.Minute)
		q.wantLine(t, "after a minute", 30, 0)
		time.Sleep(10 * time.Minute)
		q.Stop(t.Context())
		if q.lines.Len() > 0 {
			t.Errorf("got %v, want no line without further refusals", q.lines.All())
		}
	})
}

// Everything is not limited, and is written in few batches.
func TestQueue_batches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := start(everything, &fakeLog{})
		q.ask(t, 450, "acme/none")
		synctest.Wait()
		if got := len(q.events()); got != 400 {
			t.Errorf("got %d events at once, want the full batches", got)
		}
		time.Sleep(time.Second)
		q.ask(t, 1, "acme/cli")
		q.Stop(t.Context())
		var sizes []int
		for _, batch := range q.batches {
			sizes = append(sizes, len(batch))
		}
		if len(sizes) != 4 || sizes[2] != 50 || sizes[3] != 1 {
			t.Errorf("got batches of %v, want 200, 200, 50 and 1", sizes)
		}
	})
}

// A slow log takes an eighth of the time; what comes faster is lost.
func TestQueue_slow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := start(everything, &fakeLog{delay: 100 * time.Millisecond})
		for range 100 {
			q.ask(t, 50, "acme/cli")
			time.Sleep(100 * time.Millisecond)
		}
		if calls := q.asked(); calls < 11 || calls > 13 {
			t.Errorf("got %d batches in 10 s, want one every 800 ms", calls)
		}
		q.Stop(t.Context())
		lines := q.lines.TakeAll()
		if len(lines) != 1 || int64(len(q.events()))+lines[0].ContextMap()["lost"].(int64) != 5000 {
			t.Errorf("got %d events and the lines %v, want 5000 in sum", len(q.events()), lines)
		}
	})
}

// A log that is unavailable loses nothing before the queue is full. Then decisions
// are counted, and commands go on.
func TestQueue_unavailable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := start(everything, &fakeLog{err: domain.Unavailable})
		for range 10 {
			q.ask(t, 130, "acme/cli")
			synctest.Wait()
			time.Sleep(3 * time.Second)
		}
		time.Sleep(31 * time.Second)
		q.wantLine(t, "after a minute", 0, 100) // of 1300, 200 are in the batch and 1000 wait
		if calls := q.asked(); calls > 70 {
			t.Errorf("the log was asked %d times in a minute", calls)
		}
		q.set(nil)
		time.Sleep(5 * time.Second)
		if got := len(q.events()); got != 1200 {
			t.Errorf("got %d events when the log is available again, want 1200", got)
		}
		q.ask(t, 1, "acme/cli")
		q.Stop(t.Context())
		if events := q.events(); len(events) != 1201 || events[1200].Decision.Unrecorded != 100 {
			t.Errorf("the next event does not mention the 100 that are lost")
		}
	})
}

// What the log does not take is lost, and not tried for ever.
func TestQueue_broken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := start(everything, &fakeLog{err: errors.New("no such column")})
		q.ask(t, 3, "acme/cli")
		time.Sleep(time.Second)
		q.set(nil)
		q.ask(t, 1, "acme/cli")
		q.Stop(t.Context())
		if events := q.events(); len(events) != 1 || events[0].Decision.Unrecorded != 3 {
			t.Errorf("got %d events, want one that mentions three others", len(events))
		}
		q.wantLine(t, "at the end", 0, 3)
	})
}

// Stop writes what waits, but not for longer than it may.
func TestQueue_Stop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := start(everything, &fakeLog{})
		q.ask(t, 350, "acme/cli")
		begin := time.Now()
		q.Stop(t.Context())
		if got := len(q.events()); got != 350 || time.Since(begin) > 0 {
			t.Errorf("got %d events after %v, want 350 at once", got, time.Since(begin))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		q := start(everything, &fakeLog{blocked: make(chan struct{})})
		q.ask(t, 350, "acme/cli")
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begin := time.Now()
		q.Stop(ctx)
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("a log that hangs: Stop took %v, want 5 s", took)
		}
		q.wantLine(t, "a log that hangs", 0, 350)
	})
	synctest.Test(t, func(t *testing.T) {
		q := start(everything, &fakeLog{err: domain.Unavailable})
		q.ask(t, 350, "acme/cli")
		q.Stop(t.Context())
		q.wantLine(t, "a log that fails", 0, 350)
	})
}
