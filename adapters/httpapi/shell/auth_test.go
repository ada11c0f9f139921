package shell_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/shell"
	"gatehouse/adapters/secretfile"
)

const (
	sharedSecret = "0123456789abcdef0123456789abcdef"
	// vectorToken is signed with sharedSecret, issued at vectorTime, for a minute.
	vectorToken = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJnaXRsYWItc2hlbGwiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDA2MH0.iriNNo2AxnHarGEwzzm-EWHR_KN42X9pmC-9kmbteAQ"
	vectorTime  = 1700000000

	unauthorizedBody = `{"message":"401 Unauthorized"}`
	authLimit        = 1 << 20
)

func TestAuthenticator_Authenticate_vector(t *testing.T) {
	t.Parallel()
	tests := map[int64]int{
		vectorTime - 3600: 200, vectorTime: 200, vectorTime + 60: 200, vectorTime + 119: 200,
		vectorTime + 120: 401, vectorTime + 3600: 401,
	}
	for now, want := range tests {
		server := authServer{now: time.Unix(now, 0)}
		wantStatus(t, server.serve(withHeader("Gitlab-Shell-Api-Request", vectorToken)), want)
	}
	server := authServer{now: time.Unix(vectorTime+119, 999_999_999)}
	wantStatus(t, server.serve(withHeader("Gitlab-Shell-Api-Request", vectorToken)), 200)
}

func TestAuthenticator_Authenticate_token(t *testing.T) {
	t.Parallel()
	good := jwt.MapClaims{"iss": "gitlab-shell"}
	with := func(name string, value any) jwt.MapClaims {
		return jwt.MapClaims{"iss": "gitlab-shell", name: value}
	}
	header, claims, _ := strings.Cut(vectorToken, ".")
	claims, signature, _ := strings.Cut(claims, ".")
	tests := map[string]struct {
		token string
		want  int
	}{
		"no times":                 {sign(t, sharedSecret, good), 200},
		"signed with newline":      {sign(t, sharedSecret+"\n", good), 200},
		"previous":                 {sign(t, "previous", good), 200},
		"previous with blanks":     {sign(t, " previous\n", good), 200},
		"issued in the future":     {sign(t, sharedSecret, with("iat", vectorTime+86400)), 200},
		"fractional":               {sign(t, sharedSecret, with("exp", vectorTime+0.5)), 200},
		"other claims":             {sign(t, sharedSecret, with("gl_id", "user-1")), 200},
		"claims of odd types":      {sign(t, sharedSecret, jwt.MapClaims{"iss": "gitlab-shell", "aud": 7, "sub": true, "iat": "x"}), 200},
		"not yet valid, in leeway": {sign(t, sharedSecret, with("nbf", vectorTime+60)), 200},

		"not yet valid":      {sign(t, sharedSecret, with("nbf", vectorTime+61)), 401},
		"expired":            {sign(t, sharedSecret, with("exp", vectorTime-60)), 401},
		"expired in 1970":    {sign(t, sharedSecret, with("exp", 0)), 401},
		"exp is text":        {sign(t, sharedSecret, with("exp", "1700000060")), 401},
		"exp is null":        {sign(t, sharedSecret, with("exp", nil)), 401},
		"no issuer":          {sign(t, sharedSecret, jwt.MapClaims{"exp": vectorTime + 60}), 401},
		"empty issuer":       {sign(t, sharedSecret, jwt.MapClaims{"iss": ""}), 401},
		"issuer kas":         {sign(t, sharedSecret, jwt.MapClaims{"iss": "gitlab-kas"}), 401},
		"issuer in capitals": {sign(t, sharedSecret, jwt.MapClaims{"iss": "GitLab-Shell"}), 401},
		"list of issuers":    {sign(t, sharedSecret, jwt.MapClaims{"iss": []string{"gitlab-shell"}}), 401},
		"other secret":       {sign(t, "fedcba9876543210fedcba9876543210", good), 401},
		"empty secret":       {sign(t, "", good), 401},
		"algorithm none":     {signBy(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), 401},
		"HS384":              {signBy(t, jwt.SigningMethodHS384, []byte(sharedSecret)), 401},
		"HS512":              {signBy(t, jwt.SigningMethodHS512, []byte(sharedSecret)), 401},
		"RS256":              {signBy(t, jwt.SigningMethodRS256, rsaKey(t)), 401},
		"no signature":       {header + "." + claims + ".", 401},
		"two segments":       {header + "." + claims, 401},
		"four segments":      {vectorToken + ".x", 401},
		"rotated signature":  {header + "." + claims + "." + signature[1:] + signature[:1], 401},
		"claims changed":     {header + "." + claims[:len(claims)-1] + "." + signature, 401},
		"garbage":            {"garbage", 401},
		"secret itself":      {sharedSecret, 401},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := authServer{now: time.Unix(vectorTime, 0)}
			wantStatus(t, server.serve(withHeader("Gitlab-Shell-Api-Request", tt.token)), tt.want)
		})
	}
}

