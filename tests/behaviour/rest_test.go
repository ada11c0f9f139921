package behaviour_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/worldimport"
	"gatehouse/bootstrap/config"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

func TestRest_members(t *testing.T)  { run(t, restMemberCases) }
func TestRest_projects(t *testing.T) { run(t, restProjectCases) }

// restTree has a group with an owner, a maintainer and projects, and a token for each user.
const restTree = `
users: [{id: 1, username: root, admin: true}, {id: 2, username: olga}, {id: 3, username: mia}, {id: 4, username: dev}, {id: 5, username: new}]
groups: [{id: 11, path: acme}, {id: 12, path: acme/tools}, {id: 13, path: open, visibility: public}]
projects: [{id: 21, path: acme/tools/cli, moved_from: [old/cli]}, {id: 22, path: acme/tools/lib}, {id: 23, path: open/site, visibility: public}]
members:
  - {user: olga, group: acme, role: owner}
  - {user: mia, group: acme, role: maintainer}
  - {user: dev, project: acme/tools/cli, role: developer}
access_tokens:
  - {user: root, name: t, scopes: [api], token: t-root}
  - {user: olga, name: t, scopes: [api], token: t-olga}
  - {user: mia, name: t, scopes: [api], token: t-mia}
  - {user: dev, name: t, scopes: [api], token: t-dev}
  - {user: new, name: t, scopes: [api], token: t-new}
`

