package servertest

import (
	"fmt"
	"net/url"
	"testing"

	"gatehouse/tests/world"
)

// WantAvailable makes every call that needs the database, and expects success.
func (s *Server) WantAvailable(t *testing.T, when string) {
	t.Helper()
	s.Get(t, "/check").Want(t, when+": health", 200, `{"redis": true}`)
	s.Get(t, "/authorized_keys?key="+url.QueryEscape(KeyBlob(world.Key(2)))).Want(t, when+": a key", 200, `{"id": 102}`)
	s.Get(t, "/discover?key_id=102").Want(t, when+": a greeting", 200, `{"id": 4}`)
	s.Post(t, "/allowed", Fetch(`"key_id": 102`)).Want(t, when+": a fetch", 200, `{"status": true}`)
	s.Post(t, "/allowed", fmt.Sprintf(pushBody, OldID, NewID)).Want(t, when+": a push", 200, `{"status": true}`)
	s.Post(t, "/pre_receive", PreReceive).Want(t, when+": the beginning", 200, Increased)
	s.Post(t, "/post_receive", PostReceive("topic")).Want(t, when+": the end", 200, Decreased)
	s.Post(t, "/lfs_authenticate", LFSAuthenticate).Want(t, when+": credentials for LFS", 200, `{"username": "dev"}`)
	s.Post(t, "/two_factor_recovery_codes", `{"key_id": 102}`).Want(t, when+": recovery codes", 200, `{"success": true}`)
	s.Post(t, "/personal_access_token", CreateToken).Want(t, when+": a token", 200, `{"success": true}`)
	s.Post(t, "/shellhorse/git_audit_event", AuditEvent).Want(t, when+": an event", 200, `{"status": true}`)
}

// WantUnavailable makes the same calls without a database, and expects the answers
// that deploy/README.md documents.
func (s *Server) WantUnavailable(t *testing.T, when string) {
	t.Helper()
	s.Get(t, "/check").Want(t, when+": health", 200, `{"api_version": "v4", "redis": false}`)
	s.Get(t, "/authorized_keys?key="+url.QueryEscape(KeyBlob(world.Key(2)))).WantRefusal(t, when+": a key", 503)
	s.Get(t, "/discover?key_id=102").WantRefusal(t, when+": a greeting", 503)
	for _, asked := range []string{Fetch(`"key_id": 102`), fmt.Sprintf(pushBody, OldID, NewID)} {
		a := s.Post(t, "/allowed", asked)
		a.WantRefusal(t, when+": "+asked, 503)
		a.Want(t, when+": "+asked, 503, `{"status": false}`)
	}
	opinion := fmt.Sprintf(`{"reference_counter_increased": %t}`, s.Config.Counters.FailOpen)
	s.Post(t, "/pre_receive", PreReceive).Want(t, when+": the beginning", 200, opinion)
	s.Post(t, "/post_receive", PostReceive("topic")).Want(t, when+": the end", 200, `{"messages": [], "reference_counter_decreased": true}`)
	s.Post(t, "/lfs_authenticate", LFSAuthenticate).WantRefusal(t, when+": credentials for LFS", 503)
	for what, asked := range map[string]string{
		"/two_factor_recovery_codes": `{"key_id": 102}`, "/personal_access_token": CreateToken, "/two_factor_manual_otp_check": `{"key_id": 102, "otp_attempt": "123456"}`,
	} { // GitLab Shell would repeat a 5xx
		a := s.Post(t, what, asked)
		a.WantRefusal(t, when+": "+what, 200)
		a.Want(t, when+": "+what, 200, `{"success": false}`)
	}
	s.Post(t, "/shellhorse/git_audit_event", AuditEvent).Want(t, when+": an event", 200, `{"status": false}`)
	s.Post(t, "/pre_receive", `{}`).Want(t, when+": a mistake", 400, `{"message": "gl_repository is missing"}`)
	s.Ask(t, Call{Route: "GET /check", By: Anonymous}).Want(t, when+": no credential", 401, `{}`)
}
