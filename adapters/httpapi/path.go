package httpapi

import (
	"net/http"
	"net/url"
	"strings"
)

// Handler serves engine below root and nowhere else. The root is a path such as
// "/gitlab", or empty. Repeated and trailing slashes in a path do not count: clients
// concatenate addresses with them, and follow no redirect to the clean path.
func Handler(root string, engine http.Handler) http.Handler {
	root = strings.TrimSuffix(clean(root), "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := r.URL.EscapedPath()
		path := below(root, clean(sent))
		// gin decodes path parameters like a query, where + means a blank.
		path = strings.ReplaceAll(path, "+", "%2B")
		if path != sent {
			r = withPath(r, path)
		}
		engine.ServeHTTP(w, r)
	})
}

// clean returns the path with one slash at the start, one between two segments, and
// none at the end.
func clean(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if strings.HasPrefix(path, "/") && !strings.HasSuffix(path, "/") {
		return path
	}
	return "/" + strings.Trim(path, "/")
}

// below returns the part of path after root. For a path outside of root it returns
// "", which the engine logs and refuses like any unknown path.
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

// withPath returns a copy of the request with another path, which is escaped. As in
// net/url, RawPath is set only if Path loses something of the escaped path.
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
