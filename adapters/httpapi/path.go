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
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Serve(engine, w, r, PathBelow(root, r))
	})
}

// HandlerAsSent serves engine below root and nowhere else, with paths as they were sent:
// an empty segment stays one. Only directly behind the prefix of all routes one does not
// count: client-go asks for /api/v4//sidekiq/job_stats.
func HandlerAsSent(root, prefix string, engine http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := PathAsSent(root, r)
		if route, doubled := strings.CutPrefix(path, prefix+"//"); doubled {
			path = prefix + "/" + route
		}
		Serve(engine, w, r, path)
	})
}

// PathAsSent returns the escaped path of a request below root, as HandlerAsSent serves it
// but for the prefix. It is empty outside of root.
func PathAsSent(root string, r *http.Request) string {
	return below(strings.TrimSuffix(clean(root), "/"), r.URL.EscapedPath())
}

// PathBelow returns the escaped path of a request below root, as Handler serves it. It is
// empty outside of root.
func PathBelow(root string, r *http.Request) string {
	return below(strings.TrimSuffix(clean(root), "/"), clean(r.URL.EscapedPath()))
}

// Serve lets engine answer a request as if it had been sent for path, which is escaped.
func Serve(engine http.Handler, w http.ResponseWriter, r *http.Request, path string) {
	// gin decodes path parameters like a query, where + means a blank.
	path = strings.ReplaceAll(path, "+", "%2B")
	if path != r.URL.EscapedPath() {
		r = withPath(r, path)
	}
	engine.ServeHTTP(w, r)
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
