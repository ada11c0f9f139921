package clients_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestRoutes_tokens calls each route with tokens of administrators that are not enough for
// it, or for nothing.
func TestRoutes_tokens(t *testing.T) {
	onBackends(t, func(t *testing.T, b backend) {
		tried := map[string]bool{}
		for _, rows := range matrix {
			for _, r := range rows {
				route, ok := routeOf(r.call)
				if !ok || tried[route.Name] {
					continue
				}
				tried[route.Name] = true
				b.with(func(g graph) {
					for _, c := range tokenCases { // the tokens that are enough come last
						c.check(t, g, r)
					}
				})
			}
		}
	})
}

// tokenCase is a token of an administrator.
type tokenCase struct {
	token string
	// status and body are what it gets, of the body the beginning.
	status int
	body   string
	// enough says for which calls the token is enough; nil for none.
	enough func(call string) bool
}

var tokenCases = []tokenCase{
	{"glpat-of-none", 401, `{"message":"401 Unauthorized"}`, nil},
	{"glpat-that-expired", 401, `{"error":"invalid_token","error_description":"`, nil},
	{"glpat-that-was-revoked", 401, `{"error":"invalid_token","error_description":"`, nil},
	{"glpat-of-the-blocked", 403, `{"message":"403 Forbidden - `, nil},
	{"glpat-of-the-dormant", 403, `{"message":"403 Forbidden - `, nil},
	{"glpat-that-clones", 403, `{"error":"insufficient_scope","error_description":"`, needsNoScope},
	{"glpat-that-rotates", 403, `{"error":"insufficient_scope","error_description":"`, func(call string) bool {
		return needsNoScope(call) || call == "POST /personal_access_tokens/self/rotate"
	}},
	{"glpat-that-reads", 403, `{"error":"insufficient_scope","error_description":"`, func(call string) bool {
		return needsNoScope(call) || strings.HasPrefix(call, "GET ")
	}},
	{"glpat-that-reads-users", 403, `{"error":"insufficient_scope","error_description":"`, func(call string) bool {
		return needsNoScope(call) || slices.ContainsFunc(usersPrefixes, func(p string) bool { return strings.HasPrefix(call, p) })
	}},
}

// usersPrefixes begin the calls for which the scope read_user is enough.
var usersPrefixes = []string{"GET /user", "GET /metadata", "GET /version"}

// needsNoScope says whether any valid token is enough for a call.
func needsNoScope(call string) bool {
	return call == "GET /personal_access_tokens/self" || call == "DELETE /personal_access_tokens/self" || call == "GET /openapi.json"
}

func (c tokenCase) check(t *testing.T, g graph, r row) {
	t.Helper()
	method, path, _ := strings.Cut(r.call, " ")
	got := g.call(method, path, r.body, "PRIVATE-TOKEN", c.token)
	switch {
	case c.enough != nil && c.enough(r.call):
		if want := r.statuses(t)[0]; got.status != want {
			t.Errorf("%s with %s: got %s, want %d", r.call, c.token, got, want)
		}
	case got.status != c.status || !strings.HasPrefix(got.body, c.body):
		t.Errorf("%s with %s: got %s, want %d %s", r.call, c.token, got, c.status, c.body)
	}
	if challenge := got.header.Get("WWW-Authenticate"); strings.Contains(c.body, "invalid_token") && !strings.HasPrefix(challenge, `Bearer realm="The API", error="invalid_token"`) {
		t.Errorf("%s with %s: got the challenge %q", r.call, c.token, challenge)
	}
}

// TestRoutes_credentials sends a token in every way in which it can be sent. Where two are
// sent the first one counts.
func TestRoutes_credentials(t *testing.T) {
	t.Parallel()
	const valid, other, call = "glpat-of-the-guest", "glpat-of-the-stranger", "/projects/30"
	basic := func(password string) string {
		request := http.Request{Header: http.Header{}}
		request.SetBasicAuth("whoever", password)
		return request.Header.Get("Authorization")
	}
	newBackend(t, false).with(func(g graph) {
		for name, c := range map[string]struct {
			query  string
			header []string
			want   int
		}{
			"PRIVATE-TOKEN":              {"", []string{"PRIVATE-TOKEN", valid}, 200},
			"private_token":              {"?private_token=" + valid, nil, 200},
			"Bearer":                     {"", []string{"Authorization", "Bearer " + valid}, 200},
			"access_token":               {"?access_token=" + valid, nil, 200},
			"Basic":                      {"", []string{"Authorization", basic(valid)}, 200},
			"JOB-TOKEN":                  {"", []string{"JOB-TOKEN", valid}, 401},
			"PRIVATE-TOKEN, then Bearer": {"", []string{"PRIVATE-TOKEN", other, "Authorization", "Bearer " + valid}, 404},
			"private_token, then Bearer": {"?private_token=" + other, []string{"Authorization", "Bearer " + valid}, 404},
			"Bearer, then access_token":  {"?access_token=" + valid, []string{"Authorization", "Bearer " + other}, 404},
			"unknown, then valid":        {"?access_token=" + valid, []string{"PRIVATE-TOKEN", "glpat-of-none"}, 401},
		} {
			if got := g.call(http.MethodGet, call+c.query, "", c.header...); got.status != c.want {
				t.Errorf("%s: got %s, want %d", name, got, c.want)
			}
		}
		list := g.call(http.MethodGet, "/projects?per_page=1&private_token="+valid, "")
		if link := list.header.Get("Link"); link == "" || strings.Contains(link, valid) {
			t.Errorf("the links of a list are %q", link)
		}
		if line := g.leak(); line != "" {
			t.Errorf("the log holds a token: %s", line)
		}
	})
}

// TestRoutes_sudoRefused names users that the caller may not act as.
func TestRoutes_sudoRefused(t *testing.T) {
	t.Parallel()
	newBackend(t, false).with(func(g graph) {
		for name, c := range map[string]struct {
			token, sudo string
			status      int
			body        string
		}{
			"by number":                       {"glpat-of-the-admin", "5", 200, ""},
			"token without the scope":         {"glpat-that-reads", "guest", 403, `{"error":"insufficient_scope"`},
			"caller is no administrator":      {"glpat-of-the-owner", "guest", 403, `{"message":"403 Forbidden - Must be admin to use sudo"}`},
			"unknown user":                    {"glpat-of-the-admin", "none", 404, `{"message":"404 User with ID or username 'none' Not Found"}`},
			"unknown number":                  {"glpat-of-the-admin", "999", 404, `{"message":"404 User with ID or username '999' Not Found"}`},
			"unknown token":                   {"glpat-of-none", "guest", 401, `{"message":"401 Unauthorized"}`},
			"blocked user":                    {"glpat-of-the-admin", "blocked", 403, `{"message":"403 Forbidden`},
			"user who waits for confirmation": {"glpat-of-the-admin", "pending", 403, `{"message":"403 Forbidden`},
		} {
			got := g.call(http.MethodGet, "/user", "", "PRIVATE-TOKEN", c.token, "Sudo", c.sudo)
			if got.status != c.status || !strings.HasPrefix(got.body, c.body) {
				t.Errorf("%s: got %s, want %d %s", name, got, c.status, c.body)
			}
		}
		if got := g.call(http.MethodGet, "/user", "", "Sudo", "guest"); got.status != 401 {
			t.Errorf("without a token: got %s", got)
		}
	})
}
