package contract

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"gatehouse/application/credentials"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/tests/subject"
)

// twoFactorUsers are users with and without a second factor, and a deploy key.
const twoFactorUsers = `
users:
  - {id: 1, username: dede, credential_version: 3, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}
  - {id: 2, username: gus}
  - {id: 3, username: key, two_factor: {webauthn: true}}
groups: [{path: acme}]
projects: [{id: 60, path: acme/cli, lfs: false}, {id: 61, path: acme/lib}]
keys: [{id: 11, user: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQiuYh1mAaOMsREipSa2ykND041ueAbDuXxoeYA/iZ0"}]
deploy_keys: [{id: 201, creator: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOq6Ou97blpQV0CCwEhEYAicipXd1jF+ojc2diiEWUz"}]
`

var accountCases = []Case{
	{Name: "second factor: read by any claim", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		s.Same("by name", s.Account("username-dede").Factor, identity.TwoFactor{Enabled: true})
		s.Same("by key", s.Account("key-11").Factor, identity.TwoFactor{Enabled: true})
		s.Same("its key", s.Account("key-11").Actor.Key.ID, identity.KeyID(11))
		s.Same("the creator of a deploy key", s.Account("key-201").Actor.IsDeployKey(), true)
		s.Same("none", s.Account("user-2").Factor, identity.TwoFactor{})
		s.Same("WebAuthn only", s.Account("user-3").Factor, identity.TwoFactor{Enabled: true})
		s.Same("unknown user", s.Account("user-404"), credentials.Account{})
		s.Same("in a standing", s.Standing("key-11", "acme/cli").Actor.User.TwoFactor, true)
		s.Same("not in a standing", s.Standing("user-2", "acme/cli").Actor.User.TwoFactor, false)
	}},
	{Name: "standing: credential version and LFS setting", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		s.Same("version", s.Standing("user-1", "acme/cli").Actor.User.CredentialVersion, int64(3))
		s.Same("first version", s.Standing("user-2", "acme/cli").Actor.User.CredentialVersion, int64(1))
		s.Same("off", s.Standing("nobody", "acme/cli").Project.LFS, false)
		s.Same("on", s.Standing("nobody", "acme/lib").Project.LFS, true)
	}},
	{Name: "second factor updated: stored", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		until := now.Add(10 * time.Minute)
		s.Fine("UpdateFactor", s.UpdateFactor(1, func(f identity.TwoFactor) identity.TwoFactor {
			f.LastStep, f.Failures, f.LockedUntil = 7, 2, until
			return f
		}))
		got := s.Account("user-1").Factor
		want := identity.TwoFactor{Enabled: true, LastStep: 7, Failures: 2, LockedUntil: until.Truncate(time.Microsecond)}
		s.Same("factor", got, want)
		s.Same("in UTC", got.LockedUntil.Location() == time.UTC, true)
		want.Secret = "JBSWY3DPEHPK3PXP"
		s.Fine("UpdateFactor", s.UpdateFactor(1, func(f identity.TwoFactor) identity.TwoFactor {
			s.Same("seen by the next, with its secret", f, want)
			return f.Accepted(9)
		}))
		s.Same("accepted", s.Account("user-1").Factor, identity.TwoFactor{Enabled: true, LastStep: 9})
		s.Apply(twoFactorUsers)
		s.Same("LastStep stays", s.Account("user-1").Factor.LastStep, int64(9))
	}},
	{Name: "second factor missing: update fails", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		same := func(f identity.TwoFactor) identity.TwoFactor { return f }
		s.Kind("no factor", s.UpdateFactor(2, same), domain.NotFound)
		s.Kind("unknown user", s.UpdateFactor(404, same), domain.NotFound)
	}},
	{Name: "concurrent updates of a second factor: none lost", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		subject.Concurrently(func(int) {
			for range subject.Rounds {
				s.Fine("UpdateFactor", s.UpdateFactor(1, func(f identity.TwoFactor) identity.TwoFactor {
					f.Failures++
					return f
				}))
			}
		})
		s.Same("failures", s.Account("user-1").Factor.Failures, subject.Goroutines*subject.Rounds)
	}},
	{Name: "OTP session: for one key until it ends", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		until := now.Add(15 * time.Minute)
		has := func(who string, at time.Time) bool { return s.HasOTPSession(who, "acme/cli", at) }
		s.Same("none", has("key-11", now), false)
		s.OpenSession(1, 11, until)
		s.Same("for the key", has("key-11", now), true)
		s.Same("to the moment", has("key-11", until), false)
		s.Same("a moment before", has("key-11", until.Add(-time.Microsecond)), true)
		s.Same("not without the key", has("user-1", now), false)
		s.OpenSession(1, 0, until)
		s.Same("without a key", has("user-1", now), true)
		s.Same("of another user", has("user-2", now), false)
		s.Same("with a deploy key of that user", has("key-201", now), false)
		s.OpenSession(1, 11, until.Add(time.Hour))
		s.Same("renewed", has("key-11", until), true)
		s.Same("without a project", s.HasOTPSession("key-11", "acme/nothing", now), true)
		s.Same("not asked for", s.Standing("key-11", "acme/cli").OTPSession, false)
	}},
	{Name: "second factor removed: state, session and recovery codes removed", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		until := now.Add(15 * time.Minute)
		digest := identity.DigestToken("a")
		s.OpenSession(1, 11, until)
		s.Fine("Replace", s.RecoveryCodes.Replace(s.Context(), 1, []identity.TokenDigest{digest}, tokenEvent))
		s.Fine("UpdateFactor", s.UpdateFactor(1, func(f identity.TwoFactor) identity.TwoFactor {
			f.LastStep, f.Failures, f.LockedUntil = 7, 2, until
			return f
		}))
		s.Apply("users: [{id: 1, username: dede, two_factor: null}]", twoFactorUsers)
		s.Fine("UpdateFactor", s.UpdateFactor(1, func(f identity.TwoFactor) identity.TwoFactor {
			s.Same("factor", f, identity.TwoFactor{Enabled: true, Secret: "JBSWY3DPEHPK3PXP"})
			return f
		}))
		s.Same("session", s.HasOTPSession("key-11", "acme/cli", now), false)
		s.Kind("code", s.RecoveryCodes.Spend(s.Context(), 1, digest), domain.NotFound)
	}},
	{Name: "credential version: never decreases", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		s.Apply("users: [{id: 1, username: dede}]")
		s.Same("version omitted", s.Actor("user-1").User.CredentialVersion, int64(3))
		s.Apply("users: [{id: 1, username: dede, credential_version: 2}]")
		s.Same("lower version", s.Actor("user-1").User.CredentialVersion, int64(3))
		s.Apply("users: [{id: 1, username: dede, credential_version: 4}]")
		s.Same("newer", s.Actor("user-1").User.CredentialVersion, int64(4))
	}},
	{Name: "recovery codes: spent once, replaced as a set", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		digests := []identity.TokenDigest{identity.DigestToken("a"), identity.DigestToken("b")}
		fresh := []identity.TokenDigest{identity.DigestToken("c")}
		s.Fine("Replace", s.RecoveryCodes.Replace(s.Context(), 1, digests, tokenEvent))
		s.Fine("Spend", s.RecoveryCodes.Spend(s.Context(), 1, digests[0]))
		s.Kind("spent already", s.RecoveryCodes.Spend(s.Context(), 1, digests[0]), domain.NotFound)
		s.Kind("of another user", s.RecoveryCodes.Spend(s.Context(), 3, digests[1]), domain.NotFound)
		s.Fine("Replace", s.RecoveryCodes.Replace(s.Context(), 1, fresh, tokenEvent))
		s.Kind("an old one", s.RecoveryCodes.Spend(s.Context(), 1, digests[1]), domain.NotFound)
		s.Fine("a new one", s.RecoveryCodes.Spend(s.Context(), 1, fresh[0]))
		s.Kind("of an unknown user", s.RecoveryCodes.Replace(s.Context(), 404, fresh, tokenEvent), domain.NotFound)
	}},
	{Name: "concurrent sets of recovery codes: one complete set is left", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		sets := make([][]identity.TokenDigest, subject.Goroutines)
		for me := range sets {
			for n := range 10 {
				sets[me] = append(sets[me], identity.DigestToken(fmt.Sprint(me, " ", n)))
			}
		}
		subject.Concurrently(func(me int) { s.Fine("Replace", s.RecoveryCodes.Replace(s.Context(), 1, sets[me], tokenEvent)) })
		whole := 0
		for _, set := range sets {
			valid := 0
			for _, digest := range set {
				if s.RecoveryCodes.Spend(s.Context(), 1, digest) == nil {
					valid++
				}
			}
			s.Same("codes of a set", valid == 0 || valid == 10, true)
			whole += valid
		}
		s.Same("codes in all", whole, 10)
	}},
	{Name: "recovery code spent concurrently: accepted once", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		digest := identity.DigestToken("a")
		s.Fine("Replace", s.RecoveryCodes.Replace(s.Context(), 1, []identity.TokenDigest{digest}, tokenEvent))
		var spent atomic.Int32
		subject.Concurrently(func(int) {
			switch err := s.RecoveryCodes.Spend(s.Context(), 1, digest); {
			case err == nil:
				spent.Add(1)
			case !errors.Is(err, domain.NotFound):
				s.Errorf("Spend: %v", err)
			}
		})
		s.Same("spent", spent.Load(), int32(1))
	}},
}

