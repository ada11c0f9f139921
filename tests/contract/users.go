package contract

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
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

func emailPut(id identity.UserID, name, email string) func(Subject, worldimport.Tx) error {
	return func(s Subject, tx worldimport.Tx) error {
		_, err := tx.Users.Put(s.Context(), worldimport.User{User: identity.User{ID: id, Username: name, Email: email, State: identity.Active, Type: identity.Human}})
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
		s.Same("users", s.List("users"), []string{`7 DeDe "" "" "" active human false false 70 false 0 "" [] - - - -`})
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
		s.Same("old path", s.lookup("Dede/p"), lookup{"project-1", "Dora/P", true})
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
	refusedPuts("user put: e-mail of another user refused", `
users: [{id: 7, username: dede, email: Dede@example.com}, {id: 8, username: dora, email: ä@example.com}, {id: 9, username: none}]`, []refusedPut{
		{"another's e-mail", emailPut(8, "dora", "Dede@example.com"), domain.Conflict},
		{"in another letter case", emailPut(9, "none", "dEDE@EXAMPLE.com"), domain.Conflict},
		{"of a new user", emailPut(0, "new", "dede@example.com"), domain.Conflict},
		{"of a new user with a number", emailPut(10, "new", "dede@example.com"), domain.Conflict},
		{"of a user named without number", emailPut(0, "DORA", "dede@example.com"), domain.Conflict},
	}),
	{Name: "user put: own, free, empty and almost equal e-mails accepted", Check: func(s Subject) {
		s.Apply("users: [{id: 7, username: dede, email: Dede@example.com}, {id: 8, username: dora, email: ä@example.com}]")
		for _, put := range []struct {
			id    identity.UserID
			email string
		}{
			{7, "DEDE@example.com"}, {9, "Ä@example.com"}, {10, ""}, {11, ""}, {12, "dede@example.com "}, {13, "dede@example_com"}, {14, "blk@example.com"}, {15, "bl\u212a@example.com"},
			{7, "other@example.com"}, {16, "dede@example.com"}, {16, ""}, {7, "dede@example.com"},
		} {
			s.Unit(func(tx worldimport.Tx) {
				s.Fine(put.email, emailPut(put.id, fmt.Sprint("u", put.id), put.email)(s, tx))
			})
		}
		s.Unit(func(tx worldimport.Tx) {
			for email, want := range map[string]identity.UserID{"dede@EXAMPLE.com": 7, "ä@example.com": 8, "Ä@EXAMPLE.com": 9, "dede@example.com ": 12, "BLK@example.com": 14, "bl\u212a@example.com": 15} {
				id, err := tx.Emails.UserOfEmail(s.Context(), email)
				s.Fine(email, err)
				s.Same(email, id, want)
			}
			for _, email := range []string{"", "other@example.com", "dede@example", "%", "dede@example.com\x00", "\xff"} {
				_, err := tx.Emails.UserOfEmail(s.Context(), email)
				s.Kind(email, err, domain.NotFound)
			}
		})
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
			{`state: active`, mail},
			{`email: null`, ""},
		} {
			s.Apply("users: [{id: 7, username: dev, " + step.row + "}]")
			s.Same(step.row, s.Standing("user-7", "").Actor.User.PublicEmail, step.want)
			s.Same("listed after "+step.row, s.List("users", "public_email"), []string{cmp.Or(step.want, `""`)})
		}
	}},
	{Name: "ghost user: created once", Check: func(s Subject) {
		s.Apply("users: [{username: GHOST}]\ngroups: [{path: ghost1}]")
		var ids []identity.UserID
		var names []string
		for range 2 {
			s.Unit(func(tx worldimport.Tx) {
				for range 2 {
					id, made, err := tx.Users.GhostID(s.Context())
					s.Fine("GhostID", err)
					ids, names = append(ids, id), append(names, made)
				}
			})
		}
		for _, id := range ids {
			s.Same("the same", id, ids[0])
		}
		s.Same("made", names, []string{"ghost2", "", "", ""})
		got := s.Actor("username-ghost2").User
		s.Same("ghost", []any{got.ID, got.Name, got.Email, got.State, got.Type, got.Admin}, []any{ids[0], "Ghost User", "", identity.Active, identity.Ghost, false})
		s.Same("users", len(s.List("users")), 2)
	}},
	{Name: "ghost user: the user of type ghost", Check: func(s Subject) {
		s.Apply("users: [{id: 9, username: boo, type: ghost}, {id: 5, username: casper, type: ghost}, {id: 1, username: ghost}]")
		ghost := func() (id identity.UserID) {
			s.Unit(func(tx worldimport.Tx) {
				var err error
				id, _, err = tx.Users.GhostID(s.Context())
				s.Fine("GhostID", err)
			})
			return id
		}
		s.Same("the first", ghost(), identity.UserID(5))
		s.putKey(deployKeyOf(7, 0, "f"))
		s.Same("actor of a deploy key without creator", s.Actor("key-7").User.Username, "casper")
	}},
	{Name: "ghost user: named ghost if the name is free", Check: func(s Subject) {
		s.Unit(func(tx worldimport.Tx) {
			_, _, err := tx.Users.GhostID(s.Context())
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

// keyOf returns a key for authentication, a deploy key if owner is 0.
func keyOf(id identity.KeyID, owner identity.UserID, print identity.Fingerprint) identity.Key {
	k := identity.Key{ID: id, Kind: identity.UserKey, Owner: owner, Line: "ssh-ed25519 " + string(print), Fingerprint: print, Usage: identity.AuthAndSigning}
	if owner == 0 {
		k.Kind = identity.DeployKey
	}
	return k
}

func deployKeyOf(id identity.KeyID, creator identity.UserID, print identity.Fingerprint) identity.Key {
	k := keyOf(id, creator, print)
	k.Kind = identity.DeployKey
	return k
}

func keyPut(k identity.Key) func(Subject, worldimport.Tx) error {
	return func(s Subject, tx worldimport.Tx) error {
		_, err := tx.Keys.Put(s.Context(), k)
		return err
	}
}

// putKey puts a key and returns its number.
func (s Subject) putKey(k identity.Key) (id identity.KeyID) {
	s.Helper()
	s.Unit(func(tx worldimport.Tx) {
		var err error
		id, err = tx.Keys.Put(s.Context(), k)
		s.Fine("PutKey", err)
	})
	return id
}

const owners = "users: [{id: 1, username: ann}, {id: 2, username: bob}]\n"

var keyCases = []Case{
	{Name: "key put again by fingerprint: updated", Check: func(s Subject) {
		s.Apply(owners)
		id := s.putKey(keyOf(0, 1, "f"))
		k := keyOf(0, 2, "f")
		k.Title, k.Usage, k.ExpiresAt = "new", identity.AuthOnly, now
		s.Same("number", s.putKey(k), id)
		got := s.Actor(fmt.Sprintf("key-%d", id))
		s.Same("owner", got.User.Username, "bob")
		s.Same("title", []any{got.Key.Title, got.Key.Usage, got.Key.ExpiresAt}, []any{"new", identity.AuthOnly, now})
		k.ExpiresAt = time.Time{}
		s.putKey(k)
		s.Same("expires no more", s.Actor(fmt.Sprintf("key-%d", id)).Key.ExpiresAt.IsZero(), true)
	}},
	{Name: "key put again by number: new fingerprint", Check: func(s Subject) {
		s.Apply(owners)
		s.putKey(keyOf(5, 1, "old"))
		s.Same("number", s.putKey(keyOf(5, 1, "new")), identity.KeyID(5))
		_, err := s.Actors.KeyByFingerprint(s.Context(), "old")
		s.Kind("old", err, domain.NotFound)
		got, err := s.Actors.KeyByFingerprint(s.Context(), "new")
		s.Fine("new", err)
		s.Same("line", got.Key.Line, "ssh-ed25519 new")
		s.putKey(keyOf(6, 2, "old"))
		s.Same("keys", s.List("keys", "id", "fingerprint", "owner"), []string{"5 new ann", "6 old bob"})
	}},
	{Name: "key put again: creation time stays", Check: func(s Subject) {
		s.Apply(owners)
		k := keyOf(5, 1, "f")
		k.CreatedAt = precise
		s.putKey(k)
		for _, at := range []time.Time{now, {}} {
			k.CreatedAt = at
			s.putKey(k)
			s.Same("made", s.Actor("key-5").Key.CreatedAt, kept)
		}
	}},
	refusedPuts("key put: taken number or fingerprint refused, for user and deploy keys", owners+`
keys: [{id: 5, user: ann, title: a, key: "`+world.Key(5)+`"}, {id: 6, user: ann, title: b, key: "`+world.Key(6)+`"}]
deploy_keys: [{id: 7, title: c, creator: ann, key: "`+world.Key(7)+`"}, {id: 8, title: d, key: "`+world.Key(8)+`"}]`, []refusedPut{
		{"another's fingerprint", keyPut(keyOf(5, 1, fingerprint(6))), domain.Conflict},
		{"a fingerprint under another number", keyPut(keyOf(9, 1, fingerprint(6))), domain.Conflict},
		{"a deploy key's fingerprint", keyPut(keyOf(5, 1, fingerprint(7))), domain.Conflict},
		{"a deploy key's fingerprint, new", keyPut(keyOf(0, 1, fingerprint(7))), domain.Conflict},
		{"a deploy key's number", keyPut(keyOf(7, 1, "new")), domain.Conflict},
		{"a user key's fingerprint", keyPut(deployKeyOf(0, 1, fingerprint(5))), domain.Conflict},
		{"a user key's number", keyPut(deployKeyOf(5, 1, "new")), domain.Conflict},
		{"all of a user key's", keyPut(deployKeyOf(5, 1, fingerprint(5))), domain.Conflict},
		{"another deploy key's fingerprint", keyPut(deployKeyOf(7, 1, fingerprint(8))), domain.Conflict},
		{"no such owner", keyPut(keyOf(0, 99, "new")), domain.NotFound},
		{"no such creator", keyPut(deployKeyOf(0, 99, "new")), domain.NotFound},
		{"moved to no such owner", keyPut(keyOf(5, 99, fingerprint(5))), domain.NotFound},
	}),
	{Name: "deploy key put: creator removed and changed", Check: func(s Subject) {
		s.Apply(owners)
		s.putKey(deployKeyOf(7, 1, "f"))
		s.Same("creator", s.List("keys", "type", "owner"), []string{"deploy_key ann"})
		s.putKey(deployKeyOf(7, 0, "f"))
		s.Same("removed", s.List("keys", "type", "owner"), []string{"deploy_key -"})
		s.putKey(deployKeyOf(7, 2, "f"))
		s.Same("another", s.List("keys", "type", "owner"), []string{"deploy_key bob"})
	}},
	{Name: "key numbers: given and generated ones never clash", Check: func(s Subject) {
		s.Apply(owners)
		ids := map[identity.KeyID]bool{}
		for i, given := range []identity.KeyID{0, 0, 100, 0, 0, 1000000000000, 0, 200, 0} {
			for _, k := range []identity.Key{keyOf(given, 1, identity.Fingerprint(fmt.Sprint("u", i))), deployKeyOf(0, 1, identity.Fingerprint(fmt.Sprint("d", i)))} {
				ids[s.putKey(k)] = true
			}
		}
		s.Same("all different", len(ids), 18)
		s.Same("keys", len(s.List("keys")), 18)
	}},
	{Name: "keys: every usage", Check: func(s Subject) {
		s.Apply(owners)
		for i, usage := range identity.Usages {
			k := keyOf(identity.KeyID(i+1), 1, identity.Fingerprint(usage))
			k.Usage = usage
			s.putKey(k)
			who := fmt.Sprintf("key-%d", i+1)
			s.Same(string(usage), s.Actor(who).Key.Known(), usage.Authenticates())
			s.Same(string(usage)+" in a standing", s.Standing(who, "").Actor, s.Actor(who))
		}
		s.Same("all are listed", s.List("keys", "usage"), []string{"auth_and_signing", "auth", "signing"})
	}},
}
