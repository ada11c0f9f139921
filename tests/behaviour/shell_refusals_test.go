package behaviour_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/application/gitaccess"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// refusalWorld has an actor and a project for the refusal of every rule.
var refusalWorld = fmt.Sprintf(`
users:
  - {id: 1, username: maint}
  - {id: 2, username: dev, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}
  - {id: 3, username: rep}
  - {id: 4, username: gus}
  - {id: 5, username: gone, state: blocked}
  - {id: 6, username: few, projects_limit: 0}
groups:
  - {id: 50, path: acme}
  - {id: 51, path: near, allowed_ips: [192.0.2.0/24]}
  - {id: 52, path: certs, require_ssh_certificates: true}
projects:
  - {id: 42, path: acme/cli, default_branch: main, protected_branches: [{name: main, push: developer}, {name: "release/*", push: maintainer}],
     protected_tags: [{name: "v*", create: maintainer}]}
  - {id: 43, path: acme/site, visibility: public, default_branch: main, protected_branches: [{name: stable}]}
  - {id: 44, path: acme/done, archived: true}
  - {id: 45, path: acme/moving, read_only: true}
  - {id: 46, path: acme/new, empty: true}
  - {id: 47, path: near/cli}
  - {id: 48, path: certs/cli, visibility: public}
  - {id: 49, path: acme/lost, storage: nowhere}
  - {id: 50, path: acme/doomed, pending_delete: true}
members:
  - {user: maint, group: acme, role: maintainer}
  - {user: dev, group: acme, role: developer}
  - {user: rep, group: acme, role: reporter}
  - {user: gus, group: acme, role: guest}
  - {user: gone, group: acme, role: developer}
  - {user: dev, group: near, role: developer}
keys:
  - {id: 102, user: dev, key: %q}
  - {id: 103, user: dev, expires_at: 2026-03-10, key: %q}
deploy_keys:
  - {id: 201, creator: dev, key: %q, projects: [{project: acme/cli}]}
`, world.Key(102), world.Key(103), world.Key(201))

// refusal is a request to /allowed that a rule refuses, with what its log line says.
type refusal struct {
	rule string
	// request are parameters as "name=value&…" in front of those of the case's kind.
	request string
	change  func(*config.Config)
	gitaly  source.Answer // to every question
	late    bool          // Gitaly answers after the time for the request
	// want are further fields as "name=value …".
	want string
}

const (
	pulling = "&action=git-upload-pack&protocol=ssh&changes=_any"
	starts  = "&action=git-receive-pack&protocol=ssh&changes=_any"
	pushes  = "&gl_repository=project-42&action=git-receive-pack&protocol=ssh&changes="
	old     = "1111111111111111111111111111111111111111"
	fresh   = "2222222222222222222222222222222222222222"
	none    = "0000000000000000000000000000000000000000"
	cli     = " project=acme/cli gl_repository=project-42"
	updates = old + "+" + fresh + "+"
	creates = none + "+" + fresh + "+"
	deletes = old + "+" + none + "+"
)