// tokenEvent is the audit event of a write to a token or recovery codes.
var tokenEvent = audit.Cause{Actor: audit.Actor{Kind: audit.Operator, Username: "root"}, CorrelationID: "r-1"}.Event(now, audit.Create,
	audit.Object{Kind: audit.User, ID: 1, Path: "dede"}, audit.Object{Kind: "access_token", Path: "mine"}, nil, audit.Values{"scopes": []string{"api"}})

func (s Subject) addToken(t identity.AccessToken) int64 {
	s.Helper()
	id, err := s.AccessTokens.Add(s.Context(), t, tokenEvent)
	s.Fine("AddToken", err)
	return id
}

var tokenCases = []Case{
	{Name: "access token added: found by its digest", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		token := identity.AccessToken{
			User: 1, Name: "mine", Scopes: []identity.Scope{"read_user", "api"}, Digest: identity.DigestToken("x"),
			ExpiresAt: time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC), CreatedAt: now,
		}
		token.ID = s.addToken(token)
		got, err := s.AccessTokens.Bearer(s.Context(), token.Digest)
		s.Fine("Bearer", err)
		token.CreatedAt = now.Truncate(time.Microsecond)
		s.Same("token", got.Token, token)
		s.Same("user", got.User.User, s.Actor("user-1").User)
		other := s.addToken(identity.AccessToken{User: 1, Name: "mine", Digest: identity.DigestToken("y"), CreatedAt: now})
		s.Same("another number", other != token.ID && other != 0, true)
	}},
	{Name: "audit events of tokens and recovery codes: kept with them, none of a write that failed", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		first := s.addToken(identity.AccessToken{User: 1, Digest: identity.DigestToken("x"), CreatedAt: now})
		_, err := s.AccessTokens.Add(s.Context(), identity.AccessToken{User: 1, Digest: identity.DigestToken("x"), CreatedAt: now}, tokenEvent)
		s.Kind("the digest again", err, domain.Conflict)
		s.Fine("Replace", s.RecoveryCodes.Replace(s.Context(), 1, []identity.TokenDigest{identity.DigestToken("a")}, tokenEvent))
		s.Kind("of an unknown user", s.RecoveryCodes.Replace(s.Context(), 404, []identity.TokenDigest{identity.DigestToken("a")}, tokenEvent), domain.NotFound)
		added := tokenEvent
		added.Target.ID = first
		s.events(added, tokenEvent)
	}},
	{Name: "access token without optional fields", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		s.addToken(identity.AccessToken{User: 2, Name: "", Digest: identity.DigestToken("x"), CreatedAt: now})
		got, err := s.AccessTokens.Bearer(s.Context(), identity.DigestToken("x"))
		s.Fine("Bearer", err)
		s.Same("no expiry", got.Token.ExpiresAt.IsZero(), true)
		s.Same("never used", got.Token.LastUsedAt.IsZero(), true)
		s.Same("scopes", len(got.Token.Scopes), 0)
	}},
	{Name: "unknown digest: not found, known digest: conflict", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		_, err := s.AccessTokens.Bearer(s.Context(), identity.DigestToken("x"))
		s.Kind("unknown", err, domain.NotFound)
		token := identity.AccessToken{User: 1, Digest: identity.DigestToken("x"), CreatedAt: now}
		s.addToken(token)
		_, err = s.AccessTokens.Add(s.Context(), token, tokenEvent)
		s.Kind("the digest again", err, domain.Conflict)
		s.Same("no token added", len(s.List("access-tokens")), 1)
	}},
	{Name: "access token: has the current state of its user", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		s.addToken(identity.AccessToken{User: 2, Name: "x", Digest: identity.DigestToken("x"), CreatedAt: now})
		s.Apply("users: [{id: 2, username: gus, state: blocked}]")
		got, err := s.AccessTokens.Bearer(s.Context(), identity.DigestToken("x"))
		s.Fine("Bearer", err)
		s.Same("state", got.User.State, identity.Blocked)
	}},
	{Name: "access token of a world", Check: func(s Subject) {
		s.Apply(twoFactorUsers, "access_tokens: [{user: gus, name: portal, scopes: [api, read_api], token: secret, revoked: true, expires_at: 2026-04-01}]")
		got, err := s.AccessTokens.Bearer(s.Context(), identity.DigestToken("secret"))
		s.Fine("Bearer", err)
		s.Same("scopes", got.Token.Scopes, []identity.Scope{"api", "read_api"})
		s.Same("revoked", got.Token.Revoked, true)
		s.Same("expiry", got.Token.ExpiresAt, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	}},
	{Name: "access token: latest use stays", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		id := s.addToken(identity.AccessToken{User: 1, Name: "x", Digest: identity.DigestToken("x"), CreatedAt: now})
		used := func(id int64, user identity.UserID, at time.Time) {
			s.AccessTokens.TokenUsed(identity.AccessToken{ID: id, User: user}, at)
		}
		used(id, 1, now)
		used(id, 1, now.Add(-time.Hour))
		used(404, 404, now)
		s.Fine("Flush", s.Store.Flush(s.Context()))
		got, err := s.AccessTokens.Bearer(s.Context(), identity.DigestToken("x"))
		s.Fine("Bearer", err)
		s.Same("the latest", got.Token.LastUsedAt, now.Truncate(time.Microsecond))
	}},
	{Name: "access tokens added concurrently: all stored", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		subject.Concurrently(func(me int) {
			for n := range subject.Rounds {
				s.addToken(identity.AccessToken{User: 1, Name: "x", Digest: identity.DigestToken(fmt.Sprint(me, n)), CreatedAt: now})
			}
		})
		s.Same("tokens", len(s.List("access-tokens", "id")), subject.Goroutines*subject.Rounds)
	}},
}

