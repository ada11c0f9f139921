package behaviour_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"gatehouse/application/audit"
	"gatehouse/application/credentials"
	"gatehouse/bootstrap/config"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

// wish is a request that is granted to most.
var wish = credentials.TokenRequest{Name: "mine", Scopes: []string{"read_user", "api"}, ExpiresAt: "2026-12-24"}

// asking is the wish with one thing changed.
func asking(change func(*credentials.TokenRequest)) credentials.TokenRequest {
	r := wish
	change(&r)
	return r
}

func named(name string) credentials.TokenRequest {
	return asking(func(r *credentials.TokenRequest) { r.Name = name })
}

func scoped(scopes ...string) credentials.TokenRequest {
	return asking(func(r *credentials.TokenRequest) { r.Scopes = scopes })
}

func until(day string) credentials.TokenRequest {
	return asking(func(r *credentials.TokenRequest) { r.ExpiresAt = day })
}

// minted asks for a token that has to be granted.
func (d *shellServer) minted(who string, r credentials.TokenRequest) credentials.NewToken {
	d.Helper()
	m, err := d.Credentials.PersonalAccessToken(d.Context(), caller(who), r)
	if err != nil {
		d.Fatalf("PersonalAccessToken(%s): %v", who, err)
	}
	return m
}

// bearer comes with a token and has to be told want; the errors are told apart
// by identity.
func (d *shellServer) bearer(what, text string, want error) {
	d.Helper()
	if _, err := d.Credentials.Bearer(d.Context(), text); err != want { //nolint:errorlint // as said
		d.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// tokenCases are the rows of git.md 13.
var tokenCases = []Case{
	{Name: "git.md 13: which access tokens are refused, in this order", Check: func(s Subject) {
		d := s.shellServer()
		bad := credentials.TokenRequest{Name: " ", Scopes: []string{"fly"}, ExpiresAt: "x"}
		for _, c := range []struct {
			row, who string
			request  credentials.TokenRequest
			kind     domain.Kind
			words    string
		}{
			{"1 a deploy key", "key-201", bad, domain.Forbidden, "Deploy keys"},
			{"1 a deploy key whose creator is gone", "key-202", bad, domain.Forbidden, "Deploy keys"},
			{"2 an unknown user", "user-404", bad, domain.NotFound, "given user"},
			{"3 an unknown key", "key-404", bad, domain.NotFound, "given key"},
			{"3 a key for signing only", "key-15", bad, domain.NotFound, "given key"},
			{"a key that has expired", "key-14", bad, domain.Forbidden, "expired"},
			{"4 no name", "user-7", named(""), domain.Invalid, "No token name"},
			{"4 blanks, before all else", "user-10", bad, domain.Invalid, "No token name"},
			{"4 Unicode's white space", "user-7", named("\u00a0\u2003\u3000\t\n"), domain.Invalid, "No token name"},
			{"a name of 256 characters", "user-7", named(strings.Repeat("ö", 256)), domain.Invalid, "255"},
			{"5 no scopes", "user-7", scoped(), domain.Invalid, "No token scopes"},
			{"5 blank scopes", "user-7", scoped("", " , "), domain.Invalid, "No token scopes"},
			{"6 the first wrong scope", "user-7", scoped("api", "fly", "swim"), domain.Invalid,
				"'fly'. Valid scopes are: api, read_api, read_registry, read_repository, read_user, self_rotate, write_registry, write_repository"},
			{"6 sudo, for an administrator too", "user-1", scoped("sudo"), domain.Invalid, "'sudo'"},
			{"6 admin mode", "user-1", scoped("admin_mode"), domain.Invalid, "'admin_mode'"},
			{"6 before the date", "user-7", credentials.TokenRequest{Name: "x", Scopes: []string{"fly"}, ExpiresAt: "x"}, domain.Invalid, "'fly'"},
			{"7 no date", "user-7", until("tomorrow"), domain.Invalid, "'tomorrow'"},
			{"7 no such day", "user-7", until("2027-02-29"), domain.Invalid, "'2027-02-29'"},
			{"7 before 1970", "user-7", until("1969-12-31"), domain.Invalid, "'1969-12-31'"},
			{"7 before the user", "user-10", until("x"), domain.Invalid, "'x'"},
			{"8 yesterday", "user-7", until("2026-03-09"), domain.Unprocessable, "Failed to create token"},
			{"8 beyond the maximum", "user-7", until("2027-03-11"), domain.Unprocessable, "2027-03-10"},
			{"8 blocked", "user-10", wish, domain.Forbidden, "Failed to create token: Your account has been blocked"},
			{"8 blocked, by key", "key-16", wish, domain.Forbidden, "Failed to create token"},
		} {
			_, err := d.Credentials.PersonalAccessToken(s.Context(), caller(c.who), c.request)
			s.Refused(c.row, err, c.kind, c.words)
		}
		s.Same("tokens", len(s.List("access-tokens")), 0)
	}},
	{Name: "git.md 13: an access token", OnDatabases: true, Check: func(s Subject) {
		for _, prefix := range []string{"glpat-", "corp_", ""} {
			d := s.shellServer(func(c *config.Config) { c.Tokens.Prefix = prefix })
			m := d.minted("key-11", wish)
			s.Same(m.Text[:len(prefix)]+": prefix and 20 characters", regexp.MustCompile("^"+prefix+"[A-Za-z0-9_-]{20}$").MatchString(m.Text), true)
			again := d.minted("user-7", wish)
			s.Same("the same name again, another text", again.Text != m.Text && again.Token.ID != m.Token.ID, true)
			for _, m := range []credentials.NewToken{m, again} {
				b, err := d.Credentials.Bearer(s.Context(), m.Text)
				s.Fine("Bearer", err)
				want := m.Token
				want.CreatedAt = now.Truncate(time.Microsecond)
				s.Same("as it was told", b.Token, want)
				s.Same("whose", []any{b.User.ID, b.User.Username}, []any{identity.UserID(7), "dede"})
				s.nowhere(m.Text, strings.TrimPrefix(m.Text, prefix), string(m.Token.Digest))
			}
		}
		s.Same("tokens", s.List("access-tokens", "user", "name", "scopes", "revoked")[0], "dede mine [read_user api] false")
	}},
	{Name: "git.md 13: names and scopes of access tokens", Check: func(s Subject) {
		d := s.shellServer()
		long := strings.Repeat("ö", 255)
		for want, r := range map[string]credentials.TokenRequest{
			"[write_repository api read_api]": scoped("write_repository", "api", "read_api"),
			"[read_user api]":                 scoped("read_user", "api", "read_user", "api"),
			"[read_api api read_user]":        scoped("read_api,api read_user", "api"),
		} {
			r.Name = long
			m := d.minted("user-8", r)
			b, err := d.Credentials.Bearer(s.Context(), m.Text)
			s.Fine("Bearer", err)
			s.Same("scopes told", fmt.Sprint(m.Token.Scopes), want)
			s.Same("scopes kept", fmt.Sprint(b.Token.Scopes), want)
			s.Same("name", b.Token.Name, long)
		}
	}},
	{Name: "git.md 13: when access tokens end", Check: func(s Subject) {
		for _, c := range []struct {
			row, asked string
			tokens     config.Tokens
			want       time.Time
		}{
			{"none", "", config.Tokens{MaxLifetimeDays: 365}, time.Time{}},
			{"blank", " \t", config.Tokens{MaxLifetimeDays: 365}, time.Time{}},
			{"none, and required", "", config.Tokens{MaxLifetimeDays: 30, RequireExpiry: true}, day(2026, 4, 9)},
			{"none, and required without a maximum", "", config.Tokens{RequireExpiry: true}, day(2027, 3, 10)},
			{"given", "2026-12-24", config.Tokens{MaxLifetimeDays: 365, RequireExpiry: true}, day(2026, 12, 24)},
			{"today", "2026-03-10", config.Tokens{MaxLifetimeDays: 365}, day(2026, 3, 10)},
			{"the last day", "2027-03-10", config.Tokens{MaxLifetimeDays: 365}, day(2027, 3, 10)},
			{"far away, without a maximum", "2099-12-31", config.Tokens{}, day(2099, 12, 31)},
			{"a timestamp", "2026-12-24T23:59:59Z", config.Tokens{MaxLifetimeDays: 365}, day(2026, 12, 24)},
			{"a timestamp elsewhere", "2026-12-24T23:59:59-08:00", config.Tokens{MaxLifetimeDays: 365}, day(2026, 12, 24)},
			{"the past, where it is taken", "2020-07-24", config.Tokens{AllowPastExpiry: true}, day(2020, 7, 24)},
		} {
			d := s.shellServer(func(config *config.Config) { config.Tokens = c.tokens })
			m := d.minted("user-7", until(c.asked))
			s.Same(c.row, m.Token.ExpiresAt, c.want)
			kept, err := s.AccessTokens.Bearer(s.Context(), m.Token.Digest)
			s.Fine(c.row, err)
			s.Same(c.row+", kept", kept.Token.ExpiresAt, c.want)
		}
	}},
	{Name: "whoever comes with an access token", Check: func(s Subject) {
		d := s.shellServer()
		text := d.minted("user-8", wish).Text
		d.bearer("fine", text, nil)
		d.bearer("unknown", text[:len(text)-1], credentials.ErrUnknownToken)
		d.bearer("in another letter case", subject.SwapCase(text), credentials.ErrUnknownToken)
		d.bearer("none", "", credentials.ErrUnknownToken)
		s.Apply("users: [{id: 8, username: gus, state: blocked}]")
		d.bearer("blocked a statement ago", text, credentials.ErrBlockedUser)
		s.Apply("users: [{id: 8, username: gus}]")
		d.bearer("fine again", text, nil)
		d.now = day(2026, 12, 24).Add(-time.Microsecond)
		d.bearer("a moment before its end", text, nil)
		d.now = day(2026, 12, 24)
		d.bearer("expired", text, credentials.ErrExpiredToken)
		revoked := "access_tokens: [{user: gus, name: mine, scopes: [api], revoked: true, token: " + text + ", expires_at: %s}]"
		s.Apply(fmt.Sprintf(revoked, "2026-12-24"))
		d.bearer("expired before revoked", text, credentials.ErrExpiredToken)
		s.Apply(fmt.Sprintf(revoked, "2027-01-01"))
		d.bearer("revoked", text, credentials.ErrRevokedToken)
		s.Apply("users: [{id: 8, username: gus, state: blocked}]")
		d.bearer("revoked before blocked", text, credentials.ErrRevokedToken)
	}},
	{Name: "only an access token that lets in is stamped", Check: func(s Subject) {
		d := s.shellServer()
		used, refused := d.minted("user-8", wish), d.minted("user-8", until("2026-03-11"))
		for _, at := range []time.Time{now.Add(48 * time.Hour), now.Add(49 * time.Hour)} {
			d.now = at
			d.bearer("in", used.Text, nil)
			d.bearer("not in", refused.Text, credentials.ErrExpiredToken)
			s.Fine("Flush", s.Store.Flush(s.Context()))
			for m, want := range map[*credentials.NewToken]time.Time{&used: at.Truncate(time.Microsecond), &refused: {}} {
				b, err := s.AccessTokens.Bearer(s.Context(), m.Token.Digest)
				s.Fine("Bearer", err)
				s.Same("last use", b.Token.LastUsedAt, want)
			}
		}
	}},
}

// trail is the record of a server that keeps it, or does not.
func (s Subject) trail(enabled bool) *audit.Service {
	s.Helper()
	return s.shellServer(func(c *config.Config) { c.Audit.Enabled = enabled }).Audit
}

// auditCases are the rows of git.md 16 that are about what is kept.
var auditCases = []Case{
	{Name: "git.md 16: events with who and what", OnDatabases: true, Check: func(s Subject) {
		trail := s.trail(true)
		for _, c := range []struct {
			who   string
			event audit.Event
			want  audit.Event
		}{
			{"key-11", audit.Event{Action: source.ReceivePack, Protocol: source.SSH, Address: "192.0.2.7"},
				audit.Event{Verb: audit.Push, User: 7, Username: "dede", Key: 11, KeyType: identity.UserKey}},
			{"username-Gus", audit.Event{Action: source.UploadPack, Protocol: source.HTTP, Stats: audit.Stats{Wants: 1, WrittenBytes: 9}},
				audit.Event{Verb: audit.Clone, User: 8, Username: "gus"}},
			{"user-10", audit.Event{Action: source.UploadPack, Stats: audit.Stats{Wants: 1, Haves: 1}},
				audit.Event{Verb: audit.Pull, User: 10, Username: "gone"}},
			{"key-201", audit.Event{Action: source.UploadArchive}, audit.Event{Verb: audit.Pull, Key: 201, KeyType: identity.DeployKey}},
			{"key-202", audit.Event{Action: source.UploadPack}, audit.Event{Verb: audit.Pull, Key: 202, KeyType: identity.DeployKey}},
		} {
			c.event.Repository = "project-42"
			want := c.want
			want.At, want.Action, want.Protocol, want.Repository = now, c.event.Action, c.event.Protocol, c.event.Repository
			want.Address, want.Stats = c.event.Address, c.event.Stats
			got, err := trail.Record(s.Context(), subject.Claim(c.who), c.event)
			s.Fine(c.who, err)
			s.Same(c.who, got, want)
		}
		s.Same("kept", s.List("audit", "at", "action", "verb", "protocol", "username", "key_id", "ip_address"), []string{
			"2026-03-10T12:34:56.789012Z git-receive-pack push ssh dede 11 192.0.2.7",
			"2026-03-10T12:34:56.789012Z git-upload-pack clone http gus - -",
			`2026-03-10T12:34:56.789012Z git-upload-pack pull "" gone - -`,
			`2026-03-10T12:34:56.789012Z git-upload-archive pull "" - 201 -`,
			`2026-03-10T12:34:56.789012Z git-upload-pack pull "" - 202 -`,
		})
	}},
	{Name: "git.md 16: events that are not kept", Check: func(s Subject) {
		for _, c := range []struct {
			who     string
			enabled bool
			action  source.Command
			want    error
		}{
			{"key-11", false, source.UploadPack, audit.ErrNotNeeded},
			{"key-404", true, source.UploadPack, audit.ErrNotNeeded},
			{"username-nobody", true, source.UploadPack, audit.ErrNotNeeded},
			{"nobody", true, source.UploadPack, audit.ErrNotNeeded},
			{"key-11", true, "git-shell", domain.Invalid},
			{"key-11", false, "git-shell", domain.Invalid},
		} {
			if _, err := s.trail(c.enabled).Record(s.Context(), subject.Claim(c.who), audit.Event{Action: c.action}); !errors.Is(err, c.want) {
				s.Errorf("%s %s: got %v, want %v", c.who, c.action, err, c.want)
			}
		}
		s.Same("kept", len(s.List("audit")), 0)
	}},
}
