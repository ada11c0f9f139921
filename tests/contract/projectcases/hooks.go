package projectcases

import (
	"errors"
	"time"

	"gatehouse/application"
	"gatehouse/application/clusters"
	"gatehouse/application/postreceive"
	"gatehouse/application/pushes"
	"gatehouse/application/webhooks"
	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
	"gatehouse/tests/contract"
	"gatehouse/tests/world"
)

// errLate fails a transaction.
var errLate = errors.New("late")

// receivers is a world with a hook of a group and one of a project.
const receivers = `
users: [{id: 2, username: dev}]
groups: [{id: 5, path: acme}]
projects: [{id: 7, path: acme/cli}, {id: 8, path: acme/lib}]
hooks: [{id: 31, group: acme, url: "https://ci.example.com/acme"}, {id: 32, project: acme/cli, url: "https://bot:pw@ci.example.com/cli?x=1", token: t}]
agents: [{id: 41, name: prod, project: acme/cli, created_by: dev, created_at: 2026-01-01, tokens: [{name: old, token: one, revoked: true}, {name: default, token: two}]}]
`

var ofGroup, ofProject = source.MemberSource{Group: 5}, source.MemberSource{Project: 7}

// firstPage is a page of a list in the order of the numbers.
func firstPage(size, offset int) application.Page {
	return application.Page{Order: "id", Size: size, Offset: offset}
}

// newHook is a hook with a value in each member.
func newHook() hooks.Hook {
	return hooks.Hook{
		Name: "n", Description: "d", URL: "https://{user}@ci.example.com/ü?x=1", Token: "t\"", Push: true, TagPush: true, Branches: "^a|b$",
		Strategy: hooks.RegexBranches, SkipVerification: true, Headers: []hooks.KeyValue{{Key: "X-A", Value: "ä"}, {Key: "X-B", Value: "2"}},
		Variables: []hooks.KeyValue{{Key: "user", Value: "secret"}}, Template: "{}", Settings: remembered.Values{"issues_events": true},
		CreatedAt: now.UTC().Truncate(time.Microsecond), UpdatedAt: now.Add(time.Hour).UTC().Truncate(time.Microsecond),
	}
}

func changeHooks(s contract.Subject, do func(webhooks.Tx)) {
	s.Helper()
	s.Fine("unit of work", s.HookUnitOfWork(s.Context(), func(tx webhooks.Tx) error { do(tx); return nil }))
}

