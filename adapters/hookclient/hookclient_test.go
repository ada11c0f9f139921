package hookclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/hookclient"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

const (
	none = "0000000000000000000000000000000000000000"
	one  = "1111111111111111111111111111111111111111"
	two  = "2222222222222222222222222222222222222222"
)

// instance allows requests to this machine.
var instance = hookclient.Instance{
	URL: "https://git.example.com/gitlab", SSHURL: func(path string) string { return "git@git.example.com:" + path + ".git" }, Version: "16.11.0-gatehouse", Timeout: 5 * time.Second, Local: true,
}

// pushed is an event with a value in every field.
func pushed() hooks.Event {
	return hooks.Event{
		Change:    source.Change{Old: one, New: two, Ref: source.Ref{Kind: source.Branch, Name: "main"}},
		Protected: true, Checkout: two, Total: 25, Options: []string{"ci.skip", "mr.label=a", "mr.label=b", "mr.target=x", "nonsense"},
		User:    identity.User{ID: 4, Username: "dev", Name: "Dédé <x>", Email: "private@example.com", PublicEmail: "dev@example.com"},
		Project: source.Project{ID: 60, Path: "acme/tools/cli", Visibility: source.Internal, DefaultBranch: "main"},
		Commits: []source.Commit{{
			ID: two, Title: "t", Message: "t\n\nm", At: time.Date(2026, 3, 1, 2, 3, 4, 5, time.FixedZone("", 5400)),
			AuthorName: "A", AuthorEmail: "a@example.com", Added: []string{"a"},
		}},
	}
}

// sent is the request that a receiver got.
type sent struct {
	*http.Request
	body string
}

// send sends a delivery to a receiver with that answer.
func send(t *testing.T, d hooks.Delivery, answer http.HandlerFunc) (sent, int, error) {
	t.Helper()
	var got sent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = sent{r, string(body)}
		answer(w, r)
	}))
	defer server.Close()
	d.Hook.URL = server.URL + "/hook?x={x}"
	status, err := hookclient.New(instance).Send(t.Context(), d)
	return got, status, err
}

// ownHeaders are those of a hook, of which one is GitLab's.
var ownHeaders = []hooks.KeyValue{{Key: "x-own", Value: "ü 1"}, {Key: "X-Gitlab-Event", Value: "Mine"}}

func TestClient_CheckTarget(t *testing.T) {
	t.Parallel()
	public, local := hookclient.New(hookclient.Instance{}), hookclient.New(hookclient.Instance{Local: true})
	for target, want := range map[string][2]bool{
		"https://ci.example.com/x": {true, true}, "https://8.8.8.8": {true, true}, "http://[2606:4700::1111]:8080": {true, true},
		"http://127.0.0.1:3000": {false, true}, "http://localhost": {false, true}, "http://LocalHost.:80": {false, true}, "http://[::1]": {false, true},
		"http://10.1.2.3": {false, true}, "http://[::ffff:10.1.2.3]": {false, true}, "http://169.254.169.254/latest": {false, false},
		"https://": {false, false}, "https://%zz": {false, false}, "https://ci.example.com:port": {false, false},
	} {
		if got := [2]bool{public.CheckTarget(target) == nil, local.CheckTarget(target) == nil}; got != want {
			t.Errorf("%s: got %v, want %v", target, got, want)
		}
	}
}

func fine(http.ResponseWriter, *http.Request) {}