func TestAuthenticator_Authenticate_requireExp(t *testing.T) {
	t.Parallel()
	secrets := func() [][]byte { return [][]byte{[]byte(sharedSecret)} }
	clock := func() time.Time { return time.Unix(vectorTime, 0) }
	endless := sign(t, sharedSecret, jwt.MapClaims{"iss": "gitlab-shell", "iat": vectorTime})
	for _, c := range []struct {
		require bool
		token   string
		want    int
	}{{false, endless, 200}, {true, endless, 401}, {true, vectorToken, 200}} {
		server := serverWith(shell.NewAuthenticator(secrets, shell.LegacyAccept, c.require, clock, zap.NewNop()), zap.NewNop())
		wantStatus(t, serveRequest(server, withHeader("Gitlab-Shell-Api-Request", c.token)), c.want)
	}
}

func TestAuthenticator_Authenticate_tokenDecidesAlone(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		token string
		want  int
	}{"good": {vectorToken, 200}, "bad": {"bad", 401}, "empty": {"", 200}, "blank": {" ", 200}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := authServer{now: time.Unix(vectorTime, 0)}
			r := withHeader("Gitlab-Shared-Secret", base64.StdEncoding.EncodeToString([]byte(sharedSecret)))
			r.URL.RawQuery += "&secret_token=" + sharedSecret
			r.Header.Set("Gitlab-Shell-Api-Request", strings.TrimSpace(tt.token)) // as net/http does
			wantStatus(t, server.serve(r), tt.want)
		})
	}
}

func TestAuthenticator_Authenticate_header(t *testing.T) {
	t.Parallel()
	encode := func(secret string) string { return base64.StdEncoding.EncodeToString([]byte(secret)) }
	whole := encode(sharedSecret)
	tests := map[string]struct {
		header string
		want   int
	}{
		"padded":            {"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", 200},
		"unpadded":          {strings.TrimRight(whole, "="), 200},
		"with newline":      {encode(sharedSecret + "\n"), 200},
		"broken into lines": {whole[:20] + "\n" + whole[20:] + "\n", 200},
		"folded":            {whole[:20] + "\r\n " + whole[20:], 200},
		"previous":          {encode("previous"), 200},
		"previous raw":      {encode(" previous\n"), 200},
		"url-safe":          {base64.URLEncoding.EncodeToString([]byte("ab?cd>secret")), 200},
		"standard":          {encode("ab?cd>secret"), 200},

		"other":     {encode("other"), 401},
		"prefix":    {encode(sharedSecret[:31]), 401},
		"longer":    {encode(sharedSecret + "0"), 401},
		"raw":       {sharedSecret, 401},
		"twice":     {encode(whole), 401},
		"padding":   {"====", 401},
		"no base64": {"!!!!", 401},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := authServer{more: []string{"ab?cd>secret"}}
			wantStatus(t, server.serve(withHeader("Gitlab-Shared-Secret", tt.header)), tt.want)
		})
	}
}

