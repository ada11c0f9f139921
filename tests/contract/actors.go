package contract

import (
	"fmt"
	"time"

	"gatehouse/application/whois"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// usersAndKeys is a world with users and keys of every kind.
func usersAndKeys() string {
	return fmt.Sprintf(`
users: [{id: 1, username: dev, name: Dede}, {id: 2, username: maint, name: Mia}, {id: 3, username: blocked, name: Bo, state: blocked}]
groups: [{id: 9, path: acme}]
projects: [{id: 60, path: acme/p}, {id: 61, path: acme/q}, {id: 62, path: acme/r}, {id: 63, path: acme/s, pending_delete: true}]
members: [{user: maint, group: acme, role: maintainer}]
keys:
  - {id: 11, user: dev, title: laptop, key: %q}
  - {id: 12, user: dev, title: seal, usage: signing, key: %q}
  - {id: 13, user: dev, title: old, expires_at: 2001-01-01T00:00:00Z, key: %q}
  - {id: 14, user: blocked, title: login, usage: auth, key: %q}
deploy_keys:
  - {id: 21, title: robot, creator: maint, key: %q, projects: [{project: acme/p}, {project: acme/q, can_push: true}, {project: acme/s, can_push: true}]}
  - {id: 22, title: idle, creator: dev, key: %q}
  - {id: 23, title: orphan, key: %q, projects: [{project: acme/p, can_push: true}]}
  - {id: 24, title: old, creator: blocked, expires_at: 2001-01-01T00:00:00Z, key: %q, projects: [{project: acme/p}]}
`, world.Key(11), world.Key(12), world.Key(13), world.Key(14), world.Key(21), world.Key(22), world.Key(23), world.Key(24))
}

// fingerprint is the fingerprint of world.Key(seed).
func fingerprint(seed byte) identity.Fingerprint {
	_, print, err := identity.ParsePublicKey(world.Key(seed))
	if err != nil {
		panic(err)
	}
	return print
}

// actorText is an actor as text: username, type and number of the key.
func actorText(a identity.Actor) string {
	return fmt.Sprintf("%s %s %d", a.User.Username, a.Key.Kind, a.Key.ID)
}

var actorCases = []Case{
	{Name: "key by fingerprint: keys that may authenticate", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		for seed, want := range map[byte]whois.KeyAndUser{
			11: {Name: "Dede", Key: identity.Key{Title: "laptop", Kind: identity.UserKey, Owner: 1, Usage: identity.AuthAndSigning}},
			13: {Name: "Dede", Key: identity.Key{Title: "old", Kind: identity.UserKey, Owner: 1, Usage: identity.AuthAndSigning, ExpiresAt: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)}},
			14: {Name: "Bo", Key: identity.Key{Title: "login", Kind: identity.UserKey, Owner: 3, Usage: identity.AuthOnly}},
			21: {Name: "Mia", Key: identity.Key{Title: "robot", Kind: identity.DeployKey, Owner: 2, Usage: identity.AuthAndSigning}},
			22: {Name: "Dede", Key: identity.Key{Title: "idle", Kind: identity.DeployKey, Owner: 1, Usage: identity.AuthAndSigning}},
			23: {Name: "", Key: identity.Key{Title: "orphan", Kind: identity.DeployKey, Usage: identity.AuthAndSigning}},
		} {
			got, err := s.Actors.KeyByFingerprint(s.Context(), fingerprint(seed))
			s.Fine("KeyByFingerprint", err)
			want.Key.ID, want.Key.Line, want.Key.Fingerprint = identity.KeyID(seed), world.Key(seed), fingerprint(seed)
			want.Key.CreatedAt = got.Key.CreatedAt // not compared here
			s.Same(want.Key.Title, got, want)
		}
	}},
	{Name: "unknown fingerprint: not found", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		known := string(fingerprint(11))
		for _, p := range []string{"", "x", known + "=", known[1:], subject.SwapCase(known), known[:len(known)-1] + "%", known + "\x00", "\xff", string(fingerprint(12)), string(fingerprint(99))} {
			got, err := s.Actors.KeyByFingerprint(s.Context(), identity.Fingerprint(p))
			s.Kind(fmt.Sprintf("%q", p), err, domain.NotFound)
			s.Same("key and user", got, whois.KeyAndUser{})
		}
	}},
	{Name: "actor by every kind of claim", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		for who, want := range map[string]string{
			"user-1": "dev  0", "user-3": "blocked  0", "username-dev": "dev  0", "username-DEV": "dev  0", "key-11": "dev key 11",
			"key-13": "dev key 13", "key-14": "blocked key 14", "key-21": "maint deploy_key 21", "key-22": "dev deploy_key 22",
			"key-23": "ghost deploy_key 23", "key-24": "blocked deploy_key 24",
			"key-12": "  0", "key-1": "  0", "user-11": "  0", "user-60": "  0", "nobody": "  0", "username-acme": "  0",
		} {
			s.Same(who, actorText(s.Actor(who)), want)
			s.Same(who+" in a standing", s.Standing(who, "acme/p").Actor, s.Actor(who))
			s.Same(who+" in a push context", s.pushContext(who, "project-60", now).Actor, s.Actor(who))
		}
		s.Same("type of ghost", s.Actor("key-23").User.Type, identity.Ghost)
	}},
	{Name: "deploy key without creator: acts as the user of type ghost", Check: func(s Subject) {
		s.Apply("users: [{id: 99, username: spirit, type: ghost}]", usersAndKeys())
		s.Same("ghost", s.Actor("key-23").User.Username, "spirit")
	}},
	{Name: "deploy key without creator and without ghost: key only", Check: func(s Subject) {
		s.Unit(func(tx worldimport.Tx) {
			_, err := tx.Keys.Put(s.Context(), identity.Key{ID: 5, Kind: identity.DeployKey, Usage: identity.AuthOnly, Fingerprint: "f"})
			s.Fine("PutKey", err)
		})
		s.Same("actor", actorText(s.Actor("key-5")), " deploy_key 5")
	}},
	{Name: "key used: latest use stays", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		stamped := func() []any {
			s.Fine("Flush", s.Store.Flush(s.Context()))
			key, err := s.Actors.KeyByFingerprint(s.Context(), fingerprint(11))
			s.Fine("KeyByFingerprint", err)
			at := s.Standing("key-11", "").Actor.Key.LastUsedAt
			if !at.IsZero() {
				s.UTC(at)
			}
			s.Same("by fingerprint", key.Key.LastUsedAt, at)
			return []any{at.UnixMicro(), s.Standing("key-21", "").Actor.Key.LastUsedAt.UnixMicro()}
		}
		never := time.Time{}.UnixMicro()
		s.Same("before", stamped(), []any{never, never})
		s.KeyUses.Record(11, precise)
		s.KeyUses.Record(4711, precise) // deleted meanwhile
		s.Same("once", stamped(), []any{precise.UnixMicro(), never})
		s.KeyUses.Record(11, precise.Add(time.Minute))
		s.KeyUses.Record(11, precise.Add(time.Hour))
		s.KeyUses.Record(21, precise)
		s.KeyUses.Record(11, precise.Add(time.Second))
		want := []any{precise.Add(time.Hour).UnixMicro(), precise.UnixMicro()}
		s.Same("in another order", stamped(), want)
		s.KeyUses.Record(11, precise.Add(time.Second))
		s.Same("late", stamped(), want)
		s.Apply(usersAndKeys())
		s.Same("applied again", stamped(), want)
	}},
}

