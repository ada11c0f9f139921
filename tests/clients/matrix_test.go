package clients_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gatehouse/adapters/httpapi/rest"
	"gatehouse/adapters/httpapi/rest/call"
)

// TestRoutes_roles calls each route in each role. Every cell of a row has a world of its
// own.
func TestRoutes_roles(t *testing.T) {
	onBackends(t, func(t *testing.T, b backend) {
		for section, rows := range matrix {
			t.Run(section, func(t *testing.T) {
				t.Parallel()
				for _, r := range rows {
					r.check(t, b.in(t))
				}
			})
		}
	})
}

func (r row) check(t *testing.T, b backend) {
	t.Helper()
	method, path, _ := strings.Cut(r.call, " ")
	want := r.statuses(t)
	for i, who := range roles {
		b.with(func(g graph) {
			got := g.call(method, path, r.body, who.token()...)
			if got.status != want[i] {
				t.Errorf("%s as %s: got %s, want %d", r.call, who, got, want[i])
			}
			if err := got.malformed(); err != nil {
				t.Errorf("%s as %s: %v", r.call, who, err)
			}
			switch {
			case r.absent != "" && r.hides(want, i):
				path, body, other := strings.Cut(r.absent, " ")
				if !other {
					body = r.body
				}
				if absent := g.call(method, path, body, who.token()...); !got.equals(absent) {
					t.Errorf("%s as %s: got %s, for %s %s", r.call, who, got, r.absent, absent)
				}
			case method == http.MethodGet:
				head := g.call(http.MethodHead, path, "", who.token()...)
				if head.status != got.status || head.header.Get("Content-Type") != got.header.Get("Content-Type") {
					t.Errorf("HEAD %s as %s: got %s, GET got %s", path, who, head, got)
				}
			}
		})
	}
	if r.absent == "" && slices.Contains(want[len(want)-2:], http.StatusNotFound) && want[0] != http.StatusNotFound {
		t.Errorf("%s: the row hides something and does not say what is absent", r.call)
	}
}

// hides says whether what a row is for is hidden from a role: if it is not there for the
// role and there for another one, and always from a stranger who is refused.
func (r row) hides(want []int, i int) bool {
	there := func(status int) bool { return status < http.StatusBadRequest }
	switch {
	case there(want[i]):
		return false
	case roles[i] == stranger || roles[i] == anonymous:
		return true
	default:
		return want[i] == http.StatusNotFound && slices.ContainsFunc(want, there)
	}
}

// statuses returns the statuses that a row wants.
func (r row) statuses(t *testing.T) (out []int) {
	t.Helper()
	for word := range strings.FieldsSeq(r.want) {
		status, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, status)
	}
	if len(out) != len(roles) {
		t.Fatalf("%s: %d statuses for %d roles", r.call, len(out), len(roles))
	}
	return out
}

// TestRoutes_sudo has an administrator make the calls of the matrix as each user: they are
// answered as the user's own.
func TestRoutes_sudo(t *testing.T) {
	onBackends(t, func(t *testing.T, b backend) {
		for section, rows := range matrix {
			t.Run(section, func(t *testing.T) {
				t.Parallel()
				for _, r := range rows {
					r.checkSudo(t, b.in(t))
				}
			})
		}
	})
}

func (r row) checkSudo(t *testing.T, b backend) {
	t.Helper()
	method, path, _ := strings.Cut(r.call, " ")
	if strings.Contains(path, "/self") {
		return // the token is the administrator's
	}
	want := r.statuses(t)
	for i, who := range roles {
		if who == admin || who == anonymous {
			continue
		}
		b.with(func(g graph) {
			if got := g.call(method, path, r.body, append(admin.token(), "Sudo", string(who))...); got.status != want[i] {
				t.Errorf("%s with sudo as %s: got %s, want %d", r.call, who, got, want[i])
			}
		})
	}
}

