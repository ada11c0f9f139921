package behaviour_test

import "fmt"

// The answers about project 7, which agent 5 belongs to.
const (
	infraGitaly = `"gitaly_info":{"address":"unix:/run/gitaly.sock","token":"t","features":{}},` +
		`"gitaly_repository":{"storage_name":"default","relative_path":"@hashed/79/02/7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451.git","gl_repository":"project-7","gl_project_path":"acme/infra"},` +
		`"default_branch":"trunk"}`
	infra      = `{"project_id":7,` + infraGitaly
	agentInfra = `{"agent_id":5,"agent_name":"prod","project_id":7,` + infraGitaly
)

// kasInfoCases are about agent_info, project_info and verify_project_access.
var kasInfoCases = []Case{
	{Name: "agent_info: agent, project and Gitaly address", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		for _, route := range agentRoutes[:2] {
			t.wantAll([]exchange{
				{"agent 5", call{route: route, token: "agent-5"}, 200, agentInfra},
				{"in a private project below", call{route: route, token: "in-private"}, 200, "…\"project_id\":8"},
				{"in an internal project", call{route: route, token: "in-internal"}, 200, "…\"project_id\":9"},
				{"where the repository is for members", call{route: route, token: "in-members-only"}, 200, "…\"project_id\":11"},
				{"where the repository is switched off", call{route: route, token: "in-switched-off"}, 200, "…\"project_id\":12"},
				{"without a default branch", call{route: route, token: "in-private"}, 200, "…\"default_branch\":\"main\"}"},
				{"without a creator", call{route: route, token: "by-nobody"}, 200, "…\"agent_id\":25"},
				{"whose creator is blocked", call{route: route, token: "by-gone"}, 200, "…\"agent_id\":22"},
				{"in a project pending deletion", call{route: route, token: "in-condemned"}, 404, notFound},
				{"in a group pending deletion", call{route: route, token: "in-doomed"}, 404, notFound},
				{"on an unknown storage", call{route: route, token: "in-elsewhere"}, 503, "…nowhere"},
				{"with parameters", call{route: route + "/?id=8&x[=1", token: "agent-5"}, 200, agentInfra},
				{"while project_info is off", call{route: route, token: "agent-5"}, 200, agentInfra},
			})
		}
		t.send(call{route: agentInfo, token: "agent-5"})
		s.Apply("agents: [{id: 5, name: renamed, project: acme/infra, created_by: dev, tokens: [{name: default, token: agent-5, revoked: true}]}]")
		t.wantAll([]exchange{{"a token that was revoked meanwhile", call{route: agentInfo, token: "agent-5"}, 401, unauthorized}})
		s.Apply("agents: [{id: 5, name: renamed, project: acme/infra, created_by: dev, tokens: [{name: default, token: agent-5, revoked: false}]}]")
		t.wantAll([]exchange{{"and is good again", call{route: agentInfo, token: "agent-5"}, 200, "…\"agent_name\":\"renamed\""}})
	}},
	{Name: "project_info: projects visible to an agent", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		const private, internal, public, members, off = "8", "9", "10", "11", "12"
		for _, c := range []struct {
			what, token, id string
			status          int
		}{
			{"public, another's", "agent-5", public, 200},
			{"public, members only, its own", "in-members-only", members, 200},
			{"public, members only, another's", "agent-5", members, 404},
			{"public, switched off, its own", "in-switched-off", off, 200},
			{"public, switched off, another's", "agent-5", off, 404},
			{"internal, its own", "in-internal", internal, 200},
			{"internal, another's", "agent-5", internal, 404},
			{"private, its own", "in-private", private, 200},
			{"private, another's", "agent-5", private, 404},
			{"missing", "agent-5", "404", 404},
			{"no id", "agent-5", "", 404},
			{"pending deletion", "agent-5", "13", 404},
			{"pending deletion, its own", "in-condemned", "13", 404},
			{"in a group pending deletion", "agent-5", "14", 404},
			{"in a group pending deletion, its own", "in-doomed", "14", 404},
			{"by path", "agent-5", "acme%2Fpublic", 200},
			{"by a path as it is", "agent-5", "acme/public", 200},
			{"by a path in capitals", "agent-5", "ACME/Public", 200},
			{"by an old path", "agent-5", "old/place", 200},
			{"its own by path", "in-private", "acme/deep/private", 200},
			{"a private one by path", "agent-5", "acme/deep/private", 404},
			{"no such path", "agent-5", "acme/none", 404},
			{"a path without a slash", "agent-5", "public", 404},
			{"the path of a group", "agent-5", "acme/deep", 404},
			{"the number of a group", "agent-5", "13000", 404},
			{"a path with .git", "agent-5", "acme/public.git", 404},
			{"a path with a slash before", "agent-5", "/acme/public", 404},
			{"the path of a wiki", "agent-5", "acme/public.wiki", 404},
			{"a number with zeros before", "agent-5", "0010", 200},
			{"a number that is too large", "agent-5", "99999999999999999999", 404},
			{"a negative number", "agent-5", "-10", 404},
			{"zero", "agent-5", "0", 404},
			{"a path of invalid bytes", "agent-5", "a/%00%ff", 404},
		} {
			want, quiet := notFound, 404
			if c.status == 200 {
				want, quiet = "…\"project_id\":", 204
			}
			t.wantAll([]exchange{
				{c.what, call{route: "GET /kubernetes/project_info?id=" + c.id, token: c.token}, c.status, want},
			})
			if got := t.send(call{route: "GET /kubernetes/verify_project_access/?id=" + c.id, token: c.token}); got.status != quiet {
				s.Errorf("verify %s: got %d %s, want %d", c.what, got.status, got.body, quiet)
			}
		}
		t.wantAll([]exchange{
			{"no parameter at all", call{route: "GET /kubernetes/project_info", token: "agent-5"}, 404, notFound},
			{"a list", call{route: "GET /kubernetes/project_info?id[]=10", token: "agent-5"}, 404, notFound},
			{"a malformed query", call{route: "GET /kubernetes/project_info?id=%zz", token: "agent-5"}, 400, `{"error":"id is invalid"}`},
			{"the whole answer", call{route: "GET /kubernetes/project_info?id=acme%2Finfra", token: "agent-6"}, 200, infra},
			{"on another storage", call{route: "GET /kubernetes/project_info?id=10", token: "agent-5"}, 200,
				`…"gitaly_info":{"address":"tcp://gitaly:8075","token":null,"features":{}},"gitaly_repository":{"storage_name":"second"`},
			{"on an unknown storage", call{route: "GET /kubernetes/project_info?id=15", token: "agent-5"}, 503, "…nowhere"},
			{"access, quietly", call{route: "GET /kubernetes/verify_project_access?id=10", token: "agent-5"}, 204, ""},
			{"no access", call{route: "GET /kubernetes/verify_project_access?id=8", token: "agent-5"}, 404, notFound},
		})
	}},
	{Name: "no GitOps licence: project_info answers 404", Check: func(s Subject) {
		t := s.kasServer(kasSettings{gitopsOff: true})
		for _, id := range []int{7, 10} {
			t.wantAll([]exchange{
				{"project_info", call{route: fmt.Sprint("GET /kubernetes/project_info?id=", id), token: "agent-5"}, 404, notFound},
				{"verify_project_access", call{route: fmt.Sprint("GET /kubernetes/verify_project_access?id=", id), token: "agent-5"}, 404, notFound},
			})
		}
		t.wantAll([]exchange{{"agent_info", call{route: agentInfo, token: "agent-5"}, 200, agentInfra}})
	}},
}
