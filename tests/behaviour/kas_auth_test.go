package behaviour_test

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// agentRoutes require the token of an agent, kasRoutes only the token of kas.
var (
	agentRoutes = []string{
		"GET /kubernetes/agent_info", "GET /agents/agentk/agent_info", "GET /kubernetes/project_info?id=7",
		"GET /kubernetes/verify_project_access?id=7", "PUT /kubernetes/modules/starboard_vulnerability",
		"POST /kubernetes/modules/starboard_vulnerability/scan_result",
	}
	kasRoutes = []string{
		"POST /kubernetes/usage_metrics", "POST /kubernetes/agent_configuration", "POST /kubernetes/agent_events",
	}
)

const agentInfo = "GET /kubernetes/agent_info"

// kasAuthCases are about the tokens of kas and of agents, about routes and about
// request bodies.
var kasAuthCases = []Case{
	{Name: "kas token is checked first, then the agent token, then the parameters", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		for _, route := range agentRoutes {
			t.wantAll([]exchange{
				{"nothing at " + route, call{route: route, jwt: "-"}, 401, notKas},
				{"a wrong kas with a right agent at " + route, call{route: route, jwt: "x", token: "agent-5", body: "{"}, 401, notKas},
				{"no agent and a bad body at " + route, call{route: route, body: "{"}, 401, unauthorized},
				{"a wrong agent and a bad body at " + route, call{route: route, token: "agent-404", body: "{"}, 401, unauthorized},
				{"a wrong agent and a body of a wrong type at " + route, call{route: route, token: "agent-404", body: "x", kind: "text/plain"}, 401, unauthorized},
			})
		}
		for _, route := range kasRoutes {
			t.wantAll([]exchange{
				{"nothing at " + route, call{route: route, jwt: "-", body: "{"}, 401, notKas},
				{"a wrong agent and a bad body at " + route, call{route: route, token: "agent-404", body: "{"}, 400,
					`{"error":"message body does not match declared format"}`},
			})
		}
		t.wantAll([]exchange{{"no agent is needed to count", call{route: kasRoutes[0]}, 204, ""}})
	}},
	{Name: "kas JWT: accepted and refused claims", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			s.Fatal(err)
		}
		at := float64(now.Unix())
		only := func(claims jwt.MapClaims) string {
			all := jwt.MapClaims{"iss": "gitlab-kas"}
			maps.Copy(all, claims)
			return t.signed(all)
		}
		for _, c := range []struct {
			what, jwt string
			status    int
		}{
			{"as kas sends it", t.signed(t.claims()), 200},
			{"only an issuer", only(nil), 200},
			{"1 KiB", only(jwt.MapClaims{"x": strings.Repeat("x", 1<<10)}), 200},
			{"more than 4 KiB", only(jwt.MapClaims{"x": strings.Repeat("x", 4<<10)}), 401},
			{"absent", "-", 401},
			{"garbage", "garbage", 401},
			{"two segments", "e30.e30", 401},
			{"no signature", only(nil)[:strings.LastIndex(only(nil), ".")+1], 401},
			{"none", sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, t.claims()), 401},
			{"HS384", sign(jwt.SigningMethodHS384, kasSecret, t.claims()), 401},
			{"HS512", sign(jwt.SigningMethodHS512, kasSecret, t.claims()), 401},
			{"RS256", sign(jwt.SigningMethodRS256, private, t.claims()), 401},
			{"another secret", sign(jwt.SigningMethodHS256, otherSecret, t.claims()), 401},
			{"no issuer", t.signed(jwt.MapClaims{"aud": "gitlab"}), 401},
			{"GitLab Shell", t.signed(jwt.MapClaims{"iss": "gitlab-shell"}), 401},
			{"Workhorse", t.signed(jwt.MapClaims{"iss": "gitlab-workhorse"}), 401},
			{"an issuer in capitals", t.signed(jwt.MapClaims{"iss": "GITLAB-KAS"}), 401},
			{"expires in a second", only(jwt.MapClaims{"exp": at + 1}), 200},
			{"expires now", only(jwt.MapClaims{"exp": at}), 401},
			{"expired a second ago", only(jwt.MapClaims{"exp": at - 1}), 401},
			{"expired in 1970", only(jwt.MapClaims{"exp": 0}), 401},
			{"expires at no time", only(jwt.MapClaims{"exp": "soon"}), 401},
			{"expires at a fraction", only(jwt.MapClaims{"exp": at + 1.5}), 200},
			{"expired at a fraction", only(jwt.MapClaims{"exp": at - 0.5}), 401},
			{"begins now", only(jwt.MapClaims{"nbf": at}), 200},
			{"begins in a second", only(jwt.MapClaims{"nbf": at + 1}), 401},
			{"begins at a fraction", only(jwt.MapClaims{"nbf": at - 4.5}), 200},
			{"made in the future", only(jwt.MapClaims{"iat": at + 3600}), 200},
			{"for GitLab, as text", only(jwt.MapClaims{"aud": "gitlab"}), 200},
			{"for GitLab and another", only(jwt.MapClaims{"aud": []string{"x", "gitlab"}}), 200},
			{"for another", only(jwt.MapClaims{"aud": "x"}), 401},
			{"for others", only(jwt.MapClaims{"aud": []string{"x", "y"}}), 401},
			{"for an empty list", only(jwt.MapClaims{"aud": []string{}}), 401},
			{"for a number", only(jwt.MapClaims{"aud": 1}), 401},
		} {
			want := "…agent_id"
			if c.status != 200 {
				want = notKas
			}
			t.wantReply(c.what, t.send(call{route: agentInfo, jwt: c.jwt, token: "agent-5"}), c.status, want)
		}
	}},
	{Name: "kas JWT: required audience and leeway", Check: func(s Subject) {
		t := s.kasServer(kasSettings{requireAudience: true, leeway: 3 * time.Second})
		at := now.Unix()
		for _, c := range []struct {
			what   string
			claims jwt.MapClaims
			status int
		}{
			{"no audience", jwt.MapClaims{"iss": "gitlab-kas"}, 401},
			{"null audience", jwt.MapClaims{"iss": "gitlab-kas", "aud": nil}, 401},
			{"for GitLab", jwt.MapClaims{"iss": "gitlab-kas", "aud": "gitlab"}, 200},
			{"just expired", jwt.MapClaims{"iss": "gitlab-kas", "aud": "gitlab", "exp": at - 2}, 200},
			{"expired", jwt.MapClaims{"iss": "gitlab-kas", "aud": "gitlab", "exp": at - 3}, 401},
			{"about to begin", jwt.MapClaims{"iss": "gitlab-kas", "aud": "gitlab", "nbf": at + 3}, 200},
			{"later", jwt.MapClaims{"iss": "gitlab-kas", "aud": "gitlab", "nbf": at + 4}, 401},
		} {
			if got := t.send(call{route: agentInfo, jwt: t.signed(c.claims), token: "agent-5"}); got.status != c.status {
				s.Errorf("%s: got %d, want %d", c.what, got.status, c.status)
			}
		}
	}},
	{Name: "kas JWT: required end", Check: func(s Subject) {
		t := s.kasServer(kasSettings{requireExp: true})
		t.wantReply("no end", t.send(call{route: agentInfo, jwt: t.signed(jwt.MapClaims{"iss": "gitlab-kas"}), token: "agent-5"}), 401, notKas)
		t.wantReply("as kas sends it", t.send(call{route: agentInfo, jwt: t.signed(t.claims()), token: "agent-5"}), 200, "…agent_id")
	}},
	{Name: "agent token: headers and their precedence", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		const k, a, bearer = "Gitlab-Agentk-Api-Request", "Gitlab-Agent-Api-Request", "Authorization"
		for _, c := range []struct {
			headers map[string]string
			agent   float64
		}{
			{map[string]string{bearer: "Bearer agent-5"}, 5},
			{map[string]string{bearer: "bearer agent-5"}, 5},
			{map[string]string{bearer: "Token agent-5"}, 5},
			{map[string]string{bearer: "TOKEN  agent-5 "}, 5},
			{map[string]string{bearer: "Basic agent-5"}, 0},
			{map[string]string{bearer: "agent-5"}, 0},
			{map[string]string{bearer: "Bearer "}, 0},
			{map[string]string{bearer: "Bearer"}, 0},
			{map[string]string{k: "agent-5"}, 5},
			{map[string]string{a: "agent-5"}, 5},
			{map[string]string{k: "Bearer agent-5"}, 0},
			{map[string]string{k: "agent-5", a: "agent-6", bearer: "Bearer by-rep"}, 5},
			{map[string]string{a: "agent-5", bearer: "Bearer agent-6"}, 5},
			{map[string]string{k: "wrong", a: "agent-5", bearer: "Bearer agent-5"}, 0},
			{map[string]string{k: "", bearer: "Bearer agent-5"}, 5},
			{map[string]string{bearer: "Bearer agent-5-revoked"}, 0},
			{map[string]string{bearer: "Bearer AGENT-5"}, 0},
			{map[string]string{bearer: "Bearer " + strings.Repeat("x", 5000)}, 0},
			{map[string]string{bearer: "Bearer \xff"}, 0},
		} {
			got := t.send(call{route: agentInfo, headers: c.headers})
			if c.agent == 0 {
				t.wantReply(fmt.Sprint(c.headers), got, 401, unauthorized)
			} else if t.decoded(got)["agent_id"] != c.agent {
				s.Errorf("%v: got %d %s, want agent %v", c.headers, got.status, got.body, c.agent)
			}
		}
		t.wantAll([]exchange{
			{"in the query", call{route: agentInfo + "?token=agent-5&private_token=agent-5"}, 401, unauthorized},
			{"in the body", call{route: "PUT /kubernetes/modules/starboard_vulnerability", body: `{"token":"agent-5"}`}, 401, unauthorized},
		})
	}},
	{Name: "agent token: only its digest is stored", Check: func(s Subject) {
		s.kasServer(kasSettings{})
		s.wantNowhere("agent-5", "by-rep")
	}},
	{Name: "agent token: last use recorded once a minute on every agent route", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		used := func() string {
			s.Fine("Flush", s.Store.Flush(s.Context()))
			return s.List("agent-tokens", "agent_id", "name", "last_used_at")[0]
		}
		s.Same("before", used(), "5 default -")
		t.send(call{route: "POST /kubernetes/usage_metrics", token: "agent-5"})
		t.send(call{route: agentInfo, jwt: "-", token: "agent-5"})
		t.send(call{route: agentInfo, token: "agent-5-revoked"})
		s.Same("after calls that do not count", used(), "5 default -")
		last := ""
		for i, route := range agentRoutes {
			t.now = now.Add(time.Duration(i) * time.Minute)
			t.send(call{route: route, token: "agent-5", body: "["}) // parameters are checked later
			last = "5 default " + t.now.Format(time.RFC3339Nano)
			s.Same("after "+route, used(), last)
			t.now = t.now.Add(59 * time.Second)
			t.send(call{route: route, token: "agent-5"})
			s.Same("a little later", used(), last)
		}
		s.Same("a revoked one", s.List("agent-tokens", "name", "last_used_at")[1], "old -")
	}},
	{Name: "unknown kas routes and methods: 404", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		for _, route := range append(agentRoutes, kasRoutes...) {
			method, path, _ := strings.Cut(route, " ")
			for _, other := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
				if other != method {
					t.wantAll([]exchange{{other + " " + path, call{route: other + " " + path, token: "agent-5"}, 404, noRoute}})
				}
			}
		}
		for _, route := range []string{
			"POST /kubernetes/authorize_proxy_user", "POST /kubernetes/modules/cilium_alert/", "GET /kubernetes/receptive_agents",
			"GET /kubernetes/modules/starboard_vulnerability/policies_configuration", "GET /kubernetes", "GET /agents/agentw/agent_info",
		} {
			t.wantAll([]exchange{{route, call{route: route, token: "agent-5"}, 404, "…404 Not Found"}})
		}
	}},
	{Name: "kas request bodies: content types, encodings and limits", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		const usage = "POST /kubernetes/usage_metrics"
		multipart := "--b\r\nContent-Disposition: form-data; name=\"gitops_sync_count\"\r\n\r\n16\r\n--b--\r\n"
		t.wantAll([]exchange{
			{"JSON", call{route: usage, body: `{"gitops_sync_count":1}`}, 204, ""},
			{"JSON with a charset", call{route: usage, body: `{"gitops_sync_count":2}`, kind: "application/json; charset=utf-8"}, 204, ""},
			{"a form", call{route: usage, body: "gitops_sync_count=4", kind: "application/x-www-form-urlencoded"}, 204, ""},
			{"a form without a type", call{route: usage, body: "gitops_sync_count=8", kind: "-"}, 204, ""},
			{"a multipart form", call{route: usage, body: multipart, kind: "multipart/form-data; boundary=b"}, 204, ""},
			{"a nested form", call{route: usage, body: "counters[gitops_sync]=32", kind: "application/x-www-form-urlencoded"}, 204, ""},
			{"a query", call{route: usage + "?gitops_sync_count=64"}, 204, ""},
			{"the body wins", call{route: usage + "?gitops_sync_count=1000", body: `{"gitops_sync_count":128}`}, 204, ""},
			{"chunked", call{route: usage, body: `{"gitops_sync_count":256}`, chunked: true}, 204, ""},
			{"a slash at the end", call{route: usage + "/", body: `{"gitops_sync_count":512}`}, 204, ""},
			{"JSON as text is a form", call{route: usage, body: `{"gitops_sync_count":1000}`, kind: "-"}, 204, ""},
			{"text", call{route: usage, body: "x", kind: "text/plain"}, 415, `{"error":"The provided content-type 'text/plain' is not supported."}`},
			{"half JSON", call{route: usage, body: `{"gitops_sync_count":`}, 400, `{"error":"message body does not match declared format"}`},
			{"two of it", call{route: usage, body: `{"gitops_sync_count":1}{}`}, 400, `{"error":"message body does not match declared format"}`},
			{"a list", call{route: usage, body: `[1]`}, 204, ""},
			{"null", call{route: usage, body: `null`}, 204, ""},
			{"a number", call{route: usage, body: `5`}, 204, ""},
			{"a list has no id", call{route: "GET /kubernetes/project_info?id=7", token: "agent-5", body: `[1]`}, 200, "…project_id"},
			{"chunked and empty", call{route: agentInfo, token: "agent-5", kind: "application/json", chunked: true}, 200, "…agent_id"},
			{"too much", call{route: usage, body: `{"x":"` + strings.Repeat("x", 9<<20) + `"}`}, 413, "…larger than"},
			{"too much, chunked", call{route: usage, body: `{"x":"` + strings.Repeat("x", 9<<20) + `"}`, chunked: true}, 413, "…larger than"},
		})
		s.Same("usage", s.List("usage"), []string{"kubernetes_agent_gitops_sync 1023"})
	}},
}