var deployKeyCases = []Case{
	{Name: "deploy key: enabled and write access for each project", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		type enabled struct{ Enabled, CanPush bool }
		for _, row := range []struct {
			who, where string
			want       enabled
		}{
			{"key-21", "acme/p", enabled{true, false}}, {"key-21", "acme/p.wiki", enabled{true, false}}, {"key-21", "acme/q", enabled{true, true}},
			{"key-21", "design-61", enabled{true, true}}, {"key-21", "acme/r", enabled{}}, {"key-21", "acme/s", enabled{}}, {"key-21", "snippet-60", enabled{}},
			{"key-22", "acme/p", enabled{}}, {"key-23", "acme/p", enabled{true, true}}, {"key-24", "acme/p", enabled{true, false}},
			{"key-11", "acme/p", enabled{}}, {"user-2", "acme/p", enabled{}}, {"nobody", "acme/p", enabled{}},
		} {
			got := s.Standing(row.who, row.where)
			s.Same(row.who+" on "+row.where, enabled{got.KeyEnabled, got.KeyCanPush}, row.want)
		}
	}},
	{Name: "deploy key: role of its creator", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		for who, want := range map[string]source.Role{"key-21": source.Maintainer, "key-22": source.NoRole, "key-23": source.NoRole, "key-24": source.NoRole} {
			s.Same(who, s.Standing(who, "acme/p").Role, want)
		}
	}},
	{Name: "deploy key enabled: replaces the enabled projects", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		of := func() (out []bool) {
			for _, where := range []string{"acme/p", "acme/q", "acme/r"} {
				got := s.Standing("key-21", where)
				out = append(out, got.KeyEnabled, got.KeyCanPush)
			}
			return out
		}
		projects := map[source.ProjectID]bool{60: true, 62: false}
		s.Unit(func(tx worldimport.Tx) { s.Fine("EnableKey", tx.Keys.Enable(s.Context(), 21, projects)) })
		want := []bool{true, true, false, false, true, false}
		s.Same("replaced", of(), want)
		projects[61] = true
		s.Same("the caller's own map", of(), want)
		s.Unit(func(tx worldimport.Tx) { s.Fine("EnableKey", tx.Keys.Enable(s.Context(), 21, nil)) })
		s.Same("none", of(), make([]bool, 6))
	}},
	{Name: "deploy key put again: stays enabled", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.putKey(deployKeyOf(21, 1, "another"))
		s.Same("enabled", s.Standing("key-21", "acme/q").KeyCanPush, true)
		s.Same("creator", s.Actor("key-21").User.Username, "dev")
	}},
	{Name: "enable an unknown key or project: not found", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		for name, enable := range map[string]struct {
			key     identity.KeyID
			project source.ProjectID
		}{"no such key": {99, 60}, "a user's key": {11, 60}, "no such project": {21, 99}} {
			s.Unit(func(tx worldimport.Tx) {
				s.Kind(name, tx.Keys.Enable(s.Context(), enable.key, map[source.ProjectID]bool{enable.project: true}), domain.NotFound)
			})
		}
		s.Same("as before", s.Standing("key-21", "acme/q").KeyCanPush, true)
	}},
	{Name: "DeployKeyExists", Check: func(s Subject) {
		s.Apply(usersAndKeys())
		s.Unit(func(tx worldimport.Tx) {
			for id, want := range map[identity.KeyID]bool{21: true, 22: true, 11: false, 99: false, 0: false} {
				got, err := tx.Keys.DeployKeyExists(s.Context(), id)
				s.Fine("DeployKeyExists", err)
				s.Same(fmt.Sprint(id), got, want)
			}
		})
	}},
}

