package contract

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gatehouse/application/inventory"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// contents returns all lists of the store as text.
func (s Subject) contents() string {
	s.Helper()
	var out strings.Builder
	for _, thing := range inventory.Names() {
		fmt.Fprintf(&out, "%s:\n", thing)
		for _, line := range s.List(thing) {
			fmt.Fprintf(&out, "  %s\n", line)
		}
	}
	return out.String()
}

func (s Subject) putUser(tx worldimport.Tx, id identity.UserID, name string) (identity.UserID, error) {
	return tx.Users.Put(s.Context(), worldimport.User{User: identity.User{ID: id, Username: name, State: identity.Active, Type: identity.Human}})
}

func (s Subject) putGroup(tx worldimport.Tx, id source.NamespaceID, path string) (source.NamespaceID, error) {
	return tx.Namespaces.PutGroup(s.Context(), group(id, path))
}

func (s Subject) putProject(tx worldimport.Tx, id source.ProjectID, path string) (source.ProjectID, error) {
	id, _, err := tx.Projects.Put(s.Context(), worldimport.Project{Project: source.Project{ID: id, Path: path, Visibility: source.Private}})
	return id, err
}

var errLate = errors.New("late failure")

var transactionCases = []Case{
	{Name: "failed transaction: no change", Check: func(s Subject) {
		s.Apply(world.Small)
		before := s.contents()
		err := s.Try(func(tx worldimport.Tx) error {
			within := func(_ context.Context, do func(worldimport.Tx) error) error { return do(tx) }
			world.Apply(s, within, fullWorld)
			_, err := s.putGroup(tx, 50, "moved")
			s.Fine("PutGroup", err)
			_, err = s.putUser(tx, 4, "renamed")
			s.Fine("PutUser", err)
			s.Fine("EnableKey", tx.Keys.Enable(s.Context(), 202, nil))
			s.Fine("PutProtections", tx.Projects.PutProtections(s.Context(), 60, nil))
			s.Fine("PutShare", tx.Namespaces.PutShare(s.Context(), source.MemberSource{Group: 51}, 52, worldimport.Share{Role: source.Guest}))
			p := worldimport.Project{Project: source.Project{ID: 61, Path: "moved/tools/lib"}, MovedFrom: []source.Path{"old/cli", "old/lib"}}
			_, _, err = tx.Projects.Put(s.Context(), p)
			s.Fine("PutProject", err)
			return fmt.Errorf("at last: %w", errLate)
		})
		if !errors.Is(err, errLate) {
			s.Errorf("got error %v, want that of the unit", err)
		}
		s.Same("everything", s.contents(), before)
		s.Same("lookup", s.lookup("acme/tools/cli"), lookup{"project-60", "acme/tools/cli", false})
		s.Same("redirects", []lookup{s.lookup("old/cli"), s.lookup("old/lib")}, []lookup{{"project-60", "acme/tools/cli", true}, {}})
		s.Same("role", s.Standing("username-dev", "acme/tools/cli").Role, source.Developer)
		s.Same("key", s.Standing("key-202", "acme/tools/cli").KeyCanPush, true)
	}},
	{Name: "transaction: changes visible to others after the commit", Check: func(s Subject) {
		s.Apply("groups: [{id: 1, path: acme}]\nprojects: [{id: 1, path: acme/p}]")
		s.Unit(func(tx worldimport.Tx) {
			_, err := s.putGroup(tx, 1, "beta")
			s.Fine("PutGroup", err)
			id, err := tx.Projects.ID(s.Context(), "beta/p")
			s.Fine("within", err)
			s.Same("within", id, source.ProjectID(1))
			_, err = tx.Projects.ID(s.Context(), "acme/p")
			s.Kind("within, old path", err, domain.NotFound)
			s.Same("outside", s.lookup("acme/p"), lookup{"project-1", "acme/p", false})
			s.Same("outside, new path", s.lookup("beta/p"), lookup{})
		})
		s.Same("after", s.lookup("beta/p"), lookup{"project-1", "beta/p", false})
	}},
	{Name: "transaction: continues after Conflict and NotFound", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.Unit(func(tx worldimport.Tx) {
			ctx := s.Context()
			_, err := s.putUser(tx, 0, "early")
			s.Fine("before", err)
			_, err = s.putUser(tx, 1, "maint")
			s.Kind("user", err, domain.Conflict)
			_, err = s.putGroup(tx, 0, "dev")
			s.Kind("group", err, domain.Conflict)
			_, err = s.putGroup(tx, 0, "none/below")
			s.Kind("group without parent", err, domain.NotFound)
			_, err = s.putProject(tx, 60, "acme/q")
			s.Kind("project", err, domain.Conflict)
			_, err = s.putProject(tx, 0, "none/p")
			s.Kind("project without namespace", err, domain.NotFound)
			_, err = tx.Keys.Put(ctx, identity.Key{ID: 21, Kind: identity.UserKey, Owner: 1, Fingerprint: "new", Usage: identity.AuthOnly})
			s.Kind("key", err, domain.Conflict)
			s.Kind("member", tx.Namespaces.PutMember(ctx, 99, source.MemberSource{Group: 9}, worldimport.Member{Role: source.Owner, State: worldimport.MemberActive}), domain.NotFound)
			_, err = s.putUser(tx, 0, "later")
			s.Fine("after", err)
		})
		for _, who := range []string{"username-early", "username-later"} {
			s.Same(who, s.Actor(who).User.Known(), true)
		}
	}},
	{Name: "failed put: row unchanged", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		before := s.contents()
		s.Unit(func(tx worldimport.Tx) {
			u := worldimport.User{User: identity.User{ID: 1, Username: "maint", Name: "Changed", Admin: true, State: identity.Banned, Type: identity.Ghost}}
			_, err := tx.Users.Put(s.Context(), u)
			s.Kind("user", err, domain.Conflict)
			u.User.Username, u.NamespaceID = "dev", 9
			_, err = tx.Users.Put(s.Context(), u)
			s.Kind("user's namespace", err, domain.Conflict)
			p := worldimport.Project{Project: source.Project{ID: 60, Path: "acme/q", Archived: true}, MovedFrom: []source.Path{"was/p"}}
			_, _, err = tx.Projects.Put(s.Context(), p)
			s.Kind("project", err, domain.Conflict)
			s.Kind("keys", tx.Keys.Enable(s.Context(), 21, map[source.ProjectID]bool{60: true, 99: true}), domain.NotFound)
			err = tx.Credentials.PutAgent(s.Context(), 60, 99, worldimport.Agent{Name: "prod", Tokens: []worldimport.AgentToken{{Name: "t", Digest: "d"}}})
			s.Kind("agent", err, domain.NotFound)
		})
		s.Same("everything", s.contents(), before)
		s.Same("redirect", s.lookup("was/p"), lookup{})
		s.Same("key", s.Standing("key-21", "acme/p").KeyCanPush, false)
	}},
	{Name: "panic in a transaction: rolled back, store usable", Check: func(s Subject) {
		func() {
			defer func() { s.Same("panic", recover(), any("oh")) }()
			_ = s.Try(func(tx worldimport.Tx) error {
				_, err := s.putUser(tx, 1, "dev")
				s.Fine("PutUser", err)
				panic("oh")
			})
		}()
		s.Same("left", s.List("users"), []string{})
		s.Apply("users: [{id: 1, username: dev}]")
	}},
	{Name: "failed transaction: its numbers can be used again", Check: func(s Subject) {
		err := s.Try(func(tx worldimport.Tx) error {
			for i := range 3 {
				_, err := s.putUser(tx, 0, fmt.Sprintf("u%d", i))
				s.Fine("PutUser", err)
			}
			_, err := s.putUser(tx, 500, "high")
			s.Fine("PutUser", err)
			return errLate
		})
		s.Same("failed", errors.Is(err, errLate), true)
		s.Apply("users: [{username: a}, {username: b}, {id: 2, username: c}]", "users: [{username: d}, {id: 600, username: e}, {username: f}]")
		s.Same("users", len(s.List("users")), 6)
	}},
	{Name: "world applied again: no change", Check: func(s Subject) {
		s.Apply(world.Small, fullWorld)
		before := s.contents()
		s.Apply(fullWorld, world.Small)
		s.Same("everything", s.contents(), before)
	}},
	{Name: "world with a mistake: not applied", Check: func(s Subject) {
		s.Apply(world.Small)
		before := s.contents()
		err := world.Try(s.Context(), s.WorldImport, "broadcast_messages: [{message: x}]\nmembers: [{user: unknown, group: acme, role: owner}]")
		if _, ok := errors.AsType[worldimport.Mistakes](err); !ok {
			s.Errorf("got %v, want mistakes", err)
		}
		s.Same("everything", s.contents(), before)
	}},
}

