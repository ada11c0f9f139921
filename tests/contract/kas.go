package contract

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/kas"
	"gatehouse/application/clusters"
	"gatehouse/application/findings"
	"gatehouse/domain/source"
)

// fleet is everybody whom kas can ask about: agent 5 of project 7, which is the
// contract's, its neighbour 6 in the same project, and others whose creators may
// less.
const fleet = `
users:
  - {id: 1, username: root, admin: true}
  - {id: 2, username: maint}
  - {id: 3, username: dev}
  - {id: 4, username: rep}
  - {id: 5, username: gone, state: blocked}
  - {id: 6, username: lent}
  - {id: 7, username: late}
groups:
  - {id: 10, path: acme}
  - {id: 11, path: acme/deep}
  - {id: 12, path: guests}
  - {id: 13, path: doomed, pending_delete: true}
projects:
  - {id: 7, path: acme/infra, visibility: private, default_branch: trunk}
  - {id: 8, path: acme/deep/private, visibility: private}
  - {id: 9, path: acme/internal, visibility: internal}
  - {id: 10, path: acme/public, visibility: public, storage: second}
  - {id: 11, path: acme/members-only, visibility: public, repository: private}
  - {id: 12, path: acme/switched-off, visibility: public, repository: disabled}
  - {id: 13, path: acme/condemned, visibility: public, pending_delete: true}
  - {id: 14, path: doomed/all, visibility: public}
  - {id: 15, path: acme/elsewhere, visibility: public, storage: nowhere}
  - {id: 16, path: acme/Moved, visibility: public, moved_from: [old/place]}
members:
  - {user: maint, group: acme, role: maintainer}
  - {user: dev, project: acme/infra, role: developer}
  - {user: dev, group: doomed, role: owner}
  - {user: rep, group: acme, role: reporter}
  - {user: gone, group: acme, role: owner}
  - {user: lent, group: guests, role: owner}
  - {user: late, group: acme, role: owner, expires_at: 2026-03-10}
shares:
  - {project: acme/infra, with: guests, role: developer}
agents:
  - {id: 5, name: prod, project: acme/infra, created_by: dev, tokens: [{name: default, token: agent-5}, {name: old, token: agent-5-revoked, revoked: true}]}
  - {id: 6, name: next, project: acme/infra, created_by: maint, tokens: [{name: default, token: agent-6}]}
  - {id: 20, name: root, project: acme/infra, created_by: root, tokens: [{name: default, token: by-root}]}
  - {id: 21, name: rep, project: acme/infra, created_by: rep, tokens: [{name: default, token: by-rep}]}
  - {id: 22, name: gone, project: acme/infra, created_by: gone, tokens: [{name: default, token: by-gone}]}
  - {id: 23, name: lent, project: acme/infra, created_by: lent, tokens: [{name: default, token: by-lent}]}
  - {id: 24, name: late, project: acme/infra, created_by: late, tokens: [{name: default, token: by-late}]}
  - {id: 25, name: nobody, project: acme/infra, tokens: [{name: default, token: by-nobody}]}
  - {id: 26, name: deep, project: acme/deep/private, created_by: maint, tokens: [{name: default, token: in-private}]}
  - {id: 27, name: internal, project: acme/internal, created_by: maint, tokens: [{name: default, token: in-internal}]}
  - {id: 28, name: members, project: acme/members-only, created_by: maint, tokens: [{name: default, token: in-members-only}]}
  - {id: 29, name: off, project: acme/switched-off, created_by: maint, tokens: [{name: default, token: in-switched-off}]}
  - {id: 30, name: condemned, project: acme/condemned, created_by: maint, tokens: [{name: default, token: in-condemned}]}
  - {id: 31, name: doomed, project: doomed/all, created_by: dev, tokens: [{name: default, token: in-doomed}]}
  - {id: 32, name: elsewhere, project: acme/elsewhere, created_by: maint, tokens: [{name: default, token: in-elsewhere}]}
`

// The secret of kas, and somebody else's.
var kasSecret, otherSecret = bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 32)

// tower is all that kas talks to, over a store, with a clock that is set by hand.
type tower struct {
	Subject
	now     time.Time
	handler http.Handler
}

// setting is what an instance may say about kas.
type setting struct {
	leeway          time.Duration
	requireAudience bool
	gitopsOff       bool
	dashboardOff    bool
	except, rollout source.Paths
}

// tower opens one among the fleet.
func (s Subject) tower(with setting) *tower {
	s.Helper()
	s.apply(fleet)
	t := &tower{Subject: s, now: now}
	clock := func() time.Time { return t.now }
	station := clusters.New(s.Agents, s.Directory, s.Tally, clusters.Rules{
		Storages: map[string]clusters.Storage{
			"default": {Name: "default", Address: "unix:/run/gitaly.sock", Token: "t"},
			"second":  {Name: "second", Address: "tcp://gitaly:8075"},
		},
		Gitops: !with.gitopsOff, Rollout: with.rollout,
	}, clock)
	intake := findings.New(s.Findings, s.Directory, findings.Rules{
		Space: uuid.MustParse("58dc0f06-936c-43b3-93bb-71693f1b6570"), Dashboard: !with.dashboardOff, Except: with.except,
	}, clock)
	engine, err := httpapi.NewEngine(zap.NewNop(), nil)
	if err != nil {
		s.Fatal(err)
	}
	auth := kas.NewAuthenticator(func() []byte { return kasSecret }, with.leeway, with.requireAudience, clock)
	kas.New(auth, station, intake).Mount(engine.Group("/api/v4/internal"))
	t.handler = httpapi.Handler("", engine)
	return t
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

func (t *tower) signed(claims jwt.MapClaims) string {
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
func (t *tower) claims() jwt.MapClaims {
	return jwt.MapClaims{
		"iss": "gitlab-kas", "aud": []string{"gitlab"},
		"iat": t.now.Unix(), "nbf": t.now.Unix() - 5, "exp": t.now.Unix() + 5,
	}
}

func (t *tower) ask(c call) reply {
	method, path, _ := strings.Cut(c.route, " ")
	var body io.Reader = strings.NewReader(c.body)
	if c.chunked {
		body = io.MultiReader(body) // of which nobody knows the length
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
	t.handler.ServeHTTP(recorder, request)
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
func (t *tower) holds(rows []exchange) {
	t.Helper()
	for _, r := range rows {
		t.answers(r.what, t.ask(r.call), r.status, r.want)
	}
}

// answers fails the case unless an answer is as it should be.
func (t *tower) answers(what string, got reply, status int, want string) {
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

// kasCases are the tables of agents.md, over any store.
var kasCases = slices.Concat(kasAuthCases, kasInfoCases, kasUsageCases, kasConfigurationCases, kasFindingCases, kasScanCases)

// decoded reads an answer.
func (t *tower) decoded(got reply) (out map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(got.body), &out); err != nil {
		t.Errorf("%s: %v", got.body, err)
	}
	return out
}
