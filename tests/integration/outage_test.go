package integration_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"gatehouse/bootstrap"
	"gatehouse/tests/pgtest"
	"gatehouse/tests/world"
)

const push = `{"key_id": "102", "gl_repository": "project-60", "action": "git-receive-pack", "protocol": "ssh", "changes": "%s %s refs/heads/topic"}`

const (
	lfs   = `{"key_id": 102, "project": "acme/tools/cli", "operation": "upload"}`
	pat   = `{"key_id": 102, "name": "mine", "scopes": ["read_api"]}`
	event = `{"key_id": 102, "gl_repository": "project-60", "action": "git-upload-pack", "protocol": "ssh", "changes": "_any"}`
)

// works asks everything that needs the database.
func (s *server) works(t *testing.T, when string) {
	t.Helper()
	s.get(t, "/check").is(t, when+": health", 200, `{"redis": true}`)
	s.get(t, "/authorized_keys?key="+url.QueryEscape(blob(world.Key(2)))).is(t, when+": a key", 200, `{"id": 102}`)
	s.get(t, "/discover?key_id=102").is(t, when+": a greeting", 200, `{"id": 4}`)
	s.post(t, "/allowed", pull(`"key_id": 102`)).is(t, when+": a fetch", 200, `{"status": true}`)
	s.post(t, "/allowed", fmt.Sprintf(push, before, after)).is(t, when+": a push", 200, `{"status": true}`)
	s.post(t, "/pre_receive", preReceive).is(t, when+": the beginning", 200, increased)
	s.post(t, "/post_receive", landed("topic")).is(t, when+": the end", 200, decreased)
	s.post(t, "/lfs_authenticate", lfs).is(t, when+": credentials for LFS", 200, `{"username": "dev"}`)
	s.post(t, "/two_factor_recovery_codes", `{"key_id": 102}`).is(t, when+": recovery codes", 200, `{"success": true}`)
	s.post(t, "/personal_access_token", pat).is(t, when+": a token", 200, `{"success": true}`)
	s.post(t, "/shellhorse/git_audit_event", event).is(t, when+": an event", 200, `{"status": true}`)
}

// fails asks the same of a server whose database is gone.
func (s *server) fails(t *testing.T, when string) {
	t.Helper()
	s.get(t, "/check").is(t, when+": health", 200, `{"api_version": "v4", "redis": false}`)
	s.get(t, "/authorized_keys?key="+url.QueryEscape(blob(world.Key(2)))).refusal(t, when+": a key", 503)
	s.get(t, "/discover?key_id=102").refusal(t, when+": a greeting", 503)
	for _, asked := range []string{pull(`"key_id": 102`), fmt.Sprintf(push, before, after)} {
		a := s.post(t, "/allowed", asked)
		a.refusal(t, when+": "+asked, 503)
		a.is(t, when+": "+asked, 503, `{"status": false}`)
	}
	opinion := fmt.Sprintf(`{"reference_counter_increased": %t}`, s.config.Counters.FailOpen)
	s.post(t, "/pre_receive", preReceive).is(t, when+": the beginning", 200, opinion)
	s.post(t, "/post_receive", landed("topic")).is(t, when+": the end", 200, `{"messages": [], "reference_counter_decreased": true}`)
	s.post(t, "/lfs_authenticate", lfs).refusal(t, when+": credentials for LFS", 503)
	for what, asked := range map[string]string{
		"/two_factor_recovery_codes": `{"key_id": 102}`, "/personal_access_token": pat, "/two_factor_manual_otp_check": `{"key_id": 102, "otp_attempt": "123456"}`,
	} { // a 5xx would be repeated
		a := s.post(t, what, asked)
		a.refusal(t, when+": "+what, 200)
		a.is(t, when+": "+what, 200, `{"success": false}`)
	}
	s.post(t, "/shellhorse/git_audit_event", event).is(t, when+": an event", 200, `{"status": false}`)
	s.post(t, "/pre_receive", `{}`).is(t, when+": a mistake", 400, `{"message": "gl_repository is missing"}`)
	s.ask(t, call{route: "GET /check", by: byNobody}).is(t, when+": a stranger", 401, `{}`)
}

