package contract

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/application/gitaccess"
	"gatehouse/application/postreceive"
	"gatehouse/application/projects"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

var concurrencyCases = []Case{
	{Name: "concurrent increases and decreases: none lost", Check: func(s Subject) {
		subject.Concurrently(func(me int) {
			for range subject.Rounds {
				s.increase("one", now)
				s.increase("two", now)
			}
			for range subject.Rounds - 1 {
				s.decrease("two", now)
			}
		})
		s.counters("counters", now, fmt.Sprintf("one %d", subject.Goroutines*subject.Rounds), fmt.Sprintf("two %d", subject.Goroutines))
	}},
	{Name: "personal projects added at once: not more than the limit", Check: func(s Subject) {
		s.Apply("users: [{username: few, projects_limit: 3}]")
		subject.Concurrently(func(me int) {
			s.Fine("transaction", s.NewProjects(s.Context(), func(tx projects.Tx) error {
				of, err := tx.Projects.Personal(s.Context(), "few")
				if err != nil || of.Count >= of.Limit {
					return err
				}
				_, err = tx.Projects.Add(s.Context(), source.Project{Path: fmt.Sprint("few/", me), Visibility: source.Private, Storage: "default"}, 0, now)
				return err
			}))
		})
		s.Same("projects", len(s.List("projects")), 3)
	}},
	{Name: "push beside an import of its project: its default branch stays", Check: func(s Subject) {
		s.Apply("groups: [{path: acme}]\nprojects: [{id: 60, path: acme/p}]")
		var pushed atomic.Bool
		subject.Concurrently(func(me int) {
			for i := 0; 0 < me && me < 3 && !pushed.Load(); i++ {
				s.Apply(fmt.Sprintf("projects: [{path: acme/p, description: %q}]", fmt.Sprint(me, " ", i)))
			}
			if me > 0 {
				return
			}
			defer pushed.Store(true)
			for i := range subject.Rounds {
				branch := fmt.Sprint("branch-", i)
				s.complete(s.recordPush(pushOf("project-60")), postreceive.ProjectUpdate{Project: 60, ActiveAt: now, DefaultBranch: branch})
				s.Same("default branch", s.List("projects", "default_branch"), []string{branch})
			}
		})
	}},
	{Name: "concurrent records of an entry: recorded once", Check: func(s Subject) {
		for i := range subject.Rounds {
			p := pushOf("project-60")
			p.EntryID = fmt.Sprint("entry-", i)
			subject.Concurrently(func(int) { s.Fine("Record", s.Recorder.Record(s.Context(), p)) })
		}
		s.Same("pushes", len(s.List("pushes")), subject.Rounds)
		s.Same("jobs", len(s.List("jobs")), subject.Rounds)
	}},
	{Name: "concurrent DecreaseOnce for an entry: one takes one away", Check: func(s Subject) {
		for i := range subject.Rounds {
			s.increase("one", now)
			s.increase("one", now)
			subject.Concurrently(func(int) { s.decreaseOnce("one", fmt.Sprint("entry-", i), now) })
		}
		s.counters("counters", now, fmt.Sprint("one ", subject.Rounds))
	}},
	{Name: "concurrent takes of a notice: one succeeds", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		at := source.RepositoryID{Kind: source.Code, ID: 60}
		for range subject.Rounds {
			s.Fine("add notice", s.Notices.Add(s.Context(), source.Notice{User: 1, Repository: at, OldPath: "a/b", ExpiresAt: now.Add(time.Minute)}))
			var taken atomic.Int32
			subject.Concurrently(func(int) {
				switch _, err := s.Notices.Take(s.Context(), 1, at, now); {
				case err == nil:
					taken.Add(1)
				case !errors.Is(err, domain.NotFound):
					s.Errorf("Take: %v", err)
				}
			})
			s.Same("takes that succeed", taken.Load(), int32(1))
		}
	}},
	{Name: "concurrent adds and takes of a notice: no error", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		at := source.RepositoryID{Kind: source.Code, ID: 60}
		subject.Concurrently(func(me int) {
			for range subject.Rounds {
				s.Fine("add notice", s.Notices.Add(s.Context(), source.Notice{User: 1, Repository: at, OldPath: source.Path(fmt.Sprint("old/p", me)), ExpiresAt: now.Add(time.Minute)}))
				if n, err := s.Notices.Take(s.Context(), 1, at, now); err == nil {
					s.Same("notice", strings.HasPrefix(string(n.OldPath), "old/p"), true)
				} else if !errors.Is(err, domain.NotFound) {
					s.Errorf("Take: %v", err)
				}
			}
		})
	}},
	{Name: "concurrent pushes: all recorded", Check: func(s Subject) {
		subject.Concurrently(func(me int) {
			for i := range subject.Rounds {
				s.Fine("Record", s.Recorder.Record(s.Context(), pushOf(fmt.Sprintf("project-%d-%d", me, i))))
			}
		})
		records := s.List("pushes", "gl_repository")
		kinds := map[string]bool{}
		for _, r := range records {
			kinds[r] = true
		}
		s.Same("pushes", []int{len(records), len(kinds)}, []int{subject.Goroutines * subject.Rounds, subject.Goroutines * subject.Rounds})
	}},
	{Name: "concurrent imports of one world: same result", Check: func(s Subject) {
		subject.Concurrently(func(int) { s.Fine("apply", s.applyInTurn(fullWorld)) })
		got := s.contents()
		s.Apply(fullWorld)
		s.Same("everything", s.contents(), got)
		s.Same("users", s.List("users", "id")[:2], []string{"901", "902"})
	}},
	{Name: "concurrent imports of different worlds: all applied", Check: func(s Subject) {
		s.Apply("groups: [{path: shared}]")
		subject.Concurrently(func(me int) {
			for i := range 4 {
				text := fmt.Sprintf(`
users: [{username: u%[1]d-%[2]d}]
groups: [{path: shared/g%[1]d}, {path: shared/g%[1]d/h%[2]d}]
projects: [{path: shared/g%[1]d/h%[2]d/p}, {path: u%[1]d-%[2]d/p}]
members: [{user: u%[1]d-%[2]d, group: shared/g%[1]d, role: developer}]
deploy_keys: [{title: k, key: %[3]q, projects: [{project: u%[1]d-%[2]d/p, can_push: true}]}]`, me, i, world.Key(byte(me*4+i+1)))
				s.Fine("apply", s.applyInTurn(text))
			}
		})
		s.Same("numbers", []int{
			len(s.List("users")), len(s.List("groups")), len(s.List("projects")), len(s.List("members")), len(s.List("keys")),
		}, []int{subject.Goroutines*4 + 1, 1 + subject.Goroutines + subject.Goroutines*4, subject.Goroutines * 4 * 2, subject.Goroutines * 4, subject.Goroutines * 4})
		s.Same("role", s.Standing("username-u3-1", "shared/g3/h2/p").Role, source.Developer)
	}},
	{Name: "concurrent puts of one username: one user", Check: func(s Subject) {
		subject.Concurrently(func(me int) {
			for i := range subject.Rounds {
				err := s.Try(func(tx worldimport.Tx) error {
					_, err := s.putUser(tx, 0, fmt.Sprint("u", i))
					return err
				})
				s.Fine("PutUser", err)
			}
		})
		s.Same("users", len(s.List("users")), subject.Rounds)
	}},
	{Name: "concurrent conflicting puts: one succeeds", Check: func(s Subject) {
		var kept atomic.Int32
		subject.Concurrently(func(me int) {
			err := s.Try(func(tx worldimport.Tx) error {
				_, err := tx.Users.Put(s.Context(), worldimport.User{User: userOf(fmt.Sprint("u", me)), NamespaceID: 7})
				return err
			})
			if err == nil {
				kept.Add(1)
			} else {
				s.Kind("PutUser", err, domain.Conflict)
			}
		})
		s.Same("kept", kept.Load(), int32(1))
		s.Same("users", len(s.List("users")), 1)
	}},
	{Name: "group moves during puts of projects: consistent paths", Check: func(s Subject) {
		s.Apply("groups: [{id: 1, path: a}, {id: 2, path: a/b}, {id: 3, path: c}]\nusers: [{id: 1, username: dev}]\nprojects: [{id: 1, path: a/b/p}]\nmembers: [{user: dev, group: a/b, role: developer}]")
		subject.Concurrently(func(me int) {
			for i := range subject.Rounds {
				switch {
				case me == 0:
					s.Fine("move", s.Try(func(tx worldimport.Tx) error {
						_, err := s.putGroup(tx, 2, []string{"c/b", "a/b"}[i%2])
						return err
					}))
				case me%2 == 1:
					err := s.Try(func(tx worldimport.Tx) error {
						_, err := s.putProject(tx, 0, fmt.Sprintf("a/b/p%d-%d", me, i))
						return err
					})
					if err != nil {
						s.Kind("PutProject", err, domain.NotFound)
					}
				default:
					got := s.Standing("user-1", "project-1")
					s.Same("role", got.Role, source.Developer)
					s.Same("root and path", strings.HasPrefix(got.Project.Path, got.Project.Root.Path+"/b/"), true)
				}
			}
		})
		group := "a/b"
		if subject.Rounds%2 == 1 {
			group = "c/b"
		}
		for _, path := range s.List("projects", "path") {
			s.Same(path, strings.HasPrefix(path, group+"/"), true)
			s.Same(path, s.Standing("user-1", path).Role, source.Developer)
		}
	}},
	{Name: "counters, pushes and key uses during imports: all stored", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		subject.Concurrently(func(me int) {
			for i := range subject.Rounds {
				switch me {
				case 0:
					s.Fine("apply", s.applyInTurn(usersAndKeys()))
				case 1:
					s.Fine("Flush", s.Store.Flush(s.Context()))
				default:
					s.increase("project-60", now)
					s.Fine("Record", s.Recorder.Record(s.Context(), pushOf("project-60")))
					s.KeyUses.Record(11, now.Add(time.Duration(i)*time.Second))
					s.pushContext("key-11", "project-60", now)
				}
			}
		})
		s.Fine("Flush", s.Store.Flush(s.Context()))
		s.counters("counter", now, fmt.Sprintf("project-60 %d", (subject.Goroutines-2)*subject.Rounds))
		s.Same("pushes", len(s.List("pushes")), (subject.Goroutines-2)*subject.Rounds)
		s.Same("last use", s.Actor("key-11").Key.LastUsedAt, now.Add((subject.Rounds-1)*time.Second))
	}},
}

