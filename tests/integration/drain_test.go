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

	"gatehouse/tests/pgtest"
)

// TestServer_drainsBody stops a server that has half of a request.
func TestServer_drainsBody(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		config := settings(t, database)
		for _, over := range []door{tcp, unix} {
			t.Run(string(over), func(t *testing.T) {
				s := serve(t, config, with(t, small))
				client, err := s.dial(t.Context(), over)
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				_, token := byToken(s)
				fmt.Fprintf(client, "POST %s/api/v4/internal/allowed HTTP/1.1\r\nHost: gatehouse\r\n%s: %s\r\nContent-Type: application/json\r\n"+
					"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", root, tokenHeader, token, len(pull(`"key_id": 102`)))
				answer := bufio.NewReader(client)
				if line, err := answer.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
					t.Fatalf("the body is not being read: got %q, %v", line, err)
				}
				half, rest := pull(`"key_id": 102`)[:40], pull(`"key_id": 102`)[40:]
				fmt.Fprint(client, half)
				s.terminate()
				s.refuses(t)
				s.busy(t)
				fmt.Fprint(client, rest)
				got, err := io.ReadAll(answer) // to the end: the server hangs up
				if err != nil || !strings.Contains(string(got), "HTTP/1.1 200 OK") || !strings.Contains(string(got), `"gl_username":"dev"`) {
					t.Errorf("got %q, %v", got, err)
				}
				s.leaves(t)
			})
		}
	})
}

// TestServer_drainsQuery stops a server while a request waits in the database.
func TestServer_drainsQuery(t *testing.T) {
	t.Parallel()
	database := pgtest.Open(t)
	s := serve(t, settings(t, database), with(t, small))
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

	pending := s.start(call{route: "POST /pre_receive", body: preReceive})
	waits(t, lock)
	s.terminate()
	s.refuses(t)
	s.busy(t)
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	(<-pending).is(t, "the request under way", 200, increased)
	s.leaves(t)
	if got := beside(t, s.config).counters(t); got["project-60"] != 1 {
		t.Errorf("counters: got %v", got)
	}
}

// waits returns when somebody waits for a lock.
func waits(t *testing.T, db pgx.Tx) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for waiting := 0; waiting == 0; {
		const query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
		if err := db.QueryRow(ctx, query).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
}

// leaves returns when the server is gone, and has left nothing.
func (s *server) leaves(t *testing.T) {
	t.Helper()
	<-s.gone
	if s.failure != nil {
		t.Errorf("Run: %v", s.failure)
	}
	if _, err := os.Stat(s.Socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket: got %v", err)
	}
	if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.TCP); err == nil {
		_ = conn.Close()
		t.Error("somebody still listens")
	}
}
