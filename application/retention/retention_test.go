package retention_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gatehouse/adapters/memory"
	"gatehouse/application/postreceive"
	"gatehouse/application/pushes"
	"gatehouse/application/retention"
	"gatehouse/domain/audit"
)

const day = 24 * time.Hour

var begin = time.Date(2026, time.May, 1, 12, 0, 0, 0, time.UTC)

// machine is a store, and a server whose clock can be set.
type machine struct {
	t     testingT
	store *memory.Store
	*retention.Service
	elapsed, set time.Duration
}

type testingT interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func newMachine(t testingT, rules retention.Rules) *machine {
	m := &machine{t: t, store: memory.New()}
	m.start(rules)
	return m
}

// start starts a server on the store.
func (m *machine) start(rules retention.Rules) {
	started := m.elapsed
	m.Service = retention.New(m.store.Retention, m.store, rules, m.clock, func() time.Duration { return m.elapsed - started })
}

func (m *machine) clock() time.Time { return begin.Add(m.elapsed + m.set) }

// run lets time pass, hour by hour, and removes what is old after each.
func (m *machine) run(hours int) (total retention.Removed) {
	m.t.Helper()
	for range hours {
		m.elapsed += time.Hour
		removed, err := m.Run(context.Background())
		if err != nil {
			m.t.Fatal(err)
		}
		total.Pushes += removed.Pushes
		total.AuditEvents += removed.AuditEvents
		total.Deliveries += removed.Deliveries
	}
	return total
}

// add adds an audit event and a push, processed or not, of now.
func (m *machine) add(name string, processed bool) {
	m.t.Helper()
	ctx := context.Background()
	if err := m.store.AuditLog.Append(ctx, audit.Event{At: m.clock(), Git: &audit.GitCommand{Repository: name}}); err != nil {
		m.t.Fatal(err)
	}
	if err := m.store.Recorder.Record(ctx, pushes.Push{Repository: name, ReceivedAt: m.clock()}); err != nil {
		m.t.Fatal(err)
	}
	if ids := m.list("pushes", "id"); processed {
		if err := m.store.Pushes.Complete(ctx, ids[len(ids)-1].(int64), postreceive.ProjectUpdate{}, m.clock()); err != nil {
			m.t.Fatal(err)
		}
	}
}

// list returns a field of the records of a list.
func (m *machine) list(list, field string) (values []any) {
	m.t.Helper()
	records, err := m.store.Records.List(context.Background(), list, m.clock())
	if err != nil {
		m.t.Fatal(err)
	}
	for _, record := range records {
		for _, f := range record {
			if f.Name == field {
				values = append(values, f.Value)
			}
		}
	}
	return values
}

// TestService_ages records a push and an event at any hours, and wants those kept that
// are younger than the limit, and at most two hours longer.
func TestService_ages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limits := rapid.SampledFrom([]time.Duration{0, time.Hour, 5 * time.Hour, 2 * day})
		rules := retention.Rules{Pushes: limits.Draw(t, "pushes"), AuditEvents: limits.Draw(t, "audit events")}
		m := newMachine(t, rules)
		m.run(1)
		type record struct {
			at        time.Duration
			processed bool
		}
		records := map[string]record{}
		for _, name := range strings.Split("abcdefgh", "") {
			r := record{m.elapsed, rapid.Bool().Draw(t, "processed")}
			m.add(name, r.processed)
			records[name] = r
			m.run(rapid.IntRange(0, 30).Draw(t, "hours"))
		}
		kept := func(list string, limit time.Duration, removable func(record) bool) {
			found := map[string]bool{}
			for _, name := range m.list(list, "gl_repository") {
				found[name.(string)] = true
			}
			for name, r := range records {
				age := m.elapsed - r.at
				switch {
				case !found[name] && (limit == 0 || age <= limit || !removable(r)):
					t.Fatalf("%s: one of %s was removed, limit %s, processed %t", list, age, limit, r.processed)
				case found[name] && limit > 0 && age > limit+time.Hour && removable(r):
					t.Fatalf("%s: one of %s was kept, limit %s", list, age, limit)
				}
			}
		}
		kept("pushes", rules.Pushes, func(r record) bool { return r.processed })
		kept("audit", rules.AuditEvents, func(record) bool { return true })
	})
}

// TestService_unasked wants that nothing is removed without a limit, and nothing
// noted.
func TestService_unasked(t *testing.T) {
	t.Parallel()
	m := newMachine(t, retention.Rules{})
	m.add("a", true)
	m.elapsed += 10 * 365 * day
	if removed := m.run(10); removed != (retention.Removed{}) || len(m.list("pushes", "id")) != 1 || len(m.list("audit", "action")) != 1 {
		t.Errorf("removed %+v", removed)
	}
	if noted, err := m.store.SetOnce(t.Context(), "retention_time", ""); err != nil || noted != "" {
		t.Errorf("noted %q, %v", noted, err)
	}
}