func TestClient_Send_push(t *testing.T) {
	t.Parallel()
	got, status, err := send(t, hooks.Delivery{Hook: hooks.Hook{Token: "sesame", Headers: ownHeaders, Variables: []hooks.KeyValue{{Key: "x", Value: "1"}}}, Event: pushed(), EventID: "event", Key: "key", Missed: 2}, fine)
	if err != nil || status != http.StatusOK || got.Method != http.MethodPost || got.URL.String() != "/hook?x=1" {
		t.Fatalf("got %d, %v, %s %s", status, err, got.Method, got.URL)
	}
	want := map[string]string{
		"Content-Type": "application/json", "User-Agent": "GitLab/16.11.0-gatehouse", "X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": "sesame",
		"X-Gitlab-Event-Uuid": "event", "X-Gitlab-Webhook-Uuid": "key", "Idempotency-Key": "key", "X-Gitlab-Instance": "https://git.example.com/gitlab",
		"X-Gatehouse-Missed-Events": "2", "X-Own": "ü 1",
	}
	for name, value := range want {
		if got.Header.Get(name) != value {
			t.Errorf("%s: got %q, want %q", name, got.Header.Get(name), value)
		}
	}
	same(t, got.body, `{
		"object_kind": "push", "event_name": "push", "before": "`+one+`", "after": "`+two+`", "ref": "refs/heads/main", "ref_protected": true,
		"checkout_sha": "`+two+`", "message": null, "user_id": 4, "user_name": "Dédé <x>", "user_username": "dev", "user_email": "dev@example.com",
		"user_avatar": null, "project_id": 60, "project": {
			"id": 60, "name": "cli", "description": null, "web_url": "https://git.example.com/gitlab/acme/tools/cli", "avatar_url": null,
			"git_ssh_url": "git@git.example.com:acme/tools/cli.git", "git_http_url": "https://git.example.com/gitlab/acme/tools/cli.git",
			"namespace": "tools", "visibility_level": 10, "path_with_namespace": "acme/tools/cli", "default_branch": "main", "ci_config_path": null,
			"homepage": "https://git.example.com/gitlab/acme/tools/cli", "url": "git@git.example.com:acme/tools/cli.git",
			"ssh_url": "git@git.example.com:acme/tools/cli.git", "http_url": "https://git.example.com/gitlab/acme/tools/cli.git"},
		"commits": [{"id": "`+two+`", "message": "t\n\nm", "title": "t", "timestamp": "2026-03-01T02:03:04+01:30",
			"url": "https://git.example.com/gitlab/acme/tools/cli/-/commit/`+two+`", "author": {"name": "A", "email": "a@example.com"},
			"added": ["a"], "modified": [], "removed": []}],
		"total_commits_count": 25, "push_options": {"ci": {"skip": true}, "merge_request": {"label": {"a": 1, "b": 1}, "target": "x"}},
		"repository": {"name": "cli", "url": "git@git.example.com:acme/tools/cli.git", "description": null,
			"homepage": "https://git.example.com/gitlab/acme/tools/cli", "git_http_url": "https://git.example.com/gitlab/acme/tools/cli.git",
			"git_ssh_url": "git@git.example.com:acme/tools/cli.git", "visibility_level": 10}}`)
}

// TestClient_Send_placeholder is what receivers judge a test by: no branch or tag comes,
// goes or changes, it is not the default branch, and each word to build nothing is there.
func TestClient_Send_placeholder(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)
	for kind, want := range map[source.RefKind][3]string{
		source.Branch: {"Push Hook", "push", "refs/heads/gatehouse-hook-test"}, source.Tag: {"Tag Push Hook", "tag_push", "refs/tags/gatehouse-hook-test"},
	} {
		got, _, err := send(t, hooks.Delivery{Event: hooks.NewPlaceholderEvent(pushed().Project, kind, at)}, fine)
		if err != nil || got.Header.Get("X-Gitlab-Event") != want[0] {
			t.Errorf("got %v, %v", got.Header, err)
		}
		var body map[string]any
		if err := json.Unmarshal([]byte(got.body), &body); err != nil {
			t.Fatal(err)
		}
		delete(body, "project")
		delete(body, "repository")
		rest, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		const id = "7e577e577e577e577e577e577e577e577e577e57"
		same(t, string(rest), `{
			"object_kind": "`+want[1]+`", "event_name": "`+want[1]+`", "before": "`+id+`", "after": "`+id+`", "ref": "`+want[2]+`", "ref_protected": false,
			"checkout_sha": "`+id+`", "message": null, "user_id": null, "user_name": "Ghost User", "user_username": "ghost", "user_email": "", "user_avatar": null,
			"project_id": 60, "total_commits_count": 1, "push_options": {"ci": {"skip": true}}, "commits": [{
				"id": "`+id+`", "title": "Test of a webhook", "message": "Test of a webhook\n\nThere is no such commit. [skip ci] [ci skip] [ci-skip]\n",
				"timestamp": "2026-03-01T02:03:04Z", "url": "https://git.example.com/gitlab/acme/tools/cli/-/commit/`+id+`",
				"author": {"name": "Gatehouse", "email": ""}, "added": [], "modified": [], "removed": []}]}`)
	}
}

