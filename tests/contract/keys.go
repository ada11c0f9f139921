package contract

import (
	"fmt"
	"time"

	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

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

var credentialCases = []Case{
	{Name: "access token put again by digest: updated", Check: func(s Subject) {
		s.Apply(owners + `
access_tokens:
  - {user: ann, name: one, scopes: [api, read_user], token: glpat-one, expires_at: 2027-01-01}
  - {user: bob, name: two, scopes: [api], token: glpat-two}`)
		s.Apply(`access_tokens: [{user: ann, name: uno, scopes: [api], token: glpat-one, revoked: true}]`)
		s.Same("tokens", s.List("access-tokens", "user", "name", "scopes", "expires_at", "revoked", "last_used_at"), []string{
			"ann uno [api] - true -", "bob two [api] - false -",
		})
	}},
	{Name: "token put again for another owner: moved", Check: func(s Subject) {
		const tokens = "access_tokens: [{user: %[1]s, name: t, scopes: [api], token: glpat-one}]\nagents: [{id: %[2]d, name: a%[2]d, project: g/p, tokens: [{name: t, token: one}]}]"
		s.Apply(owners+"groups: [{path: g}]\nprojects: [{path: g/p}]\n", fmt.Sprintf(tokens, "ann", 5), fmt.Sprintf(tokens, "bob", 6))
		s.Same("access token", s.List("access-tokens", "user"), []string{"bob"})
		s.Same("agent token", s.List("agent-tokens", "agent_id"), []string{"6"})
	}},
	{Name: "agent put again by name: updated, its tokens stay", Check: func(s Subject) {
		s.Apply(owners + `
groups: [{path: g}]
projects: [{id: 1, path: g/p}, {id: 2, path: g/q}]
agents:
  - {id: 5, name: prod, project: g/p, created_by: ann, tokens: [{name: a, token: one}, {name: b, token: two}]}
  - {id: 6, name: prod, project: g/q}`)
		s.Apply("agents: [{name: prod, project: g/p, tokens: [{name: b, token: two, revoked: true}, {name: c, token: three}]}]")
		s.Same("agents", s.List("agents"), []string{"5 prod 1 false", "6 prod 2 false"})
		s.Same("tokens", s.List("agent-tokens"), []string{"5 a false -", "5 b true -", "5 c false -"})
		s.Apply("agents: [{id: 6, name: test, project: g/p, tokens: [{name: d, token: four}]}]")
		s.Same("moved by number", s.List("agents"), []string{"5 prod 1 false", "6 test 1 false"})
		s.Apply("agents: [{name: next, project: g/p}]")
		s.Same("next", len(s.List("agents")), 3)
	}},
	refusedPuts("tokens and agents: unknown owner or taken name refused", owners+`
groups: [{path: g}]
projects: [{id: 1, path: g/p}]
agents: [{id: 5, name: prod, project: g/p, tokens: [{name: a, token: one}]}, {id: 6, name: test, project: g/p}]`, []refusedPut{
		{"no such user", func(s Subject, tx worldimport.Tx) error {
			return tx.Credentials.PutAccessToken(s.Context(), 99, worldimport.AccessToken{Name: "x", Digest: "d"})
		}, domain.NotFound},
		{"no such project", agentPut(99, 1, 0, "new"), domain.NotFound},
		{"no such creator", agentPut(1, 99, 0, "new"), domain.NotFound},
		{"another's name", agentPut(1, 1, 6, "prod"), domain.Conflict},
		{"a name under another number", agentPut(1, 1, 9, "prod"), domain.Conflict},
	}),
}

func agentPut(project source.ProjectID, creator identity.UserID, id int64, name string) func(Subject, worldimport.Tx) error {
	return func(s Subject, tx worldimport.Tx) error {
		a := worldimport.Agent{ID: id, Name: name, Tokens: []worldimport.AgentToken{{Name: "t", Digest: "digest"}}}
		return tx.Credentials.PutAgent(s.Context(), project, creator, a)
	}
}
