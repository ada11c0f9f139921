package behaviour_test

import (
	"fmt"
	"strings"

	"gatehouse/tests/subject"
)

const (
	usageMetrics       = "POST /kubernetes/usage_metrics"
	agentEvents        = "POST /kubernetes/agent_events"
	agentConfiguration = "POST /kubernetes/agent_configuration"
)

// kasUsageCases are about usage metrics and agent events.
var kasUsageCases = []Case{
	{Name: "usage metrics: three request formats, one set of totals", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		for _, body := range []string{
			`{"gitops_sync_count":1}`,
			`{"gitops_sync_count":2,"k8s_api_proxy_request_count":3}`,
			`{"counters":{"gitops_sync":4,"k8s_api_proxy_request":5,"flux_git_push_notifications_total":6,"k8s_api_proxy_requests_via_ci_access":7,"k8s_api_proxy_requests_via_user_access":8,"k8s_api_proxy_requests_via_pat_access":9}}`,
			`{"gitops_sync_count":"10","counters":{"gitops_sync":" 020 "},"unique_counters":{"agent_users_using_ci_tunnel":[1,2,2,"3"]}}`,
			`{"unique_counters":{"agent_users_using_ci_tunnel":[3,4],"k8s_api_proxy_requests_unique_users_via_ci_access":[1],"k8s_api_proxy_requests_unique_users_via_user_access":[1,2],"k8s_api_proxy_requests_unique_users_via_pat_access":[1,2,3],
				"k8s_api_proxy_requests_unique_agents_via_ci_access":[1,2,3,4],"k8s_api_proxy_requests_unique_agents_via_user_access":[5],"k8s_api_proxy_requests_unique_agents_via_pat_access":[5,6],"flux_git_push_notified_unique_projects":[7,8,9]}}`,
			`{"gitops_sync_count":100.9}`,
		} {
			t.wantAll([]exchange{{body, call{route: usageMetrics, body: body}, 204, ""}})
		}
		s.Same("usage", s.List("usage"), []string{
			"agent_users_using_ci_tunnel 4",
			"flux_git_push_notified_unique_projects 3",
			"k8s_api_proxy_requests_unique_agents_via_ci_access 4",
			"k8s_api_proxy_requests_unique_agents_via_pat_access 2",
			"k8s_api_proxy_requests_unique_agents_via_user_access 1",
			"k8s_api_proxy_requests_unique_users_via_ci_access 1",
			"k8s_api_proxy_requests_unique_users_via_pat_access 3",
			"k8s_api_proxy_requests_unique_users_via_user_access 2",
			"kubernetes_agent_flux_git_push_notifications_total 6",
			"kubernetes_agent_gitops_sync 137",
			"kubernetes_agent_k8s_api_proxy_request 8",
			"kubernetes_agent_k8s_api_proxy_requests_via_ci_access 7",
			"kubernetes_agent_k8s_api_proxy_requests_via_pat_access 9",
			"kubernetes_agent_k8s_api_proxy_requests_via_user_access 8",
		})
	}},
	{Name: "usage metrics: empty report accepted", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		for _, body := range []string{
			``, `{}`, `{"gitops_sync_count":0}`, `{"gitops_sync_count":null}`, `{"gitops_sync_count":""}`,
			`{"counters":{}}`, `{"counters":null}`, `{"counters":{"gitops_sync":null,"x":"y"}}`,
			`{"unique_counters":{}}`, `{"unique_counters":null}`, `{"unique_counters":{"agent_users_using_ci_tunnel":[]}}`,
			`{"unique_counters":{"agent_users_using_ci_tunnel":null}}`, `{"x":{"y":[1]},"unique_counters":{"y":"z"}}`,
		} {
			t.wantAll([]exchange{{"report " + body, call{route: usageMetrics, body: body}, 204, ""}})
		}
		s.Same("usage", len(s.List("usage")), 0)
	}},
	{Name: "usage metrics: one invalid value refuses the whole report", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		const set = "agent_users_using_ci_tunnel"
		for body, want := range map[string]string{
			`{"gitops_sync_count":"x"}`:                                   `{"error":"gitops_sync_count is invalid"}`,
			`{"gitops_sync_count":"10.5"}`:                                `{"error":"gitops_sync_count is invalid"}`,
			`{"gitops_sync_count":"1e3"}`:                                 `{"error":"gitops_sync_count is invalid"}`,
			`{"gitops_sync_count":true}`:                                  `{"error":"gitops_sync_count is invalid"}`,
			`{"gitops_sync_count":[1]}`:                                   `{"error":"gitops_sync_count is invalid"}`,
			`{"gitops_sync_count":{}}`:                                    `{"error":"gitops_sync_count is invalid"}`,
			`{"gitops_sync_count":9223372036854775808}`:                   `{"error":"gitops_sync_count is invalid"}`,
			`{"gitops_sync_count":1e400}`:                                 `{"error":"gitops_sync_count is invalid"}`,
			`{"counters":{"gitops_sync":"x"},"gitops_sync_count":1}`:      `{"error":"counters[gitops_sync] is invalid"}`,
			`{"counters":[],"gitops_sync_count":1}`:                       `{"error":"counters is invalid"}`,
			`{"counters":"x"}`:                                            `{"error":"counters is invalid"}`,
			`{"unique_counters":5}`:                                       `{"error":"unique_counters is invalid"}`,
			`{"gitops_sync_count":1,"unique_counters":{"` + set + `":1}}`: `{"error":"unique_counters[` + set + `] is invalid"}`,
			`{"unique_counters":{"` + set + `":[1,"x"]}}`:                 `{"error":"unique_counters[` + set + `] is invalid"}`,
			`{"unique_counters":{"` + set + `":[1,null]}}`:                `{"error":"unique_counters[` + set + `] is invalid"}`,
			`{"unique_counters":{"` + set + `":[[1]]}}`:                   `{"error":"unique_counters[` + set + `] is invalid"}`,
			`{"unique_counters":{"` + set + `":{}}}`:                      `{"error":"unique_counters[` + set + `] is invalid"}`,
			`{"gitops_sync_count":-1,"k8s_api_proxy_request_count":7}`:    `{"message":"400 Bad request - gitops_sync count must be greater than or equal to zero"}`,
			`{"gitops_sync_count":5,"k8s_api_proxy_request_count":-7}`:    `{"message":"400 Bad request - k8s_api_proxy_request count must be greater than or equal to zero"}`,
			`{"gitops_sync_count":5,"counters":{"gitops_sync":-1}}`:       `{"message":"400 Bad request - gitops_sync count must be greater than or equal to zero"}`,
			`{"unique_counters":{"` + set + `":"x"},"counters":{"gitops_sync":[]},"k8s_api_proxy_request_count":"y","gitops_sync_count":"z"}`: `{"error":"gitops_sync_count is invalid, k8s_api_proxy_request_count is invalid, counters[gitops_sync] is invalid, unique_counters[` + set + `] is invalid"}`,
		} {
			t.wantAll([]exchange{{body, call{route: usageMetrics, body: body}, 400, want}})
		}
		s.Same("usage", len(s.List("usage")), 0)
	}},
	{Name: "usage counter at its maximum: stays there", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		for range 2 {
			t.wantAll([]exchange{{"the largest", call{route: usageMetrics, body: `{"gitops_sync_count":9223372036854775807}`}, 204, ""}})
		}
		s.Same("usage", s.List("usage"), []string{"kubernetes_agent_gitops_sync 9223372036854775807"})
	}},
	{Name: "concurrent usage reports and a long one: all counted", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		subject.Concurrently(func(me int) {
			for i := range subject.Rounds {
				ids := fmt.Sprintf("%d,%d,%d", me*subject.Rounds+i, subject.Goroutines*subject.Rounds-i, i)
				if me%2 == 0 { // in another order
					ids = fmt.Sprintf("%d,%d,%d", i, subject.Goroutines*subject.Rounds-i, me*subject.Rounds+i)
				}
				body := fmt.Sprintf(`{"gitops_sync_count":1,"counters":{"gitops_sync":1,"k8s_api_proxy_request":2},"unique_counters":{"agent_users_using_ci_tunnel":[%s],"flux_git_push_notified_unique_projects":[%[1]s]}}`, ids)
				t.wantReply("usage", t.send(call{route: usageMetrics, body: body}), 204, "")
			}
		})
		var long strings.Builder
		for i := range 20_000 {
			fmt.Fprintf(&long, "%d,", i)
		}
		t.wantReply("a long set", t.send(call{route: usageMetrics, body: `{"unique_counters":{"agent_users_using_ci_tunnel":[` + long.String() + `7]}}`}), 204, "")
		s.Same("usage", s.List("usage"), []string{
			"agent_users_using_ci_tunnel 20000",
			fmt.Sprint("flux_git_push_notified_unique_projects ", subject.Goroutines*subject.Rounds+1),
			fmt.Sprint("kubernetes_agent_gitops_sync ", 2*subject.Goroutines*subject.Rounds),
			fmt.Sprint("kubernetes_agent_k8s_api_proxy_request ", 2*subject.Goroutines*subject.Rounds),
		})
	}},
	{Name: "agent events: counted", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		const users = "k8s_api_proxy_requests_unique_users_via_"
		t.wantAll([]exchange{
			{"users", call{route: agentEvents, body: `{"events":{"` + users + `ci_access":[{"user_id":1,"project_id":7},{"user_id":"1","project_id":"8"},{"user_id":2,"project_id":7}],"` + users + `pat_access":[{"user_id":3,"project_id":7}]}}`}, 204, ""},
			{"an agent", call{route: agentEvents, body: `{"events":{"register_agent_at_kas":[{"project_id":7,"agent_version":"v18","architecture":"amd64","agent_id":5,"kubernetes_version":"1.30","extra_telemetry_data":{"installation_method":"helm"}},{"project_id":8}],"unknown":[1]}}`}, 204, ""},
			{"nothing", call{route: agentEvents, body: `{"events":{}}`}, 204, ""},
			{"no events", call{route: agentEvents}, 204, ""},
			{"no number", call{route: agentEvents, body: `{"events":{"register_agent_at_kas":[{"project_id":"x"}]}}`}, 400, `{"error":"events[register_agent_at_kas][0][project_id] is invalid"}`},
			{"no hash", call{route: agentEvents, body: `{"events":{"` + users + `ci_access":[{"user_id":9,"project_id":1},5]}}`}, 400, `{"error":"events[` + users + `ci_access][1] is invalid"}`},
			{"no user", call{route: agentEvents, body: `{"events":{"` + users + `ci_access":[{"project_id":1}]}}`}, 400, `{"error":"events[` + users + `ci_access][0][user_id] is missing"}`},
			{"no array", call{route: agentEvents, body: `{"events":{"register_agent_at_kas":{}}}`}, 400, `{"error":"events[register_agent_at_kas] is invalid"}`},
			{"no object", call{route: agentEvents, body: `{"events":[]}`}, 400, `{"error":"events is invalid"}`},
		})
		s.Same("usage", s.List("usage"), []string{
			users + "ci_access 2", users + "pat_access 1", "kubernetes_agent_register_agent_at_kas 2",
		})
	}},
}

