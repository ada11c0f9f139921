package contract

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse/application/directory"
	"gatehouse/domain"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// crowd is how many do the same at once, rounds how often each.
const crowd, rounds = 8, 15

// together runs do in a crowd, each member with its number, and waits.
func together(do func(me int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for me := range crowd {
		all.Go(func() {
			<-start
			do(me)
		})
	}
	close(start)
	all.Wait()
}

var concurrencyCases = []Case{
	{Name: "no increase and no decrease is lost", Check: func(s Subject) {
		together(func(me int) {
			for range rounds {
				s.increase("one", now)
				s.increase("two", now)
			}
			for range rounds - 1 {
				s.decrease("two", now)
			}
		})
		s.counters("counters", now, fmt.Sprintf("one %d", crowd*rounds), fmt.Sprintf("two %d", crowd))
	}},
	{Name: "one of several takes a notice", Check: func(s Subject) {
		s.apply(crew())
		at := source.RepositoryID{Kind: source.Code, ID: 60}
		for range rounds {
			s.fine("Leave", s.Leave.Leave(s.Context(), source.Notice{User: 1, Repository: at, OldPath: "a/b", ExpiresAt: now.Add(time.Minute)}))
			var taken atomic.Int32
			together(func(int) {
				switch _, err := s.Take.Take(s.Context(), 1, at, now); {
				case err == nil:
					taken.Add(1)
				case !errors.Is(err, domain.NotFound):
					s.Errorf("Take: %v", err)
				}
			})
			s.same("takers", taken.Load(), int32(1))
		}
	}},
	{Name: "several leave and take, and nobody fails", Check: func(s Subject) {
		s.apply(crew())
		at := source.RepositoryID{Kind: source.Code, ID: 60}
		together(func(me int) {
			for range rounds {
				s.fine("Leave", s.Leave.Leave(s.Context(), source.Notice{User: 1, Repository: at, OldPath: source.Path(fmt.Sprint("old/p", me)), ExpiresAt: now.Add(time.Minute)}))
				if n, err := s.Take.Take(s.Context(), 1, at, now); err == nil {
					s.same("notice", strings.HasPrefix(string(n.OldPath), "old/p"), true)
				} else if !errors.Is(err, domain.NotFound) {
					s.Errorf("Take: %v", err)
				}
			}
		})
	}},
	{Name: "every push is kept", Check: func(s Subject) {
		together(func(me int) {
			for i := range rounds {
				s.fine("Record", s.Journal.Record(s.Context(), pushOf(fmt.Sprintf("project-%d-%d", me, i))))
			}
		})
		records := s.list("pushes", "gl_repository")
		kinds := map[string]bool{}
		for _, r := range records {
			kinds[r] = true
		}
		s.same("pushes", []int{len(records), len(kinds)}, []int{crowd * rounds, crowd * rounds})
	}},
	{Name: "several apply the same world", Check: func(s Subject) {
		together(func(int) { s.fine("apply", world.Try(s.Context(), s.Registries, everyThing)) })
		got := s.everything()
		s.apply(everyThing)
		s.same("everything", s.everything(), got)
		s.same("users", s.list("users", "id")[:2], []string{"901", "902"})
	}},
	{Name: "several apply worlds of their own", Check: func(s Subject) {
		s.apply("groups: [{path: shared}]")
		together(func(me int) {
			for i := range 4 {
				text := fmt.Sprintf(`
users: [{username: u%[1]d-%[2]d}]
groups: [{path: shared/g%[1]d}, {path: shared/g%[1]d/h%[2]d}]
projects: [{path: shared/g%[1]d/h%[2]d/p}, {path: u%[1]d-%[2]d/p}]
members: [{user: u%[1]d-%[2]d, group: shared/g%[1]d, role: developer}]
deploy_keys: [{title: k, key: %[3]q, projects: [{project: u%[1]d-%[2]d/p, can_push: true}]}]`, me, i, world.Key(byte(me*4+i+1)))
				s.fine("apply", world.Try(s.Context(), s.Registries, text))
			}
		})
		s.same("numbers", []int{
			len(s.list("users")), len(s.list("groups")), len(s.list("projects")), len(s.list("members")), len(s.list("keys")),
		}, []int{crowd*4 + 1, 1 + crowd + crowd*4, crowd * 4 * 2, crowd * 4, crowd * 4})
		s.same("role", s.standing("username-u3-1", "shared/g3/h2/p").Role, source.Developer)
	}},
	{Name: "of several new users of one name there is one", Check: func(s Subject) {
		together(func(me int) {
			for i := range rounds {
				err := s.try(func(r directory.Registry) error {
					_, err := s.putUser(r, 0, fmt.Sprint("u", i))
					return err
				})
				s.fine("PutUser", err)
			}
		})
		s.same("users", len(s.list("users")), rounds)
	}},
	{Name: "a conflict is told to all but one", Check: func(s Subject) {
		var kept atomic.Int32
		together(func(me int) {
			err := s.try(func(r directory.Registry) error {
				_, err := r.Users.PutUser(s.Context(), directory.User{User: userOf(fmt.Sprint("u", me)), NamespaceID: 7})
				return err
			})
			if err == nil {
				kept.Add(1)
			} else {
				s.kind("PutUser", err, domain.Conflict)
			}
		})
		s.same("kept", kept.Load(), int32(1))
		s.same("users", len(s.list("users")), 1)
	}},
	{Name: "groups move while projects are put below them", Check: func(s Subject) {
		s.apply("groups: [{id: 1, path: a}, {id: 2, path: a/b}, {id: 3, path: c}]\nusers: [{id: 1, username: dev}]\nprojects: [{id: 1, path: a/b/p}]\nmembers: [{user: dev, group: a/b, role: developer}]")
		together(func(me int) {
			for i := range rounds {
				switch {
				case me == 0:
					s.fine("move", s.try(func(r directory.Registry) error {
						_, err := s.putGroup(r, 2, []string{"c/b", "a/b"}[i%2])
						return err
					}))
				case me%2 == 1:
					err := s.try(func(r directory.Registry) error {
						_, err := s.putProject(r, 0, fmt.Sprintf("a/b/p%d-%d", me, i))
						return err
					})
					if err != nil {
						s.kind("PutProject", err, domain.NotFound)
					}
				default:
					got := s.standing("user-1", "project-1")
					s.same("role", got.Role, source.Developer)
					s.same("root and path", strings.HasPrefix(got.Project.Path, got.Project.Root.Path+"/b/"), true)
				}
			}
		})
		group := "a/b"
		if rounds%2 == 1 {
			group = "c/b"
		}
		for _, path := range s.list("projects", "path") {
			s.same(path, strings.HasPrefix(path, group+"/"), true)
			s.same(path, s.standing("user-1", path).Role, source.Developer)
		}
	}},
	{Name: "counters, pushes and stamps go on while worlds are applied", Check: func(s Subject) {
		s.apply(crew())
		together(func(me int) {
			for i := range rounds {
				switch me {
				case 0:
					s.fine("apply", world.Try(s.Context(), s.Registries, crew()))
				case 1:
					s.fine("Flush", s.Keeper.Flush(s.Context()))
				default:
					s.increase("project-60", now)
					s.fine("Record", s.Journal.Record(s.Context(), pushOf("project-60")))
					s.Stamps.KeyUsed(11, now.Add(time.Duration(i)*time.Second))
					s.scene("key-11", "project-60", now)
				}
			}
		})
		s.fine("Flush", s.Keeper.Flush(s.Context()))
		s.counters("counter", now, fmt.Sprintf("project-60 %d", (crowd-2)*rounds))
		s.same("pushes", len(s.list("pushes")), (crowd-2)*rounds)
		s.same("stamp", s.actor("key-11").Key.LastUsedAt, now.Add((rounds-1)*time.Second))
	}},
}
