package integration_test

import (
	"strings"
	"testing"

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
