package integration_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"gatehouse/tests/servertest"
)

// pushLimit is the largest body of /allowed and /post_receive, smallLimit that of
// the other routes. Of a body without a credential strangersLimit is read.
const (
	pushLimit      = 64 << 20
	smallLimit     = 1 << 20
	strangersLimit = 64 << 10
)

// TestServer_bodyLimits sends bodies that are as large as the limit, and bodies
// that are a byte larger.
func TestServer_bodyLimits(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Settings(t, "memory:"), servertest.WithWorld(t, servertest.World))
	// The bodies are forms, since the largest would take seconds as JSON.
	const (
		allowed     = "key_id=102&project=acme/tools/cli&action=git-upload-pack&protocol=ssh&padding="
		preReceive  = "gl_repository=project-60&padding="
		postReceive = "gl_repository=project-60&identifier=user-4&changes=&padding="
	)
	sized := func(c servertest.Call, size int64) servertest.Call {
		c.Form = true
		c.Padding = size - int64(len(c.Body))
		return c
	}
	for what, c := range map[string]struct {
		servertest.Call
		limit int64
	}{
		"/allowed":                         {servertest.Call{Route: "POST /allowed", Body: allowed}, pushLimit},
		"/pre_receive":                     {servertest.Call{Route: "POST /pre_receive", Body: preReceive}, smallLimit},
		"/pre_receive, no Content-Length":  {servertest.Call{Route: "POST /pre_receive", Body: preReceive, Chunked: true}, smallLimit},
		"/pre_receive over the socket":     {servertest.Call{Route: "POST /pre_receive", Body: preReceive, Over: servertest.Unix}, smallLimit},
		"/check, which takes no parameter": {servertest.Call{Route: "GET /check", Body: "padding="}, smallLimit},
	} {
		s.Ask(t, sized(c.Call, c.limit)).Want(t, "at the limit: "+what, http.StatusOK, `{}`)
		s.Ask(t, sized(c.Call, c.limit+1)).WantRefusal(t, "above the limit: "+what, http.StatusRequestEntityTooLarge)
	}
	blanks := servertest.PreReceive + strings.Repeat(" ", smallLimit-len(servertest.PreReceive))
	s.Post(t, "/pre_receive", blanks).Want(t, "at the limit: JSON and blanks", http.StatusOK, `{}`)
	s.Post(t, "/pre_receive", blanks+" ").WantRefusal(t, "above the limit: JSON and blanks", http.StatusRequestEntityTooLarge)
	s.Ask(t, sized(servertest.Call{Route: "POST /post_receive", Body: postReceive}, smallLimit+1)).
		Want(t, "/post_receive with more than the other routes take", http.StatusOK, `{}`)
	for what, c := range map[string]servertest.Call{
		"/post_receive": sized(servertest.Call{Route: "POST /post_receive", Body: postReceive}, pushLimit+1),
		"/allowed over the socket, no Content-Length": sized(servertest.Call{Route: "POST /allowed", Body: allowed, Over: servertest.Unix, Chunked: true}, pushLimit+1),
	} {
		s.Ask(t, c).WantRefusal(t, "above the limit: "+what, http.StatusRequestEntityTooLarge)
	}
	for what, c := range map[string]servertest.Call{
		"/allowed":                        {Route: "POST /allowed", Body: allowed, By: servertest.Anonymous},
		"/allowed, no Content-Length":     {Route: "POST /allowed", Body: allowed, By: servertest.Anonymous, Chunked: true},
		"/pre_receive":                    {Route: "POST /pre_receive", Body: preReceive, By: servertest.Anonymous},
		"/pre_receive, no Content-Length": {Route: "POST /pre_receive", Body: preReceive, By: servertest.Anonymous, Chunked: true},
	} {
		s.Ask(t, sized(c, strangersLimit)).WantRefusal(t, "no credential: "+what, http.StatusUnauthorized)
	}
	s.Get(t, "/check").Want(t, "afterwards", 200, `{"redis": true}`)
}

// manyRefs is the number of refs of a mirror's first push.
const manyRefs = 100_000

// manyChanges returns the changes of such a push, escaped for JSON.
var manyChanges = sync.OnceValue(func() string {
	var lines strings.Builder
	for i := range manyRefs {
		fmt.Fprintf(&lines, `%s %040x refs/heads/team-%02d/feature-%06d\n`, servertest.ZeroID, i+1, i%100, i)
	}
	return lines.String()
})

// TestAllowed_manyRefs pushes many refs: each is checked, also the last one. The
// database makes no difference.
func TestAllowed_manyRefs(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Settings(t, "memory:"), servertest.WithWorld(t, servertest.World))
	many := manyChanges()
	push := func(changes string) string {
		return `{"user_id": 4, "gl_repository": "project-60", "action": "git-receive-pack", "protocol": "ssh", "changes": "` + changes + `"}`
	}
	s.Post(t, "/allowed", push(many)).Want(t, "all refs", 200, `{"status": true}`)
	refused := s.Post(t, "/allowed", push(many+servertest.ZeroID+" "+servertest.NewID+` refs/heads/feature\n`))
	refused.Want(t, "all refs and a protected one", 401, `{"status": false}`)
	if !strings.Contains(refused.Body, `\"feature\"`) {
		t.Errorf("the answer lacks the branch: %s", refused.Body)
	}
	wantShortLog(t, s)
}

// TestPostReceive_manyRefs pushes many refs: all changes are recorded.
func TestPostReceive_manyRefs(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		config := servertest.Settings(t, database)
		s := servertest.Start(t, config, servertest.WithWorld(t, servertest.World))
		many := manyChanges()
		s.Post(t, "/post_receive", `{"gl_repository": "project-60", "identifier": "user-4", "changes": "`+many+`"}`).
			Want(t, "push of all refs", 200, servertest.Decreased)
		pushes := servertest.OpenData(t, config).List(t, "pushes")
		if len(pushes) != 1 || servertest.Field(pushes[0], "changes") != strings.ReplaceAll(many, `\n`, "\n") {
			t.Errorf("got %d pushes, want one with all changes", len(pushes))
		}
		wantShortLog(t, s)
	})
}

// wantShortLog fails the test if the log repeats what a large request contains.
func wantShortLog(t *testing.T, s *servertest.Server) {
	t.Helper()
	if size := len(s.Log.String()); size > 1<<20 {
		t.Errorf("the log of a few requests has %d bytes", size)
	}
}

// TestServer_oldClients sends HTTP/1.0 and "Connection: close" requests, and reads
// until the server closes the connection.
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
