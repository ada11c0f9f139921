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

func (s Subject) holder(who string) credentials.Holder {
	s.Helper()
	h, err := s.Holders.Holder(s.Context(), claim(who))
	s.fine("Holder", err)
	return h
}

// factor changes the second factor of a user, without a session.
func (s Subject) factor(user identity.UserID, change func(identity.TwoFactor) identity.TwoFactor) error {
	return s.Holders.UpdateFactor(s.Context(), user, func(f identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession) {
		return change(f), nil
	})
}

func (s Subject) session(user identity.UserID, key identity.KeyID, until time.Time) {
	s.Helper()
	s.fine("UpdateFactor", s.Holders.UpdateFactor(s.Context(), user, func(f identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession) {
		return f, &identity.OTPSession{User: user, Key: key, ExpiresAt: until}
	}))
}

var holderCases = []Case{
	{Name: "second factors", Check: func(s Subject) {
		s.apply(safe)
		sealed := identity.TwoFactor{Enabled: true, Secret: world.Seal("JBSWY3DPEHPK3PXP")}
		s.same("by name", s.holder("username-dede").Factor, sealed)
		s.same("by key", s.holder("key-11").Factor, sealed)
		s.same("its key", s.holder("key-11").Actor.Key.ID, identity.KeyID(11))
		s.same("the creator of a deploy key", s.holder("key-201").Actor.IsDeployKey(), true)
		s.same("none", s.holder("user-2").Factor, identity.TwoFactor{})
		s.same("WebAuthn only", s.holder("user-3").Factor, identity.TwoFactor{Enabled: true})
		s.same("nobody", s.holder("user-404"), credentials.Holder{})
		s.same("in a standing", s.standing("key-11", "acme/cli").Actor.User.TwoFactor, true)
		s.same("not in a standing", s.standing("user-2", "acme/cli").Actor.User.TwoFactor, false)
	}},
	{Name: "what LFS depends on", Check: func(s Subject) {
		s.apply(safe)
		s.same("version", s.standing("user-1", "acme/cli").Actor.User.CredentialVersion, int64(3))
		s.same("first version", s.standing("user-2", "acme/cli").Actor.User.CredentialVersion, int64(1))
		s.same("off", s.standing("nobody", "acme/cli").Project.LFS, false)
		s.same("on", s.standing("nobody", "acme/lib").Project.LFS, true)
	}},
	{Name: "a factor is changed", Check: func(s Subject) {
		s.apply(safe)
		until := now.Add(10 * time.Minute)
		s.fine("UpdateFactor", s.factor(1, func(f identity.TwoFactor) identity.TwoFactor {
			f.LastStep, f.Failures, f.LockedUntil = 7, 2, until
			return f
		}))
		got := s.holder("user-1").Factor
		s.same("factor", got, identity.TwoFactor{
			Enabled: true, Secret: world.Seal("JBSWY3DPEHPK3PXP"), LastStep: 7, Failures: 2, LockedUntil: until.Truncate(time.Microsecond),
		})
		s.same("in UTC", got.LockedUntil.Location() == time.UTC, true)
		s.fine("UpdateFactor", s.factor(1, func(f identity.TwoFactor) identity.TwoFactor {
			s.same("seen by the next", f, got)
			return f.Accepted(9)
		}))
		s.same("accepted", s.holder("user-1").Factor, identity.TwoFactor{Enabled: true, Secret: got.Secret, LastStep: 9})
		s.apply(safe)
		s.same("what was tried stays", s.holder("user-1").Factor.LastStep, int64(9))
	}},
	{Name: "a factor that is not there", Check: func(s Subject) {
		s.apply(safe)
		same := func(f identity.TwoFactor) identity.TwoFactor { return f }
		s.kind("no factor", s.factor(2, same), domain.NotFound)
		s.kind("nobody", s.factor(404, same), domain.NotFound)
	}},
	{Name: "no change of a factor is lost", Check: func(s Subject) {
		s.apply(safe)
		together(func(int) {
			for range rounds {
				s.fine("UpdateFactor", s.factor(1, func(f identity.TwoFactor) identity.TwoFactor {
					f.Failures++
					return f
				}))
			}
		})
		s.same("failures", s.holder("user-1").Factor.Failures, crowd*rounds)
	}},
	{Name: "sessions", Check: func(s Subject) {
		s.apply(safe)
		until := now.Add(15 * time.Minute)
		has := func(who string, at time.Time) bool {
			q := question(who, "acme/cli")
			q.Now = at
			return s.ask(q).OTPSession
		}
		s.same("none", has("key-11", now), false)
		s.session(1, 11, until)
		s.same("for the key", has("key-11", now), true)
		s.same("to the moment", has("key-11", until), false)
		s.same("a moment before", has("key-11", until.Add(-time.Microsecond)), true)
		s.same("not without the key", has("user-1", now), false)
		s.session(1, 0, until)
		s.same("without a key", has("user-1", now), true)
		s.same("of somebody else", has("user-2", now), false)
		s.same("of the robot of that user", has("key-201", now), false)
		s.session(1, 11, until.Add(time.Hour))
		s.same("renewed", has("key-11", until), true)
		q := question("key-11", "acme/nothing")
		s.same("also where there is no project", s.ask(q).OTPSession, true)
	}},
	{Name: "a factor that is taken away", Check: func(s Subject) {
		s.apply(safe)
		until := now.Add(15 * time.Minute)
		digest := identity.DigestToken("a")
		s.session(1, 11, until)
		s.fine("Replace", s.Codes.ReplaceRecoveryCodes(s.Context(), 1, []identity.TokenDigest{digest}))
		s.fine("UpdateFactor", s.factor(1, func(f identity.TwoFactor) identity.TwoFactor {
			f.LastStep, f.Failures, f.LockedUntil = 7, 2, until
			return f
		}))
		s.apply("users: [{id: 1, username: dede}]", safe)
		s.same("what was tried", s.holder("user-1").Factor, identity.TwoFactor{Enabled: true, Secret: world.Seal("JBSWY3DPEHPK3PXP")})
		s.same("session", s.standing("key-11", "acme/cli").OTPSession, false)
		s.kind("code", s.Codes.SpendRecoveryCode(s.Context(), 1, digest), domain.NotFound)
	}},
	{Name: "credentials never get older", Check: func(s Subject) {
		s.apply(safe)
		s.apply("users: [{id: 1, username: dede}]")
		s.same("not told", s.actor("user-1").User.CredentialVersion, int64(3))
		s.apply("users: [{id: 1, username: dede, credential_version: 2}]")
		s.same("told to", s.actor("user-1").User.CredentialVersion, int64(3))
		s.apply("users: [{id: 1, username: dede, credential_version: 4}]")
		s.same("newer", s.actor("user-1").User.CredentialVersion, int64(4))
	}},
	{Name: "recovery codes", Check: func(s Subject) {
		s.apply(safe)
		digests := []identity.TokenDigest{identity.DigestToken("a"), identity.DigestToken("b")}
		fresh := []identity.TokenDigest{identity.DigestToken("c")}
		s.fine("Replace", s.Codes.ReplaceRecoveryCodes(s.Context(), 1, digests))
		s.fine("Spend", s.Codes.SpendRecoveryCode(s.Context(), 1, digests[0]))
		s.kind("spent already", s.Codes.SpendRecoveryCode(s.Context(), 1, digests[0]), domain.NotFound)
		s.kind("somebody else's", s.Codes.SpendRecoveryCode(s.Context(), 3, digests[1]), domain.NotFound)
		s.fine("Replace", s.Codes.ReplaceRecoveryCodes(s.Context(), 1, fresh))
		s.kind("an old one", s.Codes.SpendRecoveryCode(s.Context(), 1, digests[1]), domain.NotFound)
		s.fine("a new one", s.Codes.SpendRecoveryCode(s.Context(), 1, fresh[0]))
		s.kind("nobody's", s.Codes.ReplaceRecoveryCodes(s.Context(), 404, fresh), domain.NotFound)
	}},
	{Name: "of two sets of recovery codes one is whole", Check: func(s Subject) {
		s.apply(safe)
		sets := make([][]identity.TokenDigest, crowd)
		for me := range sets {
			for n := range 10 {
				sets[me] = append(sets[me], identity.DigestToken(fmt.Sprint(me, " ", n)))
			}
		}
		together(func(me int) { s.fine("Replace", s.Codes.ReplaceRecoveryCodes(s.Context(), 1, sets[me])) })
		whole := 0
		for _, set := range sets {
			valid := 0
			for _, digest := range set {
				if s.Codes.SpendRecoveryCode(s.Context(), 1, digest) == nil {
					valid++
				}
			}
			s.same("codes of a set", valid == 0 || valid == 10, true)
			whole += valid
		}
		s.same("codes in all", whole, 10)
	}},
	{Name: "a recovery code is spent once", Check: func(s Subject) {
		s.apply(safe)
		digest := identity.DigestToken("a")
		s.fine("Replace", s.Codes.ReplaceRecoveryCodes(s.Context(), 1, []identity.TokenDigest{digest}))
		var spent atomic.Int32
		together(func(int) {
			switch err := s.Codes.SpendRecoveryCode(s.Context(), 1, digest); {
			case err == nil:
				spent.Add(1)
			case !errors.Is(err, domain.NotFound):
				s.Errorf("Spend: %v", err)
			}
		})
		s.same("spent", spent.Load(), int32(1))
	}},
}

