package contract

import (
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"gatehouse/adapters/ratelimit"
	"gatehouse/application/credentials"
	"gatehouse/application/directory"
	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// staff is everybody whom a request about credentials can be about.
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

// desk is the office of credentials over a store, with a clock that is set by
// hand.
type desk struct {
	Subject
	*credentials.Office
	now time.Time
}

// desk opens an office among the staff.
func (s Subject) desk(change ...func(*credentials.Rules)) *desk {
	s.Helper()
	s.apply(staff)
	rules := credentials.Rules{
		TokenPrefix: "glpat-", Lifetime: identity.Lifetime{MaxDays: 365}, Scopes: identity.Scopes,
		OTP: true, OTPSession: 15 * time.Minute,
	}
	for _, c := range change {
		c(&rules)
	}
	d := &desk{Subject: s, now: now}
	d.Office = credentials.New(s.Holders, s.Codes, s.Tokens, minutes{}, rules, rand.Reader, d.clock)
	return d
}

func (d *desk) clock() time.Time { return d.now }

// minutes has the number of the minute as its code.
type minutes struct{}

func (minutes) Step(secret, code string, now time.Time) (int64, bool, error) {
	if secret != world.Seal("JBSWY3DPEHPK3PXP") {
		return 0, false, errors.New("sealed with another key")
	}
	step := now.Unix() / 60
	return step, code == fmt.Sprint(step), nil
}

// code is the right one of this minute.
func (d *desk) code() string { return fmt.Sprint(d.now.Unix() / 60) }

// caller is in the forms key-7 and user-7, as GitLab Shell names people.
func caller(who string) credentials.Caller {
	return credentials.Caller{Claim: claim(who), ByUser: strings.HasPrefix(who, "user-")}
}

// refused fails the case unless err is a Refusal of that kind whose words hold
// all of those.
func (s Subject) refused(what string, err error, kind domain.Kind, words ...string) {
	s.Helper()
	refusal, ok := errors.AsType[*domain.Refusal](err)
	if !ok || refusal.Kind != kind {
		s.Errorf("%s: got %v, want a refusal of kind %q", what, err, kind)
		return
	}
	for _, w := range words {
		if !strings.Contains(refusal.Message, w) {
			s.Errorf("%s: got %q, want %q in it", what, refusal.Message, w)
		}
	}
}

// nowhere fails the case if one of the texts can be read back.
func (s Subject) nowhere(texts ...string) {
	s.Helper()
	for thing := range directory.Things {
		all := strings.Join(s.list(thing), "\n")
		for _, text := range texts {
			if strings.Contains(all, text) {
				s.Errorf("%s show a secret", thing)
			}
		}
	}
}

func (d *desk) fresh(who string) []string {
	d.Helper()
	codes, err := d.RecoveryCodes(d.Context(), caller(who))
	d.fine("RecoveryCodes", err)
	return codes
}

// valid counts, and spends, those of the codes that still count.
func (d *desk) valid(user identity.UserID, codes []string) (n int) {
	d.Helper()
	for _, code := range codes {
		switch err := d.SpendRecoveryCode(d.Context(), user, code); {
		case err == nil:
			n++
		case !errors.Is(err, domain.Unauthenticated):
			d.Errorf("SpendRecoveryCode: %v", err)
		}
	}
	return n
}

var recoveryCode = regexp.MustCompile(`^[0-9a-f]{16}$`)

// officeCases are what people log in with besides their keys, over any store.
var officeCases = slices.Concat(recoveryCases, otpCases, mintCases, trailCases)

// recoveryCases are the rows of git.md 12. A person's key without a person, its
// row 3, exists in no store: a key belongs to a user, and users stay.
var recoveryCases = []Case{
	{Name: "git.md 12: who gets no recovery codes", Check: func(s Subject) {
		d := s.desk()
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
			codes, err := d.RecoveryCodes(s.Context(), caller(c.who))
			s.refused(c.row, err, c.kind, c.words)
			s.same(c.row, len(codes), 0)
		}
		s.same("codes of before", d.valid(7, kept), 10)
	}},
	{Name: "git.md 12: recovery codes", Check: func(s Subject) {
		d := s.desk()
		for who, user := range map[string]identity.UserID{"key-11": 7, "user-9": 9} {
			codes := d.fresh(who)
			s.same("codes", len(codes), 10)
			s.same("different ones", len(slices.Compact(slices.Sorted(slices.Values(codes)))), 10)
			for _, c := range codes {
				s.same("16 hexadecimal digits", recoveryCode.MatchString(c), true)
			}
			s.nowhere(codes...)
			s.same("somebody else's", d.valid(8, codes), 0)
			s.same("in any letter case", d.SpendRecoveryCode(s.Context(), user, strings.ToUpper(codes[0])), nil)
			s.same("each counts once", d.valid(user, codes), 9)
			s.same("and not again", d.valid(user, codes), 0)
		}
	}},
	{Name: "git.md 12: new recovery codes end the old ones at once", Check: func(s Subject) {
		d := s.desk()
		old, others := d.fresh("user-7"), d.fresh("user-9")
		fresh := d.fresh("key-11")
		s.same("old ones", d.valid(7, old), 0)
		s.same("new ones", d.valid(7, fresh), 10)
		s.same("those of others", d.valid(9, others), 10)
	}},
	{Name: "git.md 12: of recovery codes asked for at once one set is left", Check: func(s Subject) {
		d := s.desk()
		for range 5 {
			sets := make([][]string, crowd)
			together(func(me int) { sets[me] = d.fresh("key-11") })
			whole := 0
			for _, set := range sets {
				if n := d.valid(7, set); n > 0 {
					s.same("codes of a set", n, 10)
					whole++
				}
			}
			s.same("sets", whole, 1)
		}
	}},
	{Name: "a second factor that is taken away takes all with it", Check: func(s Subject) {
		d := s.desk()
		codes, used := d.fresh("user-7"), d.code()
		s.fine("CheckOTP", d.CheckOTP(s.Context(), caller("key-11"), used))
		s.refused("wrong", d.CheckOTP(s.Context(), caller("key-11"), "0"), domain.Forbidden)
		s.fine("UpdateFactor", s.factor(7, func(f identity.TwoFactor) identity.TwoFactor {
			f.LockedUntil = now.Add(time.Hour)
			return f
		}))
		s.same("a session", s.standing("key-11", "acme/cli").OTPSession, true)
		s.apply("users: [{id: 7, username: dede}]")
		s.same("a session, without a factor", s.standing("key-11", "acme/cli").OTPSession, false)
		s.same("codes", d.valid(7, codes), 0)
		s.apply(staff)
		s.same("a session, with a new factor", s.standing("key-11", "acme/cli").OTPSession, false)
		s.same("codes, with a new factor", d.valid(7, codes), 0)
		s.same("what was tried", s.holder("user-7").Factor, identity.TwoFactor{Enabled: true, Secret: world.Seal("JBSWY3DPEHPK3PXP")})
		s.fine("the code again, of a new factor", d.CheckOTP(s.Context(), caller("key-11"), used))
	}},
	{Name: "a world that is applied again takes nothing away", Check: func(s Subject) {
		d := s.desk()
		codes := d.fresh("user-7")
		s.fine("CheckOTP", d.CheckOTP(s.Context(), caller("key-11"), d.code()))
		s.apply(staff)
		s.same("a session", s.standing("key-11", "acme/cli").OTPSession, true)
		s.refused("the code again", d.CheckOTP(s.Context(), caller("key-11"), d.code()), domain.Forbidden)
		s.same("codes", d.valid(7, codes), 10)
	}},
}

