package contract

import (
	"fmt"
	"strings"

	"gatehouse/application/directory"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// attempt is a put and the kind of error that it has to fail with; nothing of
// it stays.
type attempt struct {
	name string
	put  func(s Subject, r directory.Registry) error
	want domain.Kind
}

// attempts are tried, each in a unit of its own, in the world of text.
func attempts(name, text string, all []attempt) Case {
	return Case{Name: name, Check: func(s Subject) {
		s.apply(text)
		before := s.everything()
		for _, a := range all {
			s.unit(func(r directory.Registry) { s.kind(a.name, a.put(s, r), a.want) })
		}
		s.same("everything", s.everything(), before)
	}}
}

func userPut(id identity.UserID, name string, namespace source.NamespaceID) func(Subject, directory.Registry) error {
	return func(s Subject, r directory.Registry) error {
		_, err := r.Users.PutUser(s.Context(), directory.User{User: identity.User{ID: id, Username: name, State: identity.Active, Type: identity.Human}, NamespaceID: namespace})
		return err
	}
}

var userCases = []Case{
	{Name: "a name leads to its user, in any letter case", Check: func(s Subject) {
		s.apply("users: [{id: 7, username: DeDe}]\ngroups: [{path: acme}]")
		s.unit(func(r directory.Registry) {
			for _, name := range []string{"DeDe", "dede", "DEDE"} {
				id, err := r.Users.UserID(s.Context(), name)
				s.fine(name, err)
				s.same(name, id, identity.UserID(7))
			}
			for _, name := range []string{"ded", "acme", "", "d_de", "%"} {
				_, err := r.Users.UserID(s.Context(), name)
				s.kind(name, err, domain.NotFound)
			}
		})
	}},
	{Name: "put again by name it is the same user, changed", Check: func(s Subject) {
		s.apply("users: [{id: 7, username: dede, name: A, admin: true, email: a@example.com, namespace_id: 70, terms_accepted: true, password_expires_at: 2027-01-01}]")
		s.unit(func(r directory.Registry) {
			id, err := s.putUser(r, 0, "DeDe")
			s.fine("PutUser", err)
			s.same("number", id, identity.UserID(7))
		})
		s.same("users", s.list("users"), []string{`7 DeDe "" "" active human false false 70`})
		s.same("terms and password", s.actor("user-7").User, identity.User{ID: 7, Username: "DeDe", State: identity.Active, Type: identity.Human, CredentialVersion: 1})
	}},
	{Name: "put again by number it has a new name, and projects follow", Check: func(s Subject) {
		s.apply(`
users: [{id: 7, username: dede, namespace_id: 70}, {id: 8, username: ded}]
projects: [{id: 1, path: dede/P}, {id: 2, path: ded/p, moved_from: [dora/p, dora/q]}]`)
		s.unit(func(r directory.Registry) {
			id, err := s.putUser(r, 7, "Dora")
			s.fine("PutUser", err)
			s.same("number", id, identity.UserID(7))
		})
		s.same("by old name", s.actor("username-dede"), identity.Actor{})
		s.same("by new name", s.actor("username-dora").User.ID, identity.UserID(7))
		s.same("projects", s.list("projects", "id", "path"), []string{"1 Dora/P", "2 ded/p"})
		s.same("old path", s.lookup("dede/p"), lookup{})
		s.same("new path, another's once", s.lookup("dora/p"), lookup{"project-1", "Dora/P", false})
		s.same("another's still", s.lookup("dora/q"), lookup{"project-2", "ded/p", true})
		s.same("root", s.standing("nobody", "project-1").Project.Root, source.Namespace{ID: 70, Path: "Dora", Personal: true, Protocols: source.AllProtocols})
		s.same("role", s.standing("user-7", "dora/p").Role, source.Owner)
		s.unit(func(r directory.Registry) {
			_, err := s.putUser(r, 7, "DORA")
			s.fine("PutUser", err)
		})
		s.same("letter case alone", s.standing("nobody", "project-1").Project.Path, "DORA/P")
		s.same("not moved by that", s.lookup("Dora/P"), lookup{"project-1", "DORA/P", false})
	}},
	{Name: "the old name is free", Check: func(s Subject) {
		s.apply("users: [{id: 7, username: dede}]\nprojects: [{id: 1, path: dede/p}]", "users: [{id: 7, username: dora}]", "users: [{id: 8, username: dede}]\nprojects: [{id: 2, path: dede/p}]")
		s.same("projects", s.list("projects", "id", "path"), []string{"1 dora/p", "2 dede/p"})
		s.same("owner", s.standing("user-7", "dede/p").Role, source.NoRole)
	}},
	attempts("names, numbers and namespaces are one user's", `
users: [{id: 7, username: dede, namespace_id: 70}, {id: 8, username: dora, namespace_id: 80}]
groups: [{id: 90, path: acme}]`, []attempt{
		{"another's name", userPut(7, "DORA", 0), domain.Conflict},
		{"a name under another number", userPut(9, "dede", 0), domain.Conflict},
		{"a group's path", userPut(0, "Acme", 0), domain.Conflict},
		{"renamed to a group's path", userPut(7, "acme", 0), domain.Conflict},
		{"another's namespace", userPut(0, "new", 70), domain.Conflict},
		{"a group's number", userPut(0, "new", 90), domain.Conflict},
		{"another namespace than its own", userPut(7, "dede", 71), domain.Conflict},
		{"another's namespace than its own", userPut(0, "dede", 80), domain.Conflict},
	}),
	{Name: "its own namespace may be named again", Check: func(s Subject) {
		s.apply("users: [{id: 7, username: dede, namespace_id: 70}]", "users: [{username: dede, namespace_id: 70}]", "users: [{id: 7, username: dora, namespace_id: 70}]")
		s.same("users", s.list("users", "id", "username", "namespace_id"), []string{"7 dora 70"})
	}},
	{Name: "numbers that were given and numbers that are next", Check: func(s Subject) {
		s.apply("users: [{id: 3, username: a, namespace_id: 5}, {username: b}, {username: c}]", "users: [{id: 1000000000000, username: d, namespace_id: 2000000000000}, {username: e}]",
			"users: [{username: f}, {id: 50, username: g, namespace_id: 60}, {username: h}]\ngroups: [{path: i}, {id: 61, path: j}, {path: k}]")
		ids, names := map[string]bool{}, s.list("users", "id", "namespace_id")
		for _, line := range names {
			id, namespace, _ := strings.Cut(line, " ")
			ids["user "+id], ids["namespace "+namespace] = true, true
		}
		groups := s.list("groups", "id")
		for _, id := range groups {
			ids["namespace "+id] = true
		}
		s.same("users and groups", []int{len(names), len(groups)}, []int{8, 3})
		s.same("all different", len(ids), 8+8+3)
	}},
	{Name: "the ghost is made once", Check: func(s Subject) {
		s.apply("users: [{username: GHOST}]\ngroups: [{path: ghost1}]")
		var ids []identity.UserID
		for range 2 {
			s.unit(func(r directory.Registry) {
				for range 2 {
					id, err := r.Users.GhostID(s.Context())
					s.fine("GhostID", err)
					ids = append(ids, id)
				}
			})
		}
		for _, id := range ids {
			s.same("the same", id, ids[0])
		}
		got := s.actor("username-ghost2").User
		s.same("ghost", []any{got.ID, got.Name, got.Email, got.State, got.Type, got.Admin}, []any{ids[0], "Ghost User", "", identity.Active, identity.Ghost, false})
		s.same("users", len(s.list("users")), 2)
	}},
	{Name: "the ghost is whoever is of that type", Check: func(s Subject) {
		s.apply("users: [{id: 9, username: boo, type: ghost}, {id: 5, username: casper, type: ghost}, {id: 1, username: ghost}]")
		ghost := func() (id identity.UserID) {
			s.unit(func(r directory.Registry) {
				var err error
				id, err = r.Users.GhostID(s.Context())
				s.fine("GhostID", err)
			})
			return id
		}
		s.same("the first", ghost(), identity.UserID(5))
		s.putKey(deployKeyOf(7, 0, "f"))
		s.same("behind an orphan", s.actor("key-7").User.Username, "casper")
		s.apply("users: [{id: 5, username: casper}]")
		s.same("the next", ghost(), identity.UserID(9))
		s.same("behind an orphan", s.actor("key-7").User.Username, "boo")
	}},
	{Name: "the ghost takes the plain name if it can", Check: func(s Subject) {
		s.unit(func(r directory.Registry) {
			_, err := r.Users.GhostID(s.Context())
			s.fine("GhostID", err)
		})
		s.same("users", s.list("users", "username", "type"), []string{"ghost ghost"})
	}},
	{Name: "many users", Check: func(s Subject) {
		var text strings.Builder
		for i := range 300 {
			fmt.Fprintf(&text, "\n  - {id: %d, username: u%d}", 1000-i, i)
		}
		s.apply("users:" + text.String())
		lines := s.list("users", "id")
		s.same("first and last", []string{lines[0], lines[299]}, []string{"701", "1000"})
	}},
}
