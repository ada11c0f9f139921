package behaviour_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pquerna/otp/totp"

	"gatehouse/application/credentials"
	"gatehouse/bootstrap/config"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// staff are the users in requests about credentials.
var staff = fmt.Sprintf(`
users:
  - {id: 1, username: root, admin: true}
  - {id: 7, username: dede, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}
  - {id: 8, username: gus}
  - {id: 9, username: key, two_factor: {webauthn: true}}
  - {id: 10, username: gone, state: blocked, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}
groups: [{path: acme}]
projects: [{id: 42, path: acme/cli}]
members: [{user: dede, group: acme, role: developer}, {user: gus, group: acme, role: developer}]
keys:
  - {id: 11, user: dede, key: %q}
  - {id: 12, user: gus, key: %q}
  - {id: 13, user: dede, key: %q}
  - {id: 14, user: dede, expires_at: 2026-03-10, key: %q}
  - {id: 15, user: dede, usage: signing, key: %q}
  - {id: 16, user: gone, key: %q}
deploy_keys:
  - {id: 201, creator: dede, key: %q, projects: [{project: acme/cli}]}
  - {id: 202, key: %q}
`, world.Key(11), world.Key(12), world.Key(13), world.Key(14), world.Key(15), world.Key(16), world.Key(201), world.Key(202))

// shellServer is a server that receives the credential requests of GitLab Shell.
type shellServer struct{ *server }

// shellServer builds a server whose store holds the staff.
func (s Subject) shellServer(change ...func(*config.Config)) *shellServer {
	s.Helper()
	s.Apply(staff)
	return &shellServer{s.server(change...)}
}

// code returns dede's valid one-time password.
func (sh *shellServer) code() string {
	sh.Helper()
	code, err := totp.GenerateCode("JBSWY3DPEHPK3PXP", sh.now)
	sh.Fine("GenerateCode", err)
	return code
}

// caller returns the caller with the claim key-7 or user-7.
func caller(who string) credentials.Caller {
	return credentials.Caller{Claim: subject.Claim(who), ByUser: strings.HasPrefix(who, "user-")}
}

func (sh *shellServer) newCodes(who string) []string {
	sh.Helper()
	codes, err := sh.Credentials.RecoveryCodes(sh.Context(), audit.Cause{}, caller(who))
	sh.Fine("RecoveryCodes", err)
	return codes
}

// spendCodes spends the recovery codes and returns how many were valid.
func (sh *shellServer) spendCodes(user identity.UserID, codes []string) (n int) {
	sh.Helper()
	for _, code := range codes {
		switch err := sh.Credentials.SpendRecoveryCode(sh.Context(), user, code); {
		case err == nil:
			n++
		case !errors.Is(err, domain.Unauthenticated):
			sh.Errorf("SpendRecoveryCode: %v", err)
		}
	}
	return n
}

var recoveryCode = regexp.MustCompile(`^[0-9a-f]{16}$`)

