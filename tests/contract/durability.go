package contract

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/application/postreceive"
	"gatehouse/application/pushes"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// NewDatabase makes an empty database, migrated or not, and returns a factory
// that opens it any number of times, also concurrently.
type NewDatabase func(t testing.TB, migrated bool) stores.Factory

// Durable tests stores that share a database: data is there when the database is
// opened again, and several open stores see the same data.
func Durable(t *testing.T, newDatabase NewDatabase) {
	for _, cases := range []struct {
		list     []durableCase
		migrated bool
	}{{durableCases, true}, {newDatabaseCases, false}} {
		for _, c := range cases.list {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.check(t, newDatabase(t, cases.migrated))
			})
		}
	}
}

// openTwo opens two stores on one database.
func openTwo(t *testing.T, open stores.Factory) [2]Subject {
	return [2]Subject{newSubject(t, stores.Fresh(t, open)), newSubject(t, stores.Fresh(t, open))}
}

var code60 = source.RepositoryID{Kind: source.Code, ID: 60}

func noticeFor60(path source.Path) source.Notice {
	return source.Notice{User: 1, Repository: code60, OldPath: path, ExpiresAt: now.Add(time.Minute)}
}

type durableCase struct {
	name  string
	check func(t *testing.T, open stores.Factory)
}

var durableCases = []durableCase{
	{"closed and opened again: all data", func(t *testing.T, open stores.Factory) {
		first := newSubject(t, open(t))
		first.Apply(usersAndKeys(), fullWorld)
		first.increase("project-60", now)
		first.Fine("Record", first.Recorder.Record(t.Context(), pushOf("project-60")))
		first.Fine("add notice", first.Notices.Add(t.Context(), noticeFor60("a/b")))
		want, standing := first.contents(), jsonText(first.Standing("key-21", "acme/q"))
		first.Fine("Close", first.Store.Close(t.Context()))

		second := newSubject(t, stores.Fresh(t, open))
		second.Same("everything", second.contents(), want)
		second.Same("standing", jsonText(second.Standing("key-21", "acme/q")), standing)
		_, err := second.Notices.Take(t.Context(), 1, code60, now)
		second.Fine("Take", err)
		second.Apply(usersAndKeys(), fullWorld)
		second.Same("applied again", second.contents(), want)
	}},
	{"closed: last uses of keys written", func(t *testing.T, open stores.Factory) {
		first := newSubject(t, open(t))
		first.Apply(usersAndKeys())
		first.KeyUses.Record(11, now)
		first.Fine("Close", first.Store.Close(t.Context()))
		second := newSubject(t, stores.Fresh(t, open))
		second.Same("last use", second.Actor("key-11").Key.LastUsedAt, now)
	}},
	{"two stores: one sees the changes of the other", func(t *testing.T, open stores.Factory) {
		s := openTwo(t, open)
		s[0].Same("before", s[1].projectID("acme/p"), source.ProjectID(0))
		s[0].Apply(usersAndKeys())
		for i := range 4 {
			role := []string{"reporter", "maintainer"}[i%2]
			s[i%2].Apply("groups: [{id: 9, path: acme" + fmt.Sprint(i) + "}]\nmembers: [{user: dev, group: acme" + fmt.Sprint(i) + ", role: " + role + "}]")
			got := s[1-i%2].Standing("key-11", fmt.Sprintf("acme%d/p", i))
			s[0].Same("path and role", []string{got.Project.Path, got.Role.String()}, []string{fmt.Sprintf("acme%d/p", i), role})
		}
		s[0].increase("project-60", now)
		s[1].increase("project-60", now)
		s[0].decrease("project-60", now)
		s[1].counters("counters", now, "project-60 1")
		s[0].KeyUses.Record(11, now)
		s[0].Fine("Flush", s[0].Store.Flush(t.Context()))
		s[0].Same("last use", s[1].Actor("key-11").Key.LastUsedAt, now)
		s[0].Same("everything", s[0].contents(), s[1].contents())
	}},
	{"two stores, concurrent changes: none lost", func(t *testing.T, open stores.Factory) {
		s := openTwo(t, open)
		s[0].Apply(usersAndKeys())
		subject.Concurrently(func(me int) {
			mine := s[me%2]
			for i := range subject.Rounds {
				mine.increase("project-60", now)
				mine.Fine("Record", mine.Recorder.Record(t.Context(), pushOf("project-60")))
				if me < 4 && i%5 == 0 {
					text := fmt.Sprintf("users: [{username: u%d-%d}, {username: u%[2]d}]\ngroups: [{path: g%[2]d}]\nmembers: [{user: u%[1]d-%[2]d, group: g%[2]d, role: guest}]", me, i)
					mine.Fine("apply", world.Try(t.Context(), mine.WorldImport, text))
				}
			}
		})
		s[0].counters("counters", now, fmt.Sprintf("project-60 %d", subject.Goroutines*subject.Rounds))
		s[0].Same("pushes", len(s[1].List("pushes")), subject.Goroutines*subject.Rounds)
		s[0].Same("members, with that of usersAndKeys", len(s[0].List("members")), 4*3+1)
	}},
	{"two stores, concurrent takes of a notice: one succeeds", func(t *testing.T, open stores.Factory) {
		s := openTwo(t, open)
		s[0].Apply(usersAndKeys())
		for range subject.Rounds {
			s[0].Fine("add notice", s[0].Notices.Add(t.Context(), noticeFor60("a/b")))
			var taken atomic.Int32
			subject.Concurrently(func(me int) {
				switch _, err := s[me%2].Notices.Take(t.Context(), 1, code60, now); {
				case err == nil:
					taken.Add(1)
				case !errors.Is(err, domain.NotFound):
					t.Errorf("Take: %v", err)
				}
			})
			s[0].Same("takes that succeed", taken.Load(), int32(1))
		}
	}},
	{"two stores, concurrent removals of old records: each removed once", func(t *testing.T, open stores.Factory) {
		s := openTwo(t, open)
		for range subject.Goroutines * subject.Rounds {
			s[0].Fine("Append", s[0].AuditLog.Append(t.Context(), audit.Event{At: now.Add(-time.Hour)}))
		}
		s[0].Fine("Append", s[0].AuditLog.Append(t.Context(), audit.Event{At: now}))
		var removed atomic.Int64
		subject.Concurrently(func(me int) {
			n, err := s[me%2].Retention.RemoveAuditEvents(t.Context(), now, now)
			s[me%2].Fine("RemoveAuditEvents", err)
			removed.Add(int64(n))
		})
		s[0].Same("removed", removed.Load(), int64(subject.Goroutines*subject.Rounds))
		s[1].Same("left", len(s[1].List("audit")), 1)
	}},
	{"two worker pools: each job done once", checkTwoPools},
	{"store closed before its job: another store does it", checkOtherStore},
}