var scratchCases = []Case{
	{Name: "scratch: changes seen within, gone afterwards", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		before := s.contents()
		for _, fails := range []bool{false, true} {
			err := s.WorldScratch(s.Context(), func(tx worldimport.Tx) error {
				_, err := s.putUser(tx, 1, "renamed")
				s.Fine("PutUser", err)
				_, err = s.putProject(tx, 0, "renamed/p")
				s.Fine("PutProject", err)
				_, err = tx.Users.ID(s.Context(), "renamed")
				s.Fine("within", err)
				s.Same("outside", s.contents(), before)
				if fails {
					return errLate
				}
				return nil
			})
			s.Same("fails as do does", errors.Is(err, errLate), fails)
			s.Same("everything", s.contents(), before)
		}
	}},
	{Name: "scratch: others write other rows meanwhile", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.Fine("scratch", s.WorldScratch(s.Context(), func(tx worldimport.Tx) error {
			_, err := s.putUser(tx, 0, "one")
			s.Apply("users: [{id: 3, username: blocked, name: Other}]\ngroups: [{path: other}]")
			s.enqueuePushes(1)
			return err
		}))
		s.Same("written", s.Actor("username-blocked").User.Name, "Other")
	}},
	{Name: "scratch: usable after Conflict and NotFound", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.Fine("scratch", s.WorldScratch(s.Context(), func(tx worldimport.Tx) error {
			_, err := s.putUser(tx, 1, "maint")
			s.Kind("user", err, domain.Conflict)
			_, err = s.putProject(tx, 0, "none/p")
			s.Kind("project", err, domain.NotFound)
			_, err = s.putUser(tx, 0, "later")
			return err
		}))
	}},
}