// recoveryCases are about recovery codes. No case has a user's key without its
// user: in every store a key belongs to a user, and users are never deleted.
var recoveryCases = []Case{
	{Name: "recovery codes: refused", Check: func(s Subject) {
		sh := s.shellServer()
		kept := sh.newCodes("user-7")
		for _, c := range []struct {
			row, who string
			kind     domain.Kind
			words    string
		}{
			{"an unknown user", "user-404", domain.NotFound, "given user"},
			{"no number", "user-x", domain.NotFound, "given user"},
			{"an unknown key", "key-404", domain.NotFound, "given key"},
			{"no claim", "nobody", domain.NotFound, "given key"},
			{"a key for signing only", "key-15", domain.NotFound, "given key"},
			{"a deploy key", "key-201", domain.Forbidden, "Deploy keys"},
			{"a deploy key whose creator is gone", "key-202", domain.Forbidden, "Deploy keys"},
			{"no second factor", "user-8", domain.Unprocessable, "not enabled"},
			{"no second factor, by key", "key-12", domain.Unprocessable, "not enabled"},
			{"a key that has expired", "key-14", domain.Forbidden, "expired"},
			{"blocked", "user-10", domain.Forbidden, "blocked"},
			{"blocked, by key", "key-16", domain.Forbidden, "blocked"},
		} {
			codes, err := sh.Credentials.RecoveryCodes(s.Context(), audit.Cause{}, caller(c.who))
			s.Refused(c.row, err, c.kind, c.words)
			s.Same(c.row, len(codes), 0)
		}
		s.Same("codes of before", sh.spendCodes(7, kept), 10)
	}},
	{Name: "recovery codes: ten, each spent once", OnDatabases: true, Check: func(s Subject) {
		sh := s.shellServer()
		for who, user := range map[string]identity.UserID{"key-11": 7, "user-9": 9} {
			codes := sh.newCodes(who)
			s.Same("codes", len(codes), 10)
			s.Same("different ones", len(slices.Compact(slices.Sorted(slices.Values(codes)))), 10)
			for _, c := range codes {
				s.Same("16 hexadecimal digits", recoveryCode.MatchString(c), true)
			}
			s.wantNowhere(codes...)
			s.Same("as another user", sh.spendCodes(8, codes), 0)
			s.Same("in any letter case", sh.Credentials.SpendRecoveryCode(s.Context(), user, strings.ToUpper(codes[0])), nil)
			s.Same("each counts once", sh.spendCodes(user, codes), 9)
			s.Same("and not again", sh.spendCodes(user, codes), 0)
		}
	}},
	{Name: "new recovery codes: old ones invalid", OnDatabases: true, Check: func(s Subject) {
		sh := s.shellServer()
		old, others := sh.newCodes("user-7"), sh.newCodes("user-9")
		fresh := sh.newCodes("key-11")
		s.Same("old ones", sh.spendCodes(7, old), 0)
		s.Same("new ones", sh.spendCodes(7, fresh), 10)
		s.Same("those of others", sh.spendCodes(9, others), 10)
	}},
	{Name: "concurrent requests for recovery codes: one set valid", OnDatabases: true, Check: func(s Subject) {
		sh := s.shellServer()
		for range 5 {
			sets := make([][]string, subject.Goroutines)
			subject.Concurrently(func(me int) { sets[me] = sh.newCodes("key-11") })
			whole := 0
			for _, set := range sets {
				if n := sh.spendCodes(7, set); n > 0 {
					s.Same("codes of a set", n, 10)
					whole++
				}
			}
			s.Same("sets", whole, 1)
		}
	}},
	{Name: "second factor removed: sessions, recovery codes and lock removed", Check: func(s Subject) {
		sh := s.shellServer()
		codes, used := sh.newCodes("user-7"), sh.code()
		s.Fine("CheckOTP", sh.Credentials.CheckOTP(s.Context(), caller("key-11"), used))
		s.Refused("wrong", sh.Credentials.CheckOTP(s.Context(), caller("key-11"), "0"), domain.Forbidden)
		s.Fine("UpdateFactor", s.UpdateFactor(7, func(f identity.TwoFactor) identity.TwoFactor {
			f.LockedUntil = now.Add(time.Hour)
			return f
		}))
		s.Same("a session", s.HasOTPSession("key-11", "acme/cli", now), true)
		s.Apply("users: [{id: 7, username: dede, two_factor: null}]")
		s.Same("a session, without a factor", s.HasOTPSession("key-11", "acme/cli", now), false)
		s.Same("codes", sh.spendCodes(7, codes), 0)
		s.Apply(staff)
		s.Same("a session, with a new factor", s.HasOTPSession("key-11", "acme/cli", now), false)
		s.Same("codes, with a new factor", sh.spendCodes(7, codes), 0)
		s.Same("second factor", sh.Account("user-7").Factor, identity.TwoFactor{Enabled: true})
		s.Fine("the code again, of a new factor", sh.Credentials.CheckOTP(s.Context(), caller("key-11"), used))
	}},
	{Name: "world applied again: session and recovery codes stay", Check: func(s Subject) {
		sh := s.shellServer()
		codes := sh.newCodes("user-7")
		s.Fine("CheckOTP", sh.Credentials.CheckOTP(s.Context(), caller("key-11"), sh.code()))
		s.Apply(staff)
		s.Same("a session", s.HasOTPSession("key-11", "acme/cli", now), true)
		s.Refused("the code again", sh.Credentials.CheckOTP(s.Context(), caller("key-11"), sh.code()), domain.Forbidden)
		s.Same("codes", sh.spendCodes(7, codes), 10)
	}},
}