var refusals = []refusal{
	{rule: "rate_limit", request: "key_id=102&project=acme/cli" + pulling, change: func(c *config.Config) { c.Git.RateLimit = 1 }, want: "actor=key-102 project=acme/cli"},
	{rule: "otp_session", request: "key_id=102&project=acme/cli" + pulling, change: func(c *config.Config) { c.OTP.RequiredForGit = true }, want: "actor=key-102 username=dev" + cli},
	{rule: "protocol", request: "user_id=2&project=acme/cli" + pulling, change: func(c *config.Config) { c.Git.Protocols = source.OnlyHTTP }, want: "actor=user-2 username=dev protocol=ssh" + cli},
	{rule: "key", request: "key_id=103&project=acme/cli" + pulling, want: "actor=key-103 username=dev" + cli},
	{rule: "user", request: "username=gone&project=acme/cli" + pulling, want: "actor=user-5 username=gone" + cli},
	{rule: "http_command", request: "user_id=2&project=acme/cli&action=git-receive-pack&protocol=http&changes=_any", change: func(c *config.Config) { c.Git.HTTPReceivePack = false }, want: "actor=user-2 protocol=http" + cli},
	{rule: "command", request: "user_id=2&project=acme/cli&action=git-shell&protocol=ssh", want: "actor=user-2 action=git-shell" + cli},
	{rule: "instance_read_only", request: "user_id=2&project=acme/cli" + starts, change: func(c *config.Config) { c.Git.ReadOnly = true }, want: "actor=user-2" + cli},
	{rule: "namespace", request: "user_id=2&project=acme/cli&namespace_path=other" + pulling, want: "actor=user-2" + cli},
	{rule: "push_to_create", request: "user_id=4&project=acme/fresh" + starts, change: func(c *config.Config) { c.Git.PushToCreate = true }, want: "actor=user-4 username=gus project=acme/fresh project_known=false"},
	{rule: "push_to_create", request: "user_id=6&project=Few/fresh" + starts, change: func(c *config.Config) { c.Git.PushToCreate = true }, want: "actor=user-6 username=few project=few/fresh project_known=false"},
	{rule: "project", request: "user_id=4&project=near/cli" + pulling, want: "actor=user-4 project=near/cli gl_repository=project-47 project_known=true actor_known=true"},
	{rule: "project", request: "user_id=4&project=near/none" + pulling, want: "actor=user-4 project=near/none project_known=false actor_known=true"},
	{rule: "project", request: "user_id=99&gl_repository=project-42" + pulling, want: "actor=user-99 project_known=true actor_known=false" + cli},
	{rule: "project", request: "user_id=2x&project=../cli" + pulling, want: "actor=2x project=../cli project_known=false actor_known=false"},
	{rule: "ssh_certificate", request: "user_id=2&project=certs/cli" + pulling, want: "actor=user-2 project=certs/cli gl_repository=project-48"},
	{rule: "ip_allow_list", request: "user_id=2&project=near/cli.git&check_ip=203.0.113.9" + pulling, want: "actor=user-2 username=dev project=near/cli gl_repository=project-47 address=203.0.113.9"},
	{rule: "repository_type", request: "user_id=2&gl_repository=design-42" + pulling, want: "actor=user-2 project=acme/cli gl_repository=design-42"},
	{rule: "repository", request: "user_id=2&project=acme/cli" + pulling, gitaly: source.No, want: "actor=user-2" + cli},
	{rule: "download", request: "user_id=4&project=acme/cli" + pulling, want: "actor=user-4" + cli},
	{rule: "repository_read_only", request: "user_id=2&project=acme/moving" + starts, want: "actor=user-2 project=acme/moving gl_repository=project-45"},
	{rule: "archived", request: "user_id=2&project=acme/done" + starts, want: "actor=user-2 project=acme/done gl_repository=project-44"},
	{rule: "deploy_key", request: "key_id=201&project=acme/cli" + starts, want: "actor=deploy-key-201" + cli},
	{rule: "anonymous", request: "project=acme/site" + starts, want: "actor=nobody project=acme/site gl_repository=project-43"},
	{rule: "push", request: "user_id=3&project=acme/cli" + starts, want: "actor=user-3" + cli},
	{rule: "push_code", request: "user_id=3" + pushes + updates + "refs/heads/topic", want: "actor=user-3 ref=refs/heads/topic" + cli},
	{
		rule: "default_branch_delete", request: "user_id=1&gl_repository=project-43&action=git-receive-pack&protocol=ssh&changes=" + deletes + "refs/heads/main",
		gitaly: source.Yes, want: "actor=user-1 ref=refs/heads/main project=acme/site gl_repository=project-43",
	},
	{rule: "branch_like_sha", request: "user_id=2" + pushes + creates + "refs/heads/" + fresh, want: "actor=user-2 ref=refs/heads/" + fresh + cli},
	{rule: "branch_name", request: "user_id=2" + pushes + creates + "refs/heads/-x", want: "actor=user-2 ref=refs/heads/-x" + cli},
	{rule: "force_push", request: "user_id=2" + pushes + updates + "refs/heads/main", gitaly: source.No, want: "actor=user-2 ref=refs/heads/main" + cli},
	{
		rule: "empty_repository", request: "user_id=2&gl_repository=project-46&action=git-receive-pack&protocol=ssh&changes=" + creates + "refs/heads/main",
		gitaly: source.No, want: "actor=user-2 ref=refs/heads/main project=acme/new gl_repository=project-46",
	},
	{rule: "protected_branch_create", request: "user_id=2" + pushes + creates + "refs/heads/release/1", want: "actor=user-2 ref=refs/heads/release/1" + cli},
	{rule: "protected_branch_delete", request: "user_id=1" + pushes + deletes + "refs/heads/release/1", gitaly: source.No, want: "actor=user-1 ref=refs/heads/release/1" + cli},
	{rule: "protected_branch_update", request: "user_id=2" + pushes + updates + "refs/heads/topic%0A" + updates + "refs/heads/release/1", gitaly: source.Yes, want: "actor=user-2 ref=refs/heads/release/1" + cli},
	{rule: "tag_name", request: "user_id=2" + pushes + creates + "refs/tags/" + fresh, want: "actor=user-2 ref=refs/tags/" + fresh + cli},
	{rule: "protected_tag_update", request: "user_id=1" + pushes + updates + "refs/tags/v1", gitaly: source.No, want: "actor=user-1 ref=refs/tags/v1" + cli},
	{rule: "protected_tag_delete", request: "user_id=1" + pushes + deletes + "refs/tags/v1", want: "actor=user-1 ref=refs/tags/v1" + cli},
	{rule: "protected_tag_create", request: "user_id=2" + pushes + creates + "refs/tags/v1", gitaly: source.No, want: "actor=user-2 ref=refs/tags/v1" + cli},
	{rule: "hidden_ref", request: "user_id=1" + pushes + creates + "refs/keep-around/" + fresh, want: "actor=user-1 ref=refs/keep-around/" + fresh + cli},

	{rule: gitaccess.StorageRule, request: "user_id=2&project=acme/lost" + pulling, want: "actor=user-2 project=acme/lost gl_repository=project-49"},
	{rule: gitaccess.UnavailableRule, request: "user_id=2" + pushes + updates + "refs/heads/main", want: "actor=user-2 project_known=true" + cli},
	{rule: gitaccess.CreateProjectRule, request: "user_id=1&project=acme/-x" + starts, change: func(c *config.Config) { c.Git.PushToCreate = true }, want: "actor=user-1 project=acme/-x project_known=false"},
	{rule: gitaccess.CreateProjectRule, request: "user_id=1&project=acme/doomed" + starts, change: func(c *config.Config) { c.Git.PushToCreate = true }, want: "actor=user-1 project=acme/doomed project_known=false"},
	{rule: gitaccess.CreateProjectRule, request: "user_id=1&project=acme/Tree" + starts, change: func(c *config.Config) { c.Git.PushToCreate = true }, want: "actor=user-1 project=acme/Tree project_known=false"},
	{rule: gitaccess.DeadlineRule, request: "user_id=2&project=acme/cli" + pulling, late: true, want: "actor=user-2" + cli},
	{rule: "request", request: "user_id=2&gl_repository=project-42&protocol=ssh", want: "actor=user-2 gl_repository=project-42"},
	{rule: "request", request: "user_id=2" + pushes + "abc", want: "actor=user-2 gl_repository=project-42 action=git-receive-pack"},
}