// TestMatrix_complete holds the matrix against the table of the router.
func TestMatrix_complete(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for section, rows := range matrix {
		for _, r := range rows {
			route, ok := routeOf(r.call)
			if !ok {
				t.Errorf("%s: %s is no route", section, r.call)
			}
			tried[route.Name] = true
		}
	}
	for _, route := range rest.Routes() {
		if !tried[route.Name] {
			t.Errorf("%s %s has no row", route.Method, route.Path)
		}
	}
}

// routeOf returns the route that answers a call.
func routeOf(call string) (found call.Route, ok bool) {
	method, path, _ := strings.Cut(call, " ")
	path, _, _ = strings.Cut(path, "?")
	least := len(path)
	for _, route := range rest.Routes() {
		if parameters, matches := match(route.Path, path); route.Method == method && matches && parameters < least {
			found, ok, least = route, true, parameters
		}
	}
	return found, ok
}

// match says whether a path is of the form of a route, and how many parameters it has.
func match(route, path string) (parameters int, matches bool) {
	wanted, given := strings.Split(route, "/"), strings.Split(path, "/")
	if len(wanted) != len(given) {
		return 0, false
	}
	for i, segment := range wanted {
		switch {
		case strings.HasPrefix(segment, ":"):
			parameters++
		case segment != given[i]:
			return 0, false
		}
	}
	return parameters, true
}

// TestRoutes_methods tries every other method at the path of each route.
func TestRoutes_methods(t *testing.T) {
	t.Parallel()
	newBackend(t, false).with(func(g graph) {
		for _, rows := range matrix {
			for _, r := range rows {
				_, path, _ := strings.Cut(r.call, " ")
				for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
					if _, ok := routeOf(method + " " + path); ok {
						continue
					}
					got := g.call(method, path, "", admin.token()...)
					if got.status != http.StatusMethodNotAllowed || got.body != `{"error":"405 Not Allowed"}` || got.header.Get("Allow") == "" {
						t.Errorf("%s %s: got %s, want 405", method, path, got)
					}
				}
			}
		}
	})
}

// TestRoutes_unknown asks for what GitLab serves and this server does not.
func TestRoutes_unknown(t *testing.T) {
	t.Parallel()
	newBackend(t, false).with(func(g graph) {
		for _, path := range []string{
			"/projects/30/merge_requests", "/projects/30/issues", "/projects/30/pipelines", "/groups/20/epics", "/snippets",
			"/projects/30/members/", "/nothing", "/",
		} {
			if got := g.call(http.MethodGet, path, "", admin.token()...); got.status != http.StatusNotFound || got.body != `{"error":"404 Not Found"}` {
				t.Errorf("%s: got %s", path, got)
			}
		}
		for _, path := range []string{"/projects//members", "/projects//members/7", "/groups//members", "/users//keys", "/users//projects"} { // an empty name
			if got := g.call(http.MethodGet, path, "", admin.token()...); got.status != http.StatusNotFound {
				t.Errorf("%s: got %s", path, got)
			}
		}
	})
}

// String shows an answer in a message.
func (a answer) String() string { return fmt.Sprintf("%d %.300s", a.status, a.body) }

// equals says whether a caller can tell two answers from each other.
func (a answer) equals(other answer) bool {
	return a.status == other.status && a.body == other.body && slices.Equal(a.lines(), other.lines())
}

// lines returns the headers but for the number of the request.
func (a answer) lines() (out []string) {
	for name, values := range a.header {
		if name != "X-Request-Id" {
			out = append(out, name+": "+strings.Join(values, ", "))
		}
	}
	slices.Sort(out)
	return out
}

// malformed returns an error unless the answer is of the form of GitLab's: JSON, and a
// reason with every error.
func (a answer) malformed() error {
	if a.status == http.StatusNoContent && a.body == "" {
		return nil
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		return fmt.Errorf("Content-Type %q of %s", got, a)
	}
	var body any
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		return fmt.Errorf("%w: %s", err, a)
	}
	if a.status < http.StatusBadRequest {
		return nil
	}
	members, ok := body.(map[string]any)
	if !ok || len(members) == 0 || members["message"] == "" || members["error"] == "" || members["message"] == nil && members["error"] == nil {
		return fmt.Errorf("the error lacks a reason: %s", a)
	}
	return nil
}