func TestAuthenticator_Authenticate_parameter(t *testing.T) {
	t.Parallel()
	encoded := base64.StdEncoding.EncodeToString([]byte(sharedSecret + "\n"))
	tests := map[string]struct {
		request *http.Request
		want    int
	}{
		"query raw":                       {authRequest("GET", "secret_token="+sharedSecret, "", ""), 200},
		"query base64":                    {authRequest("GET", "secret_token="+url.QueryEscape(encoded), "", ""), 200},
		"query on POST":                   {authRequest("POST", "secret_token="+sharedSecret, "application/json", "{}"), 200},
		"form raw":                        {authRequest("POST", "", "application/x-www-form-urlencoded", "secret_token="+sharedSecret+"%0A"), 200},
		"form base64":                     {authRequest("POST", "", "application/x-www-form-urlencoded", "secret_token="+url.QueryEscape(encoded)), 200},
		"json raw":                        {authRequest("POST", "", "application/json", `{"secret_token":"`+sharedSecret+`\n"}`), 200},
		"json base64":                     {authRequest("POST", "", "application/json", `{"secret_token":"`+encoded+`"}`), 200},
		"previous":                        {authRequest("GET", "secret_token=previous", "", ""), 200},
		"query before body":               {authRequest("POST", "secret_token="+sharedSecret, "application/json", `{"secret_token":"wrong"}`), 200},
		"query before body, wrong":        {authRequest("POST", "secret_token=wrong", "application/json", `{"secret_token":"`+sharedSecret+`"}`), 401},
		"query empty":                     {authRequest("POST", "secret_token=", "application/json", `{"secret_token":"`+sharedSecret+`"}`), 200},
		"twice in the query":              {authRequest("GET", "secret_token=wrong&secret_token="+sharedSecret, "", ""), 200},
		"twice in JSON":                   {authRequest("POST", "", "application/json", `{"secret_token":"wrong","secret_token":"`+sharedSecret+`"}`), 200},
		"escaped name":                    {authRequest("POST", "", "application/json", `{"secret_token":"`+sharedSecret+`"}`), 200},
		"multipart":                       {authRequest("POST", "", "multipart/form-data; boundary=b", multipartOf(sharedSecret)), 200},
		"other media type":                {authRequest("POST", "", "text/plain", "secret_token="+sharedSecret), 401},
		"name in JSON, other case":        {authRequest("POST", "", "application/json", `{"Secret_Token":"`+sharedSecret+`"}`), 401},
		"deeper in JSON":                  {authRequest("POST", "", "application/json", `{"a":{"secret_token":"`+sharedSecret+`"}}`), 401},
		"after a malformed pair":          {authRequest("GET", "a=%&secret_token="+sharedSecret, "", ""), 401},
		"right secret, malformed body":    {authRequest("POST", "secret_token="+sharedSecret, "application/json", `{`), 400},
		"right secret, missing parameter": {authRequest("POST", "", "application/json", `{"secret_token":"`+sharedSecret+`","needed":null}`), 400},
		"no secret":                       {authRequest("GET", "", "", ""), 401},
		"no secret, JSON":                 {authRequest("GET", "", "application/json", ""), 401},
		"wrong secret":                    {authRequest("GET", "secret_token=wrong", "", ""), 401},
		"wrong secret, missing parameter": {authRequest("POST", "", "application/json", `{"secret_token":"wrong","needed":null}`), 401},
		"empty":                           {authRequest("GET", "secret_token=", "", ""), 401},
		"hash":                            {authRequest("GET", "secret_token[a]="+sharedSecret, "", ""), 401},
		"array":                           {authRequest("POST", "", "application/json", `{"secret_token":["`+sharedSecret+`"]}`), 401},
		"null":                            {authRequest("POST", "", "application/json", `{"secret_token":null}`), 401},
		"malformed body":                  {authRequest("POST", "", "application/json", `{"secret_token":`), 401},
		"malformed query":                 {authRequest("GET", "a=%", "", ""), 401},
		"unsupported body":                {authRequest("POST", "", "text/plain", "x"), 401},
		"other parameter":                 {authRequest("GET", "Secret_Token="+sharedSecret, "", ""), 401},
		"HTTP basic":                      {basic(authRequest("GET", "", "", "")), 401},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := authServer{}
			wantStatus(t, server.serve(tt.request), tt.want)
		})
	}
}

