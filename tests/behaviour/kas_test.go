package behaviour_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/bootstrap/config"
	"gatehouse/tests/world"
)

// The secret of kas, and another one.
var kasSecret, otherSecret = bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 32)

// kasServer is a server that receives requests of kas.
type kasServer struct{ *server }

// kasSettings are the settings that change the answers to kas.
type kasSettings struct {
	leeway          time.Duration
	requireAudience bool
	requireExp      bool
	gitopsOff       bool
	dashboardOff    bool
	except, rollout []string
}

// kasServer builds a server whose store holds world.Agents.
func (s Subject) kasServer(with kasSettings) *kasServer {
	s.Helper()
	s.Apply(world.Agents)
	return &kasServer{s.server(func(c *config.Config) {
		c.Kas.JWTLeeway, c.Kas.RequireAud, c.Kas.Rollout = with.leeway, with.requireAudience, with.rollout
		c.Kas.RequireExp = with.requireExp
		c.LicensedFeatures = config.LicensedFeatures{
			SecurityDashboard: !with.dashboardOff, SecurityDashboardExcept: with.except, ClusterAgentsGitops: !with.gitopsOff,
		}
	})}
}

// call is one request. An empty field has the value that kas sends.
type call struct {
	// route is a method and a path behind /api/v4/internal.
	route string
	// jwt is "-" for none.
	jwt string
	// token is the agent's, in the header that kas has used the longest.
	token string
	body  string
	// kind is the content's type, JSON if there is a body; "-" for none.
	kind    string
	headers map[string]string
	chunked bool
}

func (t *kasServer) signed(claims jwt.MapClaims) string {
	return sign(jwt.SigningMethodHS256, kasSecret, claims)
}

func sign(method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	token, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		panic(err) // claims are plain values
	}
	return token
}

// claims returns the claims that kas sends now.
func (t *kasServer) claims() jwt.MapClaims {
	return jwt.MapClaims{
		"iss": "gitlab-kas", "aud": []string{"gitlab"},
		"iat": t.now.Unix(), "nbf": t.now.Unix() - 5, "exp": t.now.Unix() + 5,
	}
}

func (t *kasServer) send(c call) reply {
	method, path, _ := strings.Cut(c.route, " ")
	var body io.Reader = strings.NewReader(c.body)
	if c.chunked {
		body = io.MultiReader(body) // whose length is unknown
	}
	request := httptest.NewRequestWithContext(t.Context(), method, "/api/v4/internal"+path, body)
	switch {
	case c.jwt == "":
		request.Header.Set("Gitlab-Kas-Api-Request", t.signed(t.claims()))
	case c.jwt != "-":
		request.Header.Set("Gitlab-Kas-Api-Request", c.jwt)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	switch {
	case c.kind == "" && c.body != "":
		request.Header.Set("Content-Type", "application/json")
	case c.kind != "" && c.kind != "-":
		request.Header.Set("Content-Type", c.kind)
	}
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	t.Handlers.Internal.ServeHTTP(recorder, request)
	return reply{recorder.Code, recorder.Body.String(), recorder.Header()}
}

// exchange is a row of a table: a call and its answer. want is the whole body, or,
// after "…", a part of it.
type exchange struct {
	what   string
	call   call
	status int
	want   string
}

// wantAll makes the calls and compares the answers.
func (t *kasServer) wantAll(rows []exchange) {
	t.Helper()
	for _, r := range rows {
		t.wantReply(r.what, t.send(r.call), r.status, r.want)
	}
}

// wantReply fails the case unless an answer has that status and body.
func (t *kasServer) wantReply(what string, got reply, status int, want string) {
	t.Helper()
	kind := "application/json; charset=utf-8"
	if status == http.StatusNoContent {
		kind = ""
	}
	part, isPart := strings.CutPrefix(want, "…")
	if got.status != status || got.header.Get("Content-Type") != kind || isPart && !strings.Contains(got.body, part) || !isPart && got.body != want {
		t.Errorf("%s: got %d %q %s\nwant %d %q %s", what, got.status, got.header.Get("Content-Type"), got.body, status, kind, want)
	}
}

// The bodies of refusals.
const (
	notKas   = `{"message":"KAS JWT authentication invalid"}`
	notFound = `{"message":"404 Not Found"}`
)

// decoded returns an answer's JSON object.
func (t *kasServer) decoded(got reply) (out map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(got.body), &out); err != nil {
		t.Errorf("%s: %v", got.body, err)
	}
	return out
}

// reply is an answer.
type reply struct {
	status int
	body   string
	header http.Header
}

// The bodies of refusals that kas and the portal share.
const (
	unauthorized = `{"message":"401 Unauthorized"}`
	mayNot       = `{"message":"403 Forbidden"}`
	noRoute      = `{"error":"404 Not Found"}`
)
