package contract

import (
	"fmt"
	"time"

	"gatehouse/application/pushes"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

// expiry is the lifetime of counters.
const expiry = 600 * time.Second

func (s Subject) increase(repository string, at time.Time) {
	s.Helper()
	s.Fine("Increase", s.Counters.Increase(s.Context(), repository, at, expiry))
}

func (s Subject) decrease(repository string, at time.Time) {
	s.Helper()
	s.Fine("Decrease", s.Counters.Decrease(s.Context(), repository, at))
}

// decreaseOnce decreases the counter for a push that was received at now.
func (s Subject) decreaseOnce(repository, entry string, at time.Time) {
	s.Helper()
	s.Fine("DecreaseOnce", s.Counters.DecreaseOnce(s.Context(), repository, entry, now.Add(expiry), at))
}

// readTime is a time at which a test reads a record, and the time at which the
// record ends.
type readTime struct{ at, end time.Time }

func (a readTime) before() bool { return a.at.Before(a.end) }
func (a readTime) String() string {
	return a.at.Format(time.RFC3339Nano) + " until " + a.end.Format(time.RFC3339Nano)
}

// readTimes are close to each other, with few and with many digits.
var readTimes = func() (all []readTime) {
	second := time.Date(2026, time.December, 31, 23, 59, 59, 0, time.UTC)
	digits := []time.Duration{0, 1, 10, 50_000, 100_000, 150_000, 200_000, 999_999, 1_000_000}
	for _, at := range digits {
		for _, end := range digits {
			all = append(all, readTime{second.Add(at * time.Microsecond), second.Add(end * time.Microsecond)})
		}
	}
	return all
}()

// counters fails the case unless the counters are those of want, as "name value".
func (s Subject) counters(what string, at time.Time, want ...string) {
	s.Helper()
	s.Same(what, s.ListAt(at, "counters"), want)
}

var counterCases = []Case{
	{Name: "counter: increased and decreased", Check: func(s Subject) {
		s.increase("project-7", now)
		s.counters("one", now, "project-7 1")
		s.increase("project-7", now)
		s.increase("project-8", now)
		s.counters("two and one", now, "project-7 2", "project-8 1")
		s.decrease("project-7", now)
		s.decrease("project-8", now)
		s.counters("one and none", now, "project-7 1", "project-8 0")
	}},
	{Name: "counter: never negative", Check: func(s Subject) {
		s.decrease("project-7", now)
		s.counters("missing", now)
		s.increase("project-7", now)
		s.decrease("project-7", now)
		s.decrease("project-7", now)
		s.counters("would be negative", now)
		s.increase("project-7", now)
		s.counters("starts anew", now, "project-7 1")
	}},
	{Name: "counter: zero after its expiry", Check: func(s Subject) {
		s.increase("project-7", now)
		s.counters("a moment before", now.Add(expiry-time.Microsecond), "project-7 1")
		s.counters("to the moment", now.Add(expiry))
		s.counters("after", now.Add(expiry+time.Hour))
	}},
	{Name: "counter: increase renews the expiry", Check: func(s Subject) {
		s.increase("project-7", now)
		s.increase("project-7", now.Add(expiry-time.Second))
		s.counters("still there", now.Add(2*expiry-2*time.Second), "project-7 2")
		s.counters("gone", now.Add(2*expiry-time.Second))
	}},
	{Name: "counter: decrease keeps the expiry", Check: func(s Subject) {
		s.increase("project-7", now)
		s.increase("project-7", now)
		s.decrease("project-7", now.Add(expiry-time.Second))
		s.counters("still there", now.Add(expiry-time.Microsecond), "project-7 1")
		s.counters("gone", now.Add(expiry))
	}},
	{Name: "expired counter: increase starts at one", Check: func(s Subject) {
		for range 3 {
			s.increase("project-7", now)
		}
		s.increase("project-7", now.Add(expiry))
		s.counters("one", now.Add(expiry), "project-7 1")
		s.counters("for its own time", now.Add(2*expiry-time.Microsecond), "project-7 1")
	}},
	{Name: "expired counter: decrease removes it", Check: func(s Subject) {
		for range 3 {
			s.increase("project-7", now)
		}
		s.decrease("project-7", now.Add(expiry))
		s.counters("removed, also at an earlier time", now)
	}},
	{Name: "counter: expiry of the last increase counts", Check: func(s Subject) {
		s.Fine("long", s.Counters.Increase(s.Context(), "a", now, time.Hour))
		s.Fine("shorter", s.Counters.Increase(s.Context(), "a", now, time.Minute))
		s.counters("the last counts", now.Add(time.Minute-time.Microsecond), "a 2")
		s.counters("gone", now.Add(time.Minute))
	}},
	{Name: "counter: time zones make no difference", Check: func(s Subject) {
		s.increase("project-7", now.In(time.FixedZone("east", 14*3600)))
		west := time.FixedZone("west", -12*3600)
		s.counters("before", now.Add(expiry-time.Microsecond).In(west), "project-7 1")
		s.counters("after", now.Add(expiry).In(west))
	}},
	{Name: "counter: times with different fractions of a second", Check: func(s Subject) {
		for _, m := range readTimes {
			s.Fine("Increase", s.Counters.Increase(s.Context(), "project-7", m.end.Add(-time.Minute), time.Minute))
			s.Same(m.String(), len(s.ListAt(m.at, "counters")) == 1, m.before())
			s.decrease("project-7", m.at)
			s.Same("still there after a decrease, "+m.String(), len(s.ListAt(m.end.Add(-time.Hour), "counters")) == 1, m.before())
			s.decrease("project-7", m.end) // removes it in any case
		}
	}},
	{Name: "counter names: compared exactly", Check: func(s Subject) {
		names := []string{"wiki-7", "project-7-wiki", "project-7", "PROJECT-7", "project-07", "group-7-wiki", "project 7", " project-7", "project-7 ", "prøject", "", "%", "a'b"}
		for i, name := range names {
			for range i + 1 {
				s.increase(name, now)
			}
		}
		records, err := s.Inventory.List(s.Context(), "counters", now)
		s.Fine("List", err)
		got := map[string]any{}
		for _, record := range records {
			got[record[0].Value.(string)] = record[1].Value
		}
		want := map[string]any{}
		for i, name := range names {
			want[name] = int64(i + 1)
		}
		s.Same("counters", got, want)
	}},
	{Name: "counter names: any bytes", Check: func(s Subject) {
		for _, name := range []string{"a\x00b", "a\xffb", "a\nb"} {
			s.increase(name, now)
			s.increase(name, now)
			s.decrease(name, now)
		}
		s.counters("each its own", now, "a\x00b 1", "a\nb 1", "a\xffb 1")
	}},
	{Name: "DecreaseOnce: one for each entry", Check: func(s Subject) {
		for range 4 {
			s.increase("project-7", now)
		}
		for _, entry := range []string{"a", "b", "a", "a", "b"} {
			s.decreaseOnce("project-7", entry, now)
		}
		s.counters("two entries", now, "project-7 2")
		s.decreaseOnce("project-8", "a", now)
		s.decreaseOnce("project-8", "c", now)
		s.counters("a missing counter", now, "project-7 2")
		s.decrease("project-7", now)
		s.decreaseOnce("project-7", "d", now.Add(expiry-time.Microsecond))
		s.counters("none", now, "project-7 0")
		s.decreaseOnce("project-7", "e", now)
		s.counters("never negative", now)
	}},
	{Name: "DecreaseOnce: nothing once the push has expired", Check: func(s Subject) {
		s.increase("project-7", now.Add(time.Minute))
		for _, at := range []time.Duration{expiry, expiry + time.Second} {
			s.decreaseOnce("project-7", "a", now.Add(at))
		}
		s.counters("the count of another push", now, "project-7 1")
		s.decreaseOnce("project-7", "a", now.Add(expiry-time.Microsecond))
		s.counters("a moment before", now, "project-7 0")
		for i := range 5 { // also once earlier entries are forgotten
			later := now.Add(time.Duration(i) * 4 * time.Hour)
			s.increase("project-7", later)
			s.Fine("DecreaseOnce", s.Counters.DecreaseOnce(s.Context(), "project-7", fmt.Sprint("entry-", i), later.Add(expiry), later))
			s.Fine("DecreaseOnce", s.Counters.DecreaseOnce(s.Context(), "project-7", fmt.Sprint("entry-", i), later.Add(expiry), later))
			s.decreaseOnce("project-7", "a", later)
			s.counters("entry by entry", later, "project-7 0")
		}
	}},
	{Name: "counters: Ping", Check: func(s Subject) { s.Fine("Ping", s.Counters.Ping(s.Context())) }},
}

// countedPushCases are for stores that keep the counters where they record pushes.
var countedPushCases = []Case{
	{Name: "push with a time to decrease at: counter decreased with the record", Check: func(s Subject) {
		s.increase("project-60", now)
		s.increase("project-60", now)
		s.increase("project-61", now)
		p := pushes.Push{EntryID: "018f-a", Repository: "project-60", ReceivedAt: now, DecreaseAt: now.Add(time.Second)}
		for range 3 {
			s.Fine("Record", s.Recorder.Record(s.Context(), p))
		}
		s.counters("decreased once", now, "project-60 1", "project-61 1")
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{Repository: "project-60", ReceivedAt: now}))
		s.counters("no time", now, "project-60 1", "project-61 1")
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{Repository: "project-60", ReceivedAt: now, DecreaseAt: now.Add(expiry - time.Microsecond)}))
		s.counters("keeps the expiry", now.Add(expiry-time.Microsecond), "project-60 0", "project-61 1")
		s.Fine("Record", s.Recorder.Record(s.Context(), p))
		s.counters("recorded before", now, "project-60 0", "project-61 1")
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{Repository: "project-60", ReceivedAt: now, DecreaseAt: now}))
		s.counters("would be negative", now, "project-61 1")
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{Repository: "project-61", ReceivedAt: now, DecreaseAt: now.Add(expiry)}))
		s.counters("expired", now)
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{Repository: "project-62", ReceivedAt: now, DecreaseAt: now}))
		s.counters("missing", now)
		s.Same("pushes", len(s.List("pushes")), 6)
	}},
}