// Limiters are of two servers that count together, or the same one twice.
type Limiters func(t *testing.T, perMinute int) [2]gitaccess.Limiter

// RateLimit runs the cases of gitaccess.Limiter.
func RateLimit(t *testing.T, open Limiters) {
	for name, check := range map[string]func(*testing.T, Limiters){
		"as many as the limit, over all servers": limitOverAllServers,
		"each bucket counts, also when refused":  limitOfEachBucket,
		"at the same time":                       limitAtTheSameTime,
		"no limit":                               noLimit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open)
		})
	}
}

// count asks a limiter and waits for its last word.
func count(t *testing.T, l gitaccess.Limiter, now time.Time, buckets ...gitaccess.Bucket) bool {
	t.Helper()
	allowed, confirm := l.Count(t.Context(), now, buckets...)
	return confirm() && allowed
}

func limitOverAllServers(t *testing.T, open Limiters) {
	servers := open(t, 3)
	bucket := gitaccess.Bucket{1}
	for minute := range 3 {
		now := now.Truncate(time.Minute).Add(time.Duration(minute) * time.Minute)
		for i, want := range []bool{true, true, true, false, false, false} {
			if got := count(t, servers[i%2], now.Add(time.Duration(i)*time.Second), bucket); got != want {
				t.Errorf("minute %d, request %d: got %t, want %t", minute, i, got, want)
			}
		}
	}
}

