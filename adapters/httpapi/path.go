package httpapi

import (
	"net/http"
	"net/url"
	"strings"
)

// Handler serves engine below root, a path such as "/gitlab" or nothing, and only
// there. Repeated and trailing slashes do not count: clients put addresses
// together with them, and do not follow a redirect to the tidy form.
func Handler(root string, engine http.Handler) http.Handler {
	root = strings.TrimSuffix(tidy(root), "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := r.URL.EscapedPath()
		path := below(root, tidy(sent))
		// gin decodes parameters as if they came from a query, where + is a blank.
		path = strings.ReplaceAll(path, "+", "%2B")
		if path != sent {
			r = withPath(r, path)
		}
		engine.ServeHTTP(w, r)
	})
}

// tidy returns the path with one slash at the start, one between two segments,
// and none at the end.
func tidy(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if strings.HasPrefix(path, "/") && !strings.HasSuffix(path, "/") {
		return path
	}
	return "/" + strings.Trim(path, "/")
}

// below returns what follows root, or "" outside of it: no route has that path,
// so the engine logs and refuses it like any other that it does not know.
func below(root, path string) string {
	rest, ok := strings.CutPrefix(path, root)
	switch {
	case ok && rest == "":
		return "/"
	case ok && rest[0] == '/':
		return rest
	default:
		return ""
	}
}

// withPath returns a copy of the request with another path, which is escaped. As
// in net/url, RawPath is set only where Path does not say it all.
func withPath(r *http.Request, path string) *http.Request {
	address := *r.URL
	address.Path, _ = url.PathUnescape(path) // it was escaped by net/url
	address.RawPath = ""
	if address.EscapedPath() != path {
		address.RawPath = path
	}
	moved := new(http.Request)
	*moved = *r
	moved.URL = &address
	return moved
}
