package integration_test

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse/bootstrap"
	"gatehouse/domain/audit"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
	"gatehouse/tests/servertest"
)

// TestServer_webhookPushers names the pusher in each event.
func TestServer_webhookPushers(t *testing.T) { servertest.OnEach(t, webhookPushers) }

func webhookPushers(t *testing.T, database string) {
	r := servertest.ReceiveHooks(t)
	config := servertest.Settings(t, database, servertest.FastJobs...)
	s := servertest.Start(t, config, servertest.WithWorld(t, servertest.WorldWithHook(r.URL)))
	for identifier, want := range map[string]string{
		"user-4":    `{"user_id": 4, "user_name": "Dede", "user_username": "dev", "user_email": ""}`,
		"user-20":   `{"user_id": 20, "user_name": "blocked", "user_username": "blocked", "user_email": ""}`,
		"user-777":  ghostUser,
		"key-777":   ghostUser,
		"username-": ghostUser,
		"nonsense":  ghostUser,
	} {
		push := strings.Replace(servertest.PostReceive("feature"), "user-4", identifier, 1)
		s.Post(t, "/post_receive", push).Want(t, "the push", 200, servertest.Decreased)
		e := r.Next(t)
		servertest.Answer{Status: 200, ContentType: "application/json", Body: e.Body}.Want(t, "the event of "+identifier, 200, want)
	}
}

const ghostUser = `{"user_id": null, "user_name": "Ghost User", "user_username": "ghost", "user_email": ""}`

// TestServer_webhookTags pushes tags of each kind, whose messages Gitaly knows.
func TestServer_webhookTags(t *testing.T) { servertest.OnEach(t, webhookTags) }

func webhookTags(t *testing.T, database string) {
	const tagID = "3333333333333333333333333333333333333333"
	g := gitalytest.Start(t)
	g.Secret = servertest.GitalyToken
	repo := g.Put(source.Project{ID: 60}.RelativePath(source.Code))
	repo.Commits[servertest.NewID] = gitalytest.Commit{Message: "first\n"}
	repo.Refs["refs/heads/main"] = servertest.NewID
	repo.Refs["refs/tags/annotated"], repo.Refs["refs/tags/lightweight"], repo.Refs["refs/tags/moved"] = tagID, servertest.NewID, servertest.NewID
	repo.Tags[tagID] = gitalytest.Tag{Target: servertest.NewID, Message: "First release\n\nOf \xff many.\n"}
	r := servertest.ReceiveHooks(t)
	config := servertest.Settings(t, database, append(servertest.FastJobs, storages(g))...)
	s := servertest.Start(t, config, servertest.WithWorld(t, servertest.WorldWithHook(r.URL)))
	for _, c := range []struct{ name, before, after, want string }{
		{"annotated", servertest.ZeroID, tagID, `"message": "First release\n\nOf \ufffd many.", "checkout_sha": "` + servertest.NewID + `", "total_commits_count": 1`},
		{"lightweight", servertest.ZeroID, servertest.NewID, `"message": null, "checkout_sha": "` + servertest.NewID + `", "total_commits_count": 1`},
		{"moved", servertest.ZeroID, tagID, `"message": null, "checkout_sha": "` + servertest.NewID + `", "total_commits_count": 1`},
		{"gone", tagID, servertest.ZeroID, `"message": null, "checkout_sha": null, "total_commits_count": 0`},
	} {
		push := strings.NewReplacer("refs/heads/"+c.name, "refs/tags/"+c.name, servertest.OldID, c.before, servertest.NewID, c.after).Replace(servertest.PostReceive(c.name))
		s.Post(t, "/post_receive", push).Want(t, "the push", 200, servertest.Decreased)
		e := r.Next(t)
		if got := e.Header.Get("X-Gitlab-Event"); got != "Tag Push Hook" {
			t.Errorf("%s: got %s", c.name, got)
		}
		servertest.Answer{Status: 200, ContentType: "application/json", Body: e.Body}.Want(t, "the event of "+c.name, 200,
			`{"ref": "refs/tags/`+c.name+`", "before": "`+c.before+`", "after": "`+c.after+`", `+c.want+`}`)
	}
}

// TestServer_hooksTest sends test events with and without a Gitaly: none looks as if the
// default branch had been deleted.
func TestServer_hooksTest(t *testing.T) { servertest.OnEach(t, hooksTest) }