var pushContextCases = []Case{
	{Name: "push: recorded unchanged, each time", Check: func(s Subject) {
		p := pushes.Push{
			Repository: "project-7", Identifier: "key-11", Changes: "a b refs/heads/ü\n\n c\r\n", ReceivedAt: precise,
			Options: []string{"ci.skip", "", "mr.title=a\nb, \"c\" ü", "ci.skip"},
		}
		s.Fine("Record", s.Recorder.Record(s.Context(), p))
		s.Fine("Record", s.Recorder.Record(s.Context(), p))
		p.Options[0] = "spoilt"
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{Repository: "nonsense", ReceivedAt: now}))
		records, err := s.Inventory.List(s.Context(), "pushes", now)
		s.Fine("List", err)
		if len(records) != 3 {
			s.Fatalf("got %d pushes, want 3", len(records))
		}
		for _, record := range records[:2] {
			s.Same("options", record[4].Value, []string{"ci.skip", "", "mr.title=a\nb, \"c\" ü", "ci.skip"})
			s.Same("changes", record[3].Value, p.Changes)
			s.Same("line", subject.Line(record, "gl_repository", "identifier", "received_at"), "project-7 key-11 "+kept.Format(time.RFC3339Nano))
		}
		s.Same("a push with few values", subject.Line(records[2], "gl_repository", "identifier", "changes", "push_options"), `nonsense "" "" []`)
		first, second := records[0][0].Value.(int64), records[1][0].Value.(int64)
		s.Same("in turn", first < second, true)
	}},
	{Name: "push with an entry: recorded once, with one job", Check: func(s Subject) {
		s.Apply("groups: [{path: acme}]\nprojects: [{id: 60, path: acme/a, empty: true}]")
		first := pushes.Push{EntryID: "018f-a", Repository: "project-60", Identifier: "key-11", ReceivedAt: now}
		again := pushes.Push{EntryID: "018f-a", Repository: "project-61", ReceivedAt: now.Add(time.Hour), NonEmptyProject: 60}
		other := pushes.Push{EntryID: "018F-A", Repository: "project-60", ReceivedAt: now}
		for _, p := range []pushes.Push{first, again, first, other, again} {
			s.Fine("Record", s.Recorder.Record(s.Context(), p))
		}
		s.Same("pushes", s.List("pushes", "gl_repository", "identifier"), []string{"project-60 key-11", `project-60 ""`})
		s.Same("jobs", len(s.List("jobs")), 2)
		s.Same("the other call changed nothing", s.Standing("nobody", "acme/a").Project.Empty, true)
	}},
	{Name: "push with a branch: project no longer empty", Check: func(s Subject) {
		s.Apply("groups: [{path: acme}]\nprojects: [{id: 60, path: acme/a, empty: true}, {id: 61, path: acme/b, empty: true}]")
		s.Same("before", s.Standing("nobody", "acme/a").Project.Empty, true)
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{Repository: "project-60", ReceivedAt: now}))
		s.Same("after a push that left no branch", s.Standing("nobody", "acme/a").Project.Empty, true)
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{Repository: "project-60", ReceivedAt: now, NonEmptyProject: 60}))
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{Repository: "project-60", ReceivedAt: now, NonEmptyProject: 60}))
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{Repository: "project-404", ReceivedAt: now, NonEmptyProject: 404}))
		s.Same("after one that did", s.Standing("nobody", "acme/a").Project.Empty, false)
		s.Same("another project", s.Standing("nobody", "acme/b").Project.Empty, true)
		s.Same("pushes", len(s.List("pushes")), 4)
		s.Apply("projects: [{id: 60, path: acme/a}]")
		s.Same("applied again", s.Standing("nobody", "acme/a").Project.Empty, false)
	}},
	{Name: "push: any bytes", Check: func(s Subject) {
		p := pushes.Push{Repository: "project-7\x00", Identifier: "key-\xff", Changes: "a b refs/heads/\xff\x00\n", ReceivedAt: now, Options: []string{"a\x00b", "\xff", "c"}}
		s.Fine("Record", s.Recorder.Record(s.Context(), p))
		records, err := s.Inventory.List(s.Context(), "pushes", now)
		s.Fine("List", err)
		var got []any
		for _, field := range records[0][1:5] {
			got = append(got, field.Value)
		}
		s.Same("push", got, []any{p.Repository, p.Identifier, p.Changes, p.Options})
	}},
	{Name: "push context: project and actor", Check: func(s Subject) {
		s.Apply(usersAndKeys(), "projects: [{id: 60, path: acme/p, default_branch: trunk}]")
		acme := source.Project{ID: 60, Path: "acme/p", DefaultBranch: "trunk"}
		for repository, want := range map[string]source.Project{
			"project-60": acme, "wiki-60": acme, "project-60-wiki": acme, "design-60": acme,
			"snippet-60": {}, "group-9-wiki": {}, "group-60-wiki": {}, "project-99": {}, "project-63": {}, "wiki-63": {},
		} {
			got := s.pushContext("key-11", repository, now)
			s.Same(repository, got.Project, want)
			s.Same("actor", actorText(got.Actor), "dev key 11")
		}
		s.Same("unknown key", s.pushContext("key-999", "project-60", now).Actor, identity.Actor{})
		none, err := s.PushContexts.PushContext(s.Context(), identity.Claim{}, source.RepositoryID{}, true, now)
		s.Fine("PushContext", err)
		s.Same("nothing", none, pushes.PushContext{})
	}},
	{Name: "group pending deletion: push context without a project", Check: func(s Subject) {
		s.Apply("groups: [{path: a, pending_delete: true}, {path: a/b}]\nprojects: [{id: 1, path: a/b/p}]")
		s.Same("project", s.pushContext("nobody", "project-1", now).Project, source.Project{})
	}},
	{Name: "banners: ordered by start, then by number", Check: func(s Subject) {
		s.Apply(`
broadcast_messages:
  - {message: always, target_path: "acme/*"}
  - {message: always too}
  - {message: old, starts_at: 2020-01-01T00:00:00Z}
  - {message: recent, starts_at: 2026-03-01T00:00:00Z, ends_at: 2026-04-01T00:00:00Z}
  - {message: recent too, starts_at: 2026-03-01T00:00:00Z}
  - {message: a note, type: notification}
  - {message: on the web, show_in_git: false}
  - {message: over, ends_at: 2026-03-10T12:00:00Z}
  - {message: to come, starts_at: 2026-03-11T00:00:00Z}`)
		want := []source.Banner{{Message: "recent too"}, {Message: "recent"}, {Message: "old"}, {Message: "always too"}, {Message: "always", TargetPath: "acme/*"}}
		s.Same("banners", s.pushContext("nobody", "project-1", now).Banners, want)
	}},
	{Name: "banner: from its start until its end", Check: func(s Subject) {
		s.Apply("broadcast_messages: [{message: now, starts_at: 2026-03-10T12:00:00.000001Z, ends_at: 2026-03-10T13:00:00.000001Z}]")
		start := time.Date(2026, 3, 10, 12, 0, 0, 1000, time.UTC)
		for at, want := range map[time.Time]int{
			start.Add(-time.Microsecond): 0, start: 1, start.In(time.FixedZone("x", 3600)): 1,
			start.Add(time.Hour - time.Microsecond): 1, start.Add(time.Hour): 0,
		} {
			s.Same(at.String(), len(s.pushContext("nobody", "project-1", at).Banners), want)
		}
	}},
	{Name: "banner: times with different fractions of a second", Check: func(s Subject) {
		s.Unit(func(tx worldimport.Tx) {
			for _, m := range readTimes {
				starts := worldimport.Broadcast{Message: "from " + m.end.Format(time.RFC3339Nano), Type: worldimport.BannerBroadcast, StartsAt: m.end, ShowInGit: true}
				ends := worldimport.Broadcast{Message: "to " + m.end.Format(time.RFC3339Nano), Type: worldimport.BannerBroadcast, EndsAt: m.end, ShowInGit: true}
				s.Fine("PutBroadcast", tx.Namespaces.PutBroadcast(s.Context(), starts))
				s.Fine("PutBroadcast", tx.Namespaces.PutBroadcast(s.Context(), ends))
			}
		})
		for _, m := range readTimes {
			shown := map[string]bool{}
			for _, b := range s.pushContext("nobody", "project-1", m.at).Banners {
				shown[b.Message] = true
			}
			end := m.end.Format(time.RFC3339Nano)
			s.Same(m.String(), []bool{shown["from "+end], shown["to "+end]}, []bool{!m.before(), m.before()})
		}
	}},
	{Name: "banner: text unchanged", Check: func(s Subject) {
		want := source.Banner{Message: "Grüße \"all\" 'of' \\ you <b>\n\t🦊\u2028 %d {{.}} \x7f", TargetPath: `a"*\_%`}
		s.Unit(func(tx worldimport.Tx) {
			b := worldimport.Broadcast{Message: want.Message, TargetPath: want.TargetPath, Type: worldimport.BannerBroadcast, ShowInGit: true}
			s.Fine("PutBroadcast", tx.Namespaces.PutBroadcast(s.Context(), b))
		})
		s.Same("banner", s.pushContext("nobody", "project-1", now).Banners, []source.Banner{want})
	}},
	{Name: "broadcast put again: updated", Check: func(s Subject) {
		s.Apply("broadcast_messages: [{message: a}, {message: a, target_path: x}, {message: a, type: notification}]")
		s.Apply("broadcast_messages: [{message: a, ends_at: 2026-03-10T12:00:00Z}]")
		s.Same("list", s.List("broadcasts", "message", "type", "ends_at", "target_path"), []string{
			`a banner 2026-03-10T12:00:00Z ""`, "a banner - x", `a notification - ""`,
		})
	}},
}
