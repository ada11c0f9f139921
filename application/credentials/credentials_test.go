package credentials_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/adapters/memory"
	"gatehouse/application/credentials"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/tests/world"
)

// people are the users and keys of these tests.
const people = `
users:
  - {id: 1, username: root, admin: true}
  - {id: 7, username: dede, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}
  - {id: 8, username: gus}
  - {id: 9, username: key, two_factor: {webauthn: true}}
  - {id: 10, username: gone, state: blocked, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}
groups: [{path: acme}]
projects: [{path: acme/cli}]
keys:
  - {id: 11, user: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQiuYh1mAaOMsREipSa2ykND041ueAbDuXxoeYA/iZ0"}
  - {id: 12, user: gus, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP1QuOOxROokT793N/VQvI3QwmULvBqtqDPKF/+NvzKb"}
deploy_keys:
  - {id: 201, creator: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOq6Ou97blpQV0CCwEhEYAicipXd1jF+ojc2diiEWUz"}
  - {id: 202, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBJivG1UCKPE4CWqDBXmT2kZfNs4kRvlrTRKlJd53z2m"}
`

// testService is a Service with its store and its clock.
type testService struct {
	*credentials.Service
	store *memory.Store
	now   time.Time
}

func newService(t *testing.T, change ...func(*credentials.Rules)) *testService {
	t.Helper()
	d := &testService{store: memory.New(), now: world.Now}
	world.Apply(t, d.store.WorldImport, people)
	rules := credentials.Rules{
		TokenPrefix: "glpat-", Lifetime: identity.Lifetime{MaxDays: 365}, Scopes: identity.Scopes,
		OTP: true, OTPSession: 15 * time.Minute,
	}
	for _, c := range change {
		c(&rules)
	}
	d.Service = credentials.New(d.store.Accounts, d.store.RecoveryCodes, d.store.AccessTokens, fakeAuthenticator{}, rules, &countingReader{}, func() time.Time { return d.now })
	return d
}

// countingReader reads bytes that never repeat, in place of random ones.
type countingReader struct {
	mu sync.Mutex
	n  uint64
}

func (c *countingReader) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	copy(p, bytes.Repeat([]byte{0xff}, len(p)))
	copy(p, fmt.Sprintf("%08x", c.n))
	return len(p), nil
}

// fakeAuthenticator has the number of the time step, in minutes, as its code.
type fakeAuthenticator struct{}

func (fakeAuthenticator) Step(secret, code string, now time.Time) (int64, bool, error) {
	if secret != "JBSWY3DPEHPK3PXP" {
		return 0, false, errors.New("another secret")
	}
	step := now.Unix() / 60
	return step, code == fmt.Sprint(step), nil
}

func byKey(id string) credentials.Caller { return credentials.Caller{Claim: identity.ClaimKey(id)} }
func byUser(id string) credentials.Caller {
	return credentials.Caller{Claim: identity.ClaimUser(id), ByUser: true}
}

// wantRefusal checks that err is words that hold want.
func wantRefusal(t *testing.T, name string, err error, want string) {
	t.Helper()
	refusal, ok := errors.AsType[*domain.Refusal](err)
	if !ok || !strings.Contains(refusal.Message, want) {
		t.Errorf("%s: got %v, want words about %q", name, err, want)
	}
}

var code = regexp.MustCompile(`^[0-9a-f]{16}$`)

func TestService_RecoveryCodes(t *testing.T) {
	t.Parallel()
	d := newService(t)
	for name, caller := range map[string]credentials.Caller{"by key": byKey("11"), "by user": byUser("7"), "WebAuthn only": byUser("9")} {
		codes, err := d.RecoveryCodes(t.Context(), audit.Cause{}, caller)
		if err != nil || len(codes) != 10 {
			t.Fatalf("%s: got %q, %v", name, codes, err)
		}
		seen := map[string]bool{}
		for _, c := range codes {
			seen[c] = code.MatchString(c)
		}
		if len(seen) != 10 || seen[codes[0]] != true {
			t.Errorf("%s: got %q, want ten different codes of 16 hexadecimal digits", name, codes)
		}
	}
}

func TestService_RecoveryCodes_refuses(t *testing.T) {
	t.Parallel()
	d := newService(t)
	for name, c := range map[string]struct {
		caller credentials.Caller
		want   string
	}{
		"an unknown user":     {byUser("404"), "given user"},
		"no number of a user": {byUser("x"), "given user"},
		"an unknown key":      {byKey("404"), "given key"},
		"nothing":             {byKey(""), "given key"},
		"a deploy key":        {byKey("201"), "Deploy keys"},
		"a creatorless one":   {byKey("202"), "Deploy keys"},
		"no second factor":    {byKey("12"), "not enabled"},
		"a blocked user":      {byUser("10"), "blocked"},
	} {
		_, err := d.RecoveryCodes(t.Context(), audit.Cause{}, c.caller)
		wantRefusal(t, name, err, c.want)
	}
}

