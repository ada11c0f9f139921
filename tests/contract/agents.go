package contract

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"gatehouse/application/clusters"
	"gatehouse/application/findings"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/identity"
	"gatehouse/domain/security"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// usageReport is a report of a counter and a unique counter.
var usageReport = agents.UsageReport{
	Increments:   []agents.Increment{{Counter: agents.GitopsSync, By: 1}},
	UniqueCounts: []agents.UniqueCount{{Counter: agents.CITunnelUsers, IDs: []int64{7}}},
}

// agentScan is a scan of agent 5.
var agentScan = findings.Scan{Agent: 5, Project: 7, ReportType: security.ClusterImageScanning}

// authorizations are those of an agent configuration.
var authorizations = []agents.Authorization{{Access: agents.CIAccess, Kind: agents.GroupAccess, Path: "acme"}}

// agentCalls returns a call of each method of the ports about agents that takes a
// context.
func (s Subject) agentCalls(digest identity.TokenDigest) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"AgentBearer": func(ctx context.Context) error {
			_, err := s.Agents.Bearer(ctx, identity.DigestToken("agent-5"))
			return err
		},
		"Authorize":  func(ctx context.Context) error { return s.Agents.Authorize(ctx, 5, authorizations) },
		"CountUsage": func(ctx context.Context) error { return s.UsageCounters.Add(ctx, usageReport) },
		"AddAgentToken": func(ctx context.Context) error {
			return s.AgentTokens.Add(ctx, clusters.NewToken{Agent: 5, Name: "new", Digest: digest, CreatedAt: now}, tokenEvent)
		},
		"RevokeAgentTokens": func(ctx context.Context) error { return s.AgentTokens.Revoke(ctx, 5, "old", tokenEvent) },
		"HasFinding": func(ctx context.Context) error {
			_, err := s.Findings.Has(ctx, subject.FindingUUID(1))
			return err
		},
		"AddFinding": func(ctx context.Context) error {
			return s.Findings.Add(ctx, security.Finding{UUID: subject.FindingUUID(9), Project: 7, Agent: 5, DetectedAt: now})
		},
		"ResolveFindings": func(ctx context.Context) error { return s.Findings.Resolve(ctx, agentScan, nil) },
	}
}