var setOnceCases = []Case{
	{Name: "SetOnce: first value stays", Check: func(s Subject) {
		setOnce := func(name, value, want string) {
			s.Helper()
			got, err := s.Store.SetOnce(s.Context(), name, value)
			s.Fine("SetOnce", err)
			s.Same(name, got, want)
		}
		setOnce("a", "", "")
		setOnce("a", "one", "one")
		setOnce("a", "two", "one")
		setOnce("a", "", "one")
		setOnce("b", "", "")
	}},
	{Name: "Replace: only the old value", Check: func(s Subject) {
		replace := func(name, old, value, want string) {
			s.Helper()
			s.Fine("Replace", s.Store.Replace(s.Context(), name, old, value))
			got, err := s.Store.SetOnce(s.Context(), name, "")
			s.Fine("SetOnce", err)
			s.Same(name, got, want)
		}
		replace("a", "", "one", "")
		_, err := s.Store.SetOnce(s.Context(), "a", "one")
		s.Fine("SetOnce", err)
		replace("a", "two", "three", "one")
		replace("a", "ONE", "three", "one")
		replace("a", "one", "two", "two")
		replace("b", "two", "three", "")
	}},
	{Name: "concurrent SetOnce: one value for all", Check: func(s Subject) {
		var kept [subject.Goroutines]string
		subject.Concurrently(func(me int) {
			var err error
			kept[me], err = s.Store.SetOnce(s.Context(), "a", fmt.Sprint(me))
			s.Fine("SetOnce", err)
		})
		for _, value := range kept {
			s.Same("kept", value, kept[0])
		}
	}},
}