func (s Subject) mint(t identity.AccessToken) int64 {
	s.Helper()
	id, err := s.Tokens.MintToken(s.Context(), t)
	s.fine("MintToken", err)
	return id
}

var tokenCases = []Case{
	{Name: "a token is minted and found", Check: func(s Subject) {
		s.apply(safe)
		token := identity.AccessToken{
			User: 1, Name: "mine", Scopes: []identity.Scope{"read_user", "api"}, Digest: identity.DigestToken("x"),
			ExpiresAt: time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC), CreatedAt: now,
		}
		token.ID = s.mint(token)
		got, err := s.Tokens.Bearer(s.Context(), token.Digest)
		s.fine("Bearer", err)
		token.CreatedAt = now.Truncate(time.Microsecond)
		s.same("token", got.Token, token)
		s.same("user", got.User, s.actor("user-1").User)
		other := s.mint(identity.AccessToken{User: 1, Name: "mine", Digest: identity.DigestToken("y"), CreatedAt: now})
		s.same("another number", other != token.ID && other != 0, true)
	}},
	{Name: "a token without anything", Check: func(s Subject) {
		s.apply(safe)
		s.mint(identity.AccessToken{User: 2, Name: "", Digest: identity.DigestToken("x"), CreatedAt: now})
		got, err := s.Tokens.Bearer(s.Context(), identity.DigestToken("x"))
		s.fine("Bearer", err)
		s.same("no expiry", got.Token.ExpiresAt.IsZero(), true)
		s.same("never used", got.Token.LastUsedAt.IsZero(), true)
		s.same("scopes", len(got.Token.Scopes), 0)
	}},
	{Name: "tokens that are not there", Check: func(s Subject) {
		s.apply(safe)
		_, err := s.Tokens.Bearer(s.Context(), identity.DigestToken("x"))
		s.kind("unknown", err, domain.NotFound)
		token := identity.AccessToken{User: 1, Digest: identity.DigestToken("x"), CreatedAt: now}
		s.mint(token)
		_, err = s.Tokens.MintToken(s.Context(), token)
		s.kind("the digest again", err, domain.Conflict)
		s.same("and nothing is kept of it", len(s.list("access-tokens")), 1)
	}},
	{Name: "a token's user is that of this moment", Check: func(s Subject) {
		s.apply(safe)
		s.mint(identity.AccessToken{User: 2, Name: "x", Digest: identity.DigestToken("x"), CreatedAt: now})
		s.apply("users: [{id: 2, username: gus, state: blocked}]")
		got, err := s.Tokens.Bearer(s.Context(), identity.DigestToken("x"))
		s.fine("Bearer", err)
		s.same("state", got.User.State, identity.Blocked)
	}},
	{Name: "a world's token", Check: func(s Subject) {
		s.apply(safe, "access_tokens: [{user: gus, name: portal, scopes: [api, read_api], token: secret, revoked: true, expires_at: 2026-04-01}]")
		got, err := s.Tokens.Bearer(s.Context(), identity.DigestToken("secret"))
		s.fine("Bearer", err)
		s.same("scopes", got.Token.Scopes, []identity.Scope{"api", "read_api"})
		s.same("revoked", got.Token.Revoked, true)
		s.same("expiry", got.Token.ExpiresAt, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	}},
	{Name: "a token's last use", Check: func(s Subject) {
		s.apply(safe)
		id := s.mint(identity.AccessToken{User: 1, Name: "x", Digest: identity.DigestToken("x"), CreatedAt: now})
		s.Tokens.TokenUsed(id, now)
		s.Tokens.TokenUsed(id, now.Add(-time.Hour))
		s.Tokens.TokenUsed(404, now)
		s.fine("Flush", s.Keeper.Flush(s.Context()))
		got, err := s.Tokens.Bearer(s.Context(), identity.DigestToken("x"))
		s.fine("Bearer", err)
		s.same("the latest", got.Token.LastUsedAt, now.Truncate(time.Microsecond))
	}},
	{Name: "several mint", Check: func(s Subject) {
		s.apply(safe)
		together(func(me int) {
			for n := range rounds {
				s.mint(identity.AccessToken{User: 1, Name: "x", Digest: identity.DigestToken(fmt.Sprint(me, n)), CreatedAt: now})
			}
		})
		s.same("tokens", len(s.list("access-tokens", "id")), crowd*rounds)
	}},
}

