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
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// staff are the users that requests about credentials name.
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

// shellServer is a server as people log in through GitLab Shell.
type shellServer struct{ *server }

// shellServer starts one among the staff.
func (s Subject) shellServer(change ...func(*config.Config)) *shellServer {
	s.Helper()
	s.Apply(staff)
	return &shellServer{s.server(change...)}
}

// code is the right one of this half minute.
func (d *shellServer) code() string {
	d.Helper()
	code, err := totp.GenerateCode("JBSWY3DPEHPK3PXP", d.now)
	d.Fine("GenerateCode", err)
	return code
}

// tried is what is kept of the attempts at a second factor.
func (d *shellServer) tried(who string) identity.TwoFactor {
	d.Helper()
	factor := d.Holder(who).Factor
	secret, err := d.Key.Open(factor.Secret)
	d.Fine("Open", err)
	factor.Secret = secret
	return factor
}

// caller is in the forms key-7 and user-7, as GitLab Shell names people.
func caller(who string) credentials.Caller {
	return credentials.Caller{Claim: subject.Claim(who), ByUser: strings.HasPrefix(who, "user-")}
}

func (d *shellServer) fresh(who string) []string {
	d.Helper()
	codes, err := d.Credentials.RecoveryCodes(d.Context(), caller(who))
	d.Fine("RecoveryCodes", err)
	return codes
}

// valid counts, and spends, those of the codes that still count.
func (d *shellServer) valid(user identity.UserID, codes []string) (n int) {
	d.Helper()
	for _, code := range codes {
		switch err := d.Credentials.SpendRecoveryCode(d.Context(), user, code); {
		case err == nil:
			n++
		case !errors.Is(err, domain.Unauthenticated):
			d.Errorf("SpendRecoveryCode: %v", err)
		}
	}
	return n
}

var recoveryCode = regexp.MustCompile(`^[0-9a-f]{16}$`)

// recoveryCases are the rows of git.md 12. A person's key without a person, its
// row 3, exists in no store: a key belongs to a user, and users stay.
var recoveryCases = []Case{
	{Name: "git.md 12: who gets no recovery codes", Check: func(s Subject) {
		d := s.shellServer()
		kept := d.fresh("user-7")
		for _, c := range []struct {
			row, who string
			kind     domain.Kind
			words    string
		}{
			{"1 an unknown user", "user-404", domain.NotFound, "given user"},
			{"1 no number", "user-x", domain.NotFound, "given user"},
			{"2 an unknown key", "key-404", domain.NotFound, "given key"},
			{"2 nobody", "nobody", domain.NotFound, "given key"},
			{"2 a key for signing only", "key-15", domain.NotFound, "given key"},
			{"4 a deploy key", "key-201", domain.Forbidden, "Deploy keys"},
			{"4 a deploy key whose creator is gone", "key-202", domain.Forbidden, "Deploy keys"},
			{"5 no second factor", "user-8", domain.Unprocessable, "not enabled"},
			{"5 no second factor, by key", "key-12", domain.Unprocessable, "not enabled"},
			{"a key that has expired", "key-14", domain.Forbidden, "expired"},
			{"blocked", "user-10", domain.Forbidden, "blocked"},
			{"blocked, by key", "key-16", domain.Forbidden, "blocked"},
		} {
			codes, err := d.Credentials.RecoveryCodes(s.Context(), caller(c.who))
			s.Refused(c.row, err, c.kind, c.words)
			s.Same(c.row, len(codes), 0)
		}
		s.Same("codes of before", d.valid(7, kept), 10)
	}},
	{Name: "git.md 12: recovery codes", OnDatabases: true, Check: func(s Subject) {
		d := s.shellServer()
		for who, user := range map[string]identity.UserID{"key-11": 7, "user-9": 9} {
			codes := d.fresh(who)
			s.Same("codes", len(codes), 10)
			s.Same("different ones", len(slices.Compact(slices.Sorted(slices.Values(codes)))), 10)
			for _, c := range codes {
				s.Same("16 hexadecimal digits", recoveryCode.MatchString(c), true)
			}
			s.nowhere(codes...)
			s.Same("somebody else's", d.valid(8, codes), 0)
			s.Same("in any letter case", d.Credentials.SpendRecoveryCode(s.Context(), user, strings.ToUpper(codes[0])), nil)
			s.Same("each counts once", d.valid(user, codes), 9)
			s.Same("and not again", d.valid(user, codes), 0)
		}
	}},
	{Name: "git.md 12: new recovery codes end the old ones at once", OnDatabases: true, Check: func(s Subject) {
		d := s.shellServer()
		old, others := d.fresh("user-7"), d.fresh("user-9")
		fresh := d.fresh("key-11")
		s.Same("old ones", d.valid(7, old), 0)
		s.Same("new ones", d.valid(7, fresh), 10)
		s.Same("those of others", d.valid(9, others), 10)
	}},
	{Name: "git.md 12: of recovery codes asked for at once one set is left", OnDatabases: true, Check: func(s Subject) {
		d := s.shellServer()
		for range 5 {
			sets := make([][]string, subject.Crowd)
			subject.Together(func(me int) { sets[me] = d.fresh("key-11") })
			whole := 0
			for _, set := range sets {
				if n := d.valid(7, set); n > 0 {
					s.Same("codes of a set", n, 10)
					whole++
				}
			}
			s.Same("sets", whole, 1)
		}
	}},
	{Name: "a second factor that is taken away takes all with it", Check: func(s Subject) {
		d := s.shellServer()
		codes, used := d.fresh("user-7"), d.code()
		s.Fine("CheckOTP", d.Credentials.CheckOTP(s.Context(), caller("key-11"), used))
		s.Refused("wrong", d.Credentials.CheckOTP(s.Context(), caller("key-11"), "0"), domain.Forbidden)
		s.Fine("UpdateFactor", s.UpdateFactor(7, func(f identity.TwoFactor) identity.TwoFactor {
			f.LockedUntil = now.Add(time.Hour)
			return f
		}))
		s.Same("a session", s.Standing("key-11", "acme/cli").OTPSession, true)
		s.Apply("users: [{id: 7, username: dede}]")
		s.Same("a session, without a factor", s.Standing("key-11", "acme/cli").OTPSession, false)
		s.Same("codes", d.valid(7, codes), 0)
		s.Apply(staff)
		s.Same("a session, with a new factor", s.Standing("key-11", "acme/cli").OTPSession, false)
		s.Same("codes, with a new factor", d.valid(7, codes), 0)
		s.Same("what was tried", d.tried("user-7"), identity.TwoFactor{Enabled: true, Secret: "JBSWY3DPEHPK3PXP"})
		s.Fine("the code again, of a new factor", d.Credentials.CheckOTP(s.Context(), caller("key-11"), used))
	}},
	{Name: "a world that is applied again takes nothing away", Check: func(s Subject) {
		d := s.shellServer()
		codes := d.fresh("user-7")
		s.Fine("CheckOTP", d.Credentials.CheckOTP(s.Context(), caller("key-11"), d.code()))
		s.Apply(staff)
		s.Same("a session", s.Standing("key-11", "acme/cli").OTPSession, true)
		s.Refused("the code again", d.Credentials.CheckOTP(s.Context(), caller("key-11"), d.code()), domain.Forbidden)
		s.Same("codes", d.valid(7, codes), 10)
	}},
}

