package behaviour_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/provisioning"
	"gatehouse/bootstrap/config"
)

// customers are the users and namespaces in requests of the portal.
const customers = `
users:
  - {id: 1, username: root, admin: true}
  - {id: 2, username: own, namespace_id: 202}
  - {id: 3, username: maint}
  - {id: 4, username: gus}
  - {id: 5, username: sam}
  - {id: 6, username: gone, state: blocked, admin: true}
  - {id: 7, username: dormant, state: deactivated, admin: true}
  - {id: 8, username: boss, admin: true}
groups:
  - {id: 10, path: acme}
  - {id: 11, path: acme/sub}
  - {id: 12, path: Test.Group.2, visibility: public}
  - {id: 13, path: other}
  - {id: 14, path: empty}
projects: [{id: 500, path: acme/cli}]
members:
  - {user: own, group: acme, role: owner}
  - {user: maint, group: acme, role: maintainer}
  - {user: gus, group: acme, role: guest}
access_tokens:
  - {user: root, name: portal, scopes: [api], token: t-root}
  - {user: root, name: read, scopes: [read_api], token: t-read}
  - {user: root, name: other, scopes: [read_user], token: t-other}
  - {user: root, name: sudo, scopes: [api, sudo], token: t-sudo}
  - {user: root, name: old, scopes: [api], token: t-old, expires_at: 2026-03-10}
  - {user: root, name: off, scopes: [api], token: t-off, revoked: true}
  - {user: own, name: own, scopes: [read_api], token: t-own}
  - {user: own, name: own api, scopes: [api, sudo], token: t-own-api}
  - {user: maint, name: maint, scopes: [api], token: t-maint}
  - {user: gus, name: gus, scopes: [api], token: t-gus}
  - {user: sam, name: sam, scopes: [api], token: t-sam}
  - {user: gone, name: gone, scopes: [api], token: t-gone}
  - {user: dormant, name: dormant, scopes: [api], token: t-dormant}
`

// portalServer is a server that receives requests of the customers portal.
type portalServer struct{ *server }

// portalServer builds a server whose store holds the customers.
func (s Subject) portalServer(change ...func(*config.Config)) *portalServer {
	s.Helper()
	s.Apply(customers)
	return &portalServer{s.server(change...)}
}

// portalServerOver is portalServer with the given unit of work.
func (s Subject) portalServerOver(work provisioning.BillingUnitOfWork) *portalServer {
	s.Helper()
	s.BillingUnitOfWork = work
	return s.portalServer()
}

// send makes a request: a method, a path behind /api/v4 and, if any, a body,
// which is JSON if it begins like it and a form otherwise. Headers are written
// "Name: value"; an administrator's token is among them unless one is given.
func (t *portalServer) send(request, body string, headers ...string) reply {
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "/api/v4"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if body != "" && strings.ContainsAny(body[:1], "{[") {
		r.Header.Set("Content-Type", "application/json")
	}
	if len(headers) == 0 {
		headers = []string{"PRIVATE-TOKEN: t-root"}
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	t.Handlers.Internal.ServeHTTP(w, r)
	return reply{w.Code, w.Body.String(), w.Header()}
}

// wantReply fails the case unless an answer has that status and body. A JSON
// object may have more members than want, at the top and one level below. An
// empty want accepts every body.
func (t *portalServer) wantReply(what string, got reply, status int, want string) {
	t.Helper()
	if got.status != status {
		t.Errorf("%s: got %d %s, want %d %s", what, got.status, got.body, status, want)
		return
	}
	if want != "" && got.body != want && !hasMembers(got.body, want) {
		t.Errorf("%s: got %s, want %s", what, got.body, want)
	}
}

// hasMembers returns whether an object of objects has all members of another one.
func hasMembers(got, want string) bool {
	var has, needs map[string]map[string]any
	if json.Unmarshal([]byte(got), &has) != nil || json.Unmarshal([]byte(want), &needs) != nil {
		return false
	}
	for part, members := range needs {
		for name, value := range members {
			found, there := has[part][name]
			if !there || !cmp.Equal(found, value) {
				return false
			}
		}
	}
	return len(needs) > 0
}

// portalCall is a row of a table: a request and its answer.
type portalCall struct {
	request, body string
	status        int
	want          string
}

// wantAll makes the requests one after another and compares the answers.
func (t *portalServer) wantAll(rows ...portalCall) {
	t.Helper()
	for _, r := range rows {
		t.wantReply(fmt.Sprint(r.request, " ", r.body), t.send(r.request, r.body), r.status, r.want)
	}
}

// billingRecords returns the subscriptions, packs and reconciliations, without
// times.
func (t *portalServer) billingRecords() []string {
	t.Helper()
	return slices.Concat(
		t.List("subscriptions", "namespace_id", "plan_code", "start_date", "end_date", "seats", "seats_in_use", "max_seats_used", "seats_owed"),
		t.List("packs"), t.List("reconciliations", "namespace_id", "next_reconciliation_date", "display_alert_from"))
}

const (
	missingNamespace = `{"message":"404 Namespace Not Found"}`
)

// portalRoutes has a well-formed request for each route of the portal.
var portalRoutes = []struct{ request, body string }{
	{"GET /namespaces/10/gitlab_subscription", ""},
	{"POST /namespaces/10/gitlab_subscription", "start_date=2026-01-01"},
	{"PUT /namespaces/10/gitlab_subscription", ""},
	{"POST /namespaces/10/minutes", `{"packs":[]}`},
	{"PATCH /namespaces/10/minutes/move/13", ""},
	{"PUT /internal/upcoming_reconciliations", `{"upcoming_reconciliations":[]}`},
	{"DELETE /internal/upcoming_reconciliations?namespace_id=10", ""},
	{"GET /internal/gitlab_subscriptions/namespaces/10/gitlab_subscription", ""},
	{"POST /internal/gitlab_subscriptions/namespaces/10/gitlab_subscription", "start_date=2026-01-01"},
	{"PUT /internal/gitlab_subscriptions/namespaces/10/gitlab_subscription", ""},
	{"POST /internal/gitlab_subscriptions/namespaces/10/minutes", `{"packs":[]}`},
	{"PATCH /internal/gitlab_subscriptions/namespaces/10/minutes/move/13", ""},
	{"PUT /internal/gitlab_subscriptions/namespaces/10/upcoming_reconciliations", "next_reconciliation_date=2026-04-01&display_alert_from=2026-03-01"},
	{"DELETE /internal/gitlab_subscriptions/namespaces/10/upcoming_reconciliations", ""},
}