// neverFirst are rules that never refuse first, and the rule that refuses before.
var neverFirst = map[string]string{"tag_change": "push_code"}

// answering is a Gitaly with one answer; Unknown makes it fail. It creates every
// repository.
type answering struct {
	bootstrap.Repositories
	answer source.Answer
	late   func() // ends the time for the request; nil for none that ends
}

// deadline is a context that ends when over is closed, as one whose time is over.
type deadline struct {
	context.Context
	over chan struct{}
}

func (d deadline) Done() <-chan struct{} { return d.over }

func (d deadline) Err() error {
	select {
	case <-d.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func (a answering) Answers(ctx context.Context, _ gitaccess.Location, questions []source.Question) (map[source.Question]source.Answer, error) {
	if a.late != nil {
		a.late()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if a.answer == source.Unknown {
		return nil, errors.New("connection refused")
	}
	answers := map[source.Question]source.Answer{}
	for _, q := range questions {
		answers[q] = a.answer
	}
	return answers, nil
}

func (answering) Create(context.Context, source.Project, source.RepositoryKind) error { return nil }

// ask sends a request to /allowed.
func (s *server) ask(ctx context.Context, form string) (status int, body string) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/v4/internal/allowed", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Gitlab-Shared-Secret", base64.StdEncoding.EncodeToString([]byte(shellSecret)))
	w := httptest.NewRecorder()
	s.Handlers.Internal.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// refuse makes a server refuse a request, and returns its line in the log.
func (s Subject) refuse(r refusal) map[string]any {
	s.Helper()
	s.Apply(refusalWorld)
	core, lines := observer.New(zap.InfoLevel)
	ctx, gitaly := s.Context(), answering{answer: r.gitaly}
	if r.late {
		over := make(chan struct{})
		ctx, gitaly.late = deadline{ctx, over}, func() { close(over) }
	}
	server := s.serverWith(bootstrap.Fakes{Repositories: gitaly, Log: zap.New(core)}, func(c *config.Config) {
		if r.change != nil {
			r.change(c)
		}
	})
	if r.rule == "rate_limit" {
		server.ask(s.Context(), r.request)
		lines.TakeAll()
	}
	status, body := server.ask(ctx, r.request)
	requests := lines.FilterMessage("request").All()
	if status == http.StatusOK || len(requests) != 1 {
		s.Fatalf("got %d %s and %d lines, want a refusal with one line", status, body, len(requests))
	}
	return requests[0].ContextMap()
}

// Every rule has a case in which it refuses, and the line of the log names it.
func TestShell_refusalsInLog(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{}
	for _, r := range refusals {
		tested[r.rule] = true
		t.Run(r.rule, func(t *testing.T) {
			t.Parallel()
			s := Subject{subject.Subject{T: t, Ports: stores.Fresh(t, stores.Memory)}}
			line := s.refuse(r)
			want := map[string]string{"rule": r.rule, "correlation_id": fmt.Sprint(line["correlation_id"])}
			for field := range strings.FieldsSeq(r.want) {
				name, value, _ := strings.Cut(field, "=")
				want[name] = value
			}
			for _, name := range []string{"ref", "gl_repository", "project", "actor"} {
				want[name] += "" // absent unless wanted
			}
			for name, value := range want {
				if got, _ := line[name].(string); got != value {
					t.Errorf("%s: got %q, want %q", name, got, value)
				}
			}
			if text, _ := line["error"].(string); text == "" {
				t.Error("the line has no text of the refusal")
			}
		})
	}
	tested["token_scope"] = true // by TestGit_http: GitLab Shell shows no access token
	for _, rule := range gitaccess.RuleNames() {
		if _, never := neverFirst[rule]; tested[rule] == never {
			t.Errorf("rule %q: no test case, or one too many", rule)
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(neverFirst)) {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			c := source.Case{Request: source.Request{
				Command: source.ReceivePack, Changes: []source.Change{{Old: old, New: fresh, Ref: source.ParseRef("refs/tags/1")}},
			}, Standing: source.Standing{Project: source.Project{ID: 42, Visibility: source.Public, Repository: source.FeatureEnabled}}}
			var refusing []string
			for _, f := range c.Explain() {
				if f.Outcome == source.Refused && f.Ref != "" {
					refusing = append(refusing, f.Rule)
				}
			}
			if len(refusing) < 2 || refusing[0] != neverFirst[rule] || !slices.Contains(refusing, rule) {
				t.Errorf("got refusals by %q, want %s after %s", refusing, rule, neverFirst[rule])
			}
		})
	}
}

// An answer does not tell a project that is hidden, or hidden from an address, from
// one that does not exist; the log does.
func TestShell_equalAnswersInLog(t *testing.T) {
	t.Parallel()
	s := Subject{subject.Subject{T: t, Ports: stores.Fresh(t, stores.Memory)}}
	s.Apply(refusalWorld)
	core, lines := observer.New(zap.InfoLevel)
	server := s.serverWith(bootstrap.Fakes{Log: zap.New(core)})
	var answers, told []string
	for _, request := range []string{
		"user_id=4&project=near/cli", "user_id=2&project=near/cli&check_ip=203.0.113.9", "user_id=2&project=near/none", "user_id=99&project=near/cli",
	} {
		status, body := server.ask(s.Context(), request+pulling)
		answers = append(answers, fmt.Sprint(status, body))
		line := lines.TakeAll()[0].ContextMap()
		told = append(told, fmt.Sprint(line["rule"], line["actor_known"], line["project_known"]))
	}
	if len(slices.Compact(slices.Clone(answers))) != 1 {
		t.Errorf("the answers differ: %q", answers)
	}
	if len(slices.Compact(slices.Sorted(slices.Values(told)))) != len(told) {
		t.Errorf("two lines are equal: %q", told)
	}
}

// A line is short and holds no control character, whatever a request has.
func TestShell_refusalOfLongTexts(t *testing.T) {
	t.Parallel()
	s := Subject{subject.Subject{T: t, Ports: stores.Fresh(t, stores.Memory)}}
	s.Apply(refusalWorld)
	var text strings.Builder
	settings := config.Default().Log
	settings.Format = "json"
	server := s.serverWith(bootstrap.Fakes{Log: bootstrap.NewLogger(settings, &text)})
	long := strings.Repeat("é\x1b", 10_000)
	for _, form := range []url.Values{
		{"user_id": {"3"}, "gl_repository": {"project-42"}, "action": {"git-receive-pack"}, "protocol": {"ssh"}, "changes": {old + " " + fresh + " refs/heads/" + long}},
		{"user_id": {long}, "project": {long}, "action": {long}, "protocol": {long}, "check_ip": {long}},
		{"user_id": {long}, "project": {long}, "gl_repository": {long}, "protocol": {"ssh"}, "check_ip": {long}},
	} {
		text.Reset()
		server.ask(s.Context(), form.Encode())
		line := text.String()
		if !strings.Contains(line, `"rule"`) || len(line) > 8000 || strings.Contains(line, "\x1b") || strings.Count(line, "\n") != 1 {
			t.Errorf("got %d bytes: %.300q", len(line), line)
		}
	}
}