// agentCases are about the ports of agents. Package behaviour_test covers the
// answers to kas.
var agentCases = []Case{
	{Name: "agent token: agent and project", Check: func(s Subject) {
		s.Apply(world.Agents)
		s.Agents.TokenUsed(1, now.Add(time.Hour))
		s.Agents.TokenUsed(1, now) // earlier than the recorded use
		s.Agents.TokenUsed(404, now)
		s.Fine("Flush", s.Store.Flush(s.Context()))
		got, err := s.Agents.Bearer(s.Context(), identity.DigestToken("agent-5"))
		s.Fine("AgentBearer", err)
		s.UTC(got.Token.LastUsedAt)
		s.Same("bearer", got, clusters.Bearer{
			Token:   agents.Token{ID: 1, LastUsedAt: now.Add(time.Hour)},
			Agent:   agents.Agent{ID: 5, Name: "prod", Project: 7, CreatedBy: 3},
			Project: source.Project{ID: 7, Path: "acme/infra", Visibility: source.Private, Repository: source.FeatureEnabled, DefaultBranch: "trunk", Storage: "default"},
		})
		revoked, err := s.Agents.Bearer(s.Context(), identity.DigestToken("agent-5-revoked"))
		s.Fine("AgentBearer, revoked", err)
		s.Same("revoked", revoked.Token, agents.Token{ID: revoked.Token.ID, Revoked: true})
		orphan, err := s.Agents.Bearer(s.Context(), identity.DigestToken("in-doomed"))
		s.Fine("AgentBearer, doomed", err)
		s.Same("no project", orphan.Project, source.Project{})
		for _, digest := range []identity.TokenDigest{"", "agent-5", "\x00"} {
			if _, err := s.Agents.Bearer(s.Context(), digest); !errors.Is(err, domain.NotFound) && digest != "\x00" || err == nil {
				s.Errorf("%q: got %v, want kind %q", digest, err, domain.NotFound)
			}
		}
	}},
	{Name: "agent tokens: added and revoked", Check: func(s Subject) {
		s.Apply(world.Agents)
		add := func(agent agents.AgentID, name, text string) error {
			t := clusters.NewToken{Agent: agent, Name: name, Digest: identity.DigestToken(text), CreatedAt: precise}
			if text == "y" {
				t.CreatedBy = 1
			}
			return s.AgentTokens.Add(s.Context(), t, tokenEvent)
		}
		revoked := func(text string) bool {
			b, err := s.Agents.Bearer(s.Context(), identity.DigestToken(text))
			s.Fine(text, err)
			return b.Token.Revoked
		}
		s.Fine("add", add(5, "second", "x"))
		s.Fine("add another of that name", add(5, "second", "y"))
		s.Fine("add another's", add(6, "second", "z"))
		s.Kind("add to an unknown agent", add(404, "second", "w"), domain.NotFound)
		s.Kind("add it again", add(6, "second", "x"), domain.Conflict)
		s.Same("before", []bool{revoked("x"), revoked("y"), revoked("z"), revoked("agent-5")}, []bool{false, false, false, false})
		s.Fine("revoke", s.AgentTokens.Revoke(s.Context(), 5, "second", tokenEvent))
		s.Fine("revoke again", s.AgentTokens.Revoke(s.Context(), 5, "second", tokenEvent))
		s.Same("after", []bool{revoked("x"), revoked("y"), revoked("z"), revoked("agent-5")}, []bool{true, true, false, false})
		s.Kind("revoke none", s.AgentTokens.Revoke(s.Context(), 5, "third", tokenEvent), domain.NotFound)
		s.Kind("revoke of an unknown agent", s.AgentTokens.Revoke(s.Context(), 404, "second", tokenEvent), domain.NotFound)
		moment := precise.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
		s.Same("creation", s.List("agent-tokens", "agent_id", "name", "created_at", "creator")[2:4], []string{"5 second " + moment + " -", "5 second " + moment + " root"})
		tokens := s.List("audit", "target_id")
		s.Same("audit events of the writes that did something", len(tokens), 5)
		s.Same("added and revoked", tokens[:2], tokens[3:])
		s.Same("two tokens", tokens[0] != tokens[1], true)
		s.Same("the agent's project", s.List("audit", "entity_kind", "entity_id", "entity_path")[4], "project 7 acme/infra")
	}},
	{Name: "agent authorizations: replaced, unknown agent not found", Check: func(s Subject) {
		s.Apply(world.Agents)
		twice := append([]agents.Authorization{{Access: agents.UserAccess, Kind: agents.ProjectAccess, Path: "acme/a"}}, authorizations[0], authorizations[0])
		s.Fine("Authorize", s.Agents.Authorize(s.Context(), 6, authorizations))
		s.Fine("Authorize", s.Agents.Authorize(s.Context(), 5, twice))
		s.Same("authorizations", s.List("agent-authorizations"), []string{"5 ci_access group acme", "5 user_access project acme/a", "6 ci_access group acme"})
		s.Fine("Authorize nothing", s.Agents.Authorize(s.Context(), 5, nil))
		for _, id := range []agents.AgentID{404, 0, -5} {
			s.Kind("an unknown agent", s.Agents.Authorize(s.Context(), id, authorizations), domain.NotFound)
		}
		s.Same("authorizations", s.List("agent-authorizations"), []string{"6 ci_access group acme"})
	}},
	{Name: "unique counter: each ID once, over the whole range", Check: func(s Subject) {
		report := agents.UsageReport{UniqueCounts: []agents.UniqueCount{
			{Counter: agents.CITunnelUsers, IDs: []int64{math.MaxInt64, 0, math.MinInt64, math.MaxInt64}}, {Counter: agents.ProxyUsersViaCI, IDs: []int64{1}},
			{Counter: agents.CITunnelUsers, IDs: []int64{math.MaxInt64 - 1, 0}},
		}}
		for range 2 {
			s.Fine("CountUsage", s.UsageCounters.Add(s.Context(), report))
			s.Same("usage", s.List("usage"), []string{"agent_users_using_ci_tunnel 4", "k8s_api_proxy_requests_unique_users_via_ci_access 1"})
		}
	}},
	{Name: "finding of an unknown agent or project: not found", Check: func(s Subject) {
		s.Apply(world.Agents)
		add := func(agent agents.AgentID, project source.ProjectID) error {
			return s.Findings.Add(s.Context(), security.Finding{UUID: subject.FindingUUID(1), Agent: agent, Project: project, Author: 404, DetectedAt: now})
		}
		s.Kind("no agent", add(404, 7), domain.NotFound)
		s.Kind("no project", add(5, 404), domain.NotFound)
		has, err := s.Findings.Has(s.Context(), subject.FindingUUID(1))
		s.Fine("HasFinding", err)
		s.Same("kept", has, false)
		s.Fine("no author", add(5, 7))
		s.Same("findings", s.List("findings", "uuid", "author"), []string{subject.FindingUUID(1) + " -"})
		has, err = s.Findings.Has(s.Context(), subject.FindingUUID(1))
		s.Fine("HasFinding", err)
		s.Same("kept", has, true)
	}},
	{Name: "world applied again: agent data stays", Check: func(s Subject) {
		s.Apply(world.Agents)
		s.AddScanFindings()
		s.Agents.TokenUsed(1, now)
		s.Fine("Flush", s.Store.Flush(s.Context()))
		s.Fine("Authorize", s.Agents.Authorize(s.Context(), 5, authorizations))
		before := s.contents()
		s.Apply(world.Agents)
		s.Same("everything", s.contents(), before)
	}},
	{Name: "cancelled context: error, no change", Check: func(s Subject) {
		s.Apply(world.Agents)
		s.AddScanFindings()
		before := s.contents()
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		calls := s.agentCalls(identity.DigestToken("new"))
		for name, call := range calls {
			switch err := call(ctx); {
			case err == nil:
				s.Errorf("%s: no error", name)
			case errors.Is(err, domain.NotFound), errors.Is(err, domain.Conflict):
				s.Errorf("%s: error is %v", name, err)
			}
		}
		s.Same("everything", s.contents(), before)
		for name, call := range calls {
			s.Fine(name+", not cancelled", call(s.Context()))
		}
	}},
}

