package behaviour_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"gatehouse/application/credentials"
	"gatehouse/application/gitaudit"
	"gatehouse/bootstrap/config"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

// validRequest is a token request without mistakes.
var validRequest = credentials.TokenRequest{Name: "mine", Scopes: []string{"read_user", "api"}, ExpiresAt: "2026-12-24"}

// requestWith returns validRequest with a change.
func requestWith(change func(*credentials.TokenRequest)) credentials.TokenRequest {
	r := validRequest
	change(&r)
	return r
}

func named(name string) credentials.TokenRequest {
	return requestWith(func(r *credentials.TokenRequest) { r.Name = name })
}

func scoped(scopes ...string) credentials.TokenRequest {
	return requestWith(func(r *credentials.TokenRequest) { r.Scopes = scopes })
}

func until(day string) credentials.TokenRequest {
	return requestWith(func(r *credentials.TokenRequest) { r.ExpiresAt = day })
}

// createToken returns a new access token, and ends the case if it is refused.
func (sh *shellServer) createToken(who string, r credentials.TokenRequest) credentials.NewToken {
	sh.Helper()
	m, err := sh.Credentials.PersonalAccessToken(sh.Context(), audit.Cause{}, caller(who), r)
	if err != nil {
		sh.Fatalf("PersonalAccessToken(%s): %v", who, err)
	}
	return m
}