// A body of more than 16 KiB is not searched, with or without Content-Length. The rest
// is read all the same, and by the route if the secret is somewhere else.
func TestAuthenticator_Authenticate_largeBody(t *testing.T) {
	t.Parallel()
	engine, err := httpapi.NewEngine(zap.NewNop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	secrets := func() [][]byte { return [][]byte{[]byte(sharedSecret)} }
	auth := shell.NewAuthenticator(secrets, shell.LegacyAccept, false, func() time.Time { return time.Unix(vectorTime, 0) }, zap.NewNop())
	route := func(c *gin.Context) {
		var in struct {
			A string `param:"a"`
		}
		if err := params.Decode(c, &in, "a"); err != nil {
			t.Errorf("parameters of the route: %v", err)
		}
		c.JSON(http.StatusOK, len(in.A))
	}
	engine.POST("/route", httpapi.Limit(authLimit), auth.Authenticate, route)
	engine.POST("/event", httpapi.Limit(authLimit), auth.AuthenticateEvent, route)
	const small, large = 16<<10 - len(`{"a":"","secret_token":""}`) - len(sharedSecret), 32 << 10
	withSecret := func(padding int) string {
		return `{"a":"` + strings.Repeat("x", padding) + `","secret_token":"` + sharedSecret + `"}`
	}
	const names = ` - the secret is not looked for in a large body: send the header Gitlab-Shell-Api-Request or Gitlab-Shared-Secret"}`
	base64Secret := base64.StdEncoding.EncodeToString([]byte(sharedSecret))
	tests := map[string]struct {
		target  string
		padding int
		header  string
		want    int
		body    string
	}{
		"16 KiB":              {"/route", small, "", 200, fmt.Sprint(small)},
		"a byte more":         {"/route", small + 1, "", 401, `{"message":"401 Unauthorized` + names},
		"large":               {"/route", large, "", 401, `{"message":"401 Unauthorized` + names},
		"large, event":        {"/event", large, "", 403, `{"message":"403 Forbidden` + names},
		"large, header":       {"/route", large, base64Secret, 200, fmt.Sprint(large)},
		"large, wrong header": {"/route", large, "wrong", 401, unauthorizedBody},
		"large, query":        {"/route?secret_token=" + sharedSecret, large, "", 200, fmt.Sprint(large)},
		"large, wrong query":  {"/route?secret_token=wrong", large, "", 401, unauthorizedBody},
	}
	for name, tt := range tests {
		for _, length := range []int64{int64(len(withSecret(tt.padding))), -1} {
			t.Run(fmt.Sprint(name, " ", length), func(t *testing.T) {
				t.Parallel()
				body := strings.NewReader(withSecret(tt.padding))
				r := httptest.NewRequest("POST", tt.target, nil)
				r.Body, r.ContentLength = io.NopCloser(body), length
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Gitlab-Shared-Secret", tt.header)
				answer := serveRequest(engine, r)
				if got := answer.Body.String(); answer.Code != tt.want || got != tt.body {
					t.Errorf("got %d %s, want %d %s", answer.Code, got, tt.want, tt.body)
				}
				if body.Len() > 0 {
					t.Errorf("%d bytes were left unread: the client would be cut off", body.Len())
				}
			})
		}
	}
}

// A token is not parsed if it is longer than any real one.
func TestAuthenticator_Authenticate_longToken(t *testing.T) {
	t.Parallel()
	for padding, want := range map[int]int{1 << 10: 200, 4 << 10: 401} {
		server := authServer{now: time.Unix(vectorTime, 0)}
		token := sign(t, sharedSecret, jwt.MapClaims{"iss": "gitlab-shell", "gl_id": strings.Repeat("x", padding)})
		wantStatus(t, server.serve(withHeader("Gitlab-Shell-Api-Request", token)), want)
	}
}

func TestAuthenticator_Authenticate_legacy(t *testing.T) {
	t.Parallel()
	header := withHeader("Gitlab-Shared-Secret", base64.StdEncoding.EncodeToString([]byte(sharedSecret)))
	param := authRequest("POST", "", "application/json", `{"secret_token":"`+sharedSecret+`"}`)
	token := withHeader("Gitlab-Shell-Api-Request", vectorToken)
	tests := map[string]struct {
		legacy  shell.Legacy
		request *http.Request
		want    int
	}{
		"header, reject":       {shell.LegacyReject, header, 401},
		"parameter, reject":    {shell.LegacyReject, param, 401},
		"token, reject":        {shell.LegacyReject, token, 200},
		"header, unknown word": {"perhaps", header, 401},
		"header, warn":         {shell.LegacyWarn, header, 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := authServer{legacy: tt.legacy, now: time.Unix(vectorTime, 0)}
			wantStatus(t, server.serve(tt.request.Clone(t.Context())), tt.want)
		})
	}
}