// newDatabaseCases run on a database that is not migrated.
var newDatabaseCases = []durableCase{
	{"concurrent opens of a new database: migrated once", func(t *testing.T, open stores.Factory) {
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				s := newSubject(t, stores.Fresh(t, open))
				s.Fine("apply", world.Try(t.Context(), s.WorldImport, fmt.Sprintf("users: [{username: u%d}]", i)))
			})
		}
		all.Wait()
		s := newSubject(t, stores.Fresh(t, open))
		s.Same("users", len(s.List("users")), 4)
	}},
}

// receivedAt records pushes that were received so long before now, each to a repository
// of its own, and returns their numbers. The jobs of all but unprocessed are done.
func (s Subject) receivedAt(unprocessed int, ages ...time.Duration) (ids []int64) {
	s.Helper()
	for i, age := range ages {
		id := s.recordPush(pushes.Push{Repository: fmt.Sprintf("project-%d", 60+i), ReceivedAt: now.Add(-age)})
		if ids = append(ids, id); i != unprocessed {
			s.complete(id, postreceive.ProjectUpdate{})
		}
	}
	return ids
}

// removed fails the case unless want records are removed that are older than an hour.
func (s Subject) removed(remove func(context.Context, time.Time, time.Time) (int, error), want int) {
	s.Helper()
	got, err := remove(s.Context(), now.Add(-time.Hour), now)
	s.Fine("remove", err)
	s.Same("removed", got, want)
}

// numbers returns the numbers of the records of a list.
func (s Subject) numbers(list string) []int64 {
	s.Helper()
	ids := []int64{}
	for _, record := range s.Read(list) {
		ids = append(ids, record[0].Value.(int64))
	}
	return ids
}

const future = -40 * 24 * time.Hour

