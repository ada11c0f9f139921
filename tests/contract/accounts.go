package contract

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"gatehouse/application/audit"
	"gatehouse/application/credentials"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// safe is somebody with a second factor, somebody without, and a robot.
const safe = `
users:
  - {id: 1, username: dede, credential_version: 3, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}
  - {id: 2, username: gus}
  - {id: 3, username: key, two_factor: {webauthn: true}}
groups: [{path: acme}]
projects: [{id: 60, path: acme/cli, lfs: false}, {id: 61, path: acme/lib}]
keys: [{id: 11, user: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQiuYh1mAaOMsREipSa2ykND041ueAbDuXxoeYA/iZ0"}]
deploy_keys: [{id: 201, creator: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOq6Ou97blpQV0CCwEhEYAicipXd1jF+ojc2diiEWUz"}]
`

var holderCases = []Case{
	{Name: "second factors", Check: func(s Subject) {
		s.Apply(safe)
		sealed := identity.TwoFactor{Enabled: true, Secret: world.Seal("JBSWY3DPEHPK3PXP")}
		s.Same("by name", s.Account("username-dede").Factor, sealed)
		s.Same("by key", s.Account("key-11").Factor, sealed)
		s.Same("its key", s.Account("key-11").Actor.Key.ID, identity.KeyID(11))
		s.Same("the creator of a deploy key", s.Account("key-201").Actor.IsDeployKey(), true)
		s.Same("none", s.Account("user-2").Factor, identity.TwoFactor{})
		s.Same("WebAuthn only", s.Account("user-3").Factor, identity.TwoFactor{Enabled: true})
		s.Same("nobody", s.Account("user-404"), credentials.Account{})
		s.Same("in a standing", s.Standing("key-11", "acme/cli").Actor.User.TwoFactor, true)
		s.Same("not in a standing", s.Standing("user-2", "acme/cli").Actor.User.TwoFactor, false)
	}},
	{Name: "what LFS depends on", Check: func(s Subject) {
		s.Apply(safe)
		s.Same("version", s.Standing("user-1", "acme/cli").Actor.User.CredentialVersion, int64(3))
		s.Same("first version", s.Standing("user-2", "acme/cli").Actor.User.CredentialVersion, int64(1))
		s.Same("off", s.Standing("nobody", "acme/cli").Project.LFS, false)
		s.Same("on", s.Standing("nobody", "acme/lib").Project.LFS, true)
	}},
	{Name: "a factor is changed", Check: func(s Subject) {
		s.Apply(safe)
		until := now.Add(10 * time.Minute)
		s.Fine("UpdateFactor", s.UpdateFactor(1, func(f identity.TwoFactor) identity.TwoFactor {
			f.LastStep, f.Failures, f.LockedUntil = 7, 2, until
			return f
		}))
		got := s.Account("user-1").Factor
		s.Same("factor", got, identity.TwoFactor{
			Enabled: true, Secret: world.Seal("JBSWY3DPEHPK3PXP"), LastStep: 7, Failures: 2, LockedUntil: until.Truncate(time.Microsecond),
		})
		s.Same("in UTC", got.LockedUntil.Location() == time.UTC, true)
		s.Fine("UpdateFactor", s.UpdateFactor(1, func(f identity.TwoFactor) identity.TwoFactor {
			s.Same("seen by the next", f, got)
			return f.Accepted(9)
		}))
		s.Same("accepted", s.Account("user-1").Factor, identity.TwoFactor{Enabled: true, Secret: got.Secret, LastStep: 9})
		s.Apply(safe)
		s.Same("what was tried stays", s.Account("user-1").Factor.LastStep, int64(9))
	}},
	{Name: "a factor that is not there", Check: func(s Subject) {
		s.Apply(safe)
		same := func(f identity.TwoFactor) identity.TwoFactor { return f }
		s.Kind("no factor", s.UpdateFactor(2, same), domain.NotFound)
		s.Kind("nobody", s.UpdateFactor(404, same), domain.NotFound)
	}},
	{Name: "no change of a factor is lost", Check: func(s Subject) {
		s.Apply(safe)
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
	{Name: "sessions", Check: func(s Subject) {
		s.Apply(safe)
		until := now.Add(15 * time.Minute)
		has := func(who string, at time.Time) bool {
			q := subject.Inquiry(who, "acme/cli")
			q.Now = at
			return s.Ask(q).OTPSession
		}
		s.Same("none", has("key-11", now), false)
		s.OpenSession(1, 11, until)
		s.Same("for the key", has("key-11", now), true)
		s.Same("to the moment", has("key-11", until), false)
		s.Same("a moment before", has("key-11", until.Add(-time.Microsecond)), true)
		s.Same("not without the key", has("user-1", now), false)
		s.OpenSession(1, 0, until)
		s.Same("without a key", has("user-1", now), true)
		s.Same("of somebody else", has("user-2", now), false)
		s.Same("of the robot of that user", has("key-201", now), false)
		s.OpenSession(1, 11, until.Add(time.Hour))
		s.Same("renewed", has("key-11", until), true)
		q := subject.Inquiry("key-11", "acme/nothing")
		s.Same("also where there is no project", s.Ask(q).OTPSession, true)
	}},
	{Name: "a factor that is taken away", Check: func(s Subject) {
		s.Apply(safe)
		until := now.Add(15 * time.Minute)
		digest := identity.DigestToken("a")
		s.OpenSession(1, 11, until)
		s.Fine("Replace", s.RecoveryCodes.ReplaceRecoveryCodes(s.Context(), 1, []identity.TokenDigest{digest}))
		s.Fine("UpdateFactor", s.UpdateFactor(1, func(f identity.TwoFactor) identity.TwoFactor {
			f.LastStep, f.Failures, f.LockedUntil = 7, 2, until
			return f
		}))
		s.Apply("users: [{id: 1, username: dede}]", safe)
		s.Same("what was tried", s.Account("user-1").Factor, identity.TwoFactor{Enabled: true, Secret: world.Seal("JBSWY3DPEHPK3PXP")})
		s.Same("session", s.Standing("key-11", "acme/cli").OTPSession, false)
		s.Kind("code", s.RecoveryCodes.SpendRecoveryCode(s.Context(), 1, digest), domain.NotFound)
	}},
	{Name: "credentials never get older", Check: func(s Subject) {
		s.Apply(safe)
		s.Apply("users: [{id: 1, username: dede}]")
		s.Same("not told", s.Actor("user-1").User.CredentialVersion, int64(3))
		s.Apply("users: [{id: 1, username: dede, credential_version: 2}]")
		s.Same("told to", s.Actor("user-1").User.CredentialVersion, int64(3))
		s.Apply("users: [{id: 1, username: dede, credential_version: 4}]")
		s.Same("newer", s.Actor("user-1").User.CredentialVersion, int64(4))
	}},
	{Name: "recovery codes", Check: func(s Subject) {
		s.Apply(safe)
		digests := []identity.TokenDigest{identity.DigestToken("a"), identity.DigestToken("b")}
		fresh := []identity.TokenDigest{identity.DigestToken("c")}
		s.Fine("Replace", s.RecoveryCodes.ReplaceRecoveryCodes(s.Context(), 1, digests))
		s.Fine("Spend", s.RecoveryCodes.SpendRecoveryCode(s.Context(), 1, digests[0]))
		s.Kind("spent already", s.RecoveryCodes.SpendRecoveryCode(s.Context(), 1, digests[0]), domain.NotFound)
		s.Kind("somebody else's", s.RecoveryCodes.SpendRecoveryCode(s.Context(), 3, digests[1]), domain.NotFound)
		s.Fine("Replace", s.RecoveryCodes.ReplaceRecoveryCodes(s.Context(), 1, fresh))
		s.Kind("an old one", s.RecoveryCodes.SpendRecoveryCode(s.Context(), 1, digests[1]), domain.NotFound)
		s.Fine("a new one", s.RecoveryCodes.SpendRecoveryCode(s.Context(), 1, fresh[0]))
		s.Kind("nobody's", s.RecoveryCodes.ReplaceRecoveryCodes(s.Context(), 404, fresh), domain.NotFound)
	}},
	{Name: "of two sets of recovery codes one is whole", Check: func(s Subject) {
		s.Apply(safe)
		sets := make([][]identity.TokenDigest, subject.Goroutines)
		for me := range sets {
			for n := range 10 {
				sets[me] = append(sets[me], identity.DigestToken(fmt.Sprint(me, " ", n)))
			}
		}
		subject.Concurrently(func(me int) { s.Fine("Replace", s.RecoveryCodes.ReplaceRecoveryCodes(s.Context(), 1, sets[me])) })
		whole := 0
		for _, set := range sets {
			valid := 0
			for _, digest := range set {
				if s.RecoveryCodes.SpendRecoveryCode(s.Context(), 1, digest) == nil {
					valid++
				}
			}
			s.Same("codes of a set", valid == 0 || valid == 10, true)
			whole += valid
		}
		s.Same("codes in all", whole, 10)
	}},
	{Name: "a recovery code is spent once", Check: func(s Subject) {
		s.Apply(safe)
		digest := identity.DigestToken("a")
		s.Fine("Replace", s.RecoveryCodes.ReplaceRecoveryCodes(s.Context(), 1, []identity.TokenDigest{digest}))
		var spent atomic.Int32
		subject.Concurrently(func(int) {
			switch err := s.RecoveryCodes.SpendRecoveryCode(s.Context(), 1, digest); {
			case err == nil:
				spent.Add(1)
			case !errors.Is(err, domain.NotFound):
				s.Errorf("Spend: %v", err)
			}
		})
		s.Same("spent", spent.Load(), int32(1))
	}},
}

func (s Subject) mint(t identity.AccessToken) int64 {
	s.Helper()
	id, err := s.AccessTokens.AddToken(s.Context(), t)
	s.Fine("MintToken", err)
	return id
}

var tokenCases = []Case{
	{Name: "a token is minted and found", Check: func(s Subject) {
		s.Apply(safe)
		token := identity.AccessToken{
			User: 1, Name: "mine", Scopes: []identity.Scope{"read_user", "api"}, Digest: identity.DigestToken("x"),
			ExpiresAt: time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC), CreatedAt: now,
		}
		token.ID = s.mint(token)
		got, err := s.AccessTokens.Bearer(s.Context(), token.Digest)
		s.Fine("Bearer", err)
		token.CreatedAt = now.Truncate(time.Microsecond)
		s.Same("token", got.Token, token)
		s.Same("user", got.User, s.Actor("user-1").User)
		other := s.mint(identity.AccessToken{User: 1, Name: "mine", Digest: identity.DigestToken("y"), CreatedAt: now})
		s.Same("another number", other != token.ID && other != 0, true)
	}},
	{Name: "a token without anything", Check: func(s Subject) {
		s.Apply(safe)
		s.mint(identity.AccessToken{User: 2, Name: "", Digest: identity.DigestToken("x"), CreatedAt: now})
		got, err := s.AccessTokens.Bearer(s.Context(), identity.DigestToken("x"))
		s.Fine("Bearer", err)
		s.Same("no expiry", got.Token.ExpiresAt.IsZero(), true)
		s.Same("never used", got.Token.LastUsedAt.IsZero(), true)
		s.Same("scopes", len(got.Token.Scopes), 0)
	}},
	{Name: "tokens that are not there", Check: func(s Subject) {
		s.Apply(safe)
		_, err := s.AccessTokens.Bearer(s.Context(), identity.DigestToken("x"))
		s.Kind("unknown", err, domain.NotFound)
		token := identity.AccessToken{User: 1, Digest: identity.DigestToken("x"), CreatedAt: now}
		s.mint(token)
		_, err = s.AccessTokens.AddToken(s.Context(), token)
		s.Kind("the digest again", err, domain.Conflict)
		s.Same("and nothing is kept of it", len(s.List("access-tokens")), 1)
	}},
	{Name: "a token's user is that of this moment", Check: func(s Subject) {
		s.Apply(safe)
		s.mint(identity.AccessToken{User: 2, Name: "x", Digest: identity.DigestToken("x"), CreatedAt: now})
		s.Apply("users: [{id: 2, username: gus, state: blocked}]")
		got, err := s.AccessTokens.Bearer(s.Context(), identity.DigestToken("x"))
		s.Fine("Bearer", err)
		s.Same("state", got.User.State, identity.Blocked)
	}},
	{Name: "a world's token", Check: func(s Subject) {
		s.Apply(safe, "access_tokens: [{user: gus, name: portal, scopes: [api, read_api], token: secret, revoked: true, expires_at: 2026-04-01}]")
		got, err := s.AccessTokens.Bearer(s.Context(), identity.DigestToken("secret"))
		s.Fine("Bearer", err)
		s.Same("scopes", got.Token.Scopes, []identity.Scope{"api", "read_api"})
		s.Same("revoked", got.Token.Revoked, true)
		s.Same("expiry", got.Token.ExpiresAt, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	}},
	{Name: "a token's last use", Check: func(s Subject) {
		s.Apply(safe)
		id := s.mint(identity.AccessToken{User: 1, Name: "x", Digest: identity.DigestToken("x"), CreatedAt: now})
		s.AccessTokens.TokenUsed(id, now)
		s.AccessTokens.TokenUsed(id, now.Add(-time.Hour))
		s.AccessTokens.TokenUsed(404, now)
		s.Fine("Flush", s.Store.Flush(s.Context()))
		got, err := s.AccessTokens.Bearer(s.Context(), identity.DigestToken("x"))
		s.Fine("Bearer", err)
		s.Same("the latest", got.Token.LastUsedAt, now.Truncate(time.Microsecond))
	}},
	{Name: "several mint", Check: func(s Subject) {
		s.Apply(safe)
		subject.Concurrently(func(me int) {
			for n := range subject.Rounds {
				s.mint(identity.AccessToken{User: 1, Name: "x", Digest: identity.DigestToken(fmt.Sprint(me, n)), CreatedAt: now})
			}
		})
		s.Same("tokens", len(s.List("access-tokens", "id")), subject.Goroutines*subject.Rounds)
	}},
}

var keeperCases = []Case{
	{Name: "what is remembered stays", Check: func(s Subject) {
		remember := func(name, value, want string) {
			s.Helper()
			got, err := s.Store.SetOnce(s.Context(), name, value)
			s.Fine("Remember", err)
			s.Same(name, got, want)
		}
		remember("a", "", "")
		remember("a", "one", "one")
		remember("a", "two", "one")
		remember("a", "", "one")
		remember("b", "", "")
	}},
	{Name: "of several who remember one is first", Check: func(s Subject) {
		var kept [subject.Goroutines]string
		subject.Concurrently(func(me int) {
			var err error
			kept[me], err = s.Store.SetOnce(s.Context(), "a", fmt.Sprint(me))
			s.Fine("Remember", err)
		})
		for _, value := range kept {
			s.Same("kept", value, kept[0])
		}
	}},
}

var auditCases = []Case{
	{Name: "events are kept in their order", Check: func(s Subject) {
		s.Apply(safe)
		event := audit.Event{
			At: now, Action: "git-upload-pack", Protocol: "ssh", Verb: audit.Clone, Repository: "project-60",
			User: 1, Username: "dede", Key: 11, KeyType: identity.UserKey, Address: "192.0.2.7", Stats: audit.Stats{Wants: 3},
		}
		s.Fine("Append", s.AuditLog.Append(s.Context(), event))
		s.Fine("Append", s.AuditLog.Append(s.Context(), audit.Event{At: now, Action: "git-receive-pack", Verb: audit.Push, Repository: "x\xff\x00", Key: 404}))
		s.Same("events", s.List("audit", "action", "verb", "gl_repository", "username", "key_id", "ip_address"), []string{
			"git-upload-pack clone project-60 dede 11 192.0.2.7", "git-receive-pack push x\xff\x00 - 404 -",
		})
	}},
	{Name: "several append", Check: func(s Subject) {
		subject.Concurrently(func(int) {
			for range subject.Rounds {
				s.Fine("Append", s.AuditLog.Append(s.Context(), audit.Event{At: now}))
			}
		})
		s.Same("events", len(s.List("audit")), subject.Goroutines*subject.Rounds)
	}},
	{Name: "a caller who has gone", Check: func(s Subject) {
		s.Apply(safe)
		gone, leave := context.WithCancel(s.Context())
		leave()
		_, holder := s.Accounts.Account(gone, subject.Claim("user-1"))
		_, bearer := s.AccessTokens.Bearer(gone, identity.DigestToken("x"))
		_, mint := s.AccessTokens.AddToken(gone, identity.AccessToken{User: 1, Digest: identity.DigestToken("x"), CreatedAt: now})
		for name, err := range map[string]error{
			"Holder": holder, "Bearer": bearer, "MintToken": mint,
			"Append":  s.AuditLog.Append(gone, audit.Event{At: now}),
			"Replace": s.RecoveryCodes.ReplaceRecoveryCodes(gone, 1, nil),
			"Factor": s.Accounts.UpdateTwoFactor(gone, 1, func(f identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession) {
				return f.Accepted(1), nil
			}),
		} {
			if err == nil {
				s.Errorf("%s: got no error", name)
			}
		}
		s.Same("nothing is kept", len(s.List("audit"))+len(s.List("access-tokens")), 0)
		s.Same("nothing is changed", s.Account("user-1").Factor.LastStep, int64(0))
	}},
}
