package contract

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/domain"
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