// TestServer_databaseGone takes the database away from two servers, and gives
// it back.
func TestServer_databaseGone(t *testing.T) {
	t.Parallel()
	database := pgtest.Open(t)
	way, address := through(t, database)
	config := settings(t, address, "audit.enabled=true")
	easy := serve(t, config, with(t, small))
	config.HTTP.Socket += "2"
	config.Counters.FailOpen = false
	strict := serve(t, config)
	servers := []*server{easy, strict}
	for round := range 2 {
		for _, s := range servers {
			s.works(t, fmt.Sprintf("round %d, before", round))
		}
		way.turn(closed)
		for _, s := range servers {
			s.fails(t, fmt.Sprintf("round %d, without a database", round))
		}
		way.turn(open)
	}
	for _, s := range servers {
		s.works(t, "at the end")
	}

	desk := beside(t, settings(t, database))
	if got := desk.counters(t); len(got) != 0 {
		t.Errorf("counters: got %v", got)
	}
	if got, want := len(desk.list(t, "pushes")), 3*len(servers); got != want {
		t.Errorf("got %d pushes, want the %d that were told while the database was there", got, want)
	}
	for _, s := range servers {
		for _, told := range []string{
			`increase the counter of \"project-60\"`, `record the push to \"project-60\"`, `decrease the counter of \"project-60\"`, `standing of`, `"status":503`,
		} {
			if !strings.Contains(s.log.String(), told) {
				t.Errorf("the log does not say %s", told)
			}
		}
	}
}

// TestServer_databaseRefuses takes the database away for good, and stops the
// server.
func TestServer_databaseRefuses(t *testing.T) {
	t.Parallel()
	way, address := through(t, pgtest.Open(t))
	config := settings(t, address, "audit.enabled=true")
	s := serve(t, config, with(t, small))
	s.works(t, "before")
	way.remove()
	s.fails(t, "without a database")
	s.terminate()
	<-s.gone
	if s.failure != nil && !strings.Contains(s.failure.Error(), "were used") {
		t.Errorf("Run: got %v, want at most that the use of a key was not noted", s.failure)
	}
	s.failure = nil

	err := bootstrap.Run(t.Context(), config, bootstrap.WithLog(bootstrap.NewLogger(config.Log, s.log)))
	if err == nil || !strings.Contains(err.Error(), "connect to the PostgreSQL database") || strings.Contains(err.Error(), password(config)) {
		t.Errorf("a start without a database: got %v", err)
	}
}

// TestServer_databaseSilent has the database accept everything and say
// nothing. Every call is given up in time, the last one after 50 seconds.
func TestServer_databaseSilent(t *testing.T) {
	t.Parallel()
	way, address := through(t, pgtest.Open(t))
	s := serve(t, settings(t, address, "audit.enabled=true"), with(t, small))
	s.works(t, "before")
	way.turn(silent)
	var calls []call
	var checks []func(answer)
	expect := func(route, body string, status int, want string) {
		calls = append(calls, call{route: route, body: body})
		checks = append(checks, func(a answer) { a.is(t, route, status, want) })
	}
	expect("GET /check", "", 200, `{"redis": false}`)
	expect("GET /authorized_keys?key="+url.QueryEscape(blob(world.Key(2))), "", 503, `{}`)
	expect("GET /discover?key_id=102", "", 503, `{}`)
	expect("POST /allowed", pull(`"key_id": 102`), 503, `{"status": false}`)
	expect("POST /pre_receive", preReceive, 200, increased)
	expect("POST /post_receive", landed("topic"), 200, decreased)
	expect("POST /lfs_authenticate", lfs, 503, `{}`)
	expect("POST /two_factor_recovery_codes", `{"key_id": 102}`, 200, `{"success": false}`)
	expect("POST /personal_access_token", pat, 200, `{"success": false}`)
	expect("POST /shellhorse/git_audit_event", event, 200, `{"status": false}`)
	for i, a := range all([]*server{s}, calls) {
		checks[i](a)
	}
	way.turn(open)
	s.works(t, "afterwards")
}
