package integration_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatehouse/tests/servertest"
)

// pushLimit is what /allowed and /post_receive take, smallLimit the rest.
const (
	pushLimit  = 64 << 20
	smallLimit = 1 << 20
)

// TestServer_bodyLimits sends bodies as large as they may be, and a byte more.
func TestServer_bodyLimits(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Settings(t, "memory:"), servertest.WithWorld(t, servertest.World))
	filled := func(body string, size int) string {
		return body + strings.Repeat(" ", size-len(body)) // JSON may have that behind it
	}
	for what, c := range map[string]servertest.Call{
		"a push":                {Route: "POST /allowed", Body: filled(servertest.Fetch(`"key_id": 102`), pushLimit)},
		"the beginning of one":  {Route: "POST /pre_receive", Body: filled(servertest.PreReceive, smallLimit)},
		"of a size not told":    {Route: "POST /pre_receive", Body: filled(servertest.PreReceive, smallLimit), Chunked: true},
		"over the socket":       {Route: "POST /pre_receive", Body: filled(servertest.PreReceive, smallLimit), Over: servertest.Unix},
		"with a health request": {Route: "GET /check", Body: filled("{}", smallLimit)},
	} {
		s.Ask(t, c).Want(t, "at the limit: "+what, http.StatusOK, `{}`)
		c.Body += " "
		s.Ask(t, c).WantRefusal(t, "above the limit: "+what, http.StatusRequestEntityTooLarge)
	}
	for what, c := range map[string]servertest.Call{
		"a push, in pieces":                 {Route: "POST /allowed", Body: filled(servertest.Fetch(`"key_id": 102`), pushLimit+1), Over: servertest.Unix, Chunked: true},
		"the end of one":                    {Route: "POST /post_receive", Body: filled(servertest.PostReceive("topic"), pushLimit+1), Over: servertest.Unix},
		"a push of a stranger":              {Route: "POST /allowed", Body: filled("", pushLimit+1), By: servertest.Anonymous},
		"less of a stranger":                {Route: "POST /pre_receive", Body: filled("", smallLimit+1), By: servertest.Anonymous},
		"less of a stranger, size not told": {Route: "POST /pre_receive", Body: filled(servertest.PreReceive, smallLimit+1), By: servertest.Anonymous, Chunked: true},
	} {
		s.Ask(t, c).WantRefusal(t, "above the limit: "+what, http.StatusRequestEntityTooLarge)
	}
	s.Get(t, "/check").Want(t, "afterwards", 200, `{"redis": true}`)
}

// manyRefs is a mirror's first push.
const manyRefs = 100_000

// TestServer_manyRefs has a push judged to its last ref, and recorded.
func TestServer_manyRefs(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		config := servertest.Settings(t, database)
		s := servertest.Start(t, config, servertest.WithWorld(t, servertest.World))
		var lines strings.Builder
		for i := range manyRefs {
			fmt.Fprintf(&lines, "%s %040x refs/heads/team-%02d/feature-%06d\n", servertest.ZeroID, i+1, i%100, i)
		}
		last := fmt.Sprintf("%s %s refs/heads/feature\n", servertest.ZeroID, servertest.NewID) // protected
		text := func(changes string) string { return strings.ReplaceAll(changes, "\n", `\n`) } // nothing else needs an escape
		asked := func(changes string) string {
			return `{"user_id": 4, "gl_repository": "project-60", "action": "git-receive-pack", "protocol": "ssh", "changes": "` + text(changes) + `"}`
		}
		timed := func(what, route, body string) servertest.Answer {
			began := time.Now()
			a := s.Post(t, route, body)
			t.Logf("%s with %d refs, %.1f MB: %s", what, manyRefs, float64(len(body))/1e6, time.Since(began).Round(time.Millisecond))
			return a
		}

		timed("allowed", "/allowed", asked(lines.String())).Want(t, "all refs", 200, `{"status": true}`)
		refused := timed("refused at the last", "/allowed", asked(lines.String()+last))
		refused.Want(t, "all refs and a protected one", 401, `{"status": false}`)
		if !strings.Contains(refused.Body, `\"feature\"`) {
			t.Errorf("the answer does not say which: %s", refused.Body)
		}
		timed("recorded", "/post_receive", `{"gl_repository": "project-60", "identifier": "user-4", "changes": "`+text(lines.String())+`"}`).Want(t, "all refs have landed", 200, servertest.Decreased)
		recorded := servertest.OpenData(t, config).List(t, "pushes")
		if len(recorded) != 1 || servertest.Field(recorded[0], "changes") != lines.String() {
			t.Errorf("%d pushes are recorded, or not as they were told", len(recorded))
		}
		if log := len(s.Log.String()); log > 1<<20 {
			t.Errorf("the log of three requests has %d bytes", log)
		}
	})
}

// TestServer_oldClients speaks HTTP by hand, and waits for the server to hang
// up.
func TestServer_oldClients(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Settings(t, "memory:"), servertest.WithWorld(t, servertest.World))
	_, secret := servertest.BySecret(s)
	headers := "Gitlab-Shared-Secret: " + strings.TrimSpace(secret) + "\r\n"
	path := servertest.Root + "/api/v4/internal"
	body := "gl_repository=project-60"
	form := fmt.Sprintf("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	for what, c := range map[string]struct{ request, version, want string }{
		"HTTP/1.0, GET":           {"GET " + path + "/check HTTP/1.0\r\n" + headers + "\r\n", "HTTP/1.0", `{"redis": true}`},
		"HTTP/1.0, POST":          {"POST " + path + "/pre_receive HTTP/1.0\r\n" + headers + form, "HTTP/1.0", servertest.Increased},
		"Connection: close, GET":  {"GET " + path + "/check HTTP/1.1\r\nHost: unix\r\nConnection: close\r\n" + headers + "\r\n", "HTTP/1.1", `{"redis": true}`},
		"Connection: close, POST": {"POST " + path + "/pre_receive HTTP/1.1\r\nHost: unix\r\nConnection: close\r\n" + headers + form, "HTTP/1.1", servertest.Increased},
	} {
		for _, over := range []servertest.Listener{servertest.TCP, servertest.Unix} {
			conn, err := s.Dial(t.Context(), over)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, c.request); err != nil {
				t.Fatal(err)
			}
			everything := bufio.NewReader(conn)
			response, err := http.ReadResponse(everything, nil)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			text, err := io.ReadAll(response.Body)
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			servertest.Answer{Status: response.StatusCode, ContentType: response.Header.Get("Content-Type"), Body: string(text)}.Want(t, what, 200, c.want)
			if rest, err := io.ReadAll(everything); err != nil || len(rest) > 0 || response.Proto != c.version {
				t.Errorf("%s: got %s and behind the answer %q, %v", what, response.Proto, rest, err)
			}
			_ = conn.Close()
		}
	}
}
