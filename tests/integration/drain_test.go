package integration_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
)

// TestServer_drainsBody stops a server that has received half of a request: it
// answers the request first.
func TestServer_drainsBody(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		config := servertest.Settings(t, database)
		for _, over := range []servertest.Listener{servertest.TCP, servertest.Unix} {
			t.Run(string(over), func(t *testing.T) {
				s := servertest.Start(t, config, servertest.WithWorld(t, servertest.World))
				client, err := s.Dial(t.Context(), over)
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				_, token := servertest.ByToken(s)
				fmt.Fprintf(client, "POST %s/api/v4/internal/allowed HTTP/1.1\r\nHost: gatehouse\r\n%s: %s\r\nContent-Type: application/json\r\n"+
					"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", servertest.Root, servertest.TokenHeader, token, len(servertest.Fetch(`"key_id": 102`)))
				answer := bufio.NewReader(client)
				if line, err := answer.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
					t.Fatalf("the body is not being read: got %q, %v", line, err)
				}
				half, rest := servertest.Fetch(`"key_id": 102`)[:40], servertest.Fetch(`"key_id": 102`)[40:]
				fmt.Fprint(client, half)
				s.Terminate()
				s.AwaitClosed(t)
				s.StillRunning(t)
				fmt.Fprint(client, rest)
				got, err := io.ReadAll(answer) // until the server closes the connection
				if err != nil || !strings.Contains(string(got), "HTTP/1.1 200 OK") || !strings.Contains(string(got), `"gl_username":"dev"`) {
					t.Errorf("got %q, %v", got, err)
				}
				awaitEnd(t, s)
			})
		}
	})
}

// TestServer_drainsQuery stops a server while a request waits for the database: it
// answers the request first.
func TestServer_drainsQuery(t *testing.T) {
	t.Parallel()
	database := stores.PostgresURL(t)
	s := servertest.Start(t, servertest.Settings(t, database), servertest.WithWorld(t, servertest.World))
	db, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(context.Background()) }()
	lock, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), "LOCK TABLE reference_counters"); err != nil {
		t.Fatal(err)
	}

	pending := s.Begin(servertest.Call{Route: "POST /pre_receive", Body: servertest.PreReceive})
	awaitLock(t, lock)
	s.Terminate()
	s.AwaitClosed(t)
	s.StillRunning(t)
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	(<-pending).Want(t, "the request under way", 200, servertest.Increased)
	awaitEnd(t, s)
	if got := servertest.OpenData(t, s.Config).Counters(t); got["project-60"] != 1 {
		t.Errorf("counters: got %v", got)
	}
}

// awaitLock returns once a connection waits for a lock.
func awaitLock(t *testing.T, db pgx.Tx) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servertest.WaitTimeout)
	defer cancel()
	for waiting := 0; waiting == 0; {
		const query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
		if err := db.QueryRow(ctx, query).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitEnd waits until the server has ended, and fails the test if a listener is
// still open or the socket exists.
func awaitEnd(t *testing.T, s *servertest.Server) {
	t.Helper()
	<-s.Done
	if s.Err != nil {
		t.Errorf("Run: %v", s.Err)
	}
	if _, err := os.Stat(s.Socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket: got %v", err)
	}
	if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.TCP); err == nil {
		_ = conn.Close()
		t.Error("the TCP listener is still open")
	}
}
