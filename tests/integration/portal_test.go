package integration_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/bootstrap"
)

// byPortal is the portal's access token.
func byPortal(*server) (name, value string) { return "PRIVATE-TOKEN", portalToken }

// sell makes a call of the portal behind /api/v4.
func (s *server) sell(t *testing.T, over door, request, body string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	return s.ask(t, call{route: method + " /" + root + "/api/v4" + path, body: body, over: over, by: byPortal})
}

const threePacks = `{"packs": [{"number_of_minutes": 1, "expires_at": "2030-01-01", "purchase_xid": "a%[1]d"},
	{"number_of_minutes": 1, "expires_at": "2030-01-01", "purchase_xid": "b%[1]d"}, {"number_of_minutes": 1, "expires_at": "2030-01-01", "purchase_xid": "c%[1]d"}]}`

func TestPortal_everyListener(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		s := serve(t, settings(t, database), with(t, small))
		const subscription = "/namespaces/acme/gitlab_subscription"
		s.sell(t, public, "POST "+subscription, `{"start_date": "2030-01-01", "plan": "premium", "seats": 2}`).is(t, "public", 201, `{"plan": {"code": "premium"}, "usage": {"seats_in_use": 12}}`)
		s.sell(t, tcp, "GET "+subscription, "").is(t, "TCP", 200, `{"plan": {"code": "premium"}}`)
		s.sell(t, unix, "PUT "+subscription, `{"seats": 3}`).is(t, "socket", 200, `{"usage": {"seats_in_subscription": 3}}`)
		s.sell(t, public, "GET /namespaces/acme%2Ftools/gitlab_subscription?private_token="+portalToken, "").is(t, "a path", 200, `{"plan": {"code": null}}`)
		for _, path := range []string{"/internal/upcoming_reconciliations", "/internal/gitlab_subscriptions/namespaces/acme/gitlab_subscription"} {
			s.sell(t, public, "PUT "+path, "{}").is(t, "internal, in public", 404, `{"message": "404 Not Found"}`)
		}
		s.sell(t, tcp, "PUT /internal/gitlab_subscriptions/namespaces/acme/gitlab_subscription", "{}").is(t, "the newer prefix", 200, `{}`)
		for _, over := range []door{tcp, public} {
			for _, request := range []string{"GET /namespaces/acme/tools/gitlab_subscription", "DELETE " + subscription, "GET /namespaces"} {
				if got := s.sell(t, over, request, ""); got.status != http.StatusNotFound || got.body != `{"error":"404 Not Found"}` {
					t.Errorf("%s: got %d %s", request, got.status, got.body)
				}
			}
		}
		s.sell(t, tcp, "DELETE /internal/upcoming_reconciliations?namespace_id=404", "").is(t, "internal", 404, `{"message": "404 Not Found"}`)
		s.stop(t)
	})
}

func TestPortal_gate(t *testing.T) {
	t.Parallel()
	s := serve(t, settings(t, "memory:", "check_namespace_plan=false", "plans=[{code: gem, title: Jewel, paid: true}]", "subscriptions.strict_trial=true"), with(t, small))
	s.sell(t, tcp, "PUT /internal/upcoming_reconciliations", "{}").is(t, "closed", 403, `{"message": "403 Forbidden - This API is gitlab.com only!"}`)
	const subscription = "POST /namespaces/acme/gitlab_subscription"
	s.sell(t, tcp, subscription, `{"start_date": "2030-01-01", "trial": true}`).is(t, "strict", 400, `{"message": {"trial_ends_on": ["can't be blank"]}}`)
	s.sell(t, tcp, subscription, `{"start_date": "2030-01-01", "plan": "gem"}`).is(t, "our own plan", 201, `{"plan": {"code": "gem", "name": "Jewel"}}`)
}

// TestPortal_refreshesSeats waits for two servers on one database to count.
func TestPortal_refreshesSeats(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		config := settings(t, database, "seats.refresh_interval=50ms")
		first := serve(t, config, with(t, small+"subscriptions: [{namespace: acme, plan_code: premium, start_date: 2026-01-01, seats: 2}]\n"))
		config.HTTP.Socket += "2"
		second := serve(t, config)
		desk := beside(t, config)
		end := time.Now().Add(time.Minute)
		for {
			record := desk.list(t, "subscriptions")[0]
			if field(record, "seats_in_use") == int64(12) && field(record, "seats_owed") == int64(10) {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("nobody counted: %v", record)
			}
		}
		first.stop(t)
		second.stop(t)
		if got := len(desk.list(t, "subscription-history")); got != 1 {
			t.Errorf("got %d changes, want one", got)
		}
	})
}

// TestPortal_killed ends the whole process while it books, again and again:
// of each request all is there, or nothing.
func TestPortal_killed(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	binary := filepath.Join(t.TempDir(), "gatehouse")
	if out, err := exec.Command("go", "build", "-o", binary, "gatehouse/cmd/gatehouse").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	onEach(t, func(t *testing.T, database string) {
		config := settings(t, database)
		desk := beside(t, config)
		desk.apply(t, small)
		n := 0
		for range 5 {
			n = bookUntilKilled(t, binary, config, n)
		}
		packs := map[string]int{}
		for _, r := range desk.list(t, "packs") {
			packs[field(r, "purchase_xid").(string)[1:]]++
		}
		if len(packs) == 0 {
			t.Error("nothing was booked at all")
		}
		for request, n := range packs {
			if n != 3 {
				t.Errorf("request %s: got %d of 3 packs", request, n)
			}
		}
	})
}

// bookUntilKilled starts a process and lets it book, from the nth request on,
// until it is killed. It returns the number of the next request.
func bookUntilKilled(t *testing.T, binary string, config bootstrap.Config, n int) int {
	t.Helper()
	_ = os.Remove(config.HTTP.Socket)
	process := exec.Command(binary, "serve", "--address", "", "--socket", config.HTTP.Socket, "--database", string(config.Database.URL),
		"--set", "shell.secret_file="+config.Shell.SecretFile, "--set", "instance.key_file="+config.Instance.KeyFile, "--set", "http.relative_root="+root)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{config: config, log: new(logbook)}
	s.Socket = config.HTTP.Socket
	for end := time.Now().Add(time.Minute); ; {
		_, err := s.send(t.Context(), call{route: "GET /check", over: unix, by: byNobody})
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the process does not serve: %v", err)
		}
	}
	var pending []<-chan answer
	for i := range 40 {
		pending = append(pending, s.start(call{route: "POST /" + root + "/api/v4/namespaces/acme/minutes", body: fmt.Sprintf(threePacks, n), over: unix, by: byPortal}))
		if n++; i == 20 {
			<-pending[0] // the others are at any point of their work
			if err := process.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = process.Wait() // it was killed, and says so
	for _, p := range pending[1:] {
		<-p
	}
	return n
}
