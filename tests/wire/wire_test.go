// Package wire_test compares the server's answers with files, byte by byte: the
// golden pairs in testdata and the documented examples of package demo. The
// answers are the API. With -update the test writes the files instead, for review.
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
	"strings"
	"testing"

	"gatehouse/adapters/demo"
	"gatehouse/bootstrap/config"
)

var update = flag.Bool("update", false, "write the answers instead of comparing them")

// call is one request as a caller sends it.
type call struct {
	demo.Request
	// Body is a form or whatever else Content-Type names, if it is neither Data
	// nor JSON.
	Body string `json:"body,omitempty"`
	// Before are requests that are sent first. Their answers are not checked.
	Before []call `json:"before,omitempty"`
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
			server := newServer(t, func(c *config.Config) {
				c.Audit.Enabled = strings.Contains(path, "/git_audit_event/") // elsewhere it would show in answers
				c.Gitaly.Connect = strings.Contains(path, "/gitaly-is-down-")
				connectCode(t, path, c)
			})
			for _, earlier := range asked.Before {
				send(t, server, earlier)
			}
			check(t, strings.TrimSuffix(path, ".req.json")+".res.json", send(t, server, asked), nil)
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

// check compares an answer with the one in the file at path, after the words in
// that file were replaced by their values.
func check(t *testing.T, path string, got demo.Answer, words demo.Words) {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(got); err != nil {
		t.Fatalf("the answer's body is no JSON: %v", err)
	}
	if *update {
		if err := os.WriteFile(path, []byte(unfill(words, text.String())), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text.String() != words.Fill(string(want)) {
		t.Errorf("got %s\nwant %s", text.Bytes(), want)
	}
}

// unfill replaces the values of words in text by the words.
func unfill(words demo.Words, text string) string {
	for word, value := range words {
		text = strings.ReplaceAll(text, value, word)
	}
	return text
}

// send sends a call as a form unless it says otherwise.
func send(t *testing.T, server http.Handler, c call) demo.Answer {
	t.Helper()
	header := c.Header()
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return serve(t, server, c.Request, header, c.Content()+c.Body)
}

// serve returns the server's answer to a request.
func serve(t *testing.T, server http.Handler, r demo.Request, header http.Header, body string) demo.Answer {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), r.Method(), r.Path(), strings.NewReader(body))
	request.Header = header
	recorder := httptest.NewRecorder()
	server.ServeHTTP(recorder, request)
	return demo.NewAnswer(recorder.Code, recorder.Header(), recorder.Body.Bytes())
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
