package docspage_test

import (
	"bytes"
	"compress/gzip"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/docspage"
)

// newServer serves the page below a root.
func newServer(t *testing.T, root string) http.Handler {
	t.Helper()
	engine, err := httpapi.NewEngine(zap.NewNop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	docspage.Mount(engine, root)
	return httpapi.Handler(root, engine)
}

// ask sends a request with some header fields, pairs of a name and a value.
func ask(t *testing.T, server http.Handler, line string, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	request := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for i := 0; i < len(fields); i += 2 {
		request.Header.Set(fields[i], fields[i+1])
	}
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, request)
	return answer
}

var (
	address     = regexp.MustCompile(`(?:href|src|data-root)="([^"]*)"`)
	inlineThing = regexp.MustCompile(`(?i)<style|<script>| style=| on\w+=|javascript:`)
)

// TestMount_page wants each address on the page to be below the root, and nothing inline,
// which the policy would refuse.
func TestMount_page(t *testing.T) {
	t.Parallel()
	for _, root := range []string{"", "/gitlab", "/a&b"} {
		server := newServer(t, root)
		for _, path := range []string{"/-/docs", "/-/docs/", "//-//docs"} {
			answer := ask(t, server, "GET "+root+path)
			if answer.Code != 200 || answer.Header().Get("Content-Type") != "text/html; charset=utf-8" {
				t.Fatalf("%s%s: got %d %v", root, path, answer.Code, answer.Header())
			}
			page := answer.Body.String()
			if inline := inlineThing.FindString(page); inline != "" {
				t.Errorf("the page has %q", inline)
			}
			for _, found := range address.FindAllStringSubmatch(page, -1) {
				below, ok := strings.CutPrefix(found[1], html.EscapeString(root))
				if !ok {
					t.Errorf("got the address %q, want it below %q", found[1], root)
				}
				if strings.HasPrefix(below, "/-/") && ask(t, server, "GET "+root+below).Code != 200 {
					t.Errorf("%q, which the page names, is not served", found[1])
				}
			}
		}
	}
}

// TestMount_headers wants the same protection on the page and on its files.
func TestMount_headers(t *testing.T) {
	t.Parallel()
	server := newServer(t, "")
	for _, path := range []string{"/-/docs", "/-/docs/page.js", "/-/docs/swagger-ui.js", "/-/docs/nope"} {
		header := ask(t, server, "GET "+path).Header()
		for name, want := range map[string]string{
			"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer",
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Set-Cookie": "", "Access-Control-Allow-Origin": "",
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
				"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: got %s: %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestMount_refuses(t *testing.T) {
	t.Parallel()
	server := newServer(t, "/gitlab")
	for line, want := range map[string]int{
		"GET /-/docs": 404, "GET /gitlab/-/docs/nope": 404, "GET /gitlab/-/docs/page.html": 404, "GET /gitlab/-/docs/assets": 404,
		"GET /gitlab/-/docs/swagger-ui-bundle.js.gz": 404, "GET /gitlab/-/docs/..%2fpage.js": 404, "GET /gitlab/-/docs/page.js/x": 404, "GET /gitlab/-/docsx": 404,
		"POST /gitlab/-/docs": 405, "PUT /gitlab/-/docs/page.js": 405, "DELETE /gitlab/-/docs/nope": 405, "OPTIONS /gitlab/-/docs": 405,
	} {
		answer := ask(t, server, line)
		if answer.Code != want || !strings.HasPrefix(answer.Header().Get("Content-Type"), "application/json") {
			t.Errorf("%s: got %d %s, want %d and JSON", line, answer.Code, answer.Body, want)
		}
	}
}

// TestMount_files gets each file as it is and compressed, and not again as long as it is the
// same.
func TestMount_files(t *testing.T) {
	t.Parallel()
	server := newServer(t, "")
	for name, c := range map[string]struct {
		media, has string
		compressed bool
	}{
		"page.js":        {"text/javascript; charset=utf-8", "SwaggerUIBundle({", false},
		"page.css":       {"text/css; charset=utf-8", "body {", false},
		"icon.svg":       {"image/svg+xml", "<svg", false},
		"swagger-ui.js":  {"text/javascript; charset=utf-8", "SwaggerUIBundle", true},
		"swagger-ui.css": {"text/css; charset=utf-8", ".swagger-ui", true},
	} {
		line := "GET /-/docs/" + name
		plain, encoded := ask(t, server, line), ask(t, server, line, "Accept-Encoding", "gzip, br")
		for _, answer := range []*httptest.ResponseRecorder{plain, encoded} {
			if answer.Code != 200 || answer.Header().Get("Content-Type") != c.media {
				t.Errorf("%s: got %d %v", name, answer.Code, answer.Header())
			}
		}
		if plain.Header().Get("Content-Encoding") != "" || !strings.Contains(plain.Body.String(), c.has) {
			t.Errorf("%s: got %v %.100q", name, plain.Header(), plain.Body)
		}
		text := encoded.Body.Bytes()
		if compressed := encoded.Header().Get("Content-Encoding") == "gzip"; compressed != c.compressed {
			t.Errorf("%s: got %v", name, encoded.Header())
		} else if compressed {
			text = expand(t, text)
		}
		if !bytes.Equal(text, plain.Body.Bytes()) {
			t.Errorf("%s: the compressed file has another content", name)
		}
		again := ask(t, server, line, "Accept-Encoding", "gzip", "If-None-Match", encoded.Header().Get("ETag"))
		if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s: got %d and %d bytes the second time", name, again.Code, again.Body.Len())
		}
		for _, encoding := range []string{"gzip", "identity"} {
			head := ask(t, server, "HEAD /-/docs/"+name, "Accept-Encoding", encoding)
			if head.Code != 200 || head.Body.Len() > 0 || head.Header().Get("ETag") != encoded.Header().Get("ETag") {
				t.Errorf("%s: got %d, %d bytes, %v for HEAD", name, head.Code, head.Body.Len(), head.Header())
			}
		}
	}
}

func expand(t *testing.T, text []byte) []byte {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