func TestAuthenticator_Authenticate_warn(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.WarnLevel)
	server := authServer{legacy: shell.LegacyWarn, now: time.Unix(vectorTime, 0), log: zap.New(core)}
	engine := server.engine()
	call := func(header, value string) {
		r := withHeader(header, value)
		r.Header.Set("User-Agent", "GitLab-Shell")
		serveRequest(engine, r)
	}
	legacy := base64.StdEncoding.EncodeToString([]byte(sharedSecret))
	for _, step := range []struct {
		after time.Duration
		lines int
	}{{0, 1}, {0, 1}, {59 * time.Second, 1}, {time.Second, 2}, {time.Minute, 3}} {
		server.now = server.now.Add(step.after)
		call("Gitlab-Shared-Secret", legacy)
		call("Gitlab-Shared-Secret", "wrong")
		call("Gitlab-Shell-Api-Request", sign(t, sharedSecret, jwt.MapClaims{"iss": "gitlab-shell"}))
		if got := logs.Len(); got != step.lines {
			t.Errorf("got %d warnings, want %d", got, step.lines)
		}
	}
	for _, line := range logs.All() {
		text := line.Message + line.ContextMap()["caller"].(string)
		if strings.Contains(text, legacy) || strings.Contains(text, sharedSecret) || !strings.Contains(text, "GitLab-Shell") {
			t.Errorf("got %q, want the caller and no secret", text)
		}
	}
}

func TestAuthenticator_Authenticate_reason(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.InfoLevel)
	server := authServer{now: time.Unix(vectorTime+3600, 0), requestLog: zap.New(core)}
	answer := server.serve(withHeader("Gitlab-Shell-Api-Request", vectorToken))
	if got := answer.Body.String(); got != unauthorizedBody {
		t.Errorf("got %s, want %s", got, unauthorizedBody)
	}
	got := logs.All()[0].ContextMap()["error"].(string)
	if !strings.Contains(got, "expired") || strings.Contains(got, vectorToken[:20]) {
		t.Errorf("got %q in the log, want the reason without the token", got)
	}
}

func TestAuthenticator_Authenticate_drains(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"bad", ""} {
		body := strings.NewReader(`{"a":` + strings.Repeat("x", 10_000))
		r := httptest.NewRequest("POST", "/route", body)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Gitlab-Shell-Api-Request", token)
		server := authServer{}
		wantStatus(t, server.serve(r), 401)
		if got := body.Len(); got != 0 {
			t.Errorf("token %q: got %d bytes left unread, want none", token, got)
		}
	}
}

