package clients_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
)

// hookFlow makes hooks of a project and of its group, pushes, changes and removes them.
func hookFlow(i instance) {
	i.newGroup(i.admin, "acme", 0)
	i.data.Apply(i.T, "projects: [{id: 60, path: acme/cli, default_branch: main, empty: false}]")
	const project = "acme/cli"
	receiver, other := servertest.ReceiveHooks(i.T), servertest.ReceiveHooks(i.T)
	projects := i.admin.Projects
	hook := made[*gitlab.ProjectHook](i, "add")(projects.AddProjectHook(project, &gitlab.AddProjectHookOptions{
		URL: gitlab.Ptr(receiver.URL + "/hook"), Name: gitlab.Ptr("CI"), Description: gitlab.Ptr("builds"), Token: gitlab.Ptr("hidden-token"),
		PushEventsBranchFilter: gitlab.Ptr("topic-*"), EnableSSLVerification: gitlab.Ptr(false), IssuesEvents: gitlab.Ptr(true),
		CustomHeaders: &[]*gitlab.HookCustomHeader{{Key: "X-Own", Value: "hidden-header"}},
	}))
	recent(i, "created_at", hook.CreatedAt)
	wantEqual(i, "new hook", hook, &gitlab.ProjectHook{
		ID: hook.ID, URL: receiver.URL + "/hook", Name: "CI", Description: "builds", ProjectID: 60, PushEvents: true, PushEventsBranchFilter: "topic-*",
		BranchFilterStrategy: "wildcard", IssuesEvents: true, AlertStatus: "executable", URLVariables: []gitlab.HookURLVariable{}, CreatedAt: hook.CreatedAt,
		CustomHeaders: []*gitlab.HookCustomHeader{{Key: "X-Own"}}, TokenPresent: true,
	})
	wantEqual(i, "hook, read", read[*gitlab.ProjectHook](i, "get")(projects.GetProjectHook(project, hook.ID)), hook)

	push := func(branch string) {
		i.Helper()
		i.Post(i.T, "/post_receive", servertest.PostReceive(branch)).Want(i.T, "push of "+branch, 200, `{}`)
	}
	next := func(what string, r *servertest.HookReceiver, header map[string]string) servertest.Event {
		i.Helper()
		e := r.Next(i.T)
		for name, want := range header {
			if got := e.Header.Get(name); got != want {
				i.Errorf("%s: header %s: got %q, want %q", what, name, got, want)
			}
		}
		return e
	}
	push("main") // the filter does not cover it
	push("topic-1")
	e := next("push", receiver, map[string]string{"X-Own": "hidden-header", "X-Gitlab-Token": "hidden-token", "X-Gitlab-Event": "Push Hook"})
	if got := e.Field(i.T, "ref"); got != "refs/heads/topic-1" {
		i.Errorf("push: got the event of %v", got)
	}

	got := read[*gitlab.ProjectHook](i, "edit")(projects.EditProjectHook(project, hook.ID, &gitlab.EditProjectHookOptions{
		URL: gitlab.Ptr(other.URL), PushEvents: gitlab.Ptr(false), TagPushEvents: gitlab.Ptr(true), PushEventsBranchFilter: gitlab.Ptr(""), IssuesEvents: gitlab.Ptr(false),
	}))
	if got.URL != other.URL || got.TokenPresent || len(got.CustomHeaders) != 0 || got.PushEvents || !got.TagPushEvents || got.IssuesEvents || got.Name != "CI" {
		i.Errorf("hook with another URL: got %+v, want it without the secrets of the old one", got)
	}
	done(i, "set header", 204)(projects.SetProjectCustomHeader(project, hook.ID, "X-Other", &gitlab.SetHookCustomHeaderOptions{Value: gitlab.Ptr("hidden-other")}))
	done(i, "test", 201)(projects.TriggerTestProjectHook(project, hook.ID, gitlab.ProjectHookEventTagPush))
	next("test", other, map[string]string{"X-Other": "hidden-other", "X-Gitlab-Event": "Tag Push Hook", "X-Gitlab-Token": ""})
	done(i, "delete header", 204)(projects.DeleteProjectCustomHeader(project, hook.ID, "X-Other"))
	done(i, "set variable", 204)(projects.SetProjectWebhookURLVariable(project, hook.ID, "path", &gitlab.SetProjectWebhookURLVariableOptions{Value: gitlab.Ptr("hidden-path")}))
	done(i, "delete variable", 204)(projects.DeleteProjectWebhookURLVariable(project, hook.ID, "path"))
	refused(i, "test of another event", 422, "issues_events")(projects.TriggerTestProjectHook(project, hook.ID, gitlab.ProjectHookEventIssues))
	refused(i, "metadata of a cloud", 422, "Invalid url given")(projects.AddProjectHook(project, &gitlab.AddProjectHookOptions{URL: gitlab.Ptr("http://169.254.169.254/")}))
	second := made[*gitlab.ProjectHook](i, "add a second one of the URL")(projects.AddProjectHook(project, &gitlab.AddProjectHookOptions{URL: &other.URL}))
	if all := read[[]*gitlab.ProjectHook](i, "list")(projects.ListProjectHooks(project, &gitlab.ListProjectHooksOptions{})); len(all) != 2 || all[1].ID != second.ID {
		i.Errorf("list of hooks: got %v", all)
	}
	for _, id := range []int64{hook.ID, second.ID} {
		done(i, "delete", 204)(projects.DeleteProjectHook(project, id))
	}
	refused(i, "deleted hook", 404)(projects.GetProjectHook(project, hook.ID))
	groupHooks(i, push, receiver)
	i.wantHidden("hidden-")
}