var retentionCases = []Case{
	{Name: "old pushes: removed if they are processed", Check: func(s Subject) {
		ids := s.receivedAt(1, 2*time.Hour, 3*time.Hour, time.Hour+time.Microsecond, time.Hour, 0)
		s.removed(s.Retention.RemovePushes, 2)
		s.Same("left", s.numbers("pushes"), []int64{ids[1], ids[3], ids[4]})
		_, err := s.Pushes.ReceivedPush(s.Context(), ids[0])
		s.Kind("ReceivedPush", err, domain.NotFound)
		s.removed(s.Retention.RemovePushes, 0)
		s.complete(ids[1], postreceive.ProjectUpdate{})
		s.removed(s.Retention.RemovePushes, 1)
		next := s.receivedAt(-1, 0)
		s.Same("left, and the next", s.numbers("pushes"), []int64{ids[3], ids[4], next[0]})
	}},
	{Name: "old push, recorded after one that is not: stays", Check: func(s Subject) {
		ids := s.receivedAt(-1, 2*time.Hour, 0, 2*time.Hour, 50*365*24*time.Hour)
		s.removed(s.Retention.RemovePushes, 1)
		s.Same("left", s.numbers("pushes"), ids[1:])
	}},
	{Name: "push of the future: stays, and keeps no other", Check: func(s Subject) {
		ids := s.receivedAt(-1, 2*time.Hour, future, 2*time.Hour)
		s.removed(s.Retention.RemovePushes, 2)
		s.Same("left", s.numbers("pushes"), ids[1:2])
	}},
	{Name: "old audit events: removed", Check: func(s Subject) {
		for _, age := range []time.Duration{2 * time.Hour, future, time.Hour + time.Microsecond, time.Hour, 2 * time.Hour} {
			s.Fine("Append", s.AuditLog.Append(s.Context(), audit.Event{At: now.Add(-age), Git: &audit.GitCommand{Repository: age.String()}}))
		}
		s.removed(s.Retention.RemoveAuditEvents, 2)
		s.Same("left", s.List("audit", "gl_repository"), []string{future.String(), "1h0m0s", "2h0m0s"})
		s.removed(s.Retention.RemoveAuditEvents, 0)
	}},
	{Name: "old deliveries: removed if their jobs are over", Check: func(s Subject) {
		s.Apply(hookTree)
		for _, age := range []time.Duration{2 * time.Hour, future, time.Hour} {
			hook := []hooks.Delivery{{Hook: hooks.Hook{ID: 31}, EventID: "e"}}
			id := s.recordPush(pushOf("project-21"))
			s.Fine("Complete", s.Pushes.Complete(s.Context(), id, postreceive.ProjectUpdate{Project: 21, Deliveries: append(hook, hook...)}, now.Add(-age)))
		}
		ids := s.jobSubjects(string(postreceive.DeliverWebhook))
		left := func(want ...int64) {
			s.Helper()
			got := []int64{}
			for _, id := range ids {
				if _, err := s.Deliveries.Delivery(s.Context(), id); err == nil {
					got = append(got, id)
				}
			}
			s.Same("left", got, want)
		}
		s.removed(s.Retention.RemoveDeliveries, 0)
		left(ids...)
		for _, job := range s.Read("jobs") {
			if job[1].Value == string(postreceive.DeliverWebhook) && job[2].Value != ids[0] {
				s.Fine("Discard", s.Jobs.Discard(s.Context(), job[0].Value.(int64), jobEvent))
			}
		}
		s.removed(s.Retention.RemoveDeliveries, 1)
		left(ids[0], ids[2], ids[3], ids[4], ids[5])
		n, err := s.Retention.RemoveDeliveries(s.Context(), now.Add(time.Hour-future), now.Add(time.Hour-future))
		s.Fine("RemoveDeliveries", err)
		s.Same("all but the one whose job waits", n, 4)
		left(ids[0])
	}},
	{Name: "cancelled removal: error, no change", Check: func(s Subject) {
		s.receivedAt(-1, 2*time.Hour)
		s.Fine("Append", s.AuditLog.Append(s.Context(), audit.Event{At: now.Add(-2 * time.Hour)}))
		gone, cancel := context.WithCancel(s.Context())
		cancel()
		for _, remove := range []func(context.Context, time.Time, time.Time) (int, error){
			s.Retention.RemovePushes, s.Retention.RemoveAuditEvents, s.Retention.RemoveDeliveries,
		} {
			if n, err := remove(gone, now, now); err == nil || n != 0 {
				s.Errorf("got %d, %v, want an error", n, err)
			}
		}
		s.Same("left", len(s.List("pushes"))+len(s.List("audit")), 2)
	}},
}
