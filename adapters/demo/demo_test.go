package demo_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/demo"
)

func TestExamples(t *testing.T) {
	t.Parallel()
	examples, err := demo.Examples()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("examples")
	if err != nil {
		t.Fatal(err)
	}
	unused := map[string]bool{}
	for _, entry := range entries {
		unused[entry.Name()] = true
	}
	titles := map[string]bool{}
	for _, e := range examples {
		delete(unused, e.Name+".req.json")
		delete(unused, e.Name+".res.json")
		if e.Title == "" || titles[e.Title] || !strings.HasPrefix(e.Path(), "/api/v4/") || e.Answer.Status == 0 {
			t.Errorf("%s: a part is missing, or another example has its title: %+v", e.Name, e)
		}
		titles[e.Title] = true
	}
	delete(unused, "eighty-seats.yaml")
	if len(titles) == 0 || len(unused) > 0 {
		t.Errorf("got %d examples, and files of none: %v", len(titles), unused)
	}
}

func TestSecondAct(t *testing.T) {
	t.Parallel()
	calls, err := demo.SecondAct()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("secondact")
	if err != nil || len(entries) != 2*len(calls) {
		t.Fatalf("got %d calls of %d files, %v", len(calls), len(entries), err)
	}
	var out strings.Builder
	if err := demo.PrintSecondAct(&out, "http://localhost:1", "a.db", calls); err != nil {
		t.Fatal(err)
	}
	heading, rest, _ := strings.Cut(out.String(), "\n")
	if !strings.HasPrefix(heading, "# Second act: ") || strings.Count(rest, "curl --request POST") != len(calls) {
		t.Errorf("got\n%s", &out)
	}
}

// TestPlayer_PlaySecondAct plays calls whose answers have more members than is told of them.
func TestPlayer_PlaySecondAct(t *testing.T) {
	t.Parallel()
	calls, err := demo.SecondAct()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		if r.URL.Path == "/api/v4/groups" {
			_, _ = w.Write([]byte(`{"id": 1235, "full_path": "rockets", "visibility": "private", "more": 1, "and": 2}`))
			return
		}
		_, _ = w.Write([]byte(`{"path_with_namespace": "rockets/saturn", "visibility": "public"}`))
	}))
	defer server.Close()
	var out strings.Builder
	err = demo.Player{Base: server.URL}.PlaySecondAct(t.Context(), &out, calls[:2])
	if err == nil || err.Error() != "1 of 2 calls of the second act were not answered as expected: Make a project in it" {
		t.Errorf("got %v", err)
	}
	for _, want := range []string{
		"} … and 2 members more\n\nas expected\n", "NOT as expected:\n  id is missing\n  visibility: want \"private\", got \"public\"\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, &out)
		}
	}
	out.Reset()
	if err := (demo.Player{Base: server.URL}).PlaySecondAct(t.Context(), &out, calls[:1]); err != nil || !strings.HasSuffix(out.String(), "may push now.\n") {
		t.Errorf("got %v\n%s", err, &out)
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	e := demo.Example{
		Title: "Example", World: "groups: []\n",
		Request: demo.Request{
			Line:    "POST /api/v4/a?b=c",
			Headers: map[string]string{"PRIVATE-TOKEN": "<JWT token>", "Authorization": "Bearer x", "Gitlab-Kas-Api-Request": "y"},
			JSON:    []byte(`{ "it's": 1 }`),
		},
	}
	form := demo.Example{Title: "Form", Request: demo.Request{Line: "PUT /", Data: []string{"a=b", `c=d\n`}}}
	var out strings.Builder
	if err := demo.Print(&out, "http://localhost:1", "a.db", []demo.Example{e.Fill(demo.Words{"<JWT token>": "z"}), form}); err != nil {
		t.Fatal(err)
	}
	want := `# Example
gatehouse apply --database "a.db" - <<'EOF'
groups: []
EOF
curl --request POST \
     --header "Gitlab-Kas-Api-Request: y" \
     --header "Authorization: Bearer x" \
     --header "Content-Type: application/json" \
     --header "PRIVATE-TOKEN: z" \
     --data '{ "it'\''s": 1 }' \
     "http://localhost:1/api/v4/a?b=c"

# Form
curl --request PUT \
     --data "a=b" \
     --data "c=d\n" \
     "http://localhost:1/"

`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if e.Headers["PRIVATE-TOKEN"] != "<JWT token>" {
		t.Error("Fill changed the example that it was called on")
	}
}