// groupHooks makes, tests and removes a hook of the group, and sends an event again.
func groupHooks(i instance, push func(branch string), receiver *servertest.HookReceiver) {
	i.Helper()
	groups := i.admin.Groups
	hook := made[*gitlab.GroupHook](i, "add to the group")(groups.AddGroupHook("acme", &gitlab.AddGroupHookOptions{URL: &receiver.URL, BranchFilterStrategy: gitlab.Ptr("regex"), PushEventsBranchFilter: gitlab.Ptr("^(a|b)$")}))
	if hook.GroupID == 0 || hook.BranchFilterStrategy != "regex" {
		i.Errorf("hook of a group: got %+v", hook)
	}
	push("topic-2") // the expression does not match
	push("b")
	if got := receiver.Next(i.T).Field(i.T, "ref"); got != "refs/heads/b" {
		i.Errorf("push to the group: got the event of %v", got)
	}
	done(i, "test", 201)(groups.TriggerTestGroupHook("acme", hook.ID, gitlab.GroupHookTriggerPush))
	receiver.Next(i.T)
	done(i, "set header", 204)(groups.SetGroupCustomHeader("acme", hook.ID, "X-Own", &gitlab.SetHookCustomHeaderOptions{Value: gitlab.Ptr("hidden-header")}))
	done(i, "delete header", 204)(groups.DeleteGroupCustomHeader("acme", hook.ID, "X-Own"))
	done(i, "set variable", 204)(groups.SetGroupHookURLVariable("acme", hook.ID, "path", &gitlab.SetHookURLVariableOptions{Value: gitlab.Ptr("hidden-path")}))
	changed := read[*gitlab.GroupHook](i, "edit")(groups.EditGroupHook("acme", hook.ID, &gitlab.EditGroupHookOptions{
		URL: gitlab.Ptr(receiver.URL + "/{path}"), SubGroupEvents: gitlab.Ptr(true),
	}))
	if changed.URL != receiver.URL+"/{path}" || !changed.SubGroupEvents || len(changed.URLVariables) != 1 || changed.URLVariables[0].Value != "" {
		i.Errorf("changed hook of a group: got %+v", changed)
	}
	refused(i, "variable that is needed", 422, "Invalid url given")(groups.DeleteGroupHookURLVariable("acme", hook.ID, "path"))
	wantEqual(i, "hook of a group, read", read[*gitlab.GroupHook](i, "get")(groups.GetGroupHook("acme", hook.ID)), changed)
	done(i, "set variable", 204)(groups.SetGroupHookURLVariable("acme", hook.ID, "unused", &gitlab.SetHookURLVariableOptions{Value: gitlab.Ptr("hidden-path")}))
	done(i, "delete variable", 204)(groups.DeleteGroupHookURLVariable("acme", hook.ID, "unused"))
	if all := read[[]*gitlab.GroupHook](i, "list")(groups.ListGroupHooks("acme", nil)); len(all) != 1 {
		i.Errorf("hooks of the group: got %v", all)
	}
	refused(i, "event that is not there", 404)(groups.ResendGroupHookEvent("acme", hook.ID, 404))
	done(i, "delete", 204)(groups.DeleteGroupHook("acme", hook.ID))
}