// bearer fails the case unless using a token returns the error want, compared by
// identity.
func (sh *shellServer) bearer(what, text string, want error) {
	sh.Helper()
	if _, err := sh.Credentials.Bearer(sh.Context(), text); fmt.Sprint(err) != fmt.Sprint(want) {
		sh.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// tokenCases are about personal access tokens.
var tokenCases = []Case{
	{Name: "access token: refused, in order of the checks", Check: func(s Subject) {
		sh := s.shellServer()
		bad := credentials.TokenRequest{Name: " ", Scopes: []string{"fly"}, ExpiresAt: "x"}
		for _, c := range []struct {
			row, who string
			request  credentials.TokenRequest
			kind     domain.Kind
			words    string
		}{
			{"a deploy key", "key-201", bad, domain.Forbidden, "Deploy keys"},
			{"a deploy key whose creator is gone", "key-202", bad, domain.Forbidden, "Deploy keys"},
			{"an unknown user", "user-404", bad, domain.NotFound, "given user"},
			{"an unknown key", "key-404", bad, domain.NotFound, "given key"},
			{"a key for signing only", "key-15", bad, domain.NotFound, "given key"},
			{"a key that has expired", "key-14", bad, domain.Forbidden, "expired"},
			{"no name", "user-7", named(""), domain.Invalid, "No token name"},
			{"blanks, before all else", "user-10", bad, domain.Invalid, "No token name"},
			{"Unicode's white space", "user-7", named("\u00a0\u2003\u3000\t\n"), domain.Invalid, "No token name"},
			{"a name of 256 characters", "user-7", named(strings.Repeat("ö", 256)), domain.Invalid, "255"},
			{"no scopes", "user-7", scoped(), domain.Invalid, "No token scopes"},
			{"blank scopes", "user-7", scoped("", " , "), domain.Invalid, "No token scopes"},
			{"the first wrong scope", "user-7", scoped("api", "fly", "swim"), domain.Invalid,
				"'fly'. Valid scopes are: api, read_api, read_registry, read_repository, read_user, self_rotate, write_registry, write_repository"},
			{"sudo, for an administrator too", "user-1", scoped("sudo"), domain.Invalid, "'sudo'"},
			{"admin mode", "user-1", scoped("admin_mode"), domain.Invalid, "'admin_mode'"},
			{"before the date", "user-7", credentials.TokenRequest{Name: "x", Scopes: []string{"fly"}, ExpiresAt: "x"}, domain.Invalid, "'fly'"},
			{"no date", "user-7", until("tomorrow"), domain.Invalid, "'tomorrow'"},
			{"no such day", "user-7", until("2027-02-29"), domain.Invalid, "'2027-02-29'"},
			{"before 1970", "user-7", until("1969-12-31"), domain.Invalid, "'1969-12-31'"},
			{"before the user", "user-10", until("x"), domain.Invalid, "'x'"},
			{"yesterday", "user-7", until("2026-03-09"), domain.Unprocessable, "Failed to create token"},
			{"beyond the maximum", "user-7", until("2027-03-11"), domain.Unprocessable, "2027-03-10"},
			{"blocked", "user-10", validRequest, domain.Forbidden, "Failed to create token: Your account has been blocked"},
			{"blocked, by key", "key-16", validRequest, domain.Forbidden, "Failed to create token"},
		} {
			_, err := sh.Credentials.PersonalAccessToken(s.Context(), audit.Cause{}, caller(c.who), c.request)
			s.Refused(c.row, err, c.kind, c.words)
		}
		s.Same("tokens", len(s.List("access-tokens")), 0)
	}},
	{Name: "access token: created, only its digest stored", OnDatabases: true, Check: func(s Subject) {
		for _, prefix := range []string{"glpat-", "corp_", ""} {
			sh := s.shellServer(func(c *config.Config) { c.Tokens.Prefix = prefix })
			m := sh.createToken("key-11", validRequest)
			s.Same(m.Text[:len(prefix)]+": prefix and 20 characters", regexp.MustCompile("^"+prefix+"[A-Za-z0-9_-]{20}$").MatchString(m.Text), true)
			again := sh.createToken("user-7", validRequest)
			s.Same("the same name again, another text", again.Text != m.Text && again.Token.ID != m.Token.ID, true)
			for _, m := range []credentials.NewToken{m, again} {
				b, err := sh.Credentials.Bearer(s.Context(), m.Text)
				s.Fine("Bearer", err)
				want := m.Token
				want.CreatedAt = now.Truncate(time.Microsecond)
				s.Same("as it was returned", b.Token, want)
				s.Same("user", []any{b.User.ID, b.User.Username}, []any{identity.UserID(7), "dede"})
				s.wantNowhere(m.Text, strings.TrimPrefix(m.Text, prefix), string(m.Token.Digest))
			}
		}
		s.Same("tokens", s.List("access-tokens", "user", "name", "scopes", "revoked")[0], "dede mine [read_user api] false")
	}},
	{Name: "access token: name and scopes", Check: func(s Subject) {
		sh := s.shellServer()
		long := strings.Repeat("ö", 255)
		for want, r := range map[string]credentials.TokenRequest{
			"[write_repository api read_api]": scoped("write_repository", "api", "read_api"),
			"[read_user api]":                 scoped("read_user", "api", "read_user", "api"),
			"[read_api api read_user]":        scoped("read_api,api read_user", "api"),
		} {
			r.Name = long
			m := sh.createToken("user-8", r)
			b, err := sh.Credentials.Bearer(s.Context(), m.Text)
			s.Fine("Bearer", err)
			s.Same("scopes returned", fmt.Sprint(m.Token.Scopes), want)
			s.Same("scopes stored", fmt.Sprint(b.Token.Scopes), want)
			s.Same("name", b.Token.Name, long)
		}
	}},
	{Name: "access token: expiry date", Check: func(s Subject) {
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
			{"the past, if allowed", "2020-07-24", config.Tokens{AllowPastExpiry: true}, day(2020, 7, 24)},
		} {
			sh := s.shellServer(func(config *config.Config) { config.Tokens = c.tokens })
			m := sh.createToken("user-7", until(c.asked))
			s.Same(c.row, m.Token.ExpiresAt, c.want)
			kept, err := s.AccessTokens.Bearer(s.Context(), m.Token.Digest)
			s.Fine(c.row, err)
			s.Same(c.row+", kept", kept.Token.ExpiresAt, c.want)
		}
	}},
	{Name: "access token used: accepted or refused", Check: func(s Subject) {
		sh := s.shellServer()
		text := sh.createToken("user-8", validRequest).Text
		sh.bearer("fine", text, nil)
		sh.bearer("unknown", text[:len(text)-1], credentials.ErrUnknownToken)
		sh.bearer("in another letter case", subject.SwapCase(text), credentials.ErrUnknownToken)
		sh.bearer("none", "", credentials.ErrUnknownToken)
		for state, reason := range map[string]string{
			"blocked": "Your account has been blocked.", "banned": "Your account has been banned.",
			"deactivated": "Your account has been deactivated. Sign in on the web to reactivate it.",
		} {
			s.Apply("users: [{id: 8, username: gus, state: " + state + "}]")
			sh.bearer(state+" meanwhile", text, errors.New(reason))
		}
		s.Apply("users: [{id: 8, username: gus, state: active}]")
		sh.bearer("fine again", text, nil)
		sh.now = day(2026, 12, 24).Add(-time.Microsecond)
		sh.bearer("a moment before its end", text, nil)
		sh.now = day(2026, 12, 24)
		sh.bearer("expired", text, credentials.ErrExpiredToken)
		revoked := "access_tokens: [{user: gus, name: mine, scopes: [api], revoked: true, token: " + text + ", expires_at: %s}]"
		s.Apply(fmt.Sprintf(revoked, "2026-12-24"))
		sh.bearer("expired before revoked", text, credentials.ErrExpiredToken)
		s.Apply(fmt.Sprintf(revoked, "2027-01-01"))
		sh.bearer("revoked", text, credentials.ErrRevokedToken)
		s.Apply("users: [{id: 8, username: gus, state: blocked}]")
		sh.bearer("revoked before blocked", text, credentials.ErrRevokedToken)
	}},
	{Name: "access token used: last use recorded only on success", Check: func(s Subject) {
		sh := s.shellServer()
		used, refused := sh.createToken("user-8", validRequest), sh.createToken("user-8", until("2026-03-11"))
		for _, at := range []time.Time{now.Add(48 * time.Hour), now.Add(49 * time.Hour)} {
			sh.now = at
			sh.bearer("accepted", used.Text, nil)
			sh.bearer("refused", refused.Text, credentials.ErrExpiredToken)
			s.Fine("Flush", s.Store.Flush(s.Context()))
			for m, want := range map[*credentials.NewToken]time.Time{&used: at.Truncate(time.Microsecond), &refused: {}} {
				b, err := s.AccessTokens.Bearer(s.Context(), m.Token.Digest)
				s.Fine("Bearer", err)
				s.Same("last use", b.Token.LastUsedAt, want)
			}
		}
	}},
}

// auditService returns the audit service of a server with auditing on or off.
func (s Subject) auditService(enabled bool) *gitaudit.Service {
	s.Helper()
	return s.shellServer(func(c *config.Config) { c.Audit.Enabled = enabled }).Audit
}

// auditCases are about recording audit events.
var auditCases = []Case{
	{Name: "audit events of tokens and recovery codes: by the user or the operator, no secret", OnDatabases: true, Check: func(s Subject) {
		sh := s.shellServer()
		made := sh.createToken("key-11", validRequest)
		byOperator := audit.Cause{Actor: audit.Actor{Kind: audit.Operator, Username: "git"}}
		unlimited, err := sh.Credentials.PersonalAccessToken(s.Context(), byOperator, caller("user-7"), until(""))
		s.Fine("PersonalAccessToken", err)
		codes, err := sh.Credentials.RecoveryCodes(s.Context(), audit.Cause{Actor: audit.Actor{Address: "192.0.2.7"}, CorrelationID: "r-1"}, caller("key-11"))
		s.Fine("RecoveryCodes", err)
		if _, err := sh.Credentials.RecoveryCodes(s.Context(), audit.Cause{}, caller("key-201")); err == nil {
			s.Errorf("a deploy key got recovery codes")
		}
		s.Same("events", s.List("audit", "action", "username", "key_id", "ip_address", "actor_kind", "user_id", "correlation_id", "entity_kind", "entity_id", "entity_path", "target_kind", "target_id", "target_path"), []string{
			fmt.Sprintf("access_token.create dede 11 - user 7 - user 7 dede access_token %d mine", made.Token.ID),
			fmt.Sprintf("access_token.create git - - operator - - user 7 dede access_token %d mine", unlimited.Token.ID),
			"recovery_codes.create dede 11 192.0.2.7 user 7 r-1 user 7 dede recovery_codes - -",
		})
		changes := auditedChanges(s)
		s.Same("changes", []string{changes[0], changes[2]}, []string{`null {"expires_at":"2026-12-24","name":"mine","scopes":["read_user","api"]}`, "null null"})
		kept := fmt.Sprint(s.Read("audit"))
		for _, text := range append(codes, made.Text, unlimited.Text) {
			s.Same("a secret in the audit log", strings.Contains(kept, text) || strings.Contains(kept, string(identity.DigestToken(text))), false)
		}
	}},
	{Name: "audit events: actor and action", OnDatabases: true, Check: func(s Subject) {
		service := s.auditService(true)
		for _, c := range []struct {
			who    string
			report gitaudit.Report
			verb   audit.Verb
			want   audit.Actor
		}{
			{"key-11", gitaudit.Report{Action: source.ReceivePack, Command: audit.GitCommand{Protocol: source.SSH}, Address: "192.0.2.7"},
				audit.Push, audit.Actor{Kind: audit.Person, User: 7, Username: "dede", Key: 11, KeyType: identity.UserKey}},
			{"username-Gus", gitaudit.Report{Action: source.UploadPack, Command: audit.GitCommand{Protocol: source.HTTP, Stats: audit.Stats{Wants: 1, WrittenBytes: 9}}},
				audit.Clone, audit.Actor{Kind: audit.Person, User: 8, Username: "gus"}},
			{"user-10", gitaudit.Report{Action: source.UploadPack, Command: audit.GitCommand{Stats: audit.Stats{Wants: 1, Haves: 1}}},
				audit.Pull, audit.Actor{Kind: audit.Person, User: 10, Username: "gone"}},
			{"key-201", gitaudit.Report{Action: source.UploadArchive}, audit.Pull, audit.Actor{Kind: audit.DeployKey, Key: 201, KeyType: identity.DeployKey}},
			{"key-202", gitaudit.Report{Action: source.UploadPack}, audit.Pull, audit.Actor{Kind: audit.DeployKey, Key: 202, KeyType: identity.DeployKey}},
		} {
			c.report.Command.Repository, c.want.Address = "project-42", c.report.Address
			got, err := service.Record(s.Context(), subject.Claim(c.who), c.report)
			s.Fine(c.who, err)
			s.Same(c.who, got, audit.Event{
				At: now, Actor: c.want, Action: string(c.report.Action), Verb: c.verb, Outcome: audit.Done, Git: &c.report.Command,
				Entity: audit.Object{Kind: audit.Project, ID: 42, Path: "acme/cli"},
			})
		}
		s.Same("kept", s.List("audit", "at", "action", "verb", "protocol", "username", "key_id", "ip_address"), []string{
			"2026-03-10T12:34:56.789012Z git-receive-pack push ssh dede 11 192.0.2.7",
			"2026-03-10T12:34:56.789012Z git-upload-pack clone http gus - -",
			`2026-03-10T12:34:56.789012Z git-upload-pack pull "" gone - -`,
			`2026-03-10T12:34:56.789012Z git-upload-archive pull "" - 201 -`,
			`2026-03-10T12:34:56.789012Z git-upload-pack pull "" - 202 -`,
		})
	}},
	{Name: "audit events: not recorded", Check: func(s Subject) {
		for _, c := range []struct {
			who     string
			enabled bool
			action  source.Command
			want    error
		}{
			{"key-11", false, source.UploadPack, gitaudit.ErrNotNeeded},
			{"key-404", true, source.UploadPack, gitaudit.ErrNotNeeded},
			{"username-nobody", true, source.UploadPack, gitaudit.ErrNotNeeded},
			{"nobody", true, source.UploadPack, gitaudit.ErrNotNeeded},
			{"key-11", true, "git-shell", domain.Invalid},
			{"key-11", false, "git-shell", domain.Invalid},
		} {
			if _, err := s.auditService(c.enabled).Record(s.Context(), subject.Claim(c.who), gitaudit.Report{Action: c.action}); !errors.Is(err, c.want) {
				s.Errorf("%s %s: got %v, want %v", c.who, c.action, err, c.want)
			}
		}
		s.Same("kept", len(s.List("audit")), 0)
	}},
}