var auditCases = []Case{
	{Name: "concurrent audit events: all stored", Check: func(s Subject) {
		subject.Concurrently(func(int) {
			for range subject.Rounds {
				s.Fine("Append", s.AuditLog.Append(s.Context(), audit.Event{At: now}))
			}
		})
		s.Same("events", len(s.List("audit")), subject.Goroutines*subject.Rounds)
	}},
	{Name: "cancelled context: error, no change", Check: func(s Subject) {
		s.Apply(twoFactorUsers)
		gone, enqueue := context.WithCancel(s.Context())
		enqueue()
		_, accountErr := s.Accounts.Account(gone, subject.Claim("user-1"))
		_, bearerErr := s.AccessTokens.Bearer(gone, identity.DigestToken("x"))
		_, addErr := s.AccessTokens.Add(gone, identity.AccessToken{User: 1, Digest: identity.DigestToken("x"), CreatedAt: now}, tokenEvent)
		for name, err := range map[string]error{
			"Account": accountErr, "Bearer": bearerErr, "AddToken": addErr,
			"Append":  s.AuditLog.Append(gone, audit.Event{At: now}),
			"Replace": s.RecoveryCodes.Replace(gone, 1, nil, tokenEvent),
			"Factor": s.Accounts.UpdateTwoFactor(gone, 1, func(f identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession) {
				return f.Accepted(1), nil
			}),
		} {
			if err == nil {
				s.Errorf("%s: got no error", name)
			}
		}
		s.Same("nothing stored", len(s.List("audit"))+len(s.List("access-tokens")), 0)
		s.Same("second factor unchanged", s.Account("user-1").Factor.LastStep, int64(0))
	}},
}
