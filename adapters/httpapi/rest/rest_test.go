package rest_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/rest"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/adapters/memory"
	"gatehouse/adapters/ratelimit"
	"gatehouse/application/accounts"
	"gatehouse/application/credentials"
	"gatehouse/tests/world"
)

const people = `
users:
  - {id: 1, username: root, email: root@example.com, admin: true}
  - {id: 2, username: dev, email: dev@example.com}
  - {id: 3, username: bob, email: bob@example.com, state: blocked}
access_tokens:
  - {user: root, name: all, scopes: [api, sudo], token: t-root}
  - {user: root, name: no sudo, scopes: [api], token: t-plain}
  - {user: dev, name: api, scopes: [api], token: t-dev}
  - {user: dev, name: reading, scopes: [read_api], token: t-read}
  - {user: dev, name: user, scopes: [read_user], token: t-user}
  - {user: dev, name: git, scopes: [write_repository], token: t-git}
  - {user: dev, name: old, scopes: [api], token: t-old, expires_at: 2020-01-01}
  - {user: dev, name: gone, scopes: [api], token: t-gone, revoked: true}
  - {user: bob, name: api, scopes: [api], token: t-bob}
`

// newServer serves the API over a world in memory.
func newServer(t *testing.T, limits call.Limits, origins ...string) http.Handler {
	t.Helper()
	store := memory.New()
	world.Apply(t, store.WorldImport, people)
	clock := func() time.Time { return world.Now }
	tokens := credentials.New(store.Accounts, store.RecoveryCodes, store.AccessTokens, nil, credentials.Rules{}, rand.Reader, clock)
	users := accounts.New(store.AccountUnitOfWork, store.AccountRecords, nil, accounts.Rules{}, rand.Reader, clock)
	api := rest.New(rest.UseCases{Credentials: tokens, Accounts: users}, rest.Instance{
		Instance: entity.Instance{ExternalURL: "https://git.example.com"},
		Version:  "16.11.0-gatehouse", Revision: "0123456", CORSOrigins: origins,
	}, limits, clock)
	engine, err := httpapi.NewEngine(zap.NewNop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	engine.Use(api.CORS)
	engine.NoRoute(call.Unknown)
	engine.NoMethod(call.NoMethod)
	api.Mount(engine.Group("/api/v4"), func() ([]byte, error) { return nil, nil })
	return engine
}

// ask sends a request, "METHOD path" with headers as "Name: value".
func ask(t *testing.T, server http.Handler, request string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	path, body, _ := strings.Cut(path, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "/api/v4"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, r)
	return answer
}

func TestAPI_authentication(t *testing.T) {
	t.Parallel()
	server := newServer(t, call.Limits{})
	const unauthorized = `401 {"message":"401 Unauthorized"}`
	scope := func(scopes string) string {
		return `403 {"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"` + scopes + `"}`
	}
	for name, tt := range map[string]struct {
		request string
		headers []string
		// want is the beginning of status and body.
		want string
	}{
		"no token":               {"GET /user", nil, unauthorized},
		"no token and a write":   {"POST /users", nil, unauthorized},
		"unknown token":          {"GET /user", []string{"PRIVATE-TOKEN: t-none"}, unauthorized},
		"header":                 {"GET /user", []string{"private-token: t-dev"}, `200 {"id":2,`},
		"bearer":                 {"GET /user", []string{"Authorization: Bearer t-dev"}, `200 {"id":2,`},
		"bearer in lower case":   {"GET /user", []string{"Authorization: bearer  t-dev"}, `200 {"id":2,`},
		"basic":                  {"GET /user", []string{"Authorization: Basic b2F1dGgyOnQtZGV2"}, `200 {"id":2,`},
		"parameter":              {"GET /user?private_token=t-dev", nil, `200 {"id":2,`},
		"another parameter":      {"GET /user?access_token=t-dev", nil, `200 {"id":2,`},
		"header before others":   {"GET /user?private_token=t-none", []string{"PRIVATE-TOKEN: t-dev", "Authorization: Bearer t-root"}, `200 {"id":2,`},
		"in a body":              {"PUT /users/2 private_token=t-root&name=Dev", nil, `200 {"id":2,`},
		"body of a GET":          {"GET /user private_token=t-root", nil, unauthorized},
		"job token":              {"GET /user", []string{"JOB-TOKEN: t-dev"}, unauthorized},
		"expired":                {"GET /user", []string{"PRIVATE-TOKEN: t-old"}, `401 {"error":"invalid_token","error_description":"Token is expired.`},
		"revoked":                {"GET /user", []string{"PRIVATE-TOKEN: t-gone"}, `401 {"error":"invalid_token","error_description":"Token was revoked.`},
		"blocked":                {"GET /user", []string{"PRIVATE-TOKEN: t-bob"}, `403 {"message":"403 Forbidden - Your account has been blocked."}`},
		"reading":                {"GET /user", []string{"PRIVATE-TOKEN: t-read"}, `200 {"id":2,`},
		"reading by HEAD":        {"HEAD /user", []string{"PRIVATE-TOKEN: t-read"}, `200 `},
		"reading users":          {"GET /users/1", []string{"PRIVATE-TOKEN: t-user"}, `200 {"id":1,`},
		"reading a write":        {"DELETE /users/1", []string{"PRIVATE-TOKEN: t-read"}, scope("api")},
		"Git alone":              {"GET /user", []string{"PRIVATE-TOKEN: t-git"}, scope("api read_api read_user")},
		"no administrator":       {"DELETE /users/1", []string{"PRIVATE-TOKEN: t-dev"}, `403 {"message":"403 Forbidden"}`},
		"sudo by name":           {"GET /user", []string{"PRIVATE-TOKEN: t-root", "Sudo: DEV"}, `200 {"id":2,`},
		"sudo by number":         {"GET /user?sudo=2", []string{"PRIVATE-TOKEN: t-root"}, `200 {"id":2,`},
		"sudo takes rights away": {"DELETE /users/3 sudo=dev", []string{"PRIVATE-TOKEN: t-root"}, `403 {"message":"403 Forbidden"}`},
		"sudo without the scope": {"GET /user?sudo=2", []string{"PRIVATE-TOKEN: t-plain"}, scope("sudo")},
		"sudo of no admin":       {"GET /user?sudo=1", []string{"PRIVATE-TOKEN: t-dev"}, `403 {"message":"403 Forbidden - Must be admin to use sudo"}`},
		"sudo of an unknown one": {"GET /user?sudo=eve", []string{"PRIVATE-TOKEN: t-root"}, `404 {"message":"404 User with ID or username 'eve' Not Found"}`},
		"sudo without a token":   {"GET /user?sudo=dev", nil, unauthorized},
		"sudo by nobody":         {"GET /users?username=dev&sudo=dev", nil, unauthorized},
		"sudo header by nobody":  {"GET /users?username=dev", []string{"Sudo: dev"}, unauthorized},
		"sudo header of nobody":  {"GET /user", []string{"PRIVATE-TOKEN: t-root", "Sudo: "}, `404 {"message":"404 User with ID or username '' Not Found"}`},
		"sudo of nobody":         {"PUT /user/status?sudo= message=out", []string{"PRIVATE-TOKEN: t-root"}, `404 {"message":"404 User with ID or username '' Not Found"}`},
		"sudo that is a list":    {"PUT /user/status?sudo[]=dev message=out", []string{"PRIVATE-TOKEN: t-root"}, `400 {"error":"sudo is invalid"}`},
		"sudo that is a hash":    {"PUT /user/status sudo[a]=dev", []string{"PRIVATE-TOKEN: t-root"}, `400 {"error":"sudo is invalid"}`},
		"unknown route":          {"GET /nope", []string{"PRIVATE-TOKEN: t-dev"}, `404 {"error":"404 Not Found"}`},
		"unknown method":         {"PATCH /users/2", []string{"PRIVATE-TOKEN: t-dev"}, `405 {"error":"405 Not Allowed"}`},
		"body that is null":      {"PUT /users/2 null", []string{"PRIVATE-TOKEN: t-root", "Content-Type: application/json"}, `200 {"id":2,`},
		"body that is a list":    {"PUT /users/2 []", []string{"PRIVATE-TOKEN: t-root", "Content-Type: application/json"}, `400 {"error":"message body does not match declared format"}`},
		"malformed body":         {"PUT /users/2 a=%zz", []string{"PRIVATE-TOKEN: t-root"}, `400 {"error":"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := ask(t, server, tt.request, tt.headers...)
			if got := fmt.Sprint(answer.Code, " ", answer.Body); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if got := answer.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("got the content type %q", got)
			}
			for _, header := range []string{"Set-Cookie", "Access-Control-Allow-Origin", "RateLimit-Limit"} {
				if got := answer.Header().Get(header); got != "" {
					t.Errorf("got %s: %s", header, got)
				}
			}
		})
	}
}

// The challenge of an expired token has the realm of the API.
func TestAPI_challenge(t *testing.T) {
	t.Parallel()
	got := ask(t, newServer(t, call.Limits{}), "GET /user", "PRIVATE-TOKEN: t-old").Header().Get("WWW-Authenticate")
	if want := `Bearer realm="The API", error="invalid_token", error_description="Token is expired.`; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s…", got, want)
	}
}

func TestAPI_rateLimit(t *testing.T) {
	t.Parallel()
	server := newServer(t, call.Limits{Counter: ratelimit.NewCounter(), User: 2})
	for i, want := range []string{"200 2 1 1", "200 2 2 0", "429 2 3 0"} {
		answer := ask(t, server, "GET /version", "PRIVATE-TOKEN: t-dev")
		header := answer.Header()
		if got := fmt.Sprint(answer.Code, " ", header.Get("RateLimit-Limit"), " ", header.Get("RateLimit-Observed"), " ", header.Get("RateLimit-Remaining")); got != want {
			t.Errorf("request %d: got %s, want %s", i, got, want)
		}
		reset := world.Now.Truncate(time.Minute).Add(time.Minute)
		if got := header.Get("RateLimit-Reset"); got != fmt.Sprint(reset.Unix()) {
			t.Errorf("request %d: got reset %s", i, got)
		}
		if got := header.Get("Retry-After"); (got == "") != (answer.Code == http.StatusOK) {
			t.Errorf("request %d: got Retry-After %q", i, got)
		}
	}
	if got := ask(t, server, "GET /version", "PRIVATE-TOKEN: t-root").Code; got != http.StatusOK {
		t.Errorf("another user got %d", got)
	}
}

// Whoever tries tokens is a stranger.
func TestAPI_rateLimit_strangers(t *testing.T) {
	t.Parallel()
	server := newServer(t, call.Limits{Counter: ratelimit.NewCounter(), Address: 3})
	for i, c := range []struct {
		request, header string
		want            int
	}{
		{"GET /users?username=dev", "", 200}, {"GET /user", "PRIVATE-TOKEN: t-none", 401}, {"GET /user", "PRIVATE-TOKEN: t-old", 401},
		{"GET /user", "PRIVATE-TOKEN: t-none", 429}, {"GET /users?username=dev", "", 429}, {"GET /user", "PRIVATE-TOKEN: t-dev", 200},
	} {
		answer := ask(t, server, c.request, c.header)
		if answer.Code != c.want || (answer.Header().Get("Retry-After") != "") != (c.want == http.StatusTooManyRequests) {
			t.Errorf("request %d: got %d, Retry-After %q, want %d", i, answer.Code, answer.Header().Get("Retry-After"), c.want)
		}
	}
}

// Beyond the limit a stranger changes nothing, not even with a token that was rotated.
func TestAPI_rateLimit_rotated(t *testing.T) {
	t.Parallel()
	server := newServer(t, call.Limits{Counter: ratelimit.NewCounter(), Address: 1})
	const rotate = "POST /personal_access_tokens/self/rotate"
	var made struct{ Token string }
	if err := json.Unmarshal(ask(t, server, rotate, "PRIVATE-TOKEN: t-dev").Body.Bytes(), &made); err != nil || made.Token == "" {
		t.Fatalf("got %v, %v", made, err)
	}
	for i, c := range []struct {
		request, token string
		want           int
	}{
		{"GET /user", "t-none", 401}, {rotate, "t-dev", 429}, {"GET /user", made.Token, 200},
	} {
		if got := ask(t, server, c.request, "PRIVATE-TOKEN: "+c.token).Code; got != c.want {
			t.Errorf("request %d: got %d, want %d", i, got, c.want)
		}
	}
}

func TestAPI_CORS(t *testing.T) {
	t.Parallel()
	server := newServer(t, call.Limits{}, "https://tools.example.com")
	for name, tt := range map[string]struct {
		request, origin, allowed string
		status                   int
	}{
		"allowed":            {"GET /version", "https://tools.example.com", "https://tools.example.com", 401},
		"another origin":     {"GET /version", "https://evil.example.com", "", 401},
		"question":           {"OPTIONS /users/1", "https://tools.example.com", "https://tools.example.com", 204},
		"question of others": {"OPTIONS /users/1", "https://evil.example.com", "", 405},
	} {
		answer := ask(t, server, tt.request, "Origin: "+tt.origin, "Access-Control-Request-Method: PUT")
		if got := answer.Header().Get("Access-Control-Allow-Origin"); answer.Code != tt.status || got != tt.allowed {
			t.Errorf("%s: got %d, %q, want %d, %q", name, answer.Code, got, tt.status, tt.allowed)
		}
		if got := answer.Header().Get("Access-Control-Allow-Credentials"); got != "" {
			t.Errorf("%s: credentials are %s", name, got)
		}
	}
	every := ask(t, newServer(t, call.Limits{}, "*"), "GET /version", "Origin: https://any.example.com")
	if got := every.Header().Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("got %q for every origin", got)
	}
}

// No two routes have one name, and each says what it is.
func TestRoutes(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, r := range rest.Routes() {
		line := r.Method + " " + r.Path
		if r.Name == "" || r.Summary == "" || r.Who == "" {
			t.Errorf("%s: no name, summary or access", line)
		}
		if other, twice := seen[r.Name]; twice {
			t.Errorf("%s and %s are both called %s", line, other, r.Name)
		}
		seen[r.Name] = line
	}
}