var keeperCases = []Case{
	{Name: "what is remembered stays", Check: func(s Subject) {
		remember := func(name, value, want string) {
			s.Helper()
			got, err := s.Keeper.Remember(s.Context(), name, value)
			s.fine("Remember", err)
			s.same(name, got, want)
		}
		remember("a", "", "")
		remember("a", "one", "one")
		remember("a", "two", "one")
		remember("a", "", "one")
		remember("b", "", "")
	}},
	{Name: "of several who remember one is first", Check: func(s Subject) {
		var kept [crowd]string
		together(func(me int) {
			var err error
			kept[me], err = s.Keeper.Remember(s.Context(), "a", fmt.Sprint(me))
			s.fine("Remember", err)
		})
		for _, value := range kept {
			s.same("kept", value, kept[0])
		}
	}},
}

var auditCases = []Case{
	{Name: "events are kept in their order", Check: func(s Subject) {
		s.apply(safe)
		event := audit.Event{
			At: now, Action: "git-upload-pack", Protocol: "ssh", Verb: audit.Clone, Repository: "project-60",
			User: 1, Username: "dede", Key: 11, KeyType: identity.UserKey, Address: "192.0.2.7", Stats: audit.Stats{Wants: 3},
		}
		s.fine("Append", s.Events.Append(s.Context(), event))
		s.fine("Append", s.Events.Append(s.Context(), audit.Event{At: now, Action: "git-receive-pack", Verb: audit.Push, Repository: "x\xff\x00", Key: 404}))
		s.same("events", s.list("audit", "action", "verb", "gl_repository", "username", "key_id", "ip_address"), []string{
			"git-upload-pack clone project-60 dede 11 192.0.2.7", "git-receive-pack push x\xff\x00 - 404 -",
		})
	}},
	{Name: "several append", Check: func(s Subject) {
		together(func(int) {
			for range rounds {
				s.fine("Append", s.Events.Append(s.Context(), audit.Event{At: now}))
			}
		})
		s.same("events", len(s.list("audit")), crowd*rounds)
	}},
	{Name: "a caller who has gone", Check: func(s Subject) {
		s.apply(safe)
		gone, leave := context.WithCancel(s.Context())
		leave()
		_, holder := s.Holders.Holder(gone, claim("user-1"))
		_, bearer := s.Tokens.Bearer(gone, identity.DigestToken("x"))
		_, mint := s.Tokens.MintToken(gone, identity.AccessToken{User: 1, Digest: identity.DigestToken("x"), CreatedAt: now})
		for name, err := range map[string]error{
			"Holder": holder, "Bearer": bearer, "MintToken": mint,
			"Append":  s.Events.Append(gone, audit.Event{At: now}),
			"Replace": s.Codes.ReplaceRecoveryCodes(gone, 1, nil),
			"Factor": s.Holders.UpdateFactor(gone, 1, func(f identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession) {
				return f.Accepted(1), nil
			}),
		} {
			if err == nil {
				s.Errorf("%s: got no error", name)
			}
		}
		s.same("nothing is kept", len(s.list("audit"))+len(s.list("access-tokens")), 0)
		s.same("nothing is changed", s.holder("user-1").Factor.LastStep, int64(0))
	}},
}
