package integration_test

import (
	"context"
	"database/sql"
	"net/url"
	"strings"
	"testing"

	"github.com/pressly/goose/v3/lock"

	"gatehouse/bootstrap"
	"gatehouse/tests/pgtest"
	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

// TestServer_databaseRefuses makes the database refuse connections, then stops the
// server.
func TestServer_databaseRefuses(t *testing.T) {
	t.Parallel()
	proxy, address := servertest.NewProxy(t, stores.PostgresURL(t))
	config := servertest.Settings(t, address, "audit.enabled=true")
	s := servertest.Start(t, config, servertest.WithWorld(t, servertest.World))
	s.WantAvailable(t, "before")
	proxy.Close()
	s.WantUnavailable(t, "without a database")
	s.Terminate()
	<-s.Done
	if s.Err != nil && !strings.Contains(s.Err.Error(), "last uses of keys") {
		t.Errorf("Run: got %v, want nil or an error about the last use of a key", s.Err)
	}
	s.Err = nil

	err := bootstrap.Run(t.Context(), config, bootstrap.WithLog(bootstrap.NewLogger(config.Log, s.Log)))
	if err == nil || !strings.Contains(err.Error(), "connect to the PostgreSQL database") || strings.Contains(err.Error(), servertest.DatabasePassword(config)) {
		t.Errorf("a start without a database: got %v", err)
	}
}

// TestServer_interruptedMigration asks a server to stop while it waits for another
// one that migrates the same database.
func TestServer_interruptedMigration(t *testing.T) {
	t.Parallel()
	address := pgtest.Open(t)
	database, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	other, err := database.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.ExecContext(t.Context(), "SELECT pg_advisory_lock($1)", lock.DefaultLockID); err != nil {
		t.Fatal(err)
	}
	config := servertest.Settings(t, address)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- bootstrap.Run(ctx, config, bootstrap.WithLog(bootstrap.NewLogger(config.Log, new(servertest.Log))))
	}()
	servertest.Await(t, "the server to try for the lock", func() bool {
		var waiting bool
		if err := database.QueryRowContext(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity"+
			" WHERE datname = current_database() AND application_name = 'gatehouse' AND query LIKE '%pg_try_advisory_lock%')").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		return waiting
	})
	stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "the start was interrupted") || !strings.Contains(err.Error(), "migrate the database") {
		t.Errorf("Run: got %v, want that the migration was interrupted", err)
	}
	if err := other.Close(); err != nil { // database closes it, and so gives back the lock
		t.Error(err)
	}
	database.Close()
	servertest.Start(t, config)
}

// TestServer_databaseSilent makes the database unresponsive: it accepts
// connections and never answers. Every call ends in time, the last one after 50
// seconds.
func TestServer_databaseSilent(t *testing.T) {
	t.Parallel()
	proxy, address := servertest.NewProxy(t, stores.PostgresURL(t))
	s := servertest.Start(t, servertest.Settings(t, address, "audit.enabled=true"), servertest.WithWorld(t, servertest.World))
	s.WantAvailable(t, "before")
	proxy.Set(servertest.Silent)
	var calls []servertest.Call
	var checks []func(servertest.Answer)
	expect := func(route, body string, status int, want string) {
		calls = append(calls, servertest.Call{Route: route, Body: body})
		checks = append(checks, func(a servertest.Answer) { a.Want(t, route, status, want) })
	}
	expect("GET /check", "", 200, `{"redis": false}`)
	expect("GET /authorized_keys?key="+url.QueryEscape(servertest.KeyBlob(world.Key(2))), "", 503, `{}`)
	expect("GET /discover?key_id=102", "", 503, `{}`)
	expect("POST /allowed", servertest.Fetch(`"key_id": 102`), 503, `{"status": false}`)
	expect("POST /pre_receive", servertest.PreReceive, 200, servertest.Increased)
	expect("POST /post_receive", servertest.PostReceive("topic"), 200, servertest.Decreased)
	expect("POST /lfs_authenticate", servertest.LFSAuthenticate, 503, `{}`)
	expect("POST /two_factor_recovery_codes", `{"key_id": 102}`, 200, `{"success": false}`)
	expect("POST /personal_access_token", servertest.CreateToken, 200, `{"success": false}`)
	expect("POST /shellhorse/git_audit_event", servertest.AuditEvent, 200, `{"status": false}`)
	for i, a := range servertest.AskAll([]*servertest.Server{s}, calls) {
		checks[i](a)
	}
	proxy.Set(servertest.Open)
	s.WantAvailable(t, "afterwards")
}
