// Package wire_test holds the server to golden pairs: for each request in
// testdata the answer beside it, to the byte. The answers are the API; -update
// writes them anew, for review.
package wire_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gatehouse/bootstrap"
)

var update = flag.Bool("update", false, "write the answers instead of comparing them")

// call is one request as a caller sends it. Body is a form or whatever else
// Content-Type names; JSON is an alternative to it that is easier to read.
type call struct {
	Request string            `json:"request"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	JSON    json.RawMessage   `json:"json,omitempty"`
	// Before are requests that came earlier; their answers do not count.
	Before []call `json:"before,omitempty"`
}

// answer is what came back.
type answer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

func TestWire(t *testing.T) {
	t.Parallel()
	requests := golden(t)
	if len(requests) == 0 {
		t.Fatal("no golden pairs")
	}
	for _, path := range requests {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(path, "testdata/"), ".req.json"), func(t *testing.T) {
			t.Parallel()
			var asked call
			readJSON(t, path, &asked)
			server := newServer(t, func(c *bootstrap.Config) {
				c.Audit.Enabled = strings.Contains(path, "/git_audit_event/") // elsewhere it would show in answers
			})
			for _, earlier := range asked.Before {
				send(t, server, earlier)
			}
			check(t, strings.TrimSuffix(path, ".req.json")+".res.json", send(t, server, asked))
		})
	}
}

func golden(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir("testdata", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".req.json") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func check(t *testing.T, path string, got answer) {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(got); err != nil {
		t.Fatalf("the answer's body is no JSON: %v", err)
	}
	if *update {
		if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text.Bytes(), want) {
		t.Errorf("got %s\nwant %s", text.Bytes(), want)
	}
}

func send(t *testing.T, server http.Handler, c call) answer {
	t.Helper()
	method, target, _ := strings.Cut(c.Request, " ")
	request := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(c.Body+string(c.JSON)))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.JSON != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.Headers {
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	server.ServeHTTP(recorder, request)
	headers := map[string]string{}
	for _, name := range []string{"Content-Type", "Allow", "Location", "Retry-After", "WWW-Authenticate"} {
		if value := recorder.Header().Get(name); value != "" {
			headers[name] = value
		}
	}
	body := recorder.Body.Bytes()
	for shape, mask := range secrets {
		body = shape.ReplaceAll(body, []byte(mask))
	}
	if len(body) == 0 {
		body = nil // as with 204
	}
	return answer{recorder.Code, headers, body}
}

// secrets are what no golden file shows, by their form. One that has another
// form is shown, and so found.
var secrets = map[*regexp.Regexp]string{
	regexp.MustCompile(`"lfs_token":"eyJ[\w-]+\.[\w-]+\.[\w-]{43}"`): `"lfs_token":"<token>"`,
	regexp.MustCompile(`"token":"glpat-[\w-]{20}"`):                  `"token":"<token>"`,
	regexp.MustCompile(`"[0-9a-f]{16}"`):                             `"<code>"`,
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