func TestPlayer_Play(t *testing.T) {
	t.Parallel()
	text := http.Header{"Content-Type": {"text/plain"}}
	want := demo.Example{
		Title:   "Example",
		Request: demo.Request{Line: "POST /call", Headers: map[string]string{"TOKEN": "t"}, Data: []string{"a=1", "b=2"}},
		Answer:  demo.NewAnswer(200, text, []byte(`{"token":"glpat-aaaaaaaaaaaaaaaaaaaa","list":[1,{"a":null}],"text":"x"}`)),
	}
	for name, c := range map[string]struct {
		status      int
		contentType string
		body        string
		want        []string // nil if all is as documented
	}{
		"same answer, new token": {200, "text/plain", `{"list":[1,{"a":null}],"text":"x","token":"glpat-bbbbbbbbbbbbbbbbbbbb"}`, nil},
		"another status":         {500, "text/plain", `{"list":[1,{"a":null}],"text":"x","token":"glpat-bbbbbbbbbbbbbbbbbbbb"}`, []string{"status: want 200, got 500"}},
		"another type": {200, "text/html", `{"list":[1,{"a":null}],"text":"x","token":"glpat-bbbbbbbbbbbbbbbbbbbb"}`,
			[]string{`header Content-Type: want "text/plain", got "text/html"`}},
		"another value": {200, "text/plain", `{"list":[1,{"a":false}],"text":"y","token":"glpat-bbbbbbbbbbbbbbbbbbbb"}`,
			[]string{`list[1].a: want null, got false`, `text: want "x", got "y"`}},
		"a shorter list":          {200, "text/plain", `{"list":[1],"text":"x","token":"glpat-bbbbbbbbbbbbbbbbbbbb"}`, []string{`list: want [1,{"a":null}], got [1]`}},
		"a token of another form": {200, "text/plain", `{"list":[1,{"a":null}],"text":"x","token":"short"}`, []string{`token: want "<token>", got "short"`}},
		"members missing and added": {200, "text/plain", `{"list":[1,{"a":null}],"more":2,"token":"glpat-bbbbbbbbbbbbbbbbbbbb"}`,
			[]string{"more: want no such member, got 2", "text is missing"}},
		"no body":  {200, "text/plain", ``, []string{"the answer is not JSON: unexpected end of JSON input"}},
		"not JSON": {200, "text/plain", `<html>`, []string{"the answer is not JSON: invalid character '<' looking for beginning of value"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.FormValue("a") != "1" || r.FormValue("b") != "2" || r.Header.Get("Token") != "t" {
					t.Errorf("got the request %s %v %v", r.Method, r.Form, r.Header)
				}
				w.Header().Set("Content-Type", c.contentType)
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			var out strings.Builder
			err := demo.Player{Base: server.URL}.Play(t.Context(), &out, []demo.Example{want})
			if c.want == nil {
				if err != nil || !strings.HasSuffix(out.String(), "\nas documented\n\nAll 1 examples were answered as documented.\n") {
					t.Errorf("got %v, %s", err, &out)
				}
				return
			}
			if err == nil || err.Error() != "1 of 1 examples were not answered as documented: Example" {
				t.Errorf("got the error %v", err)
			}
			_, got, _ := strings.Cut(out.String(), "NOT as documented:\n  ")
			if diff := cmp.Diff(c.want, strings.Split(strings.TrimSpace(got), "\n  ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlayer_Play_withoutAnAnswer(t *testing.T) {
	t.Parallel()
	player := demo.Player{Base: "http://127.0.0.1:0", Apply: func(context.Context, string) error { return errors.New("a broken world") }}
	var out strings.Builder
	err := player.Play(t.Context(), &out, []demo.Example{{Title: "World", World: "x"}, {Title: "Call", Request: demo.Request{Line: "GET /"}}})
	if err == nil || !strings.Contains(out.String(), "no answer: a broken world") || strings.Count(out.String(), "no answer: ") != 2 {
		t.Errorf("got %v, %s", err, &out)
	}
}

func TestReadWords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shell, kas := filepath.Join(dir, "shell"), filepath.Join(dir, "kas")
	if err := os.WriteFile(shell, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.ReadWords(shell, kas, "r"); err == nil {
		t.Error("a missing secret of kas: got no error")
	}
	if err := os.WriteFile(kas, []byte(base64.StdEncoding.EncodeToString(make([]byte, 32))), 0o600); err != nil {
		t.Fatal(err)
	}
	words, err := demo.ReadWords(shell, kas, "r")
	if got := words.Fill("<Base64 encoded secret> <revision>"); err != nil || got != "c2VjcmV0 r" {
		t.Errorf("got %s, %v", got, err)
	}
	if got := words.Fill("<JWT token>"); strings.Count(got, ".") != 2 {
		t.Errorf("got %s", got)
	}
}