var credentialCases = []Case{
	{Name: "access token put again by digest: updated", Check: func(s Subject) {
		s.Apply(owners + `
access_tokens:
  - {user: ann, name: one, scopes: [api, read_user], token: glpat-one, expires_at: 2027-01-01}
  - {user: bob, name: two, scopes: [api], token: glpat-two}`)
		s.Apply(`access_tokens: [{user: ann, name: uno, scopes: [api], token: glpat-one, expires_at: null, revoked: true}]`)
		s.Same("tokens", s.List("access-tokens", "user", "name", "scopes", "expires_at", "revoked", "last_used_at"), []string{
			"ann uno [api] - true -", "bob two [api] - false -",
		})
	}},
	{Name: "token put again for another owner: moved", Check: func(s Subject) {
		const tokens = "access_tokens: [{user: %[1]s, name: t, scopes: [api], token: glpat-one}]\nagents: [{id: %[2]d, name: a%[2]d, project: g/p, tokens: [{name: t, token: one}]}]"
		s.Apply(owners+"groups: [{path: g}]\nprojects: [{path: g/p}]\n", fmt.Sprintf(tokens, "ann", 5), fmt.Sprintf(tokens, "bob", 6))
		s.Same("access token", s.List("access-tokens", "user"), []string{"bob"})
		s.Same("agent token", s.List("agent-tokens", "agent_id"), []string{"6"})
	}},
	{Name: "agent put again by name: updated, its tokens stay", Check: func(s Subject) {
		s.Apply(owners + `
groups: [{path: g}]
projects: [{id: 1, path: g/p}, {id: 2, path: g/q}]
agents:
  - {id: 5, name: prod, project: g/p, created_by: ann, tokens: [{name: a, token: one}, {name: b, token: two}]}
  - {id: 6, name: prod, project: g/q}`)
		s.Apply("agents: [{name: prod, project: g/p, tokens: [{name: b, token: two, revoked: true}, {name: c, token: three}]}]")
		s.Same("agents", s.List("agents", "id", "name", "project_id"), []string{"5 prod 1", "6 prod 2"})
		s.Same("tokens", s.List("agent-tokens", "agent_id", "name", "revoked"), []string{"5 a false", "5 b true", "5 c false"})
		s.Apply("agents: [{id: 6, name: test, project: g/p, tokens: [{name: d, token: four}]}]")
		s.Same("moved by number", s.List("agents", "id", "name", "project_id"), []string{"5 prod 1", "6 test 1"})
		s.Apply("agents: [{name: next, project: g/p}]")
		s.Same("next", len(s.List("agents")), 3)
	}},
	refusedPuts("tokens and agents: unknown owner or taken name refused", owners+`
groups: [{path: g}]
projects: [{id: 1, path: g/p}]
agents: [{id: 5, name: prod, project: g/p, tokens: [{name: a, token: one}]}, {id: 6, name: test, project: g/p}]`, []refusedPut{
		{"no such user", func(s Subject, tx worldimport.Tx) error {
			return tx.Credentials.PutAccessToken(s.Context(), 99, worldimport.AccessToken{Name: "x", Digest: "d"})
		}, domain.NotFound},
		{"no such project", agentPut(99, 1, 0, "new"), domain.NotFound},
		{"no such creator", agentPut(1, 99, 0, "new"), domain.NotFound},
		{"another's name", agentPut(1, 1, 6, "prod"), domain.Conflict},
		{"a name under another number", agentPut(1, 1, 9, "prod"), domain.Conflict},
	}),
}

func agentPut(project source.ProjectID, creator identity.UserID, id int64, name string) func(Subject, worldimport.Tx) error {
	return func(s Subject, tx worldimport.Tx) error {
		a := worldimport.Agent{ID: id, Name: name, Tokens: []worldimport.AgentToken{{Name: "t", Digest: "digest"}}}
		return tx.Credentials.PutAgent(s.Context(), project, creator, a)
	}
}