func hooksTest(t *testing.T, database string) {
	g := gitalytest.Start(t)
	g.Secret = servertest.GitalyToken
	repo := g.Put(source.Project{ID: 60}.RelativePath(source.Code))
	repo.Head = "refs/heads/feature"
	r := servertest.ReceiveHooks(t)
	config := servertest.Settings(t, database, append(servertest.FastJobs, storages(g))...)
	data := servertest.OpenData(t, config)
	data.Apply(t, servertest.WorldWithHook(r.URL))
	const placeholder = "7e577e577e577e577e577e577e577e577e577e57"
	body := func(before, after, ref string, protected bool) string {
		return fmt.Sprintf(`{"object_kind": "push", "before": %q, "after": %q, "checkout_sha": %[2]q, "ref": %q, "ref_protected": %t, "total_commits_count": 1, "project_id": 60}`, before, after, ref, protected)
	}
	for _, c := range []struct {
		name, why, want string
		prepare         func()
	}{
		{"empty repository", "the repository has no commits", body(placeholder, placeholder, "refs/heads/gatehouse-hook-test", false), func() {}},
		{"root commit", "", body(servertest.ZeroID, servertest.OldID, "refs/heads/feature", true), func() {
			repo.Refs["refs/heads/feature"], repo.Commits[servertest.OldID] = servertest.OldID, gitalytest.Commit{Message: "first"}
		}},
		{"second commit", "", body(servertest.OldID, servertest.NewID, "refs/heads/feature", true), func() {
			repo.Refs["refs/heads/feature"], repo.Commits[servertest.NewID] = servertest.NewID, gitalytest.Commit{Message: "second", Parents: []string{servertest.OldID}}
		}},
		{"no Gitaly", "no Gitaly is connected", body(placeholder, placeholder, "refs/heads/gatehouse-hook-test", false), func() { config.Gitaly.Storages = nil }},
	} {
		c.prepare()
		result, err := bootstrap.TestHook(t.Context(), config, data.Ports, audit.Cause{}, 1)
		if err != nil || result.Status != 200 || result.Placeholder != c.why {
			t.Errorf("%s: got %+v, %v", c.name, result, err)
			continue
		}
		e := r.Next(t)
		servertest.Answer{Status: 200, ContentType: "application/json", Body: e.Body}.Want(t, "the event with "+c.name, 200, c.want)
		if e.Header.Get("X-Gitlab-Event") != "Push Hook" || e.Header.Get("X-Gitlab-Token") != servertest.HookToken {
			t.Errorf("%s: got %v", c.name, e.Header)
		}
	}
}

// TestServer_webhookPushLimit pushes more tags than hooks are told of: the pusher and
// the log are.
func TestServer_webhookPushLimit(t *testing.T) { servertest.OnEach(t, webhookPushLimit) }

func webhookPushLimit(t *testing.T, database string) {
	r := servertest.ReceiveHooks(t)
	config := servertest.Settings(t, database, servertest.FastJobs...)
	s := servertest.Start(t, config, servertest.WithWorld(t, servertest.WorldWithHook(r.URL)))
	const banner = `{"type": "alert", "message": "For acme only"}`
	changes := func(tags int) (lines string) {
		for i := range tags {
			lines += fmt.Sprintf("%s %s refs/tags/pkg-%d@1.0.0\\n", servertest.ZeroID, servertest.NewID, i)
		}
		return lines
	}
	push := func(repository string, tags int) string {
		return fmt.Sprintf(`{"gl_repository": %q, "identifier": "user-4", "changes": "%s"}`, repository, changes(tags))
	}
	s.Post(t, "/post_receive", push("project-60", 4)).Want(t, "four tags", 200, `{"reference_counter_decreased": true, "messages": [`+banner+`, {"type": "basic", "message":
		"Webhooks receive no events of the 4 tags in this push, because there are more than 3.\n\nPush fewer at once next time, or ask an administrator to raise webhooks.push_limit.\n"}]}`)
	if want := `"gl_repository":"project-60","user":"dev","branches":0,"tags":4,"limit":3`; !strings.Contains(s.Log.String(), want) {
		t.Errorf("no line with %s in the log", want)
	}
	for _, repository := range []string{"project-61", "wiki-60"} { // no hook hears of these
		s.Post(t, "/post_receive", push(repository, 4)).Want(t, repository, 200, `{"messages": [`+banner+`]}`)
	}
	s.Post(t, "/post_receive", push("project-60", 3)).Want(t, "three tags", 200, `{"messages": [`+banner+`]}`)
	for range 3 {
		if e := r.Next(t); e.Header.Get("X-Gitlab-Event") != "Tag Push Hook" {
			t.Errorf("got %v", e.Header)
		}
	}
}