// otpCases are the rows of git.md 14.
var otpCases = []Case{
	{Name: "git.md 14: one-time passwords are switched off", Check: func(s Subject) {
		d := s.desk(func(r *credentials.Rules) { r.OTP = false })
		for _, who := range []string{"key-11", "key-12", "key-201", "key-404", "user-404", "user-10"} {
			_, required := d.TwoFactorRequired(s.Context(), caller(who))
			for what, err := range map[string]error{
				"manual": d.CheckOTP(s.Context(), caller(who), d.code()), "push": d.PushOTP(s.Context(), caller(who)), "config": required,
			} {
				s.refused(what+" "+who, err, domain.Unprocessable, "not available")
			}
		}
		s.same("a session", s.standing("key-11", "acme/cli").OTPSession, false)
	}},
	{Name: "git.md 14: who has no one-time password", Check: func(s Subject) {
		d := s.desk()
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
			s.refused("manual "+c.who, d.CheckOTP(s.Context(), caller(c.who), d.code()), c.kind, c.words)
			s.refused("push "+c.who, d.PushOTP(s.Context(), caller(c.who)), c.kind, c.words)
		}
		s.refused("WebAuthn only", d.CheckOTP(s.Context(), caller("user-9"), d.code()), domain.Forbidden, "Invalid OTP")
		s.refused("push", d.PushOTP(s.Context(), caller("key-11")), domain.Unprocessable, "Push")
	}},
	{Name: "git.md 14: who needs a second factor", Check: func(s Subject) {
		d := s.desk()
		for who, want := range map[string]bool{"key-11": true, "user-7": true, "user-9": true, "key-12": false, "key-201": false, "key-202": false} {
			got, err := d.TwoFactorRequired(s.Context(), caller(who))
			s.fine(who, err)
			s.same(who, got, want)
		}
		for who, words := range map[string]string{"key-404": "given key", "user-404": "given user"} {
			_, err := d.TwoFactorRequired(s.Context(), caller(who))
			s.refused(who, err, domain.NotFound, words)
		}
	}},
	{Name: "git.md 14: a one-time password", Check: func(s Subject) {
		d := s.desk()
		check := func(who, code string) error { return d.CheckOTP(s.Context(), caller(who), code) }
		s.refused("wrong", check("key-11", "0"), domain.Forbidden, "Invalid OTP")
		s.refused("none", check("key-11", ""), domain.Forbidden, "Invalid OTP")
		s.same("a session after wrong ones", s.standing("key-11", "acme/cli").OTPSession, false)
		s.fine("right, with blanks", check("key-11", " "+d.code()[:3]+"\t"+d.code()[3:]+" "))
		s.refused("again", check("key-11", d.code()), domain.Forbidden, "Invalid OTP")
		s.refused("again, without the key", check("user-7", d.code()), domain.Forbidden, "Invalid OTP")
		old := d.code()
		d.now = d.now.Add(time.Minute)
		s.refused("an older one", check("key-11", old), domain.Forbidden, "Invalid OTP")
		s.fine("the next one", check("key-11", d.code()))
	}},
	{Name: "git.md 14: ten wrong one-time passwords lock for ten minutes", Check: func(s Subject) {
		d := s.desk()
		wrong := func(times int) {
			s.Helper()
			for n := range times {
				s.refused(fmt.Sprint("wrong ", n+1), d.CheckOTP(s.Context(), caller("key-11"), "0"), domain.Forbidden, "Invalid OTP")
			}
		}
		wrong(9)
		s.fine("right after nine", d.CheckOTP(s.Context(), caller("user-7"), d.code()))
		d.now = d.now.Add(time.Minute)
		wrong(10)
		s.refused("locked", d.CheckOTP(s.Context(), caller("key-11"), d.code()), domain.TooMany, "Too many")
		s.refused("locked by any key", d.CheckOTP(s.Context(), caller("key-13"), d.code()), domain.TooMany, "Too many")
		s.refused("locked, and wrong", d.CheckOTP(s.Context(), caller("key-11"), "0"), domain.TooMany, "Too many")
		d.now = d.now.Add(10*time.Minute - time.Microsecond)
		s.refused("a moment before", d.CheckOTP(s.Context(), caller("key-11"), d.code()), domain.TooMany, "Too many")
		d.now = d.now.Add(time.Microsecond)
		s.fine("ten minutes later", d.CheckOTP(s.Context(), caller("key-11"), d.code()))
		s.same("what was tried", s.holder("user-7").Factor, identity.TwoFactor{
			Enabled: true, Secret: world.Seal("JBSWY3DPEHPK3PXP"), LastStep: d.now.Unix() / 60,
		})
		wrong(9)
	}},
	{Name: "git.md 14: one of several gets in with one code", Check: func(s Subject) {
		d := s.desk()
		for range rounds {
			var in atomic.Int32
			together(func(int) {
				switch err := d.CheckOTP(s.Context(), caller("key-11"), d.code()); {
				case err == nil:
					in.Add(1)
				case !errors.Is(err, domain.Forbidden):
					s.Errorf("CheckOTP: %v", err)
				}
			})
			s.same("in", in.Load(), int32(1))
			d.now = d.now.Add(11 * time.Minute) // longer than any lock
		}
	}},
	{Name: "git.md S4: a session opens Git to one key for a while", Check: func(s Subject) {
		d := s.desk()
		gate := s.strict(d.clock)
		over := func(protocol source.Protocol) command { return command{source.UploadPack, protocol, source.Any} }
		at := func(who string, c command, want domain.Kind) {
			s.Helper()
			s.same(fmt.Sprint(who, " ", c.action, " over ", c.protocol, " at ", d.now.Sub(now)), s.outcome(gate, who, "acme/cli", c), want)
		}
		at("key-11", pull, forbidden)
		at("key-11", push, forbidden)
		at("key-11", over(source.HTTP), ok)
		at("key-12", pull, ok)
		at("key-201", pull, ok)
		s.refused("wrong", d.CheckOTP(s.Context(), caller("key-11"), "0"), domain.Forbidden)
		at("key-11", pull, forbidden)
		s.fine("CheckOTP", d.CheckOTP(s.Context(), caller("key-11"), d.code()))
		at("key-11", pull, ok)
		at("key-11", push, ok)
		at("key-13", pull, forbidden)
		at("user-7", pull, forbidden)
		d.now = now.Add(15*time.Minute - time.Microsecond)
		at("key-11", pull, ok)
		d.now = now.Add(15 * time.Minute)
		at("key-11", pull, forbidden)
		s.fine("CheckOTP", d.CheckOTP(s.Context(), caller("user-7"), d.code()))
		at("user-7", pull, ok)
		at("key-11", pull, forbidden)
	}},
}

// strict is a Gatekeeper who asks for the second factor.
func (s Subject) strict(clock func() time.Time) *gitaccess.Gatekeeper {
	rules := gitaccess.Rules{
		Settings: source.Settings{Protocols: source.AllProtocols, OTPRequired: true},
		Storages: map[string]gitaccess.Storage{"default": {Name: "default", Address: "unix:/gitaly.socket"}},
	}
	return gitaccess.New(s.Directory, history{}, s.Leave, s.Stamps, ratelimit.New(0), nil, rules, clock)
}