func TestService_RecoveryCodes_endOldOnes(t *testing.T) {
	t.Parallel()
	d := newService(t)
	old, _ := d.RecoveryCodes(t.Context(), audit.Cause{}, byUser("7"))
	fresh, _ := d.RecoveryCodes(t.Context(), audit.Cause{}, byUser("7"))
	if err := d.SpendRecoveryCode(t.Context(), 7, old[0]); !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("an old code: got %v", err)
	}
	if err := d.SpendRecoveryCode(t.Context(), 7, strings.ToUpper(fresh[0])); err != nil {
		t.Errorf("a new code: got %v", err)
	}
	if err := d.SpendRecoveryCode(t.Context(), 7, fresh[0]); !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("a code that was used: got %v", err)
	}
	if err := d.SpendRecoveryCode(t.Context(), 9, fresh[1]); !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("another user's code: got %v", err)
	}
}

func request(change ...func(*credentials.TokenRequest)) credentials.TokenRequest {
	r := credentials.TokenRequest{Name: "mine", Scopes: []string{"read_user", "read_repository"}, ExpiresAt: "2026-12-24"}
	for _, c := range change {
		c(&r)
	}
	return r
}

func TestService_PersonalAccessToken(t *testing.T) {
	t.Parallel()
	d := newService(t)
	created, err := d.PersonalAccessToken(t.Context(), audit.Cause{}, byUser("7"), request())
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^glpat-[A-Za-z0-9_-]{20}$`).MatchString(created.Text) {
		t.Errorf("text: got %q", created.Text)
	}
	if got := created.Token; got.User != 7 || got.Name != "mine" || fmt.Sprint(got.Scopes) != "[read_user read_repository]" ||
		got.ExpiresAt.Format(time.DateOnly) != "2026-12-24" || got.CreatedAt != d.now {
		t.Errorf("token: got %+v", got)
	}
	if b, err := d.Bearer(t.Context(), created.Text); err != nil || b.User.Username != "dede" || b.Token.ID != created.Token.ID {
		t.Errorf("bearer: got %+v, %v", b, err)
	}
	again, err := d.PersonalAccessToken(t.Context(), audit.Cause{}, byKey("11"), request())
	if err != nil || again.Text == created.Text {
		t.Errorf("the same name again: got %q, %v", again.Text, err)
	}
}

func TestService_PersonalAccessToken_refuses(t *testing.T) {
	t.Parallel()
	d := newService(t)
	for name, c := range map[string]struct {
		caller  credentials.Caller
		request credentials.TokenRequest
		want    string
	}{
		"a deploy key":         {byKey("201"), credentials.TokenRequest{}, "Deploy keys"},
		"an unknown user":      {byUser("404"), credentials.TokenRequest{}, "given user"},
		"an unknown key":       {byKey("404"), credentials.TokenRequest{}, "given key"},
		"no name":              {byUser("7"), credentials.TokenRequest{Name: " \t"}, "name"},
		"no scopes":            {byUser("7"), request(func(r *credentials.TokenRequest) { r.Scopes = nil }), "No token scopes"},
		"blank scopes":         {byUser("7"), request(func(r *credentials.TokenRequest) { r.Scopes = []string{"", " , "} }), "No token scopes"},
		"an invalid scope":     {byUser("7"), request(func(r *credentials.TokenRequest) { r.Scopes = []string{"api", "fly"} }), "'fly'. Valid scopes are: api, read_api, read_registry"},
		"sudo":                 {byUser("1"), request(func(r *credentials.TokenRequest) { r.Scopes = []string{"sudo"} }), "'sudo'"},
		"scope before expiry":  {byUser("7"), request(func(r *credentials.TokenRequest) { r.Scopes, r.ExpiresAt = []string{"fly"}, "x" }), "'fly'"},
		"no date":              {byUser("7"), request(func(r *credentials.TokenRequest) { r.ExpiresAt = "tomorrow" }), "'tomorrow'"},
		"no such day":          {byUser("7"), request(func(r *credentials.TokenRequest) { r.ExpiresAt = "2026-02-30" }), "'2026-02-30'"},
		"yesterday":            {byUser("7"), request(func(r *credentials.TokenRequest) { r.ExpiresAt = "2026-03-09" }), "in the past"},
		"too far away":         {byUser("7"), request(func(r *credentials.TokenRequest) { r.ExpiresAt = "2027-03-11" }), "2027-03-10"},
		"a blocked user":       {byUser("10"), request(), "Failed to create token: Your account has been blocked"},
		"expiry before a user": {byUser("10"), request(func(r *credentials.TokenRequest) { r.ExpiresAt = "x" }), "'x'"},
	} {
		_, err := d.PersonalAccessToken(t.Context(), audit.Cause{}, c.caller, c.request)
		wantRefusal(t, name, err, c.want)
	}
}

func TestService_PersonalAccessToken_expiry(t *testing.T) {
	t.Parallel()
	required := func(r *credentials.Rules) { r.Lifetime.Required = true }
	for name, c := range map[string]struct {
		text  string
		rules func(*credentials.Rules)
		want  string
	}{
		"none":                {"", func(*credentials.Rules) {}, "0001-01-01"},
		"none, and required":  {" ", required, "2027-03-10"},
		"today":               {"2026-03-10", required, "2026-03-10"},
		"the last day":        {"2027-03-10", required, "2027-03-10"},
		"a moment":            {"2026-12-24T23:59:59Z", required, "2026-12-24"},
		"a moment elsewhere":  {"2026-12-24T23:59:59-08:00", required, "2026-12-24"},
		"the past, on demand": {"2020-07-24", func(r *credentials.Rules) { r.Lifetime.AllowPast = true }, "2020-07-24"},
	} {
		created, err := newService(t, c.rules).PersonalAccessToken(t.Context(), audit.Cause{}, byUser("7"), request(func(r *credentials.TokenRequest) { r.ExpiresAt = c.text }))
		if got := created.Token.ExpiresAt.Format(time.DateOnly); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, c.want)
		}
	}
}

func TestService_PersonalAccessToken_scopesInOneText(t *testing.T) {
	t.Parallel()
	created, err := newService(t).PersonalAccessToken(t.Context(), audit.Cause{}, byUser("7"), request(func(r *credentials.TokenRequest) { r.Scopes = []string{"read_user,api read_api"} }))
	if err != nil || fmt.Sprint(created.Token.Scopes) != "[read_user api read_api]" {
		t.Errorf("got %v, %v", created.Token.Scopes, err)
	}
}

func TestService_Bearer(t *testing.T) {
	t.Parallel()
	d := newService(t)
	created, err := d.PersonalAccessToken(t.Context(), audit.Cause{}, byUser("8"), request())
	if err != nil {
		t.Fatal(err)
	}
	wants := func(name string, want error) {
		t.Helper()
		if _, err := d.Bearer(t.Context(), created.Text); fmt.Sprint(err) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
	if _, err := d.Bearer(t.Context(), "glpat-unknown"); err != credentials.ErrUnknownToken { //nolint:errorlint // as above
		t.Errorf("unknown: got %v", err)
	}
	d.now = time.Date(2026, 12, 23, 23, 59, 59, 0, time.UTC)
	wants("the day before", nil)
	world.Apply(t, d.store.WorldImport, "users: [{id: 8, username: gus, state: blocked}]\n")
	wants("blocked a statement ago", errors.New("Your account has been blocked."))
	if token, err := d.GitToken(t.Context(), created.Text); token.ID != created.Token.ID || token.User != 8 || err != nil {
		t.Errorf("for Git: got %+v, %v, want the token of the blocked user", token, err)
	}
	world.Apply(t, d.store.WorldImport, "users: [{id: 8, username: gus, state: active}]\n")
	d.now = d.now.Add(time.Second)
	wants("on the day", credentials.ErrExpiredToken)
	world.Apply(t, d.store.WorldImport, "access_tokens: [{user: gus, name: mine, scopes: [api], revoked: true, expires_at: null, token: "+created.Text+"}]\n")
	wants("revoked", credentials.ErrRevokedToken)
	world.Apply(t, d.store.WorldImport, "access_tokens: [{user: gus, name: mine, scopes: [api], revoked: true, expires_at: 2026-12-01, token: "+created.Text+"}]\n")
	if b, err := d.Bearer(t.Context(), created.Text); b.Token.ID == 0 || !errors.Is(err, credentials.ErrExpiredToken) {
		t.Errorf("revoked and expired: got the token %d, %v", b.Token.ID, err)
	}
	if _, err := d.GitToken(t.Context(), created.Text); !errors.Is(err, credentials.ErrExpiredToken) {
		t.Errorf("for Git: got %v, want that it is expired", err)
	}
}

func TestService_CheckOTP(t *testing.T) {
	t.Parallel()
	d := newService(t)
	right := func() string { return fmt.Sprint(d.now.Unix() / 60) }
	if err := d.CheckOTP(t.Context(), byKey("11"), "1"); !errors.Is(err, domain.Forbidden) {
		t.Errorf("a wrong code: got %v", err)
	}
	if err := d.CheckOTP(t.Context(), byKey("11"), " "+right()[:3]+" "+right()[3:]); err != nil {
		t.Errorf("the right code, with blanks: got %v", err)
	}
	if err := d.CheckOTP(t.Context(), byUser("7"), right()); !errors.Is(err, domain.Forbidden) {
		t.Errorf("the same code again: got %v", err)
	}
	for range 12 { // more than the wrong ones that lock
		if err := d.CheckOTP(t.Context(), byKey("11"), right()); !errors.Is(err, domain.Forbidden) {
			t.Errorf("the same code again: got %v", err)
		}
	}
	d.now = d.now.Add(time.Minute)
	if err := d.CheckOTP(t.Context(), byUser("7"), right()); err != nil {
		t.Errorf("the next code: got %v", err)
	}
}

func TestService_CheckOTP_locks(t *testing.T) {
	t.Parallel()
	d := newService(t)
	right := func() string { return fmt.Sprint(d.now.Unix() / 60) }
	for n := range 10 {
		if err := d.CheckOTP(t.Context(), byUser("7"), "1"); !errors.Is(err, domain.Forbidden) {
			t.Fatalf("wrong code %d: got %v", n+1, err)
		}
	}
	wantRefusal(t, "the right code, too late", d.CheckOTP(t.Context(), byUser("7"), right()), "Too many")
	d.now = d.now.Add(10 * time.Minute)
	if err := d.CheckOTP(t.Context(), byUser("7"), right()); err != nil {
		t.Errorf("ten minutes later: got %v", err)
	}
}

func TestService_CheckOTP_refuses(t *testing.T) {
	t.Parallel()
	off := func(r *credentials.Rules) { r.OTP = false }
	for name, c := range map[string]struct {
		rules  func(*credentials.Rules)
		caller credentials.Caller
		want   string
	}{
		"switched off":     {off, byKey("404"), "not available"},
		"an unknown key":   {func(*credentials.Rules) {}, byKey("404"), "given key"},
		"an unknown user":  {func(*credentials.Rules) {}, byUser("404"), "given user"},
		"a deploy key":     {func(*credentials.Rules) {}, byKey("201"), "Deploy keys"},
		"no second factor": {func(*credentials.Rules) {}, byKey("12"), "not enabled"},
		"WebAuthn only":    {func(*credentials.Rules) {}, byUser("9"), "Invalid OTP"},
		"a blocked user":   {func(*credentials.Rules) {}, byUser("10"), "blocked"},
	} {
		d := newService(t, c.rules)
		wantRefusal(t, name, d.CheckOTP(t.Context(), c.caller, "1"), c.want)
		if c.want != "Invalid OTP" {
			wantRefusal(t, name+": push", d.PushOTP(t.Context(), c.caller), c.want)
		}
	}
	wantRefusal(t, "push", newService(t).PushOTP(t.Context(), byUser("7")), "Push notifications")
}

func TestService_TwoFactorRequired(t *testing.T) {
	t.Parallel()
	d := newService(t)
	for id, want := range map[string]bool{"11": true, "12": false, "201": false} {
		if got, err := d.TwoFactorRequired(t.Context(), byKey(id)); err != nil || got != want {
			t.Errorf("key %s: got %v, %v, want %v", id, got, err, want)
		}
	}
	if _, err := d.TwoFactorRequired(t.Context(), byKey("404")); !errors.Is(err, domain.NotFound) {
		t.Errorf("an unknown key: got %v", err)
	}
}

// failingStore is a store that cannot be reached.
type failingStore struct {
	memory.Accounts
	memory.RecoveryCodes
	memory.AccessTokens
}

var errDown = errors.New("connection refused")

func (failingStore) Account(context.Context, identity.Claim) (credentials.Account, error) {
	return credentials.Account{}, errDown
}

func (failingStore) Bearer(context.Context, identity.TokenDigest) (credentials.Bearer, error) {
	return credentials.Bearer{}, errDown
}

func TestService_storeIsDown(t *testing.T) {
	t.Parallel()
	d := failingStore{}
	o := credentials.New(d, d, d, fakeAuthenticator{}, credentials.Rules{OTP: true}, io.LimitReader(&countingReader{}, 0), time.Now)
	_, codes := o.RecoveryCodes(t.Context(), audit.Cause{}, byUser("7"))
	_, token := o.PersonalAccessToken(t.Context(), audit.Cause{}, byUser("7"), request())
	_, bearer := o.Bearer(t.Context(), "x")
	for name, err := range map[string]error{"codes": codes, "token": token, "bearer": bearer, "otp": o.CheckOTP(t.Context(), byUser("7"), "1")} {
		if !errors.Is(err, domain.Unavailable) || !errors.Is(err, errDown) {
			t.Errorf("%s: got %v, want %v with its cause", name, err, domain.Unavailable)
		}
	}
}
