package integration_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
	"gatehouse/tests/servertest"
	"gatehouse/tests/world"
)

// restCall makes a call of the management API.
func restCall(t *testing.T, s *servertest.Server, request, body string, by servertest.Credential) servertest.Answer {
	t.Helper()
	var method, path string
	if _, err := fmt.Sscan(request, &method, &path); err != nil {
		t.Fatal(err)
	}
	return s.Ask(t, servertest.Call{Route: method + " /" + servertest.Root + "/api/v4" + path, Body: body, By: by})
}

func privateToken(text string) servertest.Credential {
	return func(*servertest.Server) (name, value string) { return "PRIVATE-TOKEN", text }
}

func bearer(text string) servertest.Credential {
	return func(*servertest.Server) (name, value string) { return "Authorization", "Bearer " + text }
}

// member returns a member of the object that an answer has.
func member[T any](t *testing.T, a servertest.Answer, name string) (value T) {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(a.Body), &all); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	if err := json.Unmarshal(all[name], &value); err != nil {
		t.Fatalf("%s: %v in %s", name, err, a.Body)
	}
	return value
}

// TestRest_users makes users, and takes away what they log in with: each counts with the
// next request.
func TestRest_users(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		s := servertest.Start(t, servertest.Settings(t, database), servertest.WithWorld(t, servertest.World))
		admin := bearer(servertest.PortalToken)
		id := map[string]int64{}
		for name, by := range map[string]servertest.Credential{"nora": privateToken(servertest.PortalToken), "otto": admin} {
			created := restCall(t, s, "POST /users", fmt.Sprintf(`{"username": %q, "name": "N", "email": "%s@example.com", "reset_password": true}`, name, name), by)
			created.Want(t, "a new user", 201, fmt.Sprintf(`{"username": %q, "state": "active", "web_url": "https://git.example.com/gitlab/%s"}`, name, name))
			id[name] = member[int64](t, created, "id")
		}
		restCall(t, s, "POST /users", `{"username": "Nora", "name": "N", "email": "n@example.com", "reset_password": true}`, admin).
			Want(t, "the name again", 409, `{"message": "Username has already been taken"}`)

		path := fmt.Sprintf("/users/%d", id["nora"])
		created := restCall(t, s, "POST "+path+"/personal_access_tokens", `{"name": "t", "scopes": ["api"]}`, admin)
		token := member[string](t, created, "token")
		restCall(t, s, "GET /user", "", privateToken(token)).Want(t, "her token", 200, `{"username": "nora"}`)
		added := restCall(t, s, "POST /user/keys", fmt.Sprintf(`{"title": "k", "key": %q}`, world.Key(77)), bearer(token))
		added.Want(t, "her key", 201, `{"title": "k"}`)
		fetch := fmt.Sprintf(`{"key_id": "%d", "project": "acme/tools/site", "action": "git-upload-pack", "protocol": "ssh", "changes": "_any"}`, member[int64](t, added, "id"))
		s.Post(t, "/allowed", fetch).Want(t, "a fetch with her key", 200, `{"status": true, "gl_username": "nora"}`)

		restCall(t, s, "POST "+path+"/block", "", admin).Want(t, "blocked", 201, "true")
		restCall(t, s, "GET /user", "", privateToken(token)).Want(t, "her token, blocked", 403, `{"message": "403 Forbidden - Your account has been blocked."}`)
		s.Post(t, "/allowed", fetch).WantRefusal(t, "a fetch, blocked", 401)
		restCall(t, s, "POST "+path+"/unblock", "", admin).Want(t, "unblocked", 201, "true")
		s.Post(t, "/allowed", fetch).Want(t, "a fetch, unblocked", 200, `{"status": true}`)

		restCall(t, s, fmt.Sprintf("DELETE /personal_access_tokens/%d", member[int64](t, created, "id")), "", admin)
		restCall(t, s, "GET /user", "", bearer(token)).Want(t, "her token, revoked", 401, `{"error": "invalid_token"}`)
		restCall(t, s, "PUT /users/4", `{"username": "devon"}`, admin).Want(t, "a new name", 200, `{"username": "devon"}`)
		s.Post(t, "/allowed", servertest.Fetch(`"key_id": "102"`)).Want(t, "the key of the renamed user", 200, `{"gl_username": "devon"}`)
		restCall(t, s, "DELETE "+path, "", admin)
		restCall(t, s, "GET "+path, "", admin).Want(t, "deleted", 404, `{"message": "404 User Not Found"}`)
		s.Stop(t)
	})
}

// TestRest_deletedUser deletes a user while Gitaly is away: the repository of the personal
// project is removed once it is back.
func TestRest_deletedUser(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		g := gitalytest.Start(t)
		own := source.Project{ID: 69}
		for _, kind := range []source.RepositoryKind{source.Code, source.Wiki} {
			g.Put(own.RelativePath(kind))
		}
		s := servertest.Start(t, servertest.Settings(t, database, storages(g), "jobs.retry_delay=10ms"), servertest.WithWorld(t, servertest.World))
		g.Stop()
		restCall(t, s, "DELETE /users/4", "", privateToken(servertest.PortalToken))
		s.Post(t, "/allowed", `{"username": "maint", "project": "dev/own", "action": "git-upload-pack", "protocol": "ssh", "changes": "_any"}`).
			WantRefusal(t, "a fetch of the personal project", 404)
		g.Resume(t)
		servertest.Await(t, "the repositories to be removed", func() bool {
			return !g.Has(own.RelativePath(source.Code)) && !g.Has(own.RelativePath(source.Wiki))
		})
	})
}