// TestHook_resend pushes while the receiver of a hook is down, and sends the event again,
// long before the server would.
func TestHook_resend(t *testing.T) {
	t.Parallel()
	i := newInstance(t, stores.SQLiteFile(t), false, "jobs.poll_interval=20ms", "jobs.retry_delay=1h", "webhooks.backoff=1h", "webhooks.allow_local_requests=true")
	i.newGroup(i.admin, "acme", 0)
	i.data.Apply(i.T, "projects: [{id: 60, path: acme/cli, default_branch: main, empty: false}]")
	var up atomic.Bool
	asked := make(chan bool, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- true
		if !up.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(receiver.Close)
	groups := i.admin.Groups
	hook := made[*gitlab.GroupHook](i, "add")(groups.AddGroupHook("acme", &gitlab.AddGroupHookOptions{URL: &receiver.URL})).ID
	i.Post(t, "/post_receive", servertest.PostReceive("a")).Want(t, "push", 200, `{}`)
	type event struct {
		ID      int64
		URL     string
		Trigger string
		State   string
		Request struct{ Ref string } `json:"request_data"`
	}
	events := func() (all []event) {
		t.Helper()
		request, err := i.admin.NewRequest(http.MethodGet, fmt.Sprintf("groups/acme/hooks/%d/events", hook), nil, nil)
		if err == nil {
			_, err = i.admin.Do(request, &all)
		}
		if err != nil {
			i.Fatal(err)
		}
		return all
	}
	select {
	case <-asked:
	case <-time.After(servertest.WaitTimeout):
		t.Fatal("no event received")
	}
	all := events()
	if len(all) != 1 {
		t.Fatalf("got the events %v, want one", all)
	}
	want := event{ID: all[0].ID, URL: receiver.URL, Trigger: "push_hooks", State: "waiting"}
	want.Request.Ref = "refs/heads/a"
	wantEqual(i, "events", all, []event{want})
	refused(i, "resend to a receiver that is down", 422, "502")(groups.ResendGroupHookEvent("acme", hook, want.ID))
	up.Store(true)
	done(i, "resend", 201)(groups.ResendGroupHookEvent("acme", hook, want.ID))
	if left := events(); len(left) != 0 {
		i.Errorf("events behind that: got %v", left)
	}
}

// wantHidden fails the test if the inventory or the audit log has a text that begins so.
func (i instance) wantHidden(prefix string) {
	i.Helper()
	for _, thing := range []string{"hooks", "audit"} {
		if text := fmt.Sprint(i.data.List(i.T, thing)); strings.Contains(text, prefix) {
			i.Errorf("%s has a secret: %s", thing, text)
		}
	}
}

// agentFlow makes an agent and its tokens, calls as the agent server does, and removes them.
func agentFlow(i instance) {
	i.newGroup(i.admin, "acme", 0)
	i.data.Apply(i.T, "projects: [{id: 60, path: acme/cli, default_branch: main, empty: false}]")
	const project = "acme/cli"
	clusters := i.admin.ClusterAgents
	agent := made[*gitlab.Agent](i, "register")(clusters.RegisterAgent(project, &gitlab.RegisterAgentOptions{Name: gitlab.Ptr("prod")}))
	recent(i, "created_at", agent.CreatedAt)
	if agent.Name != "prod" || agent.CreatedByUserID != 1 || agent.ConfigProject.ID != 60 || agent.ConfigProject.PathWithNamespace != project {
		i.Errorf("new agent: got %+v", agent)
	}
	refused(i, "taken name", 400, "Name has already been taken")(clusters.RegisterAgent(project, &gitlab.RegisterAgentOptions{Name: gitlab.Ptr("prod")}))
	wantEqual(i, "agent, read", read[*gitlab.Agent](i, "get")(clusters.GetAgent(project, agent.ID)), agent)
	wantEqual(i, "agents", read[[]*gitlab.Agent](i, "list")(clusters.ListAgents(project, nil)), []*gitlab.Agent{agent})

	create := func(name string) *gitlab.AgentToken {
		i.Helper()
		token := made[*gitlab.AgentToken](i, "create "+name)(clusters.CreateAgentToken(project, agent.ID, &gitlab.CreateAgentTokenOptions{Name: &name, Description: gitlab.Ptr("d")}))
		i.Log.Hide(token.Token)
		if !strings.HasPrefix(token.Token, "glagent-") || len(token.Token) != len("glagent-")+50 || token.Status != "active" || token.LastUsedAt != nil {
			i.Errorf("new token: got %+v", token)
		}
		return token
	}
	accepted := func(what string, token *gitlab.AgentToken, want int) {
		i.Helper()
		if got := i.Ask(i.T, servertest.Call{Route: "GET /kubernetes/agent_info", By: servertest.ByKas, AgentToken: token.Token}); got.Status != want {
			i.Errorf("agent_info with %s: got status %d, want %d", what, got.Status, want)
		}
	}
	first, second := create("first"), create("second")
	refused(i, "third token", 400, "only two active tokens")(clusters.CreateAgentToken(project, agent.ID, &gitlab.CreateAgentTokenOptions{Name: gitlab.Ptr("third")}))
	accepted("a new token", first, http.StatusOK)
	if all := read[[]*gitlab.AgentToken](i, "tokens")(clusters.ListAgentTokens(project, agent.ID, nil)); len(all) != 2 || all[0].Token != "" {
		i.Errorf("tokens: got %v", all)
	}
	done(i, "revoke", 204)(clusters.RevokeAgentToken(project, agent.ID, first.ID))
	accepted("a revoked token", first, http.StatusUnauthorized)
	refused(i, "revoked token", 404)(clusters.GetAgentToken(project, agent.ID, first.ID))
	wantEqual(i, "token, read", read[*gitlab.AgentToken](i, "get")(clusters.GetAgentToken(project, agent.ID, second.ID)).Name, "second")
	accepted("the other token", second, http.StatusOK)
	done(i, "delete", 204)(clusters.DeleteAgent(project, agent.ID))
	accepted("the token of a deleted agent", second, http.StatusUnauthorized)
	refused(i, "deleted agent", 404)(clusters.GetAgent(project, agent.ID))
}
