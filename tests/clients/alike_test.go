package clients_test

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gatehouse/adapters/httpapi/rest"
	"gatehouse/adapters/httpapi/rest/call"
)

// TestRoutes_writesAlike sends the same random requests to a store in memory and to SQLite.
// The answers are the same, and so is what the stores hold afterwards.
func TestRoutes_writesAlike(t *testing.T) {
	t.Parallel()
	memory, sqlite := newBackend(t, false), newBackend(t, true)
	rapid.Check(t, func(rt *rapid.T) {
		texts := make([]string, rapid.IntRange(1, requestsOfWorld).Draw(rt, "requests"))
		for i := range texts {
			texts[i] = noise{T: rt}.request(rest.Routes())
		}
		memory.with(func(first graph) {
			sqlite.with(func(second graph) {
				for _, text := range texts {
					alike(rt, text, first, second)
				}
				same, err := first.listed()
				got, err2 := second.listed()
				if err := cmp.Or(err, err2, same.changed(got), second.orphans()); err != nil {
					rt.Fatalf("%.5000q\n%v", texts, err)
				}
			})
		})
	})
}

// TestRoutes_readsAlike reads at random from a store in memory, from SQLite and from
// PostgreSQL. The answers are the same.
func TestRoutes_readsAlike(t *testing.T) {
	t.Parallel()
	memory, sqlite := newBackend(t, false), newBackend(t, true)
	postgres := memory.onPostgres()
	reads := slices.DeleteFunc(rest.Routes(), func(r call.Route) bool { return r.Method != http.MethodGet })
	memory.with(func(first graph) {
		sqlite.with(func(second graph) {
			rapid.Check(t, func(rt *rapid.T) {
				for range requestsOfWorld {
					alike(rt, noise{T: rt}.request(reads), first, second, postgres)
				}
			})
		})
	})
}

// alike fails the test unless the graphs answer a request alike.
func alike(t *rapid.T, text string, graphs ...graph) {
	var want string
	for i, g := range graphs {
		request := parsed(text)
		if request == nil {
			return
		}
		got := g.send(request)
		shown := masked(fmt.Sprintf("%d %s\n%q", got.status, got.body, got.lines()))
		if i == 0 {
			want = shown
		} else if shown != want {
			t.Fatalf("%.1500q\nstore %d: got %s\nwant %s", text, i+1, shown, want)
		}
	}
}

// chances are the parts of an answer that chance makes.
var chances = regexp.MustCompile(`glpat-[\w-]{20,}|glagent-[\w-]{50}|"last_(used_at|activity_on)":("[^"]*"|null)`)

// masked returns an answer without what differs from one to the next.
func masked(text string) string { return chances.ReplaceAllString(text, "…") }