// otpCases are about one-time passwords and their sessions.
var otpCases = []Case{
	{Name: "OTP disabled: refused", Check: func(s Subject) {
		sh := s.shellServer(func(c *config.Config) { c.OTP.Enabled = false })
		for _, who := range []string{"key-11", "key-12", "key-201", "key-404", "user-404", "user-10"} {
			_, required := sh.Credentials.TwoFactorRequired(s.Context(), caller(who))
			for what, err := range map[string]error{
				"manual": sh.Credentials.CheckOTP(s.Context(), caller(who), sh.code()), "push": sh.Credentials.PushOTP(s.Context(), caller(who)), "config": required,
			} {
				s.Refused(what+" "+who, err, domain.Unprocessable, "not available")
			}
		}
		s.Same("a session", s.HasOTPSession("key-11", "acme/cli", now), false)
	}},
	{Name: "OTP: refused callers", Check: func(s Subject) {
		sh := s.shellServer()
		for _, c := range []struct {
			who   string
			kind  domain.Kind
			words string
		}{
			{"key-404", domain.NotFound, "given key"},
			{"nobody", domain.NotFound, "given key"},
			{"user-404", domain.NotFound, "given user"},
			{"key-201", domain.Forbidden, "Deploy keys"},
			{"key-202", domain.Forbidden, "Deploy keys"},
			{"key-14", domain.Forbidden, "expired"},
			{"user-10", domain.Forbidden, "blocked"},
			{"key-12", domain.Unprocessable, "not enabled"},
		} {
			s.Refused("manual "+c.who, sh.Credentials.CheckOTP(s.Context(), caller(c.who), sh.code()), c.kind, c.words)
			s.Refused("push "+c.who, sh.Credentials.PushOTP(s.Context(), caller(c.who)), c.kind, c.words)
		}
		s.Refused("WebAuthn only", sh.Credentials.CheckOTP(s.Context(), caller("user-9"), sh.code()), domain.Forbidden, "Invalid OTP")
		s.Refused("push", sh.Credentials.PushOTP(s.Context(), caller("key-11")), domain.Unprocessable, "Push")
	}},
	{Name: "two-factor configuration: who needs a second factor", Check: func(s Subject) {
		sh := s.shellServer()
		for who, want := range map[string]bool{"key-11": true, "user-7": true, "user-9": true, "key-12": false, "key-201": false, "key-202": false} {
			got, err := sh.Credentials.TwoFactorRequired(s.Context(), caller(who))
			s.Fine(who, err)
			s.Same(who, got, want)
		}
		for who, words := range map[string]string{"key-404": "given key", "user-404": "given user"} {
			_, err := sh.Credentials.TwoFactorRequired(s.Context(), caller(who))
			s.Refused(who, err, domain.NotFound, words)
		}
	}},
	{Name: "OTP: accepted once", Check: func(s Subject) {
		sh := s.shellServer()
		check := func(who, code string) error { return sh.Credentials.CheckOTP(s.Context(), caller(who), code) }
		s.Refused("wrong", check("key-11", "0"), domain.Forbidden, "Invalid OTP")
		s.Refused("none", check("key-11", ""), domain.Forbidden, "Invalid OTP")
		s.Same("a session after wrong ones", s.HasOTPSession("key-11", "acme/cli", now), false)
		s.Fine("right, with blanks", check("key-11", " "+sh.code()[:3]+"\t"+sh.code()[3:]+" "))
		s.Refused("again", check("key-11", sh.code()), domain.Forbidden, "Invalid OTP")
		s.Refused("again, without the key", check("user-7", sh.code()), domain.Forbidden, "Invalid OTP")
		old := sh.code()
		sh.now = sh.now.Add(time.Minute)
		s.Refused("an older one", check("key-11", old), domain.Forbidden, "Invalid OTP")
		s.Fine("the next one", check("key-11", sh.code()))
	}},
	{Name: "ten wrong OTPs: locked for ten minutes", Check: func(s Subject) {
		sh := s.shellServer()
		wrong := func(times int) {
			s.Helper()
			for n := range times {
				s.Refused(fmt.Sprint("wrong ", n+1), sh.Credentials.CheckOTP(s.Context(), caller("key-11"), "0"), domain.Forbidden, "Invalid OTP")
			}
		}
		wrong(9)
		s.Fine("right after nine", sh.Credentials.CheckOTP(s.Context(), caller("user-7"), sh.code()))
		sh.now = sh.now.Add(time.Minute)
		wrong(10)
		s.Refused("locked", sh.Credentials.CheckOTP(s.Context(), caller("key-11"), sh.code()), domain.TooMany, "Too many")
		s.Refused("locked by any key", sh.Credentials.CheckOTP(s.Context(), caller("key-13"), sh.code()), domain.TooMany, "Too many")
		s.Refused("locked, and wrong", sh.Credentials.CheckOTP(s.Context(), caller("key-11"), "0"), domain.TooMany, "Too many")
		sh.now = sh.now.Add(10*time.Minute - time.Microsecond)
		s.Refused("a moment before", sh.Credentials.CheckOTP(s.Context(), caller("key-11"), sh.code()), domain.TooMany, "Too many")
		sh.now = sh.now.Add(time.Microsecond)
		s.Fine("ten minutes later", sh.Credentials.CheckOTP(s.Context(), caller("key-11"), sh.code()))
		s.Same("second factor", sh.Account("user-7").Factor, identity.TwoFactor{Enabled: true, LastStep: sh.now.Unix() / 30})
		wrong(9)
	}},
	{Name: "concurrent uses of one OTP: one accepted, no lock", OnDatabases: true, Check: func(s Subject) {
		sh := s.shellServer()
		for range subject.Rounds {
			var in atomic.Int32
			subject.Concurrently(func(int) {
				for range 2 { // together more than the wrong ones that lock
					switch err := sh.Credentials.CheckOTP(s.Context(), caller("key-11"), sh.code()); {
					case err == nil:
						in.Add(1)
					case !errors.Is(err, domain.Forbidden):
						s.Errorf("CheckOTP: %v", err)
					}
				}
			})
			s.Same("in", in.Load(), int32(1))
			s.Same("wrong ones", sh.Account("user-7").Factor.Failures, 0)
			sh.now = sh.now.Add(time.Minute)
		}
	}},
	{Name: "OTP session: Git over SSH for one key until it ends", Check: func(s Subject) {
		sh := s.shellServer(otpRequired)
		gatekeeper := sh.Gatekeeper
		over := func(protocol source.Protocol) command { return command{source.UploadPack, protocol, source.Any} }
		at := func(who string, c command, want domain.Kind) {
			s.Helper()
			s.Same(fmt.Sprint(who, " ", c.action, " over ", c.protocol, " at ", sh.now.Sub(now)), s.outcome(gatekeeper, who, "acme/cli", c), want)
		}
		at("key-11", pull, forbidden)
		at("key-11", push, forbidden)
		at("key-11", over(source.HTTP), ok)
		at("key-12", pull, ok)
		at("key-201", pull, ok)
		s.Refused("wrong", sh.Credentials.CheckOTP(s.Context(), caller("key-11"), "0"), domain.Forbidden)
		at("key-11", pull, forbidden)
		s.Fine("CheckOTP", sh.Credentials.CheckOTP(s.Context(), caller("key-11"), sh.code()))
		at("key-11", pull, ok)
		at("key-11", push, ok)
		at("key-13", pull, forbidden)
		at("user-7", pull, forbidden)
		sh.now = now.Add(15*time.Minute - time.Microsecond)
		at("key-11", pull, ok)
		sh.now = now.Add(15 * time.Minute)
		at("key-11", pull, forbidden)
		s.Fine("CheckOTP", sh.Credentials.CheckOTP(s.Context(), caller("user-7"), sh.code()))
		at("user-7", pull, ok)
		at("key-11", pull, forbidden)
	}},
}
