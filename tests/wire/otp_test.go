package wire_test

import (
	"encoding/json"
	"testing"

	"github.com/pquerna/otp/totp"

	"gatehouse/adapters/demo"
	"gatehouse/bootstrap/config"
)

// form is a call of GitLab Shell with a form as its body.
func form(route, body string) call {
	return call{Body: body, Request: demo.Request{
		Line:    "POST /api/v4/internal/" + route,
		Headers: map[string]string{"Gitlab-Shared-Secret": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="},
	}}
}

// Where Git over SSH requires a second factor, one right code lets the same key
// in for a while. It does not let the user in by another credential.
func TestAllowed_secondFactor(t *testing.T) {
	t.Parallel()
	server := newServer(t, func(c *config.Config) { c.OTP.RequiredForGit, c.Git.RateLimit = true, 0 })
	code, err := totp.GenerateCode("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", now)
	if err != nil {
		t.Fatal(err)
	}
	const fetch = "&project=acme/tools/cli&action=git-upload-pack&protocol="
	for _, step := range []struct {
		given  string
		call   call
		status int
	}{
		{"no session", form("allowed", "key_id=7"+fetch+"ssh"), 401},
		{"no session, HTTP", form("allowed", "user_id=7"+fetch+"http"), 200},
		{"user without a second factor", form("allowed", "key_id=77"+fetch+"ssh"), 200},
		{"deploy key", form("allowed", "key_id=201"+fetch+"ssh"), 200},
		{"no session, LFS", form("lfs_authenticate", "key_id=7&project=acme/tools/cli"), 401},
		{"wrong code", form("two_factor_manual_otp_check", "key_id=7&otp_attempt=1"), 200},
		{"no session after a wrong code", form("allowed", "key_id=7"+fetch+"ssh"), 401},
		{"right code", form("two_factor_manual_otp_check", "key_id=7&otp_attempt="+code), 200},
		{"session", form("allowed", "key_id=7"+fetch+"ssh"), 200},
		{"session, login by name", form("allowed", "username=rubi"+fetch+"ssh"), 401},
		{"session, LFS", form("lfs_authenticate", "key_id=7&project=acme/tools/cli"), 200},
	} {
		if got := send(t, server, step.call); got.Status != step.status {
			t.Errorf("%s: got %d %s, want %d", step.given, got.Status, got.Body, step.status)
		}
	}
}

func TestAllowed_needAudit(t *testing.T) {
	t.Parallel()
	for _, want := range []bool{true, false} {
		got := send(t, newServer(t, func(c *config.Config) { c.Audit.Enabled = want }), form("allowed", "key_id=11&project=gnuwget/wget2&action=git-upload-pack&protocol=ssh"))
		var body struct {
			NeedAudit bool `json:"need_audit"`
		}
		if err := json.Unmarshal(got.Body, &body); err != nil || body.NeedAudit != want {
			t.Errorf("got %s, %v, want %v", got.Body, err, want)
		}
	}
}
