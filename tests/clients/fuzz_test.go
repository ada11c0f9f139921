package clients_test

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gatehouse/adapters/httpapi/rest"
	"gatehouse/tests/servertest"
)

// requestsOfWorld is how many requests one world gets at most.
const requestsOfWorld = 12

// patience is the longest time of a processor that a request may take.
const patience = time.Second

// TestRoutes_noise sends random requests. No request breaks the server, takes long, or
// changes anything if it is refused. A failure prints the shortest such requests and how to
// repeat them.
func TestRoutes_noise(t *testing.T) {
	onBackends(t, func(t *testing.T, b backend) {
		rapid.Check(t, b.noise)
	})
}

func FuzzRoutes(f *testing.F) {
	b := newBackend(f, false)
	seed := make([]byte, 64<<10) // as long as some requests take
	_, _ = rand.NewChaCha8([32]byte{}).Read(seed)
	f.Add(seed)
	f.Fuzz(func(t *testing.T, input []byte) { rapid.MakeFuzz(b.in(t).noise)(t, input) })
}

// TestRoutes_noiseOnPostgreSQL sends random requests to PostgreSQL, which refuses more than
// the other stores. A failure prints the number that repeats it.
func TestRoutes_noiseOnPostgreSQL(t *testing.T) {
	t.Parallel()
	b := newBackend(t, false)
	for range worldsOnPostgres {
		number := rand.Uint64()
		if *noiseNumber != 0 {
			number = *noiseNumber
		}
		t.Run(fmt.Sprint("-noise=", number), func(t *testing.T) {
			input := make([]byte, 1<<20) // more than the requests take
			_, _ = rand.NewChaCha8([32]byte(binary.LittleEndian.AppendUint64(make([]byte, 24), number))).Read(input)
			g := b.in(t).onPostgres()
			rapid.MakeFuzz(func(rt *rapid.T) { g.noise(rt, requestsOnPostgres) })(t, input)
		})
	}
}

var noiseNumber = flag.Uint64("noise", 0, "the number of the random requests to PostgreSQL; 0 for others each time")

const worldsOnPostgres, requestsOnPostgres = 6, 80

// noise sends random requests to a new graph.
func (b backend) noise(t *rapid.T) {
	b.with(func(g graph) { g.noise(t, rapid.IntRange(1, requestsOfWorld).Draw(t, "requests")) })
}

func (g graph) noise(t *rapid.T, requests int) {
	texts := make([]string, requests)
	for i := range texts {
		texts[i] = noise{T: t}.request(rest.Routes())
	}
	store, err := newReader(g)
	if err != nil {
		t.Fatal(err)
	}
	defer store.close()
	before, err := store.read()
	for i := 0; i < len(texts) && err == nil; i++ {
		before, err = store.withstand(before, texts[i])
	}
	if err != nil {
		t.Fatal(err)
	}
}

// withstand sends a request, and returns the state behind it, or what is wrong.
func (r *reader) withstand(before state, text string) (state, error) {
	request := parsed(text)
	if request == nil {
		return before, nil
	}
	method := request.Method
	began := processorTime()
	got := r.send(request)
	took := processorTime() - began
	shown := fmt.Sprintf("%.1500q\ngot %s", text, got)
	if got.status >= http.StatusInternalServerError {
		return nil, fmt.Errorf("%s\n%s", shown, r.log)
	}
	if err := got.malformed(); err != nil {
		return nil, fmt.Errorf("%s\n%w", shown, err)
	}
	if took > patience {
		return nil, fmt.Errorf("%s\nit took %v", shown, took)
	}
	after, err := r.read()
	if err != nil {
		return nil, fmt.Errorf("%s\n%w", shown, err)
	}
	if got.status >= http.StatusBadRequest || method == http.MethodGet {
		kept, now := before, after
		switch path := request.URL.Path; {
		case strings.HasSuffix(path, "/rotate"): // who rotates a revoked token is refused, and its successors are revoked
			kept, now = before.without("access", "audit", "sqlite_sequence"), after.without("access", "audit", "sqlite_sequence")
		case strings.Contains(path, "/hooks/") && strings.Contains(path, "/test/"): // a receiver that does not answer counts as a failure of the hook
			kept, now = before.without("hooks"), after.without("hooks")
		}
		if changed := kept.changed(now); changed != nil {
			return nil, fmt.Errorf("%s\n%w", shown, changed)
		}
	}
	if got.status < http.StatusBadRequest && !slices.Equal(before, after) && len(before)-len(before.without("audit")) == len(after)-len(after.without("audit")) {
		return nil, fmt.Errorf("%s\nno audit event tells that %w", shown, before.changed(after))
	}
	if line := r.leak(); line != "" {
		return nil, fmt.Errorf("%s\nthe log holds a token: %s", shown, line)
	}
	if strings.Contains(got.body, "glpat-of-the-") || strings.Contains(got.body, servertest.TOTPSecret) {
		return nil, fmt.Errorf("%s\nthe answer holds a secret", shown)
	}
	return after, nil
}

// leak returns a line of the log that holds a token; empty for none.
func (g graph) leak() string {
	for line := range strings.Lines(g.log.String()) {
		if strings.Contains(line, "glpat-") {
			return line
		}
	}
	return ""
}