var hookCases = []contract.Case{
	{Name: "new hook: kept with all members, shown without secrets", Check: func(s contract.Subject) {
		s.Apply(receivers)
		want := newHook()
		changeHooks(s, func(tx webhooks.Tx) {
			var err error
			want.ID, err = tx.Hooks.PutHook(s.Context(), ofProject, want)
			s.Fine("PutHook", err)
			got, err := tx.Hooks.Hook(s.Context(), ofProject, want.ID)
			s.Fine("Hook", err)
			s.Same("hook", got, want)
			_, err = tx.Hooks.Hook(s.Context(), ofGroup, want.ID)
			s.Kind("of the group", err, domain.NotFound)
			_, err = tx.Hooks.PutHook(s.Context(), source.MemberSource{Project: 404}, newHook())
			s.Kind("of no project", err, domain.NotFound)
		})
		shown := webhooks.View{Hook: want, In: ofProject, HasToken: true}
		shown.URL, shown.Token = "https://***@ci.example.com/ü?***", ""
		shown.Headers, shown.Variables = []hooks.KeyValue{{Key: "X-A"}, {Key: "X-B"}}, []hooks.KeyValue{{Key: "user"}}
		view, err := s.HookRecords.View(s.Context(), ofProject, want.ID)
		s.Fine("View", err)
		s.Same("view", view, shown)
		s.UTC(view.CreatedAt)
		changeHooks(s, func(tx webhooks.Tx) {
			got, err := tx.Hooks.Shown(s.Context(), ofProject, want.ID)
			s.Fine("Shown", err)
			s.Same("shown", got, shown)
		})
		_, err = s.HookRecords.View(s.Context(), ofGroup, want.ID)
		s.Kind("view of the group", err, domain.NotFound)
		sent, _, err := s.Deliveries.Hook(s.Context(), want.ID)
		s.Fine("Deliveries.Hook", err)
		s.Same("what is sent", []any{sent.Target(), sent.Token, sent.Headers}, []any{"https://secret@ci.example.com/ü?x=1", want.Token, want.Headers})
	}},
	{Name: "hooks of one URL: all kept, and health stays", Check: func(s contract.Subject) {
		s.Apply(receivers)
		health := hooks.Health{Failures: 5, Status: 500}
		s.Fine("RecordAttempt", s.Deliveries.RecordAttempt(s.Context(), 32, webhooks.Attempt{}, func(hooks.Health) (hooks.Health, []audit.Event) { return health, nil }))
		changeHooks(s, func(tx webhooks.Tx) {
			old, err := tx.Hooks.Hook(s.Context(), ofProject, 32)
			s.Fine("Hook", err)
			id, err := tx.Hooks.PutHook(s.Context(), ofProject, hooks.Hook{URL: old.URL})
			s.Fine("PutHook", err)
			s.Same("another one", id > 32, true)
			old.Token, old.Headers = "", []hooks.KeyValue{{Key: "X-A", Value: "1"}}
			_, err = tx.Hooks.PutHook(s.Context(), ofProject, old)
			s.Fine("PutHook", err)
		})
		listed, err := s.HookRecords.Views(s.Context(), ofProject, firstPage(1, 0))
		s.Fine("Views", err)
		s.Same("first", []any{listed.Items[0].ID, listed.Items[0].HasToken, listed.Items[0].Health, listed.Items[0].Headers == nil, listed.Total, listed.More},
			[]any{hooks.HookID(32), false, health, true, int64(2), true})
		listed, err = s.HookRecords.Views(s.Context(), ofProject, application.Page{Order: "id", Descending: true, Size: 5})
		s.Fine("Views", err)
		s.Same("all", len(listed.Items), 2)
		s.Same("last", listed.Items[1].ID, hooks.HookID(32))
		listed, err = s.HookRecords.Views(s.Context(), ofGroup, firstPage(5, 0))
		s.Fine("Views", err)
		s.Same("of the group", []any{listed.Items[0].ID, listed.Items[0].In, listed.Total}, []any{hooks.HookID(31), ofGroup, int64(1)})
	}},
	{Name: "removed hook: gone, once", Check: func(s contract.Subject) {
		s.Apply(receivers)
		changeHooks(s, func(tx webhooks.Tx) {
			s.Kind("of another", tx.Hooks.RemoveHook(s.Context(), ofGroup, 32), domain.NotFound)
			s.Fine("RemoveHook", tx.Hooks.RemoveHook(s.Context(), ofProject, 32))
			s.Kind("again", tx.Hooks.RemoveHook(s.Context(), ofProject, 32), domain.NotFound)
		})
		s.Same("hooks", s.List("hooks", "id"), []string{"31"})
	}},
	{Name: "undelivered events: those of the hook, in either order, until it has accepted them", Check: func(s contract.Subject) {
		s.Apply(receivers)
		s.Fine("Record", s.Recorder.Record(s.Context(), pushes.Push{Repository: "project-7", ReceivedAt: now}))
		update := postreceive.ProjectUpdate{Project: 7, ActiveAt: now, PerHook: 1}
		for _, h := range []hooks.HookID{32, 31, 32, 32} {
			event := hooks.Event{Project: source.Project{ID: 7}, Change: source.Change{Old: "a1", New: "b2", Ref: source.Ref{Kind: source.Tag, Name: "v1"}}}
			update.Deliveries = append(update.Deliveries, hooks.Delivery{Hook: hooks.Hook{ID: h}, Event: event, EventID: "e", Key: "k"})
		}
		s.Fine("Complete", s.Pushes.Complete(s.Context(), 1, update, now))
		all, err := s.Backlog.Undelivered(s.Context(), 32, firstPage(5, 0))
		s.Fine("Undelivered", err)
		s.Same("all", []any{len(all.Items), all.Total, all.More}, []any{3, int64(3), false})
		first := all.Items[0]
		s.Same("first", []any{first.Event.Change, first.Event.Project.ID, first.CreatedAt, first.GivenUp},
			[]any{update.Deliveries[0].Event.Change, source.ProjectID(7), now.UTC().Truncate(time.Microsecond), false})
		page, err := s.Backlog.Undelivered(s.Context(), 32, application.Page{Order: "id", Descending: true, Size: 1, Offset: 1})
		s.Fine("Undelivered", err)
		s.Same("the second from the end", []any{page.Items[0].ID, page.Total, page.More}, []any{all.Items[1].ID, int64(3), true})
		accept := func(h hooks.Health) (hooks.Health, []audit.Event) { return h, nil }
		s.Fine("RecordAttempt", s.Deliveries.RecordAttempt(s.Context(), 32, webhooks.Attempt{Delivery: first.ID, Accepted: true, PerHook: 1}, accept))
		disable := func(h hooks.Health) (hooks.Health, []audit.Event) { h.Disabled = true; return h, nil }
		s.Fine("RecordAttempt", s.Deliveries.RecordAttempt(s.Context(), 32, webhooks.Attempt{PerHook: 1}, disable))
		left, err := s.Backlog.Undelivered(s.Context(), 32, firstPage(5, 0))
		s.Fine("Undelivered", err)
		s.Same("left", []any{len(left.Items), left.Items[1].ID, left.Items[1].GivenUp}, []any{2, all.Items[2].ID, true})
		none, err := s.Backlog.Undelivered(s.Context(), 404, firstPage(5, 0))
		s.Fine("Undelivered", err)
		s.Same("of no hook", none, application.Listed[webhooks.Undelivered]{})
	}},
	{Name: "transaction on hooks that fails: nothing kept", Check: func(s contract.Subject) {
		s.Apply(receivers)
		err := s.HookUnitOfWork(s.Context(), func(tx webhooks.Tx) error {
			_, err := tx.Hooks.PutHook(s.Context(), ofProject, newHook())
			s.Fine("PutHook", err)
			s.Fine("RemoveHook", tx.Hooks.RemoveHook(s.Context(), ofGroup, 31))
			s.Fine("Append", tx.Audit.Append(s.Context(), audit.Event{At: now}))
			return errLate
		})
		s.Same("late", errors.Is(err, errLate), true)
		s.Same("hooks", s.List("hooks", "id"), []string{"31", "32"})
	}},
}