// kasConfigurationCases are about the configurations of agents.
var kasConfigurationCases = []Case{
	{Name: "agent configuration: replaces the authorizations", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		config := `{"ci_access":{"projects":[{"id":"acme/A","default_namespace":"x"},{"id":"acme/a"},{"id":"acme/b"},{"id":"no path at all"}],"groups":[{"id":"acme"}]},` +
			`"user_access":{"access_as":{"agent":{}},"projects":[{"id":"acme/a"}],"groups":[{"id":"acme/deep"}]},"gitops":{}}`
		want := []string{"5 ci_access group acme", "5 ci_access project acme/a", "5 ci_access project acme/b", "5 user_access group acme/deep", "5 user_access project acme/a"}
		for what, body := range map[string]string{
			"an object": `{"agent_id":"5","agent_config":` + config + `}`,
			"a text":    `{"agent_id":5,"agent_config":"` + strings.ReplaceAll(config, `"`, `\"`) + `"}`,
		} {
			t.wantAll([]exchange{
				{"another's", call{route: agentConfiguration, body: `{"agent_id":6,"agent_config":{"ci_access":{"groups":[{"id":"acme"}]}}}`}, 204, ""},
				{what, call{route: agentConfiguration, body: body}, 204, ""},
			})
			s.Same(what, s.List("agent-authorizations"), append(want, "6 ci_access group acme"))
			t.wantAll([]exchange{
				{"nothing", call{route: agentConfiguration, body: `{"agent_id":5,"agent_config":{"ci_access":null}}`}, 204, ""},
			})
			s.Same("after nothing", s.List("agent-authorizations"), []string{"6 ci_access group acme"})
		}
	}},
	{Name: "agent configuration: invalid one refused, unknown agent 404", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		t.wantAll([]exchange{
			{"the first", call{route: agentConfiguration, body: `{"agent_id":5,"agent_config":{"ci_access":{"groups":[{"id":"acme"}]}}}`}, 204, ""},
			{"an unknown agent", call{route: agentConfiguration, body: `{"agent_id":404,"agent_config":{}}`}, 404, `{"message":"404 Not found"}`},
			{"a negative agent number", call{route: agentConfiguration, body: `{"agent_id":-5,"agent_config":{}}`}, 404, `{"message":"404 Not found"}`},
			{"nothing", call{route: agentConfiguration}, 400, `{"error":"agent_id is missing, agent_config is missing"}`},
			{"nulls", call{route: agentConfiguration, body: `{"agent_id":null,"agent_config":null}`}, 400, `{"error":"agent_id is invalid, agent_config is invalid"}`},
			{"no number", call{route: agentConfiguration, body: `{"agent_id":"x","agent_config":{}}`}, 400, `{"error":"agent_id is invalid"}`},
			{"no JSON", call{route: agentConfiguration, body: `{"agent_id":5,"agent_config":"ci_access: x"}`}, 400, `{"error":"agent_config is invalid"}`},
			{"an empty text", call{route: agentConfiguration, body: `{"agent_id":5,"agent_config":""}`}, 400, `{"error":"agent_config is invalid"}`},
			{"a list", call{route: agentConfiguration, body: `{"agent_id":5,"agent_config":[]}`}, 400, `{"error":"agent_config is invalid"}`},
			{"null in a text", call{route: agentConfiguration, body: `{"agent_id":5,"agent_config":"null"}`}, 400, `{"error":"agent_config is invalid"}`},
			{"another shape", call{route: agentConfiguration, body: `{"agent_id":5,"agent_config":{"ci_access":{"projects":["acme/a"]}}}`}, 400, `{"error":"agent_config is invalid"}`},
		})
		s.Same("authorizations", s.List("agent-authorizations"), []string{"5 ci_access group acme"})
	}},
}