func TestAuthenticator_Authenticate_rotation(t *testing.T) {
	t.Parallel()
	now := time.Unix(vectorTime, 0)
	dir := t.TempDir()
	current, previous := filepath.Join(dir, "current"), filepath.Join(dir, "previous")
	write := func(path, secret string) {
		if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(current, "new-secret\n")
	write(previous, sharedSecret)
	set, err := secretfile.OpenShell(current, previous, false, func() time.Time { return now }, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	authenticator := shell.NewAuthenticator(set.Secrets, shell.LegacyAccept, false, func() time.Time { return now }, zap.NewNop())
	want := func(secret string, status int) {
		t.Helper()
		token := sign(t, secret, jwt.MapClaims{"iss": "gitlab-shell"})
		wantStatus(t, serveRequest(serverWith(authenticator, zap.NewNop()), withHeader("Gitlab-Shell-Api-Request", token)), status)
		wantStatus(t, serveRequest(serverWith(authenticator, zap.NewNop()), authRequest("GET", "secret_token="+url.QueryEscape(secret), "", "")), status)
	}
	want("new-secret", 200)
	want("new-secret\n", 200)
	want(sharedSecret, 200)
	want("newest", 401)

	write(current, "newest")
	write(previous, "new-secret")
	now = now.Add(time.Second)
	want("newest", 200)
	want("new-secret", 200)
	want(sharedSecret, 401)
}

// authServer is a route behind an Authenticator whose secret file ends in a newline.
type authServer struct {
	now             time.Time
	legacy          shell.Legacy
	more            []string
	log, requestLog *zap.Logger
}

func (s *authServer) engine() http.Handler {
	secrets := func() [][]byte {
		known := [][]byte{[]byte(sharedSecret), []byte(sharedSecret + "\n"), []byte("previous"), []byte(" previous\n")}
		for _, secret := range s.more {
			known = append(known, []byte(secret))
		}
		return known
	}
	if s.legacy == "" {
		s.legacy = shell.LegacyAccept
	}
	if s.log == nil {
		s.log = zap.NewNop()
	}
	if s.requestLog == nil {
		s.requestLog = zap.NewNop()
	}
	return serverWith(shell.NewAuthenticator(secrets, s.legacy, false, func() time.Time { return s.now }, s.log), s.requestLog)
}

func (s *authServer) serve(r *http.Request) *httptest.ResponseRecorder {
	return serveRequest(s.engine(), r)
}

func serveRequest(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}

// serverWith mounts a route that needs one parameter and is behind a.
func serverWith(a *shell.Authenticator, log *zap.Logger) http.Handler {
	engine, err := httpapi.NewEngine(log, nil)
	if err != nil {
		panic(err)
	}
	route := httpapi.Dialect{}.Reply(func(c *gin.Context) (any, error) {
		var in struct{}
		return nil, params.Decode(c, &in, "needed")
	})
	engine.Any("/route", httpapi.Limit(authLimit), a.Authenticate, route)
	return engine
}

// authRequest adds the parameter that the route needs, unless the body has it.
func authRequest(method, query, media, body string) *http.Request {
	r := httptest.NewRequest(method, "/route", strings.NewReader(body))
	r.URL.RawQuery = "&" + query
	if !strings.Contains(body, "needed") {
		r.URL.RawQuery = "needed=1&" + query
	}
	r.Header.Set("Content-Type", media)
	return r
}

func withHeader(name, value string) *http.Request {
	r := authRequest("GET", "", "application/json", "")
	r.Header.Set(name, value)
	return r
}

func multipartOf(secret string) string {
	return "--b\r\nContent-Disposition: form-data; name=secret_token\r\n\r\n" + secret + "\r\n--b--\r\n"
}

func basic(r *http.Request) *http.Request {
	r.SetBasicAuth("user", sharedSecret)
	return r
}

// wantStatus also checks that every 401 has the same body.
func wantStatus(t *testing.T, answer *httptest.ResponseRecorder, want int) {
	t.Helper()
	if answer.Code != want {
		t.Errorf("got %d %s, want %d", answer.Code, answer.Body, want)
	}
	if got := answer.Body.String(); (got == unauthorizedBody) != (answer.Code == http.StatusUnauthorized) {
		t.Errorf("got %d %s, want the fixed body with a 401 only", answer.Code, got)
	}
	if got := answer.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("got content type %q, want JSON", got)
	}
}

func sign(t *testing.T, secret string, claims jwt.Claims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func signBy(t *testing.T, method jwt.SigningMethod, key any) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, jwt.MapClaims{"iss": "gitlab-shell"}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func rsaKey(t *testing.T) crypto.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