func changeAgents(s contract.Subject, do func(clusters.Tx)) {
	s.Helper()
	s.Fine("unit of work", s.AgentUnitOfWork(s.Context(), func(tx clusters.Tx) error { do(tx); return nil }))
}

var agentCases = []contract.Case{
	{Name: "new agent: kept, found in its project alone", Check: func(s contract.Subject) {
		s.Apply(receivers)
		want := agents.Agent{Name: "edge", Project: 8, CreatedBy: 2, CreatedAt: now.UTC().Truncate(time.Microsecond)}
		changeAgents(s, func(tx clusters.Tx) {
			for project, taken := range map[source.ProjectID]bool{7: true, 8: false} {
				got, err := tx.Agents.AgentNameTaken(s.Context(), project, "PROD")
				s.Fine("AgentNameTaken", err)
				s.Same("taken", got, taken)
			}
			var err error
			want.ID, err = tx.Agents.AddAgent(s.Context(), want)
			s.Fine("AddAgent", err)
			got, err := tx.Agents.Agent(s.Context(), 8, want.ID)
			s.Fine("Agent", err)
			s.Same("agent", got, want)
			_, err = tx.Agents.Agent(s.Context(), 7, want.ID)
			s.Kind("in another project", err, domain.NotFound)
			_, err = tx.Agents.AddAgent(s.Context(), agents.Agent{Name: "x", Project: 404})
			s.Kind("in no project", err, domain.NotFound)
		})
		got, err := s.AgentRecords.AgentView(s.Context(), 8, want.ID)
		s.Fine("AgentView", err)
		s.Same("view", got, want)
		s.UTC(got.CreatedAt)
		_, err = s.AgentRecords.AgentView(s.Context(), 8, 41)
		s.Kind("of another project", err, domain.NotFound)
		listed, err := s.AgentRecords.AgentViews(s.Context(), 8, firstPage(5, 0))
		s.Fine("AgentViews", err)
		s.Same("listed", listed, application.Listed[agents.Agent]{Items: []agents.Agent{want}, Total: 1})
	}},
	{Name: "token of an agent: counts until it is revoked", Check: func(s contract.Subject) {
		s.Apply(receivers)
		digest := identity.DigestToken("three")
		want := agents.Token{Agent: 41, Name: "new", Description: "d", CreatedBy: 2, CreatedAt: now.UTC().Truncate(time.Microsecond)}
		active := func(tx clusters.Tx, want int) {
			s.Helper()
			got, err := tx.Tokens.ActiveTokens(s.Context(), 41)
			s.Fine("ActiveTokens", err)
			s.Same("active", got, want)
		}
		changeAgents(s, func(tx clusters.Tx) {
			active(tx, 1)
			var err error
			want.ID, err = tx.Tokens.AddToken(s.Context(), want, digest)
			s.Fine("AddToken", err)
			active(tx, 2)
			got, err := tx.Tokens.Token(s.Context(), 41, want.ID)
			s.Fine("Token", err)
			s.Same("token", got, want)
			_, err = tx.Tokens.Token(s.Context(), 42, want.ID)
			s.Kind("of another agent", err, domain.NotFound)
		})
		s.Agents.TokenUsed(want.ID, world.Now)
		s.Fine("Flush", s.Store.Flush(s.Context()))
		used := want
		used.LastUsedAt = world.Now.UTC().Truncate(time.Microsecond)
		got, err := s.AgentRecords.TokenView(s.Context(), 41, want.ID)
		s.Fine("TokenView", err)
		s.Same("used token", got, used)
		listed, err := s.AgentRecords.TokenViews(s.Context(), 41, firstPage(1, 1))
		s.Fine("TokenViews", err)
		s.Same("second page", listed, application.Listed[agents.Token]{Items: []agents.Token{used}, Total: 2})
		b, err := s.Agents.Bearer(s.Context(), digest)
		s.Fine("Bearer", err)
		s.Same("agent of the token", b.Agent.ID, agents.AgentID(41))
		changeAgents(s, func(tx clusters.Tx) {
			s.Fine("RevokeToken", tx.Tokens.RevokeToken(s.Context(), want.ID))
			active(tx, 1)
			got, err := tx.Tokens.Token(s.Context(), 41, want.ID)
			s.Fine("Token", err)
			s.Same("revoked", got.Revoked, true)
		})
		_, err = s.AgentRecords.TokenView(s.Context(), 41, want.ID)
		s.Kind("revoked token", err, domain.NotFound)
		b, err = s.Agents.Bearer(s.Context(), digest)
		s.Fine("Bearer", err)
		s.Same("revoked", b.Token.Revoked, true)
	}},
	{Name: "removed agent: gone with tokens, authorizations and findings", Check: func(s contract.Subject) {
		s.Apply(world.Agents)
		s.AddScanFindings()
		s.Fine("Authorize", s.Agents.Authorize(s.Context(), 5, []agents.Authorization{{Access: agents.CIAccess, Kind: agents.GroupAccess, Path: "acme"}}))
		changeAgents(s, func(tx clusters.Tx) {
			s.Fine("RemoveAgent", tx.Agents.RemoveAgent(s.Context(), 5))
			s.Fine("RemoveAgent", tx.Agents.RemoveAgent(s.Context(), 404))
		})
		s.Same("agents", s.List("agents", "id")[0], "6")
		s.Same("authorizations", s.List("agent-authorizations"), []string{})
		s.Same("findings", s.List("findings", "agent_id"), []string{"6"})
		_, err := s.Agents.Bearer(s.Context(), identity.DigestToken("agent-5"))
		s.Kind("token", err, domain.NotFound)
	}},
}
