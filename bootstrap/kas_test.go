package bootstrap_test

import (
	"encoding/base64"
	"io"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/world"
)

// worldWithAgent makes the server apply a world with an agent.
func worldWithAgent(t *testing.T) bootstrap.Option {
	t.Helper()
	return bootstrap.WithWorld(bootstrap.World{Name: "agent.yaml", World: world.Parse(t, `
users: [{id: 3, username: dev}]
groups: [{path: acme}]
projects: [{id: 7, path: acme/infra, visibility: public}]
members: [{user: dev, group: acme, role: developer}]
agents: [{id: 5, name: prod, project: acme/infra, created_by: dev, tokens: [{name: default, token: agent-token}]}]
`)})
}

// kasCall returns the answer to a call of kas, whose token has these claims.
func (r *running) kasCall(t *testing.T, config config.Config, claims jwt.MapClaims, method, route, body string) (status int, answer string) {
	t.Helper()
	text, err := os.ReadFile(config.Kas.SecretFile)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != 32 {
		t.Fatalf("the secret has %d bytes, %v", len(secret), err)
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.TCP+"/api/v4/internal/"+route, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Gitlab-Kas-Api-Request", token)
	request.Header.Set("Authorization", "Bearer agent-token")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	out, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(out)
}

var ofKas = jwt.MapClaims{"iss": "gitlab-kas"}

const finding = `{"vulnerability":{"name":"CVE-123-4567 in libc","severity":"high","location":{"kubernetes_resource":{"namespace":"production","kind":"deployment","name":"nginx","container":"nginx"}},
	"identifiers":[{"type":"cve","name":"CVE-123-4567"}]},"scanner":{"id":"starboard_trivy","name":"Trivy"}}`

// TestRun_kasSettings wants each setting to change one answer.
func TestRun_kasSettings(t *testing.T) {
	t.Parallel()
	const starboard = "kubernetes/modules/starboard_vulnerability"
	late := jwt.MapClaims{"iss": "gitlab-kas", "exp": time.Now().Add(-10 * time.Second).Unix()}
	for name, test := range map[string]struct {
		change              func(*config.Config)
		claims              jwt.MapClaims
		method, route, body string
		byDefault, after    string
	}{
		"kas.jwt_leeway": {
			func(c *config.Config) { c.Kas.JWTLeeway = time.Hour }, late, "GET", "kubernetes/agent_info", "",
			`KAS JWT`, `"agent_id":5`,
		},
		"kas.require_aud": {
			func(c *config.Config) { c.Kas.RequireAud = true }, ofKas, "GET", "kubernetes/agent_info", "",
			`"agent_id":5`, `KAS JWT`,
		},
		"licensed_features.security_dashboard": {
			func(c *config.Config) { c.LicensedFeatures.SecurityDashboard = false }, ofKas, "PUT", starboard, finding,
			`"uuid"`, `^{"message":"403 Forbidden"}$`,
		},
		"licensed_features.security_dashboard_except": {
			func(c *config.Config) {
				c.LicensedFeatures.SecurityDashboardExcept = []string{"nobody", "ACME/infra"}
			}, ofKas, "PUT", starboard, finding,
			`"uuid"`, `^{"message":"403 Forbidden"}$`,
		},
		"kas.rollout": {
			func(c *config.Config) { c.Kas.Rollout = []string{"nobody"} }, ofKas, "GET", "kubernetes/agent_info", "",
			`"agent_id":5`, `^{"message":"403 Forbidden"}$`,
		},
		"licensed_features.cluster_agents_gitops": {
			func(c *config.Config) { c.LicensedFeatures.ClusterAgentsGitops = false }, ofKas, "GET", "kubernetes/project_info?id=7", "",
			`"project_id":7`, `^{"message":"404 Not Found"}$`,
		},
		"findings.uuid_namespace": {
			func(c *config.Config) { c.Findings.UUIDNamespace = "a143e9e2-41b3-47bc-9a19-081d089229f4" }, ofKas, "PUT", starboard, finding,
			`^{"uuid":"58bd4058-4ef1-54f9-af47-849177789f78"}$`, `^{"uuid":"121dba2c-1719-5089-b816-0bb28b2766c9"}$`,
		},
		"gitaly.storages": {
			func(c *config.Config) {
				c.Gitaly.Storages = []config.Storage{{Name: "default", Address: "tcp://gitaly:1", Token: "t"}}
			}, ofKas, "GET", "kubernetes/agent_info", "",
			`"gitaly_info":{"address":"unix:/[^"]*gitaly.socket","token":null,"features":{}}`, `"gitaly_info":{"address":"tcp://gitaly:1","token":"t","features":{}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := settings(t)
			test.change(&changed)
			for _, c := range []struct {
				config config.Config
				want   string
			}{{settings(t), test.byDefault}, {changed, test.after}} {
				_, body := run(t, c.config, worldWithAgent(t)).kasCall(t, c.config, test.claims, test.method, test.route, test.body)
				if !regexp.MustCompile(c.want).MatchString(body) {
					t.Errorf("got %s, want %s", body, c.want)
				}
			}
		})
	}
}

func TestRun_kasDisabled(t *testing.T) {
	t.Parallel()
	config := settings(t)
	config.Kas.Enabled = false
	r := run(t, config, worldWithAgent(t))
	for _, route := range []string{"kubernetes/agent_info", "kubernetes/usage_metrics", "agents/agentk/agent_info"} {
		if status, body := r.get(t, r.TCP, "/api/v4/internal/"+route); status != http.StatusNotFound || !strings.HasPrefix(body, `{"message":"404 Not Found"`) {
			t.Errorf("%s: got %d %s", route, status, body)
		}
	}
	if _, err := os.Stat(config.Kas.SecretFile); !os.IsNotExist(err) {
		t.Errorf("the secret of kas is there: %v", err)
	}
	if err := os.WriteFile(config.Kas.SecretFile, []byte("no secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, config) // starts, whatever is in the file
}

func TestRun_kasSecret(t *testing.T) {
	t.Parallel()
	config := settings(t)
	first := run(t, config, worldWithAgent(t))
	if err := first.stop(); err != nil {
		t.Fatalf("Run: %v", err)
	}
	info, err := os.Stat(config.Kas.SecretFile)
	if err != nil || info.Mode() != fs.FileMode(0o600) {
		t.Errorf("secret file: got %v, %v", info, err)
	}
	made, err := os.ReadFile(config.Kas.SecretFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config.Kas.SecretFile, append(made, '\n'), 0o600); err != nil { // as an editor would
		t.Fatal(err)
	}
	second := run(t, config)
	if status, body := second.kasCall(t, config, ofKas, "GET", "kubernetes/agent_info", ""); status != http.StatusOK {
		t.Errorf("after a restart: got %d %s", status, body)
	}
	if log := first.log.String() + second.log.String(); strings.Contains(log, string(made)) || strings.Contains(log, "agent-token") {
		t.Errorf("the log says too much:\n%s", log)
	}
}
