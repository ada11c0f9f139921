package behaviour_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/stores"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// The line of a refusal names who asked for what, on every route that refuses
// requests with a credential.
func TestRefusalsInLog(t *testing.T) {
	t.Parallel()
	const internal = "/api/v4/internal"
	for _, row := range []struct {
		request, form string
		by            string // the token of the portal or an agent; GitLab Shell without
		want          string
	}{
		{"GET /discover", "key_id=0", "", ""}, // no refusal: an unknown user is null
		{"GET /authorized_keys?key=" + strings.Fields(world.Key(99))[1], "", "", "key_fingerprint=SHA256:*"},
		{"GET /authorized_keys?key=abc", "", "", "key_fingerprint=unreadable"},
		{"GET /authorized_certs?key=abc&user_identifier=dev", "", "", "user_identifier=dev"},
		{"POST /lfs_authenticate", "user_id=4&project=near/cli", "", "actor=user-4 project=near/cli error=*hidden*"},
		{"POST /lfs_authenticate", "key_id=201&gl_repository=project-99", "", "actor=key-201 gl_repository=project-99 error=*no*such*"},
		{"POST /lfs_authenticate", "user_id=4&project=acme/cli", "", "actor=user-4 project=acme/cli error=*download*"},
		{"POST /lfs_authenticate", "user_id=x1", "", "actor=x1"},
		{"POST /lfs_authenticate", "user_id=4&project=acme/x%3Fprivate_token%3Dabc", "", "actor=user-4 project=acme/x"},
		{"POST /allowed", "user_id=4&action=git-upload-pack&protocol=ssh&project=acme/x.git%3Fprivate_token%3Dabc", "", "actor=user-4 project=acme/x.git"},
		{"POST /allowed", "user_id=4&protocol=ssh&project=acme/x%3Fprivate_token%3Dabc", "", "actor=user-4 project=acme/x"},
		{"POST /two_factor_recovery_codes", "key_id=201", "", "actor=key-201"},
		{"POST /personal_access_token", "user_id=2&name=x", "", "actor=user-2"},
		{"POST /two_factor_manual_otp_check", "key_id=102&otp_attempt=abc", "", "actor=key-102"},
		{"POST /two_factor_push_otp_check", "key_id=102", "", "actor=key-102"},
		{"POST /two_factor_config", "key_id=999", "", "actor=key-999"},
		{"POST /pre_receive", "gl_repository=../x", "", "gl_repository=../x"},
		{"POST /post_receive", "gl_repository=project-42", "", "gl_repository=project-42"},
		{"POST /post_receive", "identifier=key-102", "", "actor=key-102"},
		{"POST /shellhorse/git_audit_event", "key_id=102&gl_repository=project-42&action=git-shell&protocol=ssh&changes=_any", "", "actor=key-102 gl_repository=project-42 action=git-shell"},
		{"GET /kubernetes/project_info?id=acme/elsewhere2", "", "agent-5", "actor=agent-5 agent_project=acme/infra project=acme/elsewhere2"},
		{"GET /kubernetes/verify_project_access?id=acme/x%3Fprivate_token%3Dabc", "", "agent-5", "actor=agent-5 project=acme/x"},
		{"POST /kubernetes/agent_configuration", "agent_id=99&agent_config[ci_access]=", "kas", "actor=agent-99"},
		{"POST /kubernetes/agent_configuration", "agent_id=99&agent_config=%7B%7D", "kas", "actor=agent-99"},
		{"PUT /kubernetes/modules/starboard_vulnerability", "", "agent-5", "actor=agent-5 agent_project=acme/infra"},
		{"GET //api/v4/namespaces/acme%2Fnone/gitlab_subscription", "", "t-gus", "actor=user-4 username=gus namespace=acme/none"},
		{"PUT //api/v4/namespaces/99/gitlab_subscription", "plan_code=premium", "t-root", "actor=user-1 username=root namespace=99"},
		{"PUT //api/v4/namespaces/99/gitlab_subscription", "plan_code=premium&sudo=none", "t-sudo", "actor=user-1 sudo=none namespace=99"},
		{"POST //api/v4/namespaces/99/minutes", "packs=1", "t-gus", "actor=user-4 namespace=99"},
		{"PATCH //api/v4/namespaces/99/minutes/move/98", "", "t-root", "namespace=99 target_namespace=98"},
		{"POST //api/v4/namespaces/a%3Fprivate_token%3Dabc/minutes", "", "", "namespace=a"},
		{"PUT /upcoming_reconciliations", "upcoming_reconciliations[][namespace_id]=99&upcoming_reconciliations[][next_reconciliation_date]=2030-01-01&upcoming_reconciliations[][display_alert_from]=2030-01-01", "t-root", "namespace=99"},
		{"DELETE /upcoming_reconciliations", "namespace_id=99", "t-root", "namespace=99"},
	} {
		t.Run(row.request+" "+row.form, func(t *testing.T) {
			t.Parallel()
			s := Subject{subject.Subject{T: t, Ports: stores.Fresh(t, stores.Memory)}}
			switch {
			case strings.HasPrefix(row.by, "agent-"), row.by == "kas":
				s.Apply(world.Agents)
			case strings.Contains(row.request, "namespaces"), strings.Contains(row.request, "upcoming"):
				s.Apply(customers)
			default:
				s.Apply(refusalWorld)
			}
			core, lines := observer.New(zap.InfoLevel)
			server := s.serverWith(bootstrap.Fakes{Log: zap.New(core)}, func(c *config.Config) { c.Audit.Enabled, c.CheckNamespacePlan = true, true })
			method, path, _ := strings.Cut(row.request, " ")
			if whole, ok := strings.CutPrefix(path, "//"); ok {
				path = "/" + whole
			} else {
				path = internal + path
			}
			r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(row.form))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Gitlab-Shared-Secret", base64.StdEncoding.EncodeToString([]byte(shellSecret)))
			kas := &kasServer{server}
			r.Header.Set("Gitlab-Kas-Api-Request", kas.signed(kas.claims()))
			if strings.HasPrefix(row.by, "agent-") {
				r.Header.Set("Authorization", "Bearer "+row.by)
			} else if row.by != "" {
				r.Header.Set("PRIVATE-TOKEN", row.by)
			}
			w := httptest.NewRecorder()
			server.Handlers.Internal.ServeHTTP(w, r)
			line := lines.FilterMessage("request").All()[0].ContextMap()
			text, _ := line["error"].(string)
			if row.want != "" && text == "" {
				t.Fatalf("got %d %s and no refusal in the line %v", w.Code, w.Body, line)
			}
			for field := range strings.FieldsSeq(row.want) {
				name, want, _ := strings.Cut(field, "=")
				if got, _ := line[name].(string); !matches(got, want) {
					t.Errorf("%s: got %q, want %q in %v", name, got, want, line)
				}
			}
			for name, value := range line {
				if text, ok := value.(string); ok && (row.by != "kas" && row.by != "" && name != "actor" && strings.Contains(text, row.by) || strings.Contains(text, "private_token")) {
					t.Errorf("%s tells a secret: %q", name, text)
				}
			}
			if w.Code == http.StatusInternalServerError {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
}

// matches says whether a text has the parts of a pattern that stand between its "*".
func matches(text, pattern string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return text == pattern
	}
	for _, part := range parts {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return true
}
