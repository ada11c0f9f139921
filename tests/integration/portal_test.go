package integration_test

import (
	"net/http"
	"strings"
	"testing"

	"gatehouse/tests/servertest"
)

// portalCall makes a call of the portal to a path behind /api/v4.
func portalCall(t *testing.T, s *servertest.Server, over servertest.Listener, request, body string) servertest.Answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	return s.Ask(t, servertest.Call{Route: method + " /" + servertest.Root + "/api/v4" + path, Body: body, Over: over, By: servertest.ByPortal})
}

func TestPortal_everyListener(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		s := servertest.Start(t, servertest.Settings(t, database), servertest.WithWorld(t, servertest.World))
		const subscription = "/namespaces/acme/gitlab_subscription"
		portalCall(t, s, servertest.Public, "POST "+subscription, `{"start_date": "2030-01-01", "plan": "premium", "seats": 2}`).Want(t, "public", 201, `{"plan": {"code": "premium"}, "usage": {"seats_in_use": 12}}`)
		portalCall(t, s, servertest.TCP, "GET "+subscription, "").Want(t, "TCP", 200, `{"plan": {"code": "premium"}}`)
		portalCall(t, s, servertest.Unix, "PUT "+subscription, `{"seats": 3}`).Want(t, "socket", 200, `{"usage": {"seats_in_subscription": 3}}`)
		portalCall(t, s, servertest.Public, "GET /namespaces/acme%2Ftools/gitlab_subscription?private_token="+servertest.PortalToken, "").Want(t, "a path", 200, `{"plan": {"code": null}}`)
		for _, path := range []string{"/internal/upcoming_reconciliations", "/internal/gitlab_subscriptions/namespaces/acme/gitlab_subscription"} {
			portalCall(t, s, servertest.Public, "PUT "+path, "{}").Want(t, "internal route on the public listener", 404, `{"message": "404 Not Found"}`)
		}
		portalCall(t, s, servertest.TCP, "PUT /internal/gitlab_subscriptions/namespaces/acme/gitlab_subscription", "{}").Want(t, "the newer prefix", 200, `{}`)
		for _, over := range []servertest.Listener{servertest.TCP, servertest.Public} {
			for _, request := range []string{"GET /namespaces/acme/tools/gitlab_subscription", "DELETE " + subscription, "GET /namespaces/acme/members"} {
				if got := portalCall(t, s, over, request, ""); got.Status != http.StatusNotFound || got.Body != `{"error":"404 Not Found"}` {
					t.Errorf("%s: got %d %s", request, got.Status, got.Body)
				}
			}
		}
		portalCall(t, s, servertest.TCP, "DELETE /internal/upcoming_reconciliations?namespace_id=404", "").Want(t, "internal", 404, `{"message": "404 Not Found"}`)
		s.Stop(t)
	})
}

func TestPortal_settings(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Settings(t, "memory:", "check_namespace_plan=false", "plans=[{code: gem, title: Jewel, paid: true}]", "subscriptions.strict_trial=true"), servertest.WithWorld(t, servertest.World))
	portalCall(t, s, servertest.TCP, "PUT /internal/upcoming_reconciliations", "{}").Want(t, "portal routes disabled", 403, `{"message": "403 Forbidden - This API is gitlab.com only!"}`)
	const subscription = "POST /namespaces/acme/gitlab_subscription"
	portalCall(t, s, servertest.TCP, subscription, `{"start_date": "2030-01-01", "trial": true}`).Want(t, "strict trial", 400, `{"message": {"trial_ends_on": ["can't be blank"]}}`)
	portalCall(t, s, servertest.TCP, subscription, `{"start_date": "2030-01-01", "plan": "gem"}`).Want(t, "a configured plan", 201, `{"plan": {"code": "gem", "name": "Jewel"}}`)
}