// same compares two texts of JSON.
func same(t *testing.T, got, want string) {
	t.Helper()
	var a, b any
	if err := errors.Join(json.Unmarshal([]byte(got), &a), json.Unmarshal([]byte(want), &b)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestClient_Send_other(t *testing.T) {
	t.Parallel()
	members := func(e hooks.Event) map[string]any {
		got, _, err := send(t, hooks.Delivery{Event: e}, fine)
		var body map[string]any
		if err := errors.Join(err, json.Unmarshal([]byte(got.body), &body)); err != nil {
			t.Fatal(err)
		}
		if _, there := got.Header["X-Gitlab-Token"]; there {
			t.Error("a token is sent where there is none")
		}
		if _, there := got.Header["X-Gatehouse-Missed-Events"]; there {
			t.Error("missed events are told where there are none")
		}
		body["header"] = got.Header.Get("X-Gitlab-Event")
		return body
	}
	tag := members(hooks.Event{Change: source.Change{Old: none, New: two, Ref: source.Ref{Kind: source.Tag, Name: "v1"}}, Checkout: two, Message: "First <release>\n"})
	if tag["header"] != "Tag Push Hook" || tag["object_kind"] != "tag_push" || tag["event_name"] != "tag_push" || tag["ref"] != "refs/tags/v1" || tag["user_id"] != nil {
		t.Errorf("a tag: got %v", tag)
	}
	if tag["message"] != "First <release>\n" || tag["after"] != two || tag["checkout_sha"] != two {
		t.Errorf("the message of a tag: got %v", tag)
	}
	if tag["user_name"] != "Ghost User" || tag["user_username"] != "ghost" || tag["user_email"] != "" {
		t.Errorf("a pusher that is gone: got %v", tag)
	}
	nameless := members(hooks.Event{User: identity.User{ID: 4, Username: "dev", Name: " "}})
	if nameless["user_id"] != 4.0 || nameless["user_name"] != "dev" || nameless["user_username"] != "dev" || nameless["user_email"] != "" {
		t.Errorf("a pusher without a name: got %v", nameless)
	}
	gone := members(hooks.Event{Change: source.Change{Old: one, New: none, Ref: source.Ref{Kind: source.Branch, Name: "x"}}})
	if sha, there := gone["checkout_sha"]; !there || sha != nil || gone["after"] != none || !cmp.Equal(gone["commits"], []any{}) || !cmp.Equal(gone["push_options"], map[string]any{}) {
		t.Errorf("a branch that is gone: got %v", gone)
	}
}

func TestClient_Send_answers(t *testing.T) {
	t.Parallel()
	reached := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	_, status, err := send(t, hooks.Delivery{}, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	if err != nil || status != http.StatusTemporaryRedirect || reached {
		t.Errorf("a redirect: got %d, %v, followed %v", status, err, reached)
	}
	_, status, err = send(t, hooks.Delivery{}, func(w http.ResponseWriter, r *http.Request) {
		for range 100 { // more than is read
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	if err != nil || status != http.StatusOK {
		t.Errorf("a long answer: got %d, %v", status, err)
	}
}

func TestClient_Send_timeout(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	hasty := instance
	hasty.Timeout = 50 * time.Millisecond
	if _, err := hookclient.New(hasty).Send(t.Context(), hooks.Delivery{Hook: hooks.Hook{URL: server.URL}}); err == nil {
		t.Error("a receiver that hangs is waited for")
	}
}

func TestClient_Send_certificates(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(fine))
	defer server.Close()
	server.Config.ErrorLog = nil
	c := hookclient.New(instance)
	if status, err := c.Send(t.Context(), hooks.Delivery{Hook: hooks.Hook{URL: server.URL}}); err == nil {
		t.Errorf("unknown certificate: got %d", status)
	}
	if status, err := c.Send(t.Context(), hooks.Delivery{Hook: hooks.Hook{URL: server.URL, SkipVerification: true}}); err != nil || status != http.StatusOK {
		t.Errorf("not looked at: got %d, %v", status, err)
	}
}

func TestClient_Send_refused(t *testing.T) {
	t.Parallel()
	reached := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	public := instance
	public.Local = false
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "127.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
		"[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "224.0.0.1", "255.255.255.255", "100.64.0.1",
	} {
		d := hooks.Delivery{Hook: hooks.Hook{URL: "http://user:sesame@" + host + port + "/?key=sesame", Token: "sesame"}}
		_, err := hookclient.New(public).Send(t.Context(), d)
		if err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: got %v", host, err)
		}
	}
	if reached {
		t.Error("a request came through")
	}
}

func TestClient_Send_noSecretInErrors(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, url := range []string{"http://user:sesame@127.0.0.1:1/?key=sesame", "http://ho st/sesame", "https://%zz/sesame", "gopher://sesame", "http://[sesame"} {
		for _, c := range []context.Context{t.Context(), ctx} {
			if _, err := hookclient.New(instance).Send(c, hooks.Delivery{Hook: hooks.Hook{URL: url, Token: "sesame"}}); err == nil || strings.Contains(err.Error(), "sesame") {
				t.Errorf("%s: got %v", url, err)
			}
		}
	}
}