// otpCases are the rows of git.md 14.
var otpCases = []Case{
	{Name: "git.md 14: one-time passwords are switched off", Check: func(s Subject) {
		d := s.shellServer(func(c *config.Config) { c.OTP.Enabled = false })
		for _, who := range []string{"key-11", "key-12", "key-201", "key-404", "user-404", "user-10"} {
			_, required := d.Credentials.TwoFactorRequired(s.Context(), caller(who))
			for what, err := range map[string]error{
				"manual": d.Credentials.CheckOTP(s.Context(), caller(who), d.code()), "push": d.Credentials.PushOTP(s.Context(), caller(who)), "config": required,
			} {
				s.Refused(what+" "+who, err, domain.Unprocessable, "not available")
			}
		}
		s.Same("a session", s.Standing("key-11", "acme/cli").OTPSession, false)
	}},
	{Name: "git.md 14: who has no one-time password", Check: func(s Subject) {
		d := s.shellServer()
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
			s.Refused("manual "+c.who, d.Credentials.CheckOTP(s.Context(), caller(c.who), d.code()), c.kind, c.words)
			s.Refused("push "+c.who, d.Credentials.PushOTP(s.Context(), caller(c.who)), c.kind, c.words)
		}
		s.Refused("WebAuthn only", d.Credentials.CheckOTP(s.Context(), caller("user-9"), d.code()), domain.Forbidden, "Invalid OTP")
		s.Refused("push", d.Credentials.PushOTP(s.Context(), caller("key-11")), domain.Unprocessable, "Push")
	}},
	{Name: "git.md 14: who needs a second factor", Check: func(s Subject) {
		d := s.shellServer()
		for who, want := range map[string]bool{"key-11": true, "user-7": true, "user-9": true, "key-12": false, "key-201": false, "key-202": false} {
			got, err := d.Credentials.TwoFactorRequired(s.Context(), caller(who))
			s.Fine(who, err)
			s.Same(who, got, want)
		}
		for who, words := range map[string]string{"key-404": "given key", "user-404": "given user"} {
			_, err := d.Credentials.TwoFactorRequired(s.Context(), caller(who))
			s.Refused(who, err, domain.NotFound, words)
		}
	}},
	{Name: "git.md 14: a one-time password", Check: func(s Subject) {
		d := s.shellServer()
		check := func(who, code string) error { return d.Credentials.CheckOTP(s.Context(), caller(who), code) }
		s.Refused("wrong", check("key-11", "0"), domain.Forbidden, "Invalid OTP")
		s.Refused("none", check("key-11", ""), domain.Forbidden, "Invalid OTP")
		s.Same("a session after wrong ones", s.Standing("key-11", "acme/cli").OTPSession, false)
		s.Fine("right, with blanks", check("key-11", " "+d.code()[:3]+"\t"+d.code()[3:]+" "))
		s.Refused("again", check("key-11", d.code()), domain.Forbidden, "Invalid OTP")
		s.Refused("again, without the key", check("user-7", d.code()), domain.Forbidden, "Invalid OTP")
		old := d.code()
		d.now = d.now.Add(time.Minute)
		s.Refused("an older one", check("key-11", old), domain.Forbidden, "Invalid OTP")
		s.Fine("the next one", check("key-11", d.code()))
	}},
	{Name: "git.md 14: ten wrong one-time passwords lock for ten minutes", Check: func(s Subject) {
		d := s.shellServer()
		wrong := func(times int) {
			s.Helper()
			for n := range times {
				s.Refused(fmt.Sprint("wrong ", n+1), d.Credentials.CheckOTP(s.Context(), caller("key-11"), "0"), domain.Forbidden, "Invalid OTP")
			}
		}
		wrong(9)
		s.Fine("right after nine", d.Credentials.CheckOTP(s.Context(), caller("user-7"), d.code()))
		d.now = d.now.Add(time.Minute)
		wrong(10)
		s.Refused("locked", d.Credentials.CheckOTP(s.Context(), caller("key-11"), d.code()), domain.TooMany, "Too many")
		s.Refused("locked by any key", d.Credentials.CheckOTP(s.Context(), caller("key-13"), d.code()), domain.TooMany, "Too many")
		s.Refused("locked, and wrong", d.Credentials.CheckOTP(s.Context(), caller("key-11"), "0"), domain.TooMany, "Too many")
		d.now = d.now.Add(10*time.Minute - time.Microsecond)
		s.Refused("a moment before", d.Credentials.CheckOTP(s.Context(), caller("key-11"), d.code()), domain.TooMany, "Too many")
		d.now = d.now.Add(time.Microsecond)
		s.Fine("ten minutes later", d.Credentials.CheckOTP(s.Context(), caller("key-11"), d.code()))
		s.Same("what was tried", d.tried("user-7"), identity.TwoFactor{
			Enabled: true, Secret: "JBSWY3DPEHPK3PXP", LastStep: d.now.Unix() / 30,
		})
		wrong(9)
	}},
	{Name: "git.md 14: one of several gets in with one code", OnDatabases: true, Check: func(s Subject) {
		d := s.shellServer()
		for range subject.Rounds {
			var in atomic.Int32
			subject.Together(func(int) {
				switch err := d.Credentials.CheckOTP(s.Context(), caller("key-11"), d.code()); {
				case err == nil:
					in.Add(1)
				case !errors.Is(err, domain.Forbidden):
					s.Errorf("CheckOTP: %v", err)
				}
			})
			s.Same("in", in.Load(), int32(1))
			d.now = d.now.Add(11 * time.Minute) // longer than any lock
		}
	}},
	{Name: "git.md S4: a session opens Git to one key for a while", Check: func(s Subject) {
		d := s.shellServer(otpRequired)
		gate := d.Gatekeeper
		over := func(protocol source.Protocol) command { return command{source.UploadPack, protocol, source.Any} }
		at := func(who string, c command, want domain.Kind) {
			s.Helper()
			s.Same(fmt.Sprint(who, " ", c.action, " over ", c.protocol, " at ", d.now.Sub(now)), s.outcome(gate, who, "acme/cli", c), want)
		}
		at("key-11", pull, forbidden)
		at("key-11", push, forbidden)
		at("key-11", over(source.HTTP), ok)
		at("key-12", pull, ok)
		at("key-201", pull, ok)
		s.Refused("wrong", d.Credentials.CheckOTP(s.Context(), caller("key-11"), "0"), domain.Forbidden)
		at("key-11", pull, forbidden)
		s.Fine("CheckOTP", d.Credentials.CheckOTP(s.Context(), caller("key-11"), d.code()))
		at("key-11", pull, ok)
		at("key-11", push, ok)
		at("key-13", pull, forbidden)
		at("user-7", pull, forbidden)
		d.now = now.Add(15*time.Minute - time.Microsecond)
		at("key-11", pull, ok)
		d.now = now.Add(15 * time.Minute)
		at("key-11", pull, forbidden)
		s.Fine("CheckOTP", d.Credentials.CheckOTP(s.Context(), caller("user-7"), d.code()))
		at("user-7", pull, ok)
		at("key-11", pull, forbidden)
	}},
}