// TestService_clock sets the clock, restarts the server or not, and wants that a day
// with a wrong clock makes a record older by a day at most.
func TestService_clock(t *testing.T) {
	t.Parallel()
	rules := retention.Rules{Pushes: 31 * day, AuditEvents: 31 * day}
	for name, set := range map[string]time.Duration{"ahead": 400 * day, "back": -400 * day} {
		for _, restart := range []bool{false, true} {
			m := newMachine(t, rules)
			m.run(1)
			m.add("first", true)
			m.run(24)
			m.set = set
			if restart {
				m.start(rules)
			}
			m.add("meanwhile", true)
			if removed := m.run(24); removed != (retention.Removed{}) {
				t.Errorf("%s, restart %t: meanwhile: removed %+v", name, restart, removed)
			}
			m.set = 0
			if restart {
				m.start(rules)
			}
			m.add("afterwards", true)
			if removed := m.run(28 * 24); removed != (retention.Removed{}) {
				t.Errorf("%s, restart %t: after 30 days: removed %+v", name, restart, removed)
			}
			// Later all goes on as ever, but for what has a time of the future.
			want := map[string][]any{"ahead": {"meanwhile"}, "back": nil}[name]
			m.run(5 * 24)
			if diff := cmp.Diff(want, m.list("audit", "gl_repository")); diff != "" {
				t.Errorf("%s, restart %t: events, after 35 days (-want +got):\n%s", name, restart, diff)
			}
			if diff := cmp.Diff(want, m.list("pushes", "gl_repository")); diff != "" {
				t.Errorf("%s, restart %t: pushes, after 35 days (-want +got):\n%s", name, restart, diff)
			}
		}
	}
}

// TestService_servers runs several servers on a store, with a clock that is wrong for a
// day, and wants that it makes a record older by a day at most.
func TestService_servers(t *testing.T) {
	t.Parallel()
	rules := retention.Rules{AuditEvents: 3 * day}
	m := newMachine(t, rules)
	m.run(1)
	m.add("first", true)
	var others []*retention.Service
	for range 3 {
		m.start(rules)
		others = append(others, m.Service)
	}
	m.set = 400 * day
	for hour := range 24 {
		m.elapsed += time.Hour
		for _, other := range others {
			if removed, err := other.Run(t.Context()); err != nil || removed != (retention.Removed{}) {
				t.Fatalf("after %d hours: removed %+v, %v", hour, removed, err)
			}
		}
	}
	m.set = 0
	for range 24 {
		m.elapsed += time.Hour
		for _, other := range others {
			if removed, err := other.Run(t.Context()); err != nil || removed != (retention.Removed{}) {
				t.Fatalf("a day later: removed %+v, %v", removed, err)
			}
		}
	}
}

// TestService_downtime wants that the time makes up for days without a server.
func TestService_downtime(t *testing.T) {
	t.Parallel()
	rules := retention.Rules{AuditEvents: 31 * day}
	m := newMachine(t, rules)
	m.run(1)
	m.add("first", true)
	m.elapsed += 40 * day
	m.start(rules)
	if removed := m.run(24); removed.AuditEvents != 0 {
		t.Errorf("on the first day: removed %+v", removed)
	}
	m.add("second", true)
	if removed := m.run(30 * 24); removed.AuditEvents != 1 {
		t.Errorf("a month later: removed %+v", removed)
	}
	if removed := m.run(7 * 24); removed.AuditEvents != 1 {
		t.Errorf("a week later: removed %+v", removed)
	}
}

// failing are records that cannot be removed.
type failing struct{ calls int }

func (f *failing) RemovePushes(context.Context, time.Time, time.Time) (int, error) {
	f.calls++
	return 3, errors.New("pushes")
}

func (f *failing) RemoveAuditEvents(context.Context, time.Time, time.Time) (int, error) {
	f.calls++
	return 0, errors.New("audit events")
}

func (f *failing) RemoveDeliveries(context.Context, time.Time, time.Time) (int, error) {
	f.calls++
	return 5, nil
}

func (f *failing) RemoveJobs(context.Context, time.Time, time.Time) (int, error) {
	f.calls++
	return 7, nil
}

func TestService_fails(t *testing.T) {
	t.Parallel()
	records, notes := &failing{}, memory.New()
	elapsed := time.Duration(0)
	rules := retention.Rules{Pushes: day, AuditEvents: day, Deliveries: day, Jobs: day}
	s := retention.New(records, notes, rules, func() time.Time { return begin.Add(elapsed) }, func() time.Duration { return elapsed })
	if removed, err := s.Run(t.Context()); err != nil || removed != (retention.Removed{}) || records.calls != 0 {
		t.Errorf("the first run: got %+v, %v, %d calls", removed, err, records.calls)
	}
	elapsed = time.Hour
	removed, err := s.Run(t.Context())
	if err == nil || err.Error() != "pushes\naudit events" || removed != (retention.Removed{Pushes: 3, Deliveries: 5, Jobs: 7}) {
		t.Errorf("got %+v, %v", removed, err)
	}
	noted, err := notes.SetOnce(t.Context(), "retention_time", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := notes.Replace(t.Context(), "retention_time", noted, "yesterday"); err != nil {
		t.Fatal(err)
	}
	if removed, err := s.Run(t.Context()); err == nil || removed != (retention.Removed{}) || records.calls != 4 {
		t.Errorf("with a note that is no time: got %+v, %v, %d calls", removed, err, records.calls)
	}
}
