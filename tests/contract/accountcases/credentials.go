package accountcases

import (
	"context"
	"fmt"
	"time"

	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/contract"
	"gatehouse/tests/world"
)

// keyed has keys of users and deploy keys.
var keyed = people + `
members: [{user: gus, project: acme/cli, role: developer}]
keys:
  - {id: 11, user: Dede, title: laptop, key: "` + world.Key(1) + `"}
  - {id: 12, user: gus, title: seal, usage: signing, key: "` + world.Key(2) + `"}
  - {id: 13, user: gus, title: other, key: "` + world.Key(3) + `", expires_at: 2026-04-01T00:00:00Z}
deploy_keys:
  - {id: 21, title: robot, creator: Dede, key: "` + world.Key(4) + `", projects: [{project: Dede/one, can_push: true}, {project: acme/cli}]}
  - {id: 22, title: idle, key: "` + world.Key(5) + `"}
`

// newKey is a key of user 8.
func newKey(seed byte) identity.Key {
	line, print, _ := identity.ParsePublicKey(world.Key(seed))
	return identity.Key{
		Kind: identity.UserKey, Owner: 8, Title: "new", Line: line, Fingerprint: print, Usage: identity.AuthOnly, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

// newToken is a token of user 8 with a text.
func newToken(text string) identity.AccessToken {
	return identity.AccessToken{
		User: 8, Name: text, Scopes: []identity.Scope{"api", "self_rotate"}, Digest: identity.DigestToken(text), Description: "d", CreatedAt: now,
		ExpiresAt: time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC),
	}
}

// addToken adds a token and returns its number.
func (s store) addToken(t identity.AccessToken) (id int64) {
	s.Helper()
	s.unit(func(tx accounts.Tx) (err error) {
		id, err = tx.Tokens.AddToken(s.Context(), t)
		return err
	})
	return id
}

var credentialCases = []contract.Case{
	caseOf("key added: it lets in at once, and removed no more", func(s store) {
		s.Apply(keyed)
		key := newKey(9)
		s.unit(func(tx accounts.Tx) (err error) {
			key.ID, err = tx.Keys.AddKey(s.Context(), key)
			return err
		})
		standing := s.Standing(fmt.Sprint("key-", key.ID), "acme/cli")
		s.Same("role", standing.Role, source.Developer)
		key.CreatedAt, key.ExpiresAt = key.CreatedAt.Truncate(time.Microsecond), key.ExpiresAt.Truncate(time.Microsecond)
		s.Same("key", standing.Actor.Key, key)
		s.unit(func(tx accounts.Tx) error {
			got, err := tx.Keys.Key(s.Context(), key.ID)
			s.Same("in a transaction", got, key)
			return err
		})
		s.unit(func(tx accounts.Tx) error { return tx.Keys.RemoveKey(s.Context(), key.ID) })
		s.Same("removed", s.Standing(fmt.Sprint("key-", key.ID), "acme/cli").Actor.User.Known(), false)
	}),
	caseOf("key added: not of a fingerprint that is known, not for users who are none", func(s store) {
		s.Apply(keyed)
		add := func(k identity.Key) error {
			return s.try(func(tx accounts.Tx) error { _, err := tx.Keys.AddKey(s.Context(), k); return err })
		}
		s.Kind("of the user", add(newKey(2)), domain.Conflict)
		s.Kind("of another user", add(newKey(1)), domain.Conflict)
		s.Kind("of a deploy key", add(newKey(4)), domain.Conflict)
		foreign := newKey(9)
		foreign.Owner = 404
		s.Kind("of no user", add(foreign), domain.NotFound)
		s.Same("keys", len(s.List("keys")), 5)
	}),
	caseOf("deploy keys: no user's", func(s store) {
		s.Apply(keyed)
		s.Kind("Key", s.try(func(tx accounts.Tx) error { _, err := tx.Keys.Key(s.Context(), 21); return err }), domain.NotFound)
		s.Kind("RemoveKey", s.try(func(tx accounts.Tx) error { return tx.Keys.RemoveKey(s.Context(), 21) }), domain.NotFound)
		s.Same("keys", len(s.List("keys")), 5)
	}),
	caseOf("keys listed and found", func(s store) {
		s.Apply(keyed)
		s.KeyUses.Record(13, now)
		s.Fine("Flush", s.Store.Flush(s.Context()))
		list := func(user identity.UserID, page application.Page) application.Listed[identity.Key] {
			keys, err := s.Credentials.Keys(s.Context(), user, page)
			s.Fine("Keys", err)
			return keys
		}
		id := func(k identity.Key) int64 { return int64(k.ID) }
		s.Same("keys", ids(list(8, application.Page{Order: "id", Size: 9}).Items, id), "12 13")
		second := list(8, application.Page{Order: "id", Size: 1, Offset: 1})
		s.Same("second page", ids(second.Items, id), "13")
		s.Same("total", second.Total, int64(2))
		s.Same("used", second.Items[0].LastUsedAt, now.Truncate(time.Microsecond))
		s.Same("of no user", list(404, application.Page{Order: "id", Size: 9}), application.Listed[identity.Key]{})
		for _, by := range []accounts.KeyClaim{{ID: 21}, {Fingerprint: newKey(4).Fingerprint}, {MD5: newKey(4).MD5()}} {
			key, projects, err := s.Credentials.FindKey(s.Context(), by)
			s.Fine("FindKey", err)
			s.Same("deploy key", key.Title, "robot")
			s.Same("creator", key.Owner, identity.UserID(7))
			s.Same("projects", projects, []accounts.DeployKeyProject{{Project: 60}, {Project: 61, CanPush: true}})
		}
		key, projects, err := s.Credentials.FindKey(s.Context(), accounts.KeyClaim{ID: 12})
		s.Fine("FindKey", err)
		s.Same("signing key", key.Usage, identity.SigningOnly)
		s.Same("no projects", len(projects), 0)
		for _, by := range []accounts.KeyClaim{{ID: 404}, {Fingerprint: "none"}, {Fingerprint: "\xff"}, {MD5: "none"}} {
			_, _, err = s.Credentials.FindKey(s.Context(), by)
			s.Kind(fmt.Sprint(by), err, domain.NotFound)
		}
	}),
	caseOf("token added: kept with all members, and lets in at once", func(s store) {
		s.Apply(people)
		want := newToken("a")
		want.ID = s.addToken(want)
		want.Family = want.ID
		want.CreatedAt = want.CreatedAt.Truncate(time.Microsecond)
		s.unit(func(tx accounts.Tx) error {
			got, err := tx.Tokens.Token(s.Context(), want.ID)
			s.Same("in a transaction", got, want)
			s.Fine("Token", err)
			got, err = tx.Tokens.TokenOf(s.Context(), want.Digest)
			s.Same("by its digest", got, want)
			return err
		})
		s.AccessTokens.TokenUsed(want, now)
		s.Fine("Flush", s.Store.Flush(s.Context()))
		want.LastUsedAt = now.Truncate(time.Microsecond)
		got, err := s.Credentials.Token(s.Context(), want.ID)
		s.Fine("Token", err)
		s.Same("token", got, want)
		bearer, err := s.AccessTokens.Bearer(s.Context(), want.Digest)
		s.Fine("Bearer", err)
		s.Same("bearer", bearer.User.Username, "gus")
		s.Kind("the digest again", s.try(func(tx accounts.Tx) error { _, err := tx.Tokens.AddToken(s.Context(), want); return err }), domain.Conflict)
		for user, kind := range map[identity.UserID]domain.Kind{404: domain.NotFound, 9: domain.Conflict} {
			other := newToken("b")
			other.User = user
			s.Kind("of another user", s.try(func(tx accounts.Tx) error { _, err := tx.Tokens.AddToken(s.Context(), other); return err }), kind)
		}
		_, err = s.Credentials.Token(s.Context(), 404)
		s.Kind("unknown", err, domain.NotFound)
	}),
	caseOf("tokens revoked: one, or with the family, and told once", func(s store) {
		s.Apply(people)
		first := s.addToken(newToken("a"))
		second, third, other := newToken("b"), newToken("c"), s.addToken(newToken("d"))
		second.Family, third.Family = first, first
		secondID, thirdID := s.addToken(second), s.addToken(third)
		revoke := func(id, family int64, want ...int64) {
			s.Helper()
			s.unit(func(tx accounts.Tx) error {
				got, err := tx.Tokens.RevokeTokens(s.Context(), id, family)
				s.Same("revoked", got, want)
				return err
			})
		}
		revoke(secondID, 0, secondID)
		revoke(secondID, 0)
		bearer, err := s.AccessTokens.Bearer(s.Context(), second.Digest)
		s.Fine("Bearer", err)
		s.Same("at once", bearer.Token.Revoked, true)
		revoke(secondID, first, first, thirdID)
		revoke(404, 405)
		token, err := s.Credentials.Token(s.Context(), other)
		s.Fine("Token", err)
		s.Same("another family", token.Revoked, false)
	}),
	caseOf("tokens listed: by filters, in every order", func(s store) {
		s.Apply(people, "access_tokens: [{user: root, name: Zed, scopes: [api], token: z}]")
		add := func(text string, change func(*identity.AccessToken)) int64 {
			t := newToken(text)
			t.ExpiresAt = time.Time{}
			change(&t)
			return s.addToken(t)
		}
		early := add("alpha", func(t *identity.AccessToken) { t.CreatedAt = now.Add(-time.Hour) })
		add("Beta", func(t *identity.AccessToken) { t.ExpiresAt = now.Truncate(24 * time.Hour) })
		add("gamma", func(t *identity.AccessToken) { t.ExpiresAt, t.User = now.Truncate(24*time.Hour).AddDate(0, 0, 1), 7 })
		gone := add("delta", func(t *identity.AccessToken) { t.Revoked = true })
		s.AccessTokens.TokenUsed(identity.AccessToken{ID: early, User: 8}, now)
		s.AccessTokens.TokenUsed(identity.AccessToken{ID: gone, User: 8}, now.Add(-time.Minute))
		s.Fine("Flush", s.Store.Flush(s.Context()))
		list := func(f accounts.TokenFilter, page application.Page) string {
			s.Helper()
			tokens, err := s.Credentials.Tokens(s.Context(), f, page, now)
			s.Fine("Tokens", err)
			names := ""
			for _, t := range tokens.Items {
				names += " " + t.Name
			}
			return names
		}
		for _, c := range []struct {
			what   string
			filter accounts.TokenFilter
			want   string
		}{
			{"none", accounts.TokenFilter{}, " Zed alpha Beta gamma delta"},
			{"of a user", accounts.TokenFilter{User: 8}, " alpha Beta delta"},
			{"of no user", accounts.TokenFilter{User: -1}, ""},
			{"revoked", accounts.TokenFilter{Revoked: new(true)}, " delta"},
			{"not revoked", accounts.TokenFilter{Revoked: new(false)}, " Zed alpha Beta gamma"},
			{"active", accounts.TokenFilter{Active: new(true)}, " Zed alpha gamma"},
			{"inactive", accounts.TokenFilter{Active: new(false)}, " Beta delta"},
			{"search", accounts.TokenFilter{Search: "TA"}, " Beta delta"},
			{"search of what no text has", accounts.TokenFilter{Search: "\xff"}, ""},
			{"created after", accounts.TokenFilter{User: 8, CreatedAfter: now}, " Beta delta"},
			{"created before", accounts.TokenFilter{User: 8, CreatedBefore: now.Add(-time.Minute)}, " alpha"},
			{"used after", accounts.TokenFilter{LastUsedAfter: now}, " alpha"},
			{"used before", accounts.TokenFilter{LastUsedBefore: now.Add(-time.Second)}, " delta"},
			{"ends after", accounts.TokenFilter{ExpiresAfter: now}, " gamma"},
			{"ends before", accounts.TokenFilter{ExpiresBefore: now}, " Beta"},
		} {
			s.Same(c.what, list(c.filter, application.Page{Order: "id", Size: 9}), c.want)
		}
		for order, want := range map[string][2]string{
			"id":           {" alpha Beta delta", " delta Beta alpha"},
			"name":         {" alpha Beta delta", " delta Beta alpha"},
			"created_at":   {" alpha Beta delta", " delta Beta alpha"},
			"expires_at":   {" Beta alpha delta", " Beta delta alpha"},
			"last_used_at": {" delta alpha Beta", " alpha delta Beta"},
		} {
			for i, descending := range []bool{false, true} {
				s.Same(order, list(accounts.TokenFilter{User: 8}, application.Page{Order: order, Descending: descending, Size: 9}), want[i])
			}
		}
		s.Same("second page", list(accounts.TokenFilter{}, application.Page{Order: "id", Size: 2, Offset: 2}), " Beta gamma")
	}),
	caseOf("cancelled context: every port fails", func(s store) {
		s.Apply(keyed)
		gone, cancel := context.WithCancel(s.Context())
		cancel()
		page := application.Page{Order: "id", Size: 9}
		for what, call := range map[string]func() error{
			"unit of work": func() error { return s.AccountUnitOfWork(gone, func(accounts.Tx) error { return nil }) },
			"View":         func() error { _, err := s.AccountRecords.View(gone, byID(7), now); return err },
			"Views":        func() error { _, err := s.AccountRecords.Views(gone, accounts.Filter{}, page, now); return err },
			"Memberships":  func() error { _, err := s.AccountRecords.Memberships(gone, 7, "", page, now); return err },
			"Associations": func() error { _, err := s.AccountRecords.Associations(gone, 7, now); return err },
			"Keys":         func() error { _, err := s.Credentials.Keys(gone, 7, page); return err },
			"FindKey":      func() error { _, _, err := s.Credentials.FindKey(gone, accounts.KeyClaim{ID: 11}); return err },
			"Tokens":       func() error { _, err := s.Credentials.Tokens(gone, accounts.TokenFilter{}, page, now); return err },
			"Token":        func() error { _, err := s.Credentials.Token(gone, 1); return err },
			"Removed":      func() error { _, err := s.Removed.Removed(gone, 1); return err },
			"Forget":       func() error { return s.Removed.Forget(gone, 1) },
		} {
			if call() == nil {
				s.Errorf("%s: got no error", what)
			}
		}
	}),
}