// rest sends a request to the management API, with a body of JSON unless it is empty.
func (s *server) rest(token, line, body string) *httptest.ResponseRecorder {
	s.Helper()
	method, path, _ := strings.Cut(line, " ")
	r := httptest.NewRequestWithContext(s.Context(), method, "/api/v4"+path, strings.NewReader(body))
	r.Header.Set("PRIVATE-TOKEN", token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	s.Handlers.Internal.ServeHTTP(w, r)
	return w
}

// wantRest sends a request whose answer has to have that status.
func (s *server) wantRest(token, line, body string, status int) *httptest.ResponseRecorder {
	s.Helper()
	w := s.rest(token, line, body)
	if w.Code != status {
		s.Errorf("%s of %s: got status %d, want %d: %s", line, token, w.Code, status, w.Body)
	}
	return w
}

var restMemberCases = []Case{
	{Name: "user active by a token or a Git command: shown by day", OnDatabases: true, Check: func(s Subject) {
		s.Apply(restTree)
		server := s.server()
		want := func(what, name, day string) {
			s.Helper()
			s.Fine("Flush", s.Store.Flush(s.Context()))
			w := server.wantRest("t-root", "GET /users?username="+name, "", http.StatusOK)
			var users []struct {
				Day *string `json:"last_activity_on"`
			}
			s.Fine(what, json.Unmarshal(w.Body.Bytes(), &users))
			got := "null"
			if len(users) == 1 && users[0].Day != nil {
				got = *users[0].Day
			}
			s.Same(what, got, day)
		}
		today := now.UTC().Format(time.DateOnly)
		want("at first", "dev", "null")
		s.outcome(server.Gatekeeper, "user-4", "acme/tools/lib", pull)
		want("refused", "dev", "null")
		s.outcome(server.Gatekeeper, "user-4", "acme/tools/cli", pull)
		want("a pull", "dev", today)
		server.wantRest("t-new", "GET /user", "", http.StatusOK)
		want("a request", "new", today)
	}},
	{Name: "member added, changed, removed: counts with the next Git command", OnDatabases: true, Check: func(s Subject) {
		s.Apply(restTree)
		server := s.server()
		want := func(what string, pulls, pushes domain.Kind) {
			s.Helper()
			got := []domain.Kind{s.outcome(server.Gatekeeper, "user-5", "acme/tools/cli", pull), s.outcome(server.Gatekeeper, "user-5", "acme/tools/cli", push)}
			s.Same(what, got, []domain.Kind{pulls, pushes})
		}
		want("at first", hidden, hidden)
		server.wantRest("t-mia", "POST /projects/21/members", `{"user_id": 5, "access_level": 30}`, http.StatusCreated)
		want("a developer", ok, ok)
		server.wantRest("t-mia", "PUT /projects/acme%2Ftools%2Fcli/members/5", `{"access_level": 20}`, http.StatusOK)
		want("a reporter", ok, forbidden)
		server.wantRest("t-mia", "DELETE /projects/21/members/5", "", http.StatusNoContent)
		want("removed", hidden, hidden)
		server.wantRest("t-olga", "POST /groups/acme/members", `{"username": "new", "access_level": 40}`, http.StatusCreated)
		want("a maintainer of the group above", ok, ok)
		server.wantRest("t-new", "DELETE /groups/11/members/5", "", http.StatusNoContent)
		want("after leaving", hidden, hidden)
	}},
	{Name: "member removed from a group: also from all below, unless told otherwise", OnDatabases: true, Check: func(s Subject) {
		s.Apply(restTree, "members: [{user: dev, group: acme, role: guest}, {user: dev, group: acme/tools, role: developer}]")
		server := s.server()
		server.wantRest("t-olga", "DELETE /groups/acme/members/4?skip_subresources=true", "", http.StatusNoContent)
		s.Same("kept below", s.outcome(server.Gatekeeper, "user-4", "acme/tools/lib", push), ok)
		s.Apply("members: [{user: dev, group: acme, role: guest}]")
		server.wantRest("t-olga", "DELETE /groups/acme/members/4", "", http.StatusNoContent)
		s.Same("removed below", s.outcome(server.Gatekeeper, "user-4", "acme/tools/cli", pull), hidden)
	}},
	{Name: "group with a membership lock: no member of a project", Check: func(s Subject) {
		s.Apply(restTree)
		s.Unit(func(tx worldimport.Tx) {
			_, err := tx.Namespaces.PutGroup(s.Context(), worldimport.Group{
				Namespace: source.Namespace{ID: 11, Path: "acme", Protocols: source.AllProtocols}, Visibility: source.Private, Profile: source.GroupProfile{MembershipLock: true},
			})
			s.Fine("PutGroup", err)
		})
		w := s.server().wantRest("t-mia", "POST /projects/21/members", `{"user_id": 5, "access_level": 30}`, http.StatusMethodNotAllowed)
		s.Same("body", w.Body.String(), `{"message":"405 Method Not Allowed"}`)
	}},
	{Name: "hidden group or project: the same answer as for none", Check: func(s Subject) {
		s.Apply(restTree)
		server := s.server()
		for _, route := range []string{
			"GET %s/members", "GET %s/members/all", "GET %s/members/2", "GET %s/members/all/2", "PUT %s/members/2", "DELETE %s/members/2", "POST %s/members",
			"GET %s/projects", "GET %s", "GET %s/users", "GET %s/groups", "GET %s/invited_groups", "GET %s/languages", "GET %s/variables", "GET %s/access_requests", "POST %s/invitations", "GET %s/avatar",
		} {
			for secret, absent := range map[string]string{"/projects/21": "/projects/99", "/projects/acme%2Ftools%2Fcli": "/projects/acme%2Fnone", "/groups/acme": "/groups/none", "/groups/12": "/groups/99"} {
				body := ""
				if !strings.HasPrefix(route, "GET") {
					body = `{"user_id": 2, "access_level": 10}`
				}
				one, other := server.rest("t-new", fmt.Sprintf(route, secret), body), server.rest("t-new", fmt.Sprintf(route, absent), body)
				one.Header().Del("X-Request-Id")
				other.Header().Del("X-Request-Id")
				if one.Code != http.StatusNotFound && one.Code != http.StatusMethodNotAllowed {
					s.Errorf("%s of %s: got status %d", route, secret, one.Code)
				}
				s.Same(fmt.Sprintf(route, secret), []any{one.Code, one.Body.String(), one.Header()}, []any{other.Code, other.Body.String(), other.Header()})
			}
		}
	}},
	{Name: "several members at once: more than a hundred refused", Check: func(s Subject) {
		s.Apply(restTree)
		w := s.server().wantRest("t-root", "POST /groups/acme/members", `{"user_id": "`+strings.Repeat("5,", 100)+`5", "access_level": 30}`, http.StatusBadRequest)
		s.Same("body", w.Body.String(), `{"message":"Too many users specified (limit is 100)"}`)
	}},
}

var restProjectCases = []Case{
	{Name: "lists of projects: headers of pages", Check: func(s Subject) {
		s.Apply(restTree)
		server := s.server(func(c *config.Config) {
			c.ExternalURL, c.HTTP.RelativeRoot = "https://git.example.com/gitlab", ""
		})
		w := server.wantRest("t-olga", "GET /projects?per_page=1&page=2&order_by=id&sort=asc&simple=true&topic=", "", http.StatusOK)
		header := map[string]string{}
		for _, name := range []string{"X-Page", "X-Per-Page", "X-Total", "X-Total-Pages", "X-Next-Page", "X-Prev-Page", "Content-Type"} {
			header[name] = w.Header().Get(name)
		}
		s.Same("headers", header, map[string]string{
			"X-Page": "2", "X-Per-Page": "1", "X-Total": "3", "X-Total-Pages": "3", "X-Next-Page": "3", "X-Prev-Page": "1", "Content-Type": "application/json",
		})
		if link := w.Header().Get("Link"); !strings.Contains(link, `<https://git.example.com/api/v4/projects?order_by=id&page=1&per_page=1&simple=true&sort=asc&topic=>; rel="prev"`) {
			s.Errorf("got %s", link)
		}
	}},
	{Name: "projects by keyset: every one once, in both directions", OnDatabases: true, Check: func(s Subject) {
		s.Apply(restTree)
		server := s.server()
		for _, c := range []struct {
			sort string
			want []int64
		}{{"asc", []int64{21, 22, 23}}, {"desc", []int64{23, 22, 21}}} {
			var got []int64
			next := "/projects?pagination=keyset&order_by=id&per_page=2&simple=true&sort=" + c.sort
			for next != "" {
				w := server.wantRest("t-olga", "GET "+next, "", http.StatusOK)
				if w.Header().Get("X-Total") != "" {
					s.Errorf("%s: has a total", next)
				}
				var page []struct {
					ID int64 `json:"id"`
				}
				s.Fine("body", json.Unmarshal(w.Body.Bytes(), &page))
				for _, p := range page {
					got = append(got, p.ID)
				}
				_, rest, _ := strings.Cut(w.Header().Get("Link"), "/api/v4")
				next, _, _ = strings.Cut(rest, ">")
			}
			s.Same(c.sort, got, c.want)
		}
	}},
	{Name: "moved project: led on below a relative root, only those who see it", Check: func(s Subject) {
		s.Apply(restTree)
		server := s.server(func(c *config.Config) { c.HTTP.RelativeRoot = "/gitlab" })
		get := func(token, method, path string) (int, string) {
			r := httptest.NewRequestWithContext(s.Context(), method, path, nil)
			if token != "" {
				r.Header.Set("PRIVATE-TOKEN", token)
			}
			w := httptest.NewRecorder()
			server.Handlers.Internal.ServeHTTP(w, r)
			return w.Code, w.Header().Get("Location")
		}
		for _, c := range []struct {
			token, method, path string
			status              int
			location            string
		}{
			{"t-dev", "GET", "/gitlab/api/v4/projects/old%2Fcli", 301, "/gitlab/api/v4/projects/21"},
			{"t-dev", "HEAD", "/gitlab/api/v4/projects/OLD%2Fcli?a=b%20c", 301, "/gitlab/api/v4/projects/21?a=b%20c"},
			{"t-dev", "GET", "/gitlab/api/v4/projects/old%2Fcli/members/all/4", 301, "/gitlab/api/v4/projects/21/members/all/4"},
			{"t-dev", "DELETE", "/gitlab/api/v4/projects/old%2Fcli/members/4", 405, ""},
			{"t-new", "GET", "/gitlab/api/v4/projects/old%2Fcli", 404, ""},
			{"t-new", "DELETE", "/gitlab/api/v4/projects/old%2Fcli/members/4", 404, ""},
			{"", "GET", "/gitlab/api/v4/projects/old%2Fcli", 404, ""},
			{"", "GET", "/gitlab/api/v4/projects/old%2Fcli/members", 401, ""},
			{"t-dev", "GET", "/gitlab/api/v4/groups/old/members", 404, ""},
		} {
			status, location := get(c.token, c.method, c.path)
			if diff := cmp.Diff([]any{c.status, c.location}, []any{status, location}); diff != "" {
				s.Errorf("%s %s of %q (-want +got):\n%s", c.method, c.path, c.token, diff)
			}
		}
	}},
	{Name: "malformed parameters: refused, never a fault", OnDatabases: true, Check: func(s Subject) {
		s.Apply(restTree)
		server := s.server()
		for _, query := range []string{
			"search=%00", "search=%ff", "topic[]=%00", "topic=%ff,a", "id_after=-1", "id_after=9223372036854775807", "id_before=x", "last_activity_after=0001-01-01T00:00:00Z",
			"updated_before=99999-01-01T00:00:00Z", "updated_after=2024-13-01", "min_access_level=x", "visibility[]=a", "archived=maybe", "search[a]=b", "repository_storage=%00",
			"order_by=similarity&search=%25_'%22", "page=50001&per_page=1", "marked_for_deletion_on=x", "user_ids=9223372036854775808", "skip_users[]=-9223372036854775808", "query=%00",
		} {
			for _, path := range []string{"/projects?", "/groups/acme/projects?include_subgroups=1&", "/users/olga/projects?", "/groups/acme/members?", "/projects/21/members/all?", "/projects/21/users?", "/projects/21/groups?"} {
				if w := server.rest("t-root", "GET "+path+query, ""); w.Code >= 500 || w.Code == http.StatusNotFound {
					s.Errorf("%s%s: got status %d: %s", path, query, w.Code, w.Body)
				}
			}
		}
		for _, body := range []string{
			`{"user_id": {"a": 1}, "access_level": 30}`, `{"user_id": [5, null], "access_level": 30}`, `{"username": ["\u0000"], "access_level": 30}`, `{"username": "a\u0000b", "access_level": 30}`,
			`{"user_id": 5, "access_level": 99999999999}`, `{"user_id": 5, "access_level": [30]}`, `{"user_id": 5, "access_level": 30, "expires_at": 5}`, `{"user_id": 99999999999999999999, "access_level": 30}`,
			`{"user_id": 5, "access_level": 30, "expires_at": {"a": "b"}}`, `[]`, `{`, `{"user_id": 5, "access_level": null}`, `{"username": null, "access_level": 30}`,
		} {
			if w := server.rest("t-root", "POST /groups/acme/members", body); w.Code != http.StatusBadRequest {
				s.Errorf("%s: got status %d: %s", body, w.Code, w.Body)
			}
		}
		for _, path := range []string{"/projects/%00", "/projects/%ff%2Fa", "/projects/a%2Fb%20c", "/projects/99999999999999999999", "/projects/-1", "/projects/0", "/projects/21/members/9223372036854775808", "/projects/21/members/all/x", "/users/%00/projects", "/users/%ff/projects", "/groups/%00/members"} {
			if w := server.rest("t-root", "GET "+path, ""); w.Code != http.StatusNotFound {
				s.Errorf("%s: got status %d: %s", path, w.Code, w.Body)
			}
		}
	}},
}
