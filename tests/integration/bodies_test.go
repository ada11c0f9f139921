package integration_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// pushLimit is what /allowed and /post_receive take, smallLimit the rest.
const (
	pushLimit  = 64 << 20
	smallLimit = 1 << 20
)

// TestServer_bodyLimits sends bodies as large as they may be, and a byte more.
func TestServer_bodyLimits(t *testing.T) {
	t.Parallel()
	s := serve(t, settings(t, "memory:"), with(t, small))
	filled := func(body string, size int) string {
		return body + strings.Repeat(" ", size-len(body)) // JSON may have that behind it
	}
	for what, c := range map[string]call{
		"a push":                {route: "POST /allowed", body: filled(pull(`"key_id": 102`), pushLimit)},
		"the beginning of one":  {route: "POST /pre_receive", body: filled(preReceive, smallLimit)},
		"of a size not told":    {route: "POST /pre_receive", body: filled(preReceive, smallLimit), chunked: true},
		"over the socket":       {route: "POST /pre_receive", body: filled(preReceive, smallLimit), over: unix},
		"with a health request": {route: "GET /check", body: filled("{}", smallLimit)},
	} {
		s.ask(t, c).is(t, "at the limit: "+what, http.StatusOK, `{}`)
		c.body += " "
		s.ask(t, c).refusal(t, "above the limit: "+what, http.StatusRequestEntityTooLarge)
	}
	for what, c := range map[string]call{
		"a push, in pieces":                 {route: "POST /allowed", body: filled(pull(`"key_id": 102`), pushLimit+1), over: unix, chunked: true},
		"the end of one":                    {route: "POST /post_receive", body: filled(landed("topic"), pushLimit+1), over: unix},
		"a push of a stranger":              {route: "POST /allowed", body: filled("", pushLimit+1), by: byNobody},
		"less of a stranger":                {route: "POST /pre_receive", body: filled("", smallLimit+1), by: byNobody},
		"less of a stranger, size not told": {route: "POST /pre_receive", body: filled(preReceive, smallLimit+1), by: byNobody, chunked: true},
	} {
		s.ask(t, c).refusal(t, "above the limit: "+what, http.StatusRequestEntityTooLarge)
	}
	s.get(t, "/check").is(t, "afterwards", 200, `{"redis": true}`)
}

// manyRefs is a mirror's first push.
const manyRefs = 100_000

// TestServer_manyRefs has a push judged to its last ref, and recorded.
func TestServer_manyRefs(t *testing.T) {
	onEach(t, func(t *testing.T, database string) {
		config := settings(t, database)
		s := serve(t, config, with(t, small))
		var lines strings.Builder
		for i := range manyRefs {
			fmt.Fprintf(&lines, "%s %040x refs/heads/team-%02d/feature-%06d\n", nothing, i+1, i%100, i)
		}
		last := fmt.Sprintf("%s %s refs/heads/feature\n", nothing, after)                      // protected
		text := func(changes string) string { return strings.ReplaceAll(changes, "\n", `\n`) } // nothing else needs an escape
		asked := func(changes string) string {
			return `{"user_id": 4, "gl_repository": "project-60", "action": "git-receive-pack", "protocol": "ssh", "changes": "` + text(changes) + `"}`
		}
		timed := func(what, route, body string) answer {
			began := time.Now()
			a := s.post(t, route, body)
			t.Logf("%s with %d refs, %.1f MB: %s", what, manyRefs, float64(len(body))/1e6, time.Since(began).Round(time.Millisecond))
			return a
		}

		timed("allowed", "/allowed", asked(lines.String())).is(t, "all refs", 200, `{"status": true}`)
		refused := timed("refused at the last", "/allowed", asked(lines.String()+last))
		refused.is(t, "all refs and a protected one", 401, `{"status": false}`)
		if !strings.Contains(refused.body, `\"feature\"`) {
			t.Errorf("the answer does not say which: %s", refused.body)
		}
		timed("recorded", "/post_receive", `{"gl_repository": "project-60", "identifier": "user-4", "changes": "`+text(lines.String())+`"}`).is(t, "all refs have landed", 200, decreased)
		recorded := beside(t, config).list(t, "pushes")
		if len(recorded) != 1 || field(recorded[0], "changes") != lines.String() {
			t.Errorf("%d pushes are recorded, or not as they were told", len(recorded))
		}
		if log := len(s.log.String()); log > 1<<20 {
			t.Errorf("the log of three requests has %d bytes", log)
		}
	})
}

// TestServer_oldClients speaks HTTP by hand, and waits for the server to hang
// up.
func TestServer_oldClients(t *testing.T) {
	t.Parallel()
	s := serve(t, settings(t, "memory:"), with(t, small))
	_, secret := bySecret(s)
	headers := "Gitlab-Shared-Secret: " + strings.TrimSpace(secret) + "\r\n"
	path := root + "/api/v4/internal"
	body := "gl_repository=project-60"
	form := fmt.Sprintf("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	for what, c := range map[string]struct{ request, version, want string }{
		"HTTP/1.0, GET":           {"GET " + path + "/check HTTP/1.0\r\n" + headers + "\r\n", "HTTP/1.0", `{"redis": true}`},
		"HTTP/1.0, POST":          {"POST " + path + "/pre_receive HTTP/1.0\r\n" + headers + form, "HTTP/1.0", increased},
		"Connection: close, GET":  {"GET " + path + "/check HTTP/1.1\r\nHost: unix\r\nConnection: close\r\n" + headers + "\r\n", "HTTP/1.1", `{"redis": true}`},
		"Connection: close, POST": {"POST " + path + "/pre_receive HTTP/1.1\r\nHost: unix\r\nConnection: close\r\n" + headers + form, "HTTP/1.1", increased},
	} {
		for _, over := range []door{tcp, unix} {
			conn, err := s.dial(t.Context(), over)
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
			answer{response.StatusCode, response.Header.Get("Content-Type"), string(text)}.is(t, what, 200, c.want)
			if rest, err := io.ReadAll(everything); err != nil || len(rest) > 0 || response.Proto != c.version {
				t.Errorf("%s: got %s and behind the answer %q, %v", what, response.Proto, rest, err)
			}
			_ = conn.Close()
		}
	}
}
