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

// kasServer is a server as kas talks to it.
type kasServer struct{ *server }

// kasSettings are what an instance may say about kas.
type kasSettings struct {
	leeway          time.Duration
	requireAudience bool
	gitopsOff       bool
	dashboardOff    bool
	except, rollout []string
}

// kasServer starts one in world.Agents.
func (s Subject) kasServer(with kasSettings) *kasServer {
	s.Helper()
	s.Apply(world.Agents)
	return &kasServer{s.server(func(c *config.Config) {
		c.Kas.JWTLeeway, c.Kas.RequireAud, c.Kas.Rollout = with.leeway, with.requireAudience, with.rollout
		c.LicensedFeatures = config.LicensedFeatures{
			SecurityDashboard: !with.dashboardOff, SecurityDashboardExcept: with.except, ClusterAgentsGitops: !with.gitopsOff,
		}
	})}
}

// call is one request; what is empty is as kas sends it.
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

// claims are those that kas sends, as of now.
func (t *kasServer) claims() jwt.MapClaims {
	return jwt.MapClaims{
		"iss": "gitlab-kas", "aud": []string{"gitlab"},
		"iat": t.now.Unix(), "nbf": t.now.Unix() - 5, "exp": t.now.Unix() + 5,
	}
}

func (t *kasServer) ask(c call) reply {
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

// exchange is a line of a table: a call and its answer, as a whole or, if it begins
// with "…", what has to be in there.
type exchange struct {
	what   string
	call   call
	status int
	want   string
}

// holds makes the calls of a table.
func (t *kasServer) holds(rows []exchange) {
	t.Helper()
	for _, r := range rows {
		t.answers(r.what, t.ask(r.call), r.status, r.want)
	}
}

// answers fails the case unless an answer is as it should be.
func (t *kasServer) answers(what string, got reply, status int, want string) {
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

// decoded reads an answer.
func (t *kasServer) decoded(got reply) (out map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(got.body), &out); err != nil {
		t.Errorf("%s: %v", got.body, err)
	}
	return out
}

// reply is what came back from the routes of a caller.
type reply struct {
	status int
	body   string
	header http.Header
}

// The bodies of refusals that callers share.
const (
	unauthorized = `{"message":"401 Unauthorized"}`
	mayNot       = `{"message":"403 Forbidden"}`
	noRoute      = `{"error":"404 Not Found"}`
)