func limitOfEachBucket(t *testing.T, open Limiters) {
	servers := open(t, 2)
	busy, other := gitaccess.Bucket{1}, gitaccess.Bucket{2}
	for i, c := range []struct {
		buckets []gitaccess.Bucket
		want    bool
	}{
		{[]gitaccess.Bucket{busy}, true}, {[]gitaccess.Bucket{busy}, true},
		{[]gitaccess.Bucket{busy, other}, false}, {[]gitaccess.Bucket{other}, true}, {[]gitaccess.Bucket{other}, false},
	} {
		if got := count(t, servers[i%2], now, c.buckets...); got != c.want {
			t.Errorf("request %d in %v: got %t, want %t", i, c.buckets, got, c.want)
		}
	}
}

func limitAtTheSameTime(t *testing.T, open Limiters) {
	const each = 10
	limit := subject.Goroutines * each / 2
	servers := open(t, limit)
	var allowed atomic.Int64
	subject.Concurrently(func(me int) {
		for range each {
			if count(t, servers[me%2], now, gitaccess.Bucket{1}) {
				allowed.Add(1)
			}
		}
	})
	if got := int(allowed.Load()); got != limit {
		t.Errorf("%d requests were allowed, want %d", got, limit)
	}
}

func noLimit(t *testing.T, open Limiters) {
	for i, server := range open(t, 0) {
		for range 10 {
			if !count(t, server, now, gitaccess.Bucket{1}) {
				t.Errorf("server %d: refused a request", i)
			}
		}
	}
}

// applyInTurn applies a world while others do, again for as long as these keep a store
// with one writer busy.
func (s Subject) applyInTurn(text string) error {
	for {
		if err := world.Try(s.Context(), s.WorldImport, text); !errors.Is(err, domain.Unavailable) {
			return err
		}
	}
}
