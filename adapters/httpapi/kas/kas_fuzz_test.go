package kas_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/kas"
	"gatehouse/adapters/memory"
	"gatehouse/application/clusters"
	"gatehouse/application/findings"
	"gatehouse/domain/security"
	"gatehouse/tests/world"
)

// server serves the routes of kas from a store in memory, with one agent.
type server struct {
	*memory.Store
	handler http.Handler
	token   string
}

func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{Store: memory.New()}
	world.Apply(t, s.WorldImport, `
users: [{id: 3, username: dev}]
groups: [{path: acme}]
projects: [{id: 7, path: acme/infra}]
members: [{user: dev, group: acme, role: developer}]
agents: [{id: 5, name: prod, project: acme/infra, created_by: dev, tokens: [{name: default, token: agent-token}]}]
`)
	secret := []byte(strings.Repeat("s", 32))
	agents := clusters.New(s.Agents, s.Directory, s.UsageCounters, clusters.Rules{Gitops: true}, world.Clock)
	findings := findings.New(s.Findings, s.Directory, findings.Rules{UUIDNamespace: uuid.Nil, SecurityDashboard: true}, world.Clock)
	engine, err := httpapi.NewEngine(zap.NewNop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	kas.New(kas.NewAuthenticator(func() []byte { return secret }, 0, false, false, world.Clock), agents, findings).Mount(engine)
	s.handler = httpapi.Handler("", engine)
	if s.token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "gitlab-kas"}).SignedString(secret); err != nil {
		t.Fatal(err)
	}
	return s
}

// ask sends a body and decodes the answer, which is JSON or empty.
func (s *server) ask(t *testing.T, method, route, kind, body string) (status int, answer map[string]any) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, route, strings.NewReader(body))
	request.Header.Set("Gitlab-Kas-Api-Request", s.token)
	request.Header.Set("Authorization", "Bearer agent-token")
	request.Header.Set("Content-Type", kind)
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	if text := recorder.Body.Bytes(); len(text) > 0 {
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			t.Fatalf("%s is no JSON: %v", text, err)
		}
		answer, _ = value.(map[string]any)
	}
	return recorder.Code, answer
}

// list returns the fields of every kept finding.
func (s *server) list(t *testing.T) (out []map[string]any) {
	t.Helper()
	records, err := s.Records.List(t.Context(), "findings", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		fields := map[string]any{}
		for _, f := range r {
			fields[f.Name] = f.Value
		}
		out = append(out, fields)
	}
	return out
}

const starboard = "/kubernetes/modules/starboard_vulnerability"

const body = `{"vulnerability":{"name":"n","severity":"high","confidence":"unknown","message":"m","links":[{"url":"u"}],
	"location":{"image":"i","dependency":{"package":{"name":"p"},"version":"1"},"kubernetes_resource":{"namespace":"n","kind":"k","name":"r","container":"c","agent_id":"5"}},
	"identifiers":[{"type":"cve","name":"CVE-1","value":"v"}]},"scanner":{"id":"i","name":"n","vendor":{"name":"v"}}}`

// FuzzStarboardVulnerability looks for a body whose answer is neither a uuid nor a
// reason, or that is refused and keeps a finding all the same.
func FuzzStarboardVulnerability(f *testing.F) {
	for _, seed := range []string{
		body, `{}`, `[]`, `null`, `{"vulnerability":"invalid","scanner":null}`, strings.ReplaceAll(body, `"high"`, `"bad"`),
		strings.ReplaceAll(body, `[{"type"`, `[[],{"type"`), strings.ReplaceAll(body, `"n"`, `"\u0000"`), strings.ReplaceAll(body, `"n"`, "\"\xff\""),
		strings.ReplaceAll(body, `{"name":"v"}`, `"v"`), strings.ReplaceAll(body, `"m"`, `"`+strings.Repeat("m", 3001)+`"`), `{"vulnerability":{"location":{}}}`,
	} {
		f.Add(seed, true)
	}
	f.Add("vulnerability[name]=x&vulnerability[identifiers][][name]=y&scanner[id]=z", false)
	f.Fuzz(func(t *testing.T, body string, isJSON bool) {
		s, kind := newServer(t), "application/x-www-form-urlencoded"
		if isJSON {
			kind = "application/json"
		}
		status, answer := s.ask(t, http.MethodPut, starboard, kind, body)
		kept := s.list(t)
		switch {
		case status == http.StatusOK:
			if again, second := s.ask(t, http.MethodPut, starboard, kind, body); again != status || second["uuid"] != answer["uuid"] {
				t.Errorf("again: got %d %v, want %v", again, second, answer)
			}
			if len(kept) != 1 || kept[0]["uuid"] != answer["uuid"] || len(s.list(t)) != 1 {
				t.Fatalf("got %v, want %v", kept, answer)
			}
			title, _ := kept[0]["title"].(string)
			if title == "" || utf8.RuneCountInString(title) > 255 || !json.Valid([]byte(kept[0]["location"].(string))) {
				t.Errorf("kept %v", kept[0])
			}
		case status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge:
			if (answer["error"] == nil) == (answer["message"] == nil) && status == http.StatusBadRequest || len(kept) != 0 {
				t.Errorf("got %v, and %d findings", answer, len(kept))
			}
		default:
			t.Errorf("got %d %v", status, answer)
		}
	})
}

// FuzzScanResult looks for a list that resolves a finding that it names, or
// does not resolve one that it leaves out.
func FuzzScanResult(f *testing.F) {
	one, two := fmt.Sprintf("%08d-a000-5000-8000-000000000000", 1), fmt.Sprintf("%08d-a000-5000-8000-000000000000", 2)
	for _, seed := range []string{
		`{"uuids":[]}`, `{"uuids":["` + one + `"]}`, `{"uuids":["` + strings.ToUpper(one) + `",7,true]}`, `{"uuids":["` + one + `","` + two + `","x"]}`,
		`{"uuids":null}`, `{"uuids":-1}`, `{"uuids":[null]}`, `{}`, `[]`, `{"uuids":{"0":"` + one + `"}}`, `{"uuids":["\u0000"]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		s := newServer(t)
		for _, uuid := range []string{one, two} {
			if err := s.Findings.Add(t.Context(), security.Finding{
				UUID: uuid, Project: 7, Agent: 5, ReportType: security.ClusterImageScanning, State: security.Detected, DetectedAt: world.Now,
			}); err != nil {
				t.Fatal(err)
			}
		}
		status, answer := s.ask(t, http.MethodPost, starboard+"/scan_result", "application/json", body)
		var sent map[string]any
		decoder := json.NewDecoder(strings.NewReader(body))
		decoder.UseNumber()
		_ = decoder.Decode(&sent)
		list, _ := sent["uuids"].([]any) // anything but a list is refused
		for _, kept := range s.list(t) {
			named := false
			for _, text := range list {
				text, ok := text.(string)
				named = named || ok && strings.EqualFold(text, kept["uuid"].(string))
			}
			want := "detected"
			if status == http.StatusOK && !named {
				want = "resolved"
			}
			if kept["state"] != want {
				t.Errorf("%d %v: %v is %v, want %s", status, answer, kept["uuid"], kept["state"], want)
			}
		}
		if status != http.StatusOK && status != http.StatusBadRequest && status != http.StatusRequestEntityTooLarge {
			t.Errorf("got %d %v", status, answer)
		}
	})
}