// internalWorld has the ghost user 5, whose namespace is 50, an internal account and a
// person.
const internalWorld = "users: [{id: 5, username: ghost, type: ghost, namespace_id: 50}, {id: 6, username: bot, type: internal}, {id: 7, username: dede}]\ngroups: [{id: 60, path: acme}]\n"

func typedPut(id identity.UserID, name string, as identity.UserType) func(Subject, worldimport.Tx) error {
	return func(s Subject, tx worldimport.Tx) error {
		_, err := tx.Users.Put(s.Context(), worldimport.User{User: identity.User{ID: id, Username: name, State: identity.Active, Type: as}})
		return err
	}
}

var internalCases = []Case{
	refusedPuts("internal account: taken over by no row", internalWorld, []refusedPut{
		{"a person of its name", typedPut(0, "ghost", identity.Human), domain.Conflict},
		{"in another letter case", typedPut(0, "GHOST", identity.Human), domain.Conflict},
		{"with a number", typedPut(9, "Ghost", identity.Human), domain.Conflict},
		{"a person of its number", typedPut(5, "gina", identity.Human), domain.Conflict},
		{"a bot of its number", typedPut(6, "bot", identity.ProjectBot), domain.Conflict},
		{"another internal account", typedPut(6, "bot", identity.Ghost), domain.Conflict},
		{"an internal account of a person's number", typedPut(7, "dede", identity.Ghost), domain.Conflict},
		{"an internal account of a person's name", typedPut(0, "DEDE", identity.Internal), domain.Conflict},
		{"its namespace", userPut(0, "gina", 50), domain.Conflict},
		{"a group of its name", func(s Subject, tx worldimport.Tx) error {
			_, err := tx.Namespaces.PutGroup(s.Context(), worldimport.Group{Namespace: source.Namespace{Path: "Ghost"}})
			return err
		}, domain.Conflict},
	}),
	refusedPuts("ghost user: no keys, tokens and memberships", internalWorld, []refusedPut{
		{"key", func(s Subject, tx worldimport.Tx) error {
			_, err := tx.Keys.Put(s.Context(), identity.Key{Kind: identity.UserKey, Owner: 5, Line: "l", Fingerprint: "f", Usage: identity.AuthAndSigning})
			return err
		}, domain.Conflict},
		{"access token", func(s Subject, tx worldimport.Tx) error {
			return tx.Credentials.PutAccessToken(s.Context(), 5, worldimport.AccessToken{Name: "x", Digest: "d"})
		}, domain.Conflict},
		{"member", func(s Subject, tx worldimport.Tx) error {
			return tx.Namespaces.PutMember(s.Context(), 5, source.MemberSource{Group: 60}, worldimport.Member{Role: source.Owner, State: worldimport.MemberActive})
		}, domain.Conflict},
	}),
	{Name: "internal account described again: updated", Check: func(s Subject) {
		s.Apply(internalWorld, "users: [{username: GHOST, type: ghost}, {id: 6, username: robot, type: internal}, {id: 7, username: dede, type: service_account}]")
		s.Same("users", s.List("users", "id", "username", "type"), []string{"5 GHOST ghost", "6 robot internal", "7 dede service_account"})
	}},
	{Name: "ghost user: creator of keys and agents", Check: func(s Subject) {
		s.Apply(internalWorld+"projects: [{id: 1, path: acme/p}]\ndeploy_keys: [{id: 8, creator: ghost, key: "+world.Key(8)+"}]\nagents: [{name: a, project: acme/p, created_by: ghost}]",
			"deploy_keys: [{id: 8, key: "+world.Key(8)+"}]")
		s.Same("acts as the ghost user", s.Actor("key-8").User.ID, identity.UserID(5))
	}},
	{Name: "person called ghost: beside the ghost user", Check: func(s Subject) {
		s.Apply("users: [{id: 5, username: Ghost}]\ndeploy_keys: [{id: 8, key: " + world.Key(8) + "}]")
		got := s.Actor("key-8").User
		s.Same("ghost user", []any{got.Username, got.Type}, []any{"ghost1", identity.Ghost})
		err := world.Try(s.Context(), s.WorldImport, "users: [{username: ghost1}]\n")
		s.Same("refused", fmt.Sprint(err), fmt.Sprintf(
			`line 1: user "ghost1": the username is that of user "ghost1" (id %d) of type ghost, which does not become human; choose another username`, got.ID))
		err = world.Try(s.Context(), s.WorldImport, fmt.Sprintf("users: [{id: %d, username: gina}]\nkeys: [{id: 9, user: ghost1, key: %s}]\nmembers: [{user: ghost1, group: ghost1, role: owner}]", got.ID, world.Key(9)))
		s.Same("refused by number", fmt.Sprint(err), fmt.Sprintf(`line 1: user "gina": the id is that of user "ghost1" (id %[1]d) of type ghost, which does not become human; choose another id
line 2: key "9": user "ghost1" (id %[1]d) is of type ghost, which stands for deleted users and has no keys
line 3: there is no group "ghost1"`, got.ID))
	}},
	{Name: "number of a personal namespace: its owner", Check: func(s Subject) {
		s.Apply(internalWorld)
		s.Unit(func(tx worldimport.Tx) {
			id, err := tx.Users.NamespaceOwner(s.Context(), 50)
			s.Fine("NamespaceOwner", err)
			s.Same("owner", id, identity.UserID(5))
			for name, id := range map[string]source.NamespaceID{"a group's": 60, "none's": 99, "zero": 0} {
				_, err := tx.Users.NamespaceOwner(s.Context(), id)
				s.Kind(name, err, domain.NotFound)
			}
		})
	}},
}
