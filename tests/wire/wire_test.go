// Package wire_test holds the server to golden pairs: for each request in
// testdata the answer beside it, to the byte. The answers are the API; -update
// writes them anew, for review.
package wire_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"flag"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"gatehouse/adapters/gitaly"
	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/portal"
	"gatehouse/adapters/httpapi/shell"
	"gatehouse/adapters/lfstoken"
	"gatehouse/adapters/memory"
	"gatehouse/adapters/ratelimit"
	"gatehouse/adapters/totp"
	"gatehouse/application/audit"
	"gatehouse/application/credentials"
	"gatehouse/application/gitaccess"
	"gatehouse/application/lfsaccess"
	"gatehouse/application/provisioning"
	"gatehouse/application/pushes"
	"gatehouse/application/whois"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

var update = flag.Bool("update", false, "write the answers instead of comparing them")

// now is inside the life of the token in the contract's test vector.
var now = time.Date(2023, time.November, 14, 22, 13, 50, 0, time.UTC)

const secret = "0123456789abcdef0123456789abcdef"

// call is one request as a caller sends it. Body is a form or whatever else
// Content-Type names; JSON is an alternative to it that is easier to read.
type call struct {
	Request string            `json:"request"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	JSON    json.RawMessage   `json:"json,omitempty"`
	// Before are requests that came earlier; their answers do not count.
	Before []call `json:"before,omitempty"`
}

// answer is what came back.
type answer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

func TestWire(t *testing.T) {
	t.Parallel()
	requests := golden(t)
	if len(requests) == 0 {
		t.Fatal("no golden pairs")
	}
	for _, path := range requests {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(path, "testdata/"), ".req.json"), func(t *testing.T) {
			t.Parallel()
			var asked call
			readJSON(t, path, &asked)
			server := newServer(t, settings{perMinute: 2})
			for _, earlier := range asked.Before {
				send(t, server, earlier)
			}
			check(t, strings.TrimSuffix(path, ".req.json")+".res.json", send(t, server, asked))
		})
	}
}

func golden(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir("testdata", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".req.json") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func check(t *testing.T, path string, got answer) {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(got); err != nil {
		t.Fatalf("the answer's body is no JSON: %v", err)
	}
	if *update {
		if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text.Bytes(), want) {
		t.Errorf("got %s\nwant %s", text.Bytes(), want)
	}
}

func send(t *testing.T, server http.Handler, c call) answer {
	t.Helper()
	method, target, _ := strings.Cut(c.Request, " ")
	request := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(c.Body+string(c.JSON)))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.JSON != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.Headers {
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	server.ServeHTTP(recorder, request)
	headers := map[string]string{}
	for _, name := range []string{"Content-Type", "Allow", "Location", "Retry-After", "WWW-Authenticate"} {
		if value := recorder.Header().Get(name); value != "" {
			headers[name] = value
		}
	}
	body := recorder.Body.Bytes()
	for shape, mask := range secrets {
		body = shape.ReplaceAll(body, []byte(mask))
	}
	if len(body) == 0 {
		body = nil // as with 204
	}
	return answer{recorder.Code, headers, body}
}

// secrets are what no golden file shows, by their form. One that has another
// form is shown, and so found.
var secrets = map[*regexp.Regexp]string{
	regexp.MustCompile(`"lfs_token":"eyJ[\w-]+\.[\w-]+\.[\w-]{43}"`): `"lfs_token":"<token>"`,
	regexp.MustCompile(`"token":"glpat-[\w-]{20}"`):                  `"token":"<token>"`,
	regexp.MustCompile(`"[0-9a-f]{16}"`):                             `"<code>"`,
}

// settings are what few tests change.
type settings struct {
	otpRequired, needAudit bool
	perMinute              int
}

func newServer(t *testing.T, with settings) http.Handler {
	t.Helper()
	text, err := os.ReadFile("testdata/world.yaml")
	if err != nil {
		t.Fatal(err)
	}
	store := memory.New()
	world.Apply(t, store.Registries(), string(text))
	clock := func() time.Time { return now }
	rules := gitaccess.Rules{
		Settings: source.Settings{Protocols: source.AllProtocols, DefaultBranchProtection: source.FullyProtected, OTPRequired: with.otpRequired},
		Storages: map[string]gitaccess.Storage{
			"default": {Name: "default", Address: "unix:/Users/bvl/repos/gitlab/gitaly.socket"},
			"second":  {Name: "second", Address: "tls://gitaly.example:9999", Token: "gitaly-token"},
		},
	}
	nobody, err := gitaly.New(nil, clock)
	if err != nil {
		t.Fatal(err)
	}
	cloneURL := func(path string, protocol source.Protocol) string {
		return string(protocol) + "://git.example/" + path + ".git"
	}
	auth := shell.NewAuthenticator(func() [][]byte { return [][]byte{[]byte(secret)} }, shell.LegacyAccept, clock, zap.NewNop())
	engine, err := httpapi.NewEngine(zap.NewNop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	office := credentials.New(store, store, store, totp.New(unsealed{}), credentials.Rules{
		TokenPrefix: "glpat-", Lifetime: identity.Lifetime{MaxDays: 365}, Scopes: identity.Scopes,
		OTP: true, OTPSession: 15 * time.Minute,
	}, rand.Reader, clock)
	clerk := provisioning.New(store.Books(), store.Ledger(), provisioning.Rules{Plans: plans}, clock)
	sold := portal.New(office, clerk, true)
	sold.Mount(engine.Group("/api/v4/namespaces"))
	sold.MountInternal(engine.Group("/api/v4/internal"))
	shell.New(auth, shell.UseCases{
		Gate:     gitaccess.New(store, nobody, store, store, ratelimit.New(with.perMinute), nil, rules, clock),
		Bracket:  pushes.New(store, store, store, store, pushes.Rules{Expiry: 10 * time.Minute, FailOpen: true, CloneURL: cloneURL, WebURL: func(path string) string { return "https://git.example/" + path }}, clock),
		Register: whois.New(store),
		LFS: lfsaccess.New(store, store, lfstoken.Format{}, lfsaccess.Rules{
			Settings: rules.Settings, Lifetime: 30 * time.Minute,
			InstanceKey: func() []byte { return []byte("instance key") }, NewID: uuid.NewString,
		}, clock),
		Credentials: office,
		Trail:       audit.New(store, store, true, clock),
	}, shell.Instance{
		Version: "12.3.0-pre", Revision: "d69c988e6a6", ExternalURL: "http://localhost:3001", Host: "git.example", NeedAudit: with.needAudit,
	},
	).Mount(engine.Group("/api/v4/internal"))
	mountKas(store, engine.Group("/api/v4/internal"), clock)
	return httpapi.Handler("", engine)
}

// plans are those that a few requests of the portal ask for.
var plans = billing.Plans{
	{Code: "free", Title: "Free"}, {Code: "premium", Title: "Premium", Paid: true}, {Code: "ultimate", Title: "Ultimate", Paid: true, Top: true, ExcludeGuests: true},
}

// unsealed opens what the test's world sealed.
type unsealed struct{}

func (unsealed) Open(sealed string) (string, error) {
	return strings.TrimPrefix(sealed, world.Seal("")), nil
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
