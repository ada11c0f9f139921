package bootstrap_test

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pquerna/otp/totp"
	"go.uber.org/zap"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/instancekey"
	"gatehouse/application/inventory"
	"gatehouse/application/lfsaccess"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/domain"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

// totpSecret is the second factor of the user in worldWithKey.
const totpSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// worldWithKey makes the server apply a world with one user, who has a key and a
// second factor.
func worldWithKey(t *testing.T) bootstrap.Option {
	t.Helper()
	text := fmt.Sprintf(`
users: [{id: 7, username: dede, two_factor: {totp_secret: %s}}]
groups: [{path: acme}]
projects: [{id: 42, path: acme/cli}]
members: [{user: dede, group: acme, role: developer}]
keys: [{id: 11, user: dede, key: %q}]
`, totpSecret, world.Key(11))
	return bootstrap.WithWorld(bootstrap.World{Name: "key.yaml", World: world.Parse(t, text)})
}

// post returns the answer to a form, sent with the secret.
func (r *running) post(t *testing.T, route, form string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.TCP+"/api/v4/internal/"+route, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Gitlab-Shared-Secret", r.secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// passcode returns the one-time password at a time.
func passcode(t *testing.T, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(totpSecret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

const (
	fetch    = "key_id=11&project=acme/cli&action=git-upload-pack&protocol=ssh"
	lend     = "key_id=11&project=acme/cli"
	newToken = "key_id=11&name=mine&scopes[]=read_user&expires_at="
	report   = "key_id=11&action=git-upload-pack&protocol=ssh&gl_repository=project-42&changes=_any"
)

// TestRun_credentialSettings wants each setting to change one answer.
func TestRun_credentialSettings(t *testing.T) {
	t.Parallel()
	far := time.Now().UTC().AddDate(0, 0, 30).Format(time.DateOnly)
	for name, test := range map[string]struct {
		change           func(*config.Config)
		route, form      string
		byDefault, after string
	}{
		"otp.enabled": {
			func(c *config.Config) { c.OTP.Enabled = false }, "two_factor_config", "key_id=11",
			`"two_factor_required":true`, `^{"success":false,"message":"One-time passwords over SSH are not available here"}$`,
		},
		"otp.required_for_git": {
			func(c *config.Config) { c.OTP.RequiredForGit = true }, "allowed", fetch,
			`^{"status":true`, `^{"status":false,"message":"Git over SSH takes your second factor here`,
		},
		"otp.required_for_git, of LFS": {
			func(c *config.Config) { c.OTP.RequiredForGit = true }, "lfs_authenticate", lend,
			`"lfs_token":`, "second factor",
		},
		"audit.enabled": {
			func(c *config.Config) { c.Audit.Enabled = true }, "allowed", fetch,
			`"need_audit":false`, `"need_audit":true`,
		},
		"lfs.token_ttl": {
			func(c *config.Config) { c.LFS.TokenTTL = 77 * time.Minute }, "lfs_authenticate", lend,
			`"expires_in":1800}`, `"expires_in":4620}`,
		},
		"tokens.prefix": {
			func(c *config.Config) { c.Tokens.Prefix = "corp_" }, "personal_access_token", newToken + far,
			`"token":"glpat-[A-Za-z0-9_-]{20}"`, `"token":"corp_[A-Za-z0-9_-]{20}"`,
		},
		"tokens.max_lifetime_days": {
			func(c *config.Config) { c.Tokens.MaxLifetimeDays = 3 }, "personal_access_token", newToken + far,
			`"expires_at":"` + far + `"`, `^{"success":false,"message":"Failed to create token: the expiry date must not be after`,
		},
		"tokens.max_lifetime_days, none": {
			func(c *config.Config) { c.Tokens.MaxLifetimeDays = 0 }, "personal_access_token", newToken + "2999-12-31",
			`"success":false`, `"expires_at":"2999-12-31"`,
		},
		"tokens.require_expiry": {
			func(c *config.Config) { c.Tokens.RequireExpiry = true }, "personal_access_token", newToken,
			`"expires_at":null`, `"expires_at":"2\d\d\d-\d\d-\d\d"`,
		},
		"tokens.allow_past_expiry": {
			func(c *config.Config) { c.Tokens.AllowPastExpiry = true }, "personal_access_token", newToken + "2020-07-24",
			"is in the past", `"expires_at":"2020-07-24"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := settings(t)
			test.change(&changed)
			for _, c := range []struct {
				config config.Config
				want   string
			}{{settings(t), test.byDefault}, {changed, test.after}} {
				_, body := run(t, c.config, worldWithKey(t)).post(t, test.route, test.form)
				if !regexp.MustCompile(c.want).MatchString(body) {
					t.Errorf("got %s, want %s", body, c.want)
				}
			}
		})
	}
}

// TestRun_requireExp sends a token of GitLab Shell without an end.
func TestRun_requireExp(t *testing.T) {
	t.Parallel()
	for require, want := range map[bool]int{false: http.StatusOK, true: http.StatusUnauthorized} {
		config := settings(t)
		config.Shell.RequireExp = require
		r := run(t, config)
		secret, err := base64.StdEncoding.DecodeString(r.secret)
		if err != nil {
			t.Fatal(err)
		}
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "gitlab-shell"}).SignedString(secret)
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.TCP+"/api/v4/internal/check", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Close = true
		request.Header.Set("Gitlab-Shell-Api-Request", token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != want {
			t.Errorf("required %t: got %s, want %d", require, response.Status, want)
		}
	}
}

func TestRun_otpSession(t *testing.T) {
	t.Parallel()
	for session, want := range map[time.Duration]int{15 * time.Minute: http.StatusOK, time.Microsecond: http.StatusUnauthorized} {
		config := settings(t)
		config.OTP.RequiredForGit, config.OTP.Session = true, session
		r := run(t, config, worldWithKey(t))
		form := "key_id=11&otp_attempt=" + passcode(t, time.Now())
		if _, body := r.post(t, "two_factor_manual_otp_check", form); body != `{"success":true}` {
			t.Errorf("the right code: got %s", body)
		}
		if status, body := r.post(t, "allowed", fetch); status != want {
			t.Errorf("after a session of %v: got %d %s, want %d", session, status, body, want)
		}
	}
}

func TestRun_auditEvents(t *testing.T) {
	t.Parallel()
	for enabled, want := range map[bool]int{true: 1, false: 0} {
		config := settings(t)
		config.Audit.Enabled = enabled
		r := run(t, config, worldWithKey(t))
		if status, body := r.post(t, "shellhorse/git_audit_event", report); status != http.StatusOK || strings.Contains(body, `"status":true`) != enabled {
			t.Errorf("enabled %v: got %d %s", enabled, status, body)
		}
		events, err := ports(t, config).Inventory.List(t.Context(), "audit", time.Now())
		events = slices.DeleteFunc(events, func(e inventory.Record) bool { return e[2].Value != "git-upload-pack" }) // the world has events, too
		if err != nil || len(events) != want {
			t.Errorf("enabled %v: got %v, %v, want %d of them", enabled, events, err, want)
		}
	}
}

// ports opens the database of a server, which may run.
func ports(t *testing.T, config config.Config) bootstrap.Opened {
	t.Helper()
	p, err := bootstrap.OpenPorts(t.Context(), config, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Store.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return p
}

func TestRun_sealsSecrets(t *testing.T) {
	t.Parallel()
	config := settings(t)
	r := run(t, config, worldWithKey(t))
	if err := r.stop(); err != nil {
		t.Fatalf("Run: %v", err)
	}
	db, err := sql.Open("sqlite", string(config.Database.URL)+"?_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var sealed string
	if err := db.QueryRowContext(t.Context(), "SELECT totp_secret FROM users WHERE id = 7").Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(sealed, "v2:") || len(sealed) < len("v2:")+len(totpSecret) {
		t.Errorf("got %q, want it sealed", sealed)
	}
	files, err := filepath.Glob(string(config.Database.URL) + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("files of the database: got %v, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(content), totpSecret) {
			t.Errorf("%s holds the secret, or cannot be read: %v", file, err)
		}
	}
	if strings.Contains(r.log.String(), totpSecret) {
		t.Error("the log holds the secret")
	}
}

// TestRun_endsRotation starts with a new key and the previous one, and then with the
// new one alone.
func TestRun_endsRotation(t *testing.T) {
	t.Parallel()
	config := settings(t)
	const again = "secrets were sealed again"
	r := run(t, config, worldWithKey(t))
	if err := r.stop(); err != nil || strings.Contains(r.log.String(), again) {
		t.Fatalf("Run: %v\n%s", err, r.log.String())
	}
	config.Instance.PreviousKeyFile = config.Instance.KeyFile
	config.Instance.KeyFile = write(t, strings.Repeat("new key ", 8))
	for n, want := range []int{1, 0} {
		r := run(t, config)
		form := url.Values{"key_id": {"11"}, "otp_attempt": {passcode(t, time.Now().Add(time.Duration(n)*30*time.Second))}}.Encode()
		if _, body := r.post(t, "two_factor_manual_otp_check", form); body != `{"success":true}` {
			t.Errorf("start %d: one-time password: got %s", n, body)
		}
		if err := r.stop(); err != nil || strings.Count(r.log.String(), again) != want {
			t.Errorf("start %d: %v, want the line %d times:\n%s", n, err, want, r.log.String())
		}
		config.Instance.PreviousKeyFile = ""
	}
}

// hookWorld has a secret of each kind.
const hookWorld = `
users: [{id: 7, username: dede, two_factor: {totp_secret: ` + totpSecret + `}}]
groups: [{path: acme}]
hooks: [{group: acme, url: "https://ci.example.com/hook", token: sesame}]
`

// TestOpened_Unlock_twoProcesses stops a change of the key after each of its steps. A
// process with one key only fails then, whichever it has, and changes nothing; one with
// both ends the change.
func TestOpened_Unlock_twoProcesses(t *testing.T) {
	t.Parallel()
	const oldOnly, newOnly = "is not the key of this database", "the database has secrets of another key (rows: 2, first: users/7, hooks/1)"
	for engine, url := range map[string]func(testing.TB) string{"sqlite": stores.SQLiteFile, "postgres": stores.PostgresURL} {
		for name, test := range map[string]struct {
			step             func(ctx context.Context, key *instancekey.Key, s *gormstore.Store) error
			oldOnly, newOnly string
		}{
			"key adopted": {func(ctx context.Context, key *instancekey.Key, s *gormstore.Store) error { return key.Adopt(ctx, s) }, oldOnly, newOnly},
			"rows sealed, key not adopted": {func(ctx context.Context, _ *instancekey.Key, s *gormstore.Store) error {
				_, _, err := s.RenewSeals(ctx)
				return err
			}, newOnly, oldOnly},
		} {
			t.Run(engine+", "+name, func(t *testing.T) {
				t.Parallel()
				older := settings(t)
				older.Database.URL = config.URL(url(t))
				older.Instance.KeyFile = write(t, strings.Repeat("old key ", 8))
				both, newer := older, older
				newer.Instance.KeyFile = write(t, strings.Repeat("new key ", 8))
				both.Instance.KeyFile, both.Instance.PreviousKeyFile = newer.Instance.KeyFile, older.Instance.KeyFile
				unlock := func(c config.Config, want string) {
					t.Helper()
					err := ports(t, c).Unlock(t.Context())
					if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
						t.Errorf("got %v, want %q", err, want)
					}
				}
				p := ports(t, older)
				if err := p.Unlock(t.Context()); err != nil {
					t.Fatal(err)
				}
				world.Apply(t, p.WorldImport, hookWorld)

				key := bootstrap.InstanceKey(both, bootstrap.Clock(), zap.NewNop())
				s, err := gormstore.Open(t.Context(), string(both.Database.URL), 2, false, key)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = s.Close(context.WithoutCancel(t.Context())) }()
				if err := errors.Join(key.Unlock(t.Context(), s), test.step(t.Context(), key, s)); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					unlock(older, test.oldOnly)
					unlock(newer, test.newOnly)
				}
				unlock(both, "")
				unlock(newer, "")
				unlock(older, oldOnly)
				if hook, _, err := s.Deliveries.Hook(t.Context(), 1); err != nil || hook.URL != "https://ci.example.com/hook" || hook.Token != "sesame" {
					t.Errorf("got %+v, %v", hook, err)
				}
			})
		}
	}
}

// lent returns the user name and the token for Git LFS that the server answers.
func (r *running) lent(t *testing.T) (username, token string) {
	t.Helper()
	_, body := r.post(t, "lfs_authenticate", lend)
	found := regexp.MustCompile(`^{"username":"([^"]+)","lfs_token":"([^"]+)"`).FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("lfs_authenticate: got %s", body)
	}
	return found[1], found[2]
}

// verifier returns what an LFS server verifies tokens with.
func verifier(t *testing.T, config config.Config, clock func() time.Time) *lfsaccess.Service {
	t.Helper()
	p := ports(t, config)
	key := bootstrap.InstanceKey(config, clock, zap.NewNop())
	if err := key.Unlock(t.Context(), p.Store); err != nil {
		t.Fatal(err)
	}
	rules, err := bootstrap.GitRules(config)
	if err != nil {
		t.Fatal(err)
	}
	return bootstrap.LFSAccess(config, p.Directory, p.KeyUses, rules, key, clock)
}

// TestRun_rotatesInstanceKey changes the key while the server runs, in the documented
// steps. LFS tokens of the old key end without a restart. What the old key sealed can
// be read as long as the old key is known.
func TestRun_rotatesInstanceKey(t *testing.T) {
	t.Parallel()
	config := settings(t)
	config.Instance.PreviousKeyFile = config.Instance.KeyFile + ".previous"
	r := run(t, config, worldWithKey(t))
	now := time.Now()
	verify := verifier(t, config, func() time.Time { return now })
	username, token := r.lent(t)
	if _, err := verify.Verify(t.Context(), username, token); err != nil {
		t.Fatalf("before: %v", err)
	}

	old, err := os.ReadFile(config.Instance.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ file, key string }{{config.Instance.PreviousKeyFile, string(old)}, {config.Instance.KeyFile, strings.Repeat("new key ", 8)}} {
		if err := os.WriteFile(step.file, []byte(step.key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(2 * time.Second) // files are looked at once a second
	if _, err := verify.Verify(t.Context(), username, token); !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("after: got %v, want %v", err, domain.Unauthenticated)
	}
	for deadline := time.Now().Add(10 * time.Second); ; { // until the server has looked, too
		username, token := r.lent(t)
		_, err := verify.Verify(t.Context(), username, token)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a new token: %v", err)
		}
	}
	otp := func(r *running, at time.Time, want string) {
		t.Helper()
		form := url.Values{"key_id": {"11"}, "otp_attempt": {passcode(t, at)}}.Encode()
		if _, body := r.post(t, "two_factor_manual_otp_check", form); body != want {
			t.Errorf("one-time password: got %s, want %s", body, want)
		}
	}
	otp(r, time.Now(), `{"success":true}`)
	if err := r.stop(); err != nil {
		t.Fatalf("Run: %v", err)
	}
	otp(run(t, config), time.Now().Add(30*time.Second), `{"success":true}`)
}
