package contract

import (
	"cmp"
	"fmt"
	"strings"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// refusedPut is a put that must fail with a kind of error and change nothing.
type refusedPut struct {
	name string
	put  func(s Subject, tx worldimport.Tx) error
	want domain.Kind
}

// refusedPuts is a case that tries puts in a world, each in its own transaction.
func refusedPuts(name, text string, all []refusedPut) Case {
	return Case{Name: name, Check: func(s Subject) {
		s.Apply(text)
		before := s.contents()
		for _, a := range all {
			s.Unit(func(tx worldimport.Tx) { s.Kind(a.name, a.put(s, tx), a.want) })
		}
		s.Same("everything", s.contents(), before)
	}}
}

func userPut(id identity.UserID, name string, namespace source.NamespaceID) func(Subject, worldimport.Tx) error {
	return func(s Subject, tx worldimport.Tx) error {
		_, err := tx.Users.Put(s.Context(), worldimport.User{User: identity.User{ID: id, Username: name, State: identity.Active, Type: identity.Human}, NamespaceID: namespace})
		return err
	}
}

var userCases = []Case{
	{Name: "user by name, ignoring letter case", Check: func(s Subject) {
		s.Apply("users: [{id: 7, username: DeDe}, {id: 8, username: blk}]\ngroups: [{path: acme}]")
		s.Unit(func(tx worldimport.Tx) {
			for _, name := range []string{"DeDe", "dede", "DEDE"} {
				id, err := tx.Users.ID(s.Context(), name)
				s.Fine(name, err)
				s.Same(name, id, identity.UserID(7))
			}
			for _, name := range []string{"ded", "acme", "", "d_de", "%", "bl\u212a", "BL\u212a"} {
				_, err := tx.Users.ID(s.Context(), name)
				s.Kind(name, err, domain.NotFound)
			}
		})
		for name, want := range map[string]identity.UserID{"blk": 8, "BLK": 8, "bl\u212a": 0, "BL\u212a": 0} {
			s.Same("claimed: "+name, s.Account("username-"+name).Actor.User.ID, want)
			s.Same("asks: "+name, s.Standing("username-"+name, "project-1").Actor.User.ID, want)
		}
	}},
	{Name: "user put again by name: updated", Check: func(s Subject) {
		s.Apply("users: [{id: 7, username: dede, name: A, admin: true, email: a@example.com, namespace_id: 70, terms_accepted: true, password_expires_at: 2027-01-01}]")
		s.Unit(func(tx worldimport.Tx) {
			id, err := s.putUser(tx, 0, "DeDe")
			s.Fine("PutUser", err)
			s.Same("number", id, identity.UserID(7))
		})
		s.Same("users", s.List("users"), []string{`7 DeDe "" "" "" active human false false 70`})
		s.Same("terms and password", s.Actor("user-7").User, identity.User{ID: 7, Username: "DeDe", State: identity.Active, Type: identity.Human, CredentialVersion: 1})
	}},
	{Name: "user put again by number: renamed with its projects", Check: func(s Subject) {
		s.Apply(`
users: [{id: 7, username: dede, namespace_id: 70}, {id: 8, username: ded}]
projects: [{id: 1, path: dede/P}, {id: 2, path: ded/p, moved_from: [dora/p, dora/q]}]`)
		s.Unit(func(tx worldimport.Tx) {
			id, err := s.putUser(tx, 7, "Dora")
			s.Fine("PutUser", err)
			s.Same("number", id, identity.UserID(7))
		})
		s.Same("by old name", s.Actor("username-dede"), identity.Actor{})
		s.Same("by new name", s.Actor("username-dora").User.ID, identity.UserID(7))
		s.Same("projects", s.List("projects", "id", "path"), []string{"1 Dora/P", "2 ded/p"})
		s.Same("old path", s.lookup("dede/p"), lookup{})
		s.Same("new path, an old path of another project", s.lookup("dora/p"), lookup{"project-1", "Dora/P", false})
		s.Same("the other old path of it", s.lookup("dora/q"), lookup{"project-2", "ded/p", true})
		s.Same("root", s.Standing("nobody", "project-1").Project.Root, source.Namespace{ID: 70, Path: "Dora", Personal: true, Protocols: source.AllProtocols})
		s.Same("role", s.Standing("user-7", "dora/p").Role, source.Owner)
		s.Unit(func(tx worldimport.Tx) {
			_, err := s.putUser(tx, 7, "DORA")
			s.Fine("PutUser", err)
		})
		s.Same("letter case alone", s.Standing("nobody", "project-1").Project.Path, "DORA/P")
		s.Same("not moved by that", s.lookup("Dora/P"), lookup{"project-1", "DORA/P", false})
	}},
	{Name: "user renamed: old name is free", Check: func(s Subject) {
		s.Apply("users: [{id: 7, username: dede}]\nprojects: [{id: 1, path: dede/p}]", "users: [{id: 7, username: dora}]", "users: [{id: 8, username: dede}]\nprojects: [{id: 2, path: dede/p}]")
		s.Same("projects", s.List("projects", "id", "path"), []string{"1 dora/p", "2 dede/p"})
		s.Same("owner", s.Standing("user-7", "dede/p").Role, source.NoRole)
	}},
	refusedPuts("user put: taken name, number or namespace refused", `
users: [{id: 7, username: dede, namespace_id: 70}, {id: 8, username: dora, namespace_id: 80}]
groups: [{id: 90, path: acme}]`, []refusedPut{
		{"another's name", userPut(7, "DORA", 0), domain.Conflict},
		{"a name under another number", userPut(9, "dede", 0), domain.Conflict},
		{"a group's path", userPut(0, "Acme", 0), domain.Conflict},
		{"renamed to a group's path", userPut(7, "acme", 0), domain.Conflict},
		{"another's namespace", userPut(0, "new", 70), domain.Conflict},
		{"a group's number", userPut(0, "new", 90), domain.Conflict},
		{"another namespace than its own", userPut(7, "dede", 71), domain.Conflict},
		{"another's namespace than its own", userPut(0, "dede", 80), domain.Conflict},
	}),
	{Name: "user put again with its own namespace: accepted", Check: func(s Subject) {
		s.Apply("users: [{id: 7, username: dede, namespace_id: 70}]", "users: [{username: dede, namespace_id: 70}]", "users: [{id: 7, username: dora, namespace_id: 70}]")
		s.Same("users", s.List("users", "id", "username", "namespace_id"), []string{"7 dora 70"})
	}},
	{Name: "numbers: given and generated ones never clash", Check: func(s Subject) {
		s.Apply("users: [{id: 3, username: a, namespace_id: 5}, {username: b}, {username: c}]", "users: [{id: 1000000000000, username: d, namespace_id: 2000000000000}, {username: e}]",
			"users: [{username: f}, {id: 50, username: g, namespace_id: 60}, {username: h}]\ngroups: [{path: i}, {id: 61, path: j}, {path: k}]")
		ids, names := map[string]bool{}, s.List("users", "id", "namespace_id")
		for _, line := range names {
			id, namespace, _ := strings.Cut(line, " ")
			ids["user "+id], ids["namespace "+namespace] = true, true
		}
		groups := s.List("groups", "id")
		for _, id := range groups {
			ids["namespace "+id] = true
		}
		s.Same("users and groups", []int{len(names), len(groups)}, []int{8, 3})
		s.Same("all different", len(ids), 8+8+3)
	}},
	{Name: "public email: stays until cleared or no longer the user's", Check: func(s Subject) {
		const mail = "Dev@example.com"
		for _, step := range []struct{ row, want string }{
			{`email: ` + mail, ""},
			{`email: ` + mail + `, public_email: dev@Example.com`, "dev@Example.com"},
			{`email: ` + mail, "dev@Example.com"},
			{`email: DEV@example.com, state: blocked`, "dev@Example.com"},
			{`email: ` + mail + `, public_email: null`, ""},
			{`email: ` + mail + `, public_email: ` + mail, mail},
			{`email: ` + mail + `, public_email: ""`, ""},
			{`email: ` + mail + `, public_email: ` + mail, mail},
			{`email: other@example.com`, ""},
			{`email: ` + mail, ""},
			{`email: ` + mail + `, public_email: ` + mail, mail},
			{`state: active`, ""},
		} {
			s.Apply("users: [{id: 7, username: dev, " + step.row + "}]")
			s.Same(step.row, s.Standing("user-7", "").Actor.User.PublicEmail, step.want)
			s.Same("listed after "+step.row, s.List("users", "public_email"), []string{cmp.Or(step.want, `""`)})
		}
	}},
	{Name: "ghost user: created once", Check: func(s Subject) {
		s.Apply("users: [{username: GHOST}]\ngroups: [{path: ghost1}]")
		var ids []identity.UserID
		for range 2 {
			s.Unit(func(tx worldimport.Tx) {
				for range 2 {
					id, err := tx.Users.GhostID(s.Context())
					s.Fine("GhostID", err)
					ids = append(ids, id)
				}
			})
		}
		for _, id := range ids {
			s.Same("the same", id, ids[0])
		}
		got := s.Actor("username-ghost2").User
		s.Same("ghost", []any{got.ID, got.Name, got.Email, got.State, got.Type, got.Admin}, []any{ids[0], "Ghost User", "", identity.Active, identity.Ghost, false})
		s.Same("users", len(s.List("users")), 2)
	}},
	{Name: "ghost user: the user of type ghost", Check: func(s Subject) {
		s.Apply("users: [{id: 9, username: boo, type: ghost}, {id: 5, username: casper, type: ghost}, {id: 1, username: ghost}]")
		ghost := func() (id identity.UserID) {
			s.Unit(func(tx worldimport.Tx) {
				var err error
				id, err = tx.Users.GhostID(s.Context())
				s.Fine("GhostID", err)
			})
			return id
		}
		s.Same("the first", ghost(), identity.UserID(5))
		s.putKey(deployKeyOf(7, 0, "f"))
		s.Same("actor of a deploy key without creator", s.Actor("key-7").User.Username, "casper")
		s.Apply("users: [{id: 5, username: casper}]")
		s.Same("the next", ghost(), identity.UserID(9))
		s.Same("actor of a deploy key without creator", s.Actor("key-7").User.Username, "boo")
	}},
	{Name: "ghost user: named ghost if the name is free", Check: func(s Subject) {
		s.Unit(func(tx worldimport.Tx) {
			_, err := tx.Users.GhostID(s.Context())
			s.Fine("GhostID", err)
		})
		s.Same("users", s.List("users", "username", "type"), []string{"ghost ghost"})
	}},
	{Name: "many users", Check: func(s Subject) {
		var text strings.Builder
		for i := range 300 {
			fmt.Fprintf(&text, "\n  - {id: %d, username: u%d}", 1000-i, i)
		}
		s.Apply("users:" + text.String())
		lines := s.List("users", "id")
		s.Same("first and last", []string{lines[0], lines[299]}, []string{"701", "1000"})
	}},
}
