package redisstate_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"gatehouse/adapters/redisstate"
	"gatehouse/domain"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
)

// The client tries to connect again in the background, at most once a second,
// and notices only then that it was closed.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) (*redisstate.State, *miniredis.Miniredis) {
	t.Helper()
	server := miniredis.RunT(t)
	state, err := redisstate.Open(stores.RedisURL(server.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = state.Close() })
	return state, server
}

// The cases of this file hold for Redis alone. tests/contract has those of every
// store.

func TestState_clearsUp(t *testing.T) {
	t.Parallel()
	state, server := open(t)
	notice := source.Notice{User: 7, Repository: source.RepositoryID{ID: 42}, ExpiresAt: now.Add(source.NoticeLifetime)}
	if err := errors.Join(state.Increase(t.Context(), "project-42", now, 10*time.Minute), state.Add(t.Context(), notice)); err != nil {
		t.Fatal(err)
	}
	if got := server.Keys(); len(got) != 2 || got[1] != "git-receive-pack-reference-counter:project-42" {
		t.Errorf("keys: got %q", got)
	}
	server.FastForward(10 * time.Minute)
	if got := server.Keys(); len(got) != 0 {
		t.Errorf("after ten minutes: got %q, want none", got)
	}
}

func TestState_Increment(t *testing.T) {
	t.Parallel()
	state, server := open(t)
	for _, want := range [][]int64{{1, 2, 1}, {3, 4, 2}} {
		got, err := state.Increment(t.Context(), []string{"a", "a", "b"}, time.Minute)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
		server.FastForward(time.Minute - time.Second)
	}
	if got, want := server.Keys(), []string{"gatehouse-rate-limit:a", "gatehouse-rate-limit:b"}; slices.Equal(got, want) {
		t.Errorf("keys after the expiry of the first increment: got %q", got)
	}
}

func TestState_down(t *testing.T) {
	t.Parallel()
	state, server := open(t)
	server.Close()
	for use, call := range uses(state) {
		if err := call(t.Context()); !errors.Is(err, domain.Unavailable) {
			t.Errorf("%s: got %v, want %v", use, err, domain.Unavailable)
		}
	}
}

func TestOpen_keepsThePassword(t *testing.T) {
	t.Parallel()
	if _, err := redisstate.Open("http://:hunter2@localhost"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error without the password", err)
	}
}

// TestState_silent asks a Redis that accepts connections and never answers. The
// timeouts of an hour are for what must not end a call.
func TestState_silent(t *testing.T) {
	t.Parallel()
	for deadline, c := range map[string]struct {
		url     string
		timeout time.Duration
	}{
		"of the caller": {"?dial_timeout=1h&read_timeout=1h&write_timeout=1h&pool_timeout=1h", time.Millisecond},
		"of the URL":    {"?dial_timeout=1h&read_timeout=1ms&write_timeout=1h&pool_timeout=1h", time.Hour},
		"by default":    {"?dial_timeout=1h&write_timeout=1h&pool_timeout=1h", time.Hour},
	} {
		state, err := redisstate.Open("redis://" + silent(t) + c.url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = state.Close() })
		for use, call := range uses(state) {
			t.Run(deadline+": "+use, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
				defer cancel()
				if err := call(ctx); !errors.Is(err, domain.Unavailable) || !isTimeout(err) {
					t.Errorf("got %v, want %v for a timeout", err, domain.Unavailable)
				}
			})
		}
	}
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// silent returns the address of a server that accepts connections and never answers.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // the system accepts for it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// uses are all ways to ask Redis.
func uses(state *redisstate.State) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"ping":     state.Ping,
		"increase": func(ctx context.Context) error { return state.Increase(ctx, "project-1", now, time.Minute) },
		"decrease": func(ctx context.Context) error { return state.Decrease(ctx, "project-1", now) },
		"counters": func(ctx context.Context) error { _, err := state.Counters(ctx, now); return err },
		"add":      func(ctx context.Context) error { return state.Add(ctx, source.Notice{}) },
		"take": func(ctx context.Context) error {
			_, err := state.Take(ctx, 7, source.RepositoryID{}, now)
			return err
		},
		"increment": func(ctx context.Context) error {
			_, err := state.Increment(ctx, []string{"a"}, time.Minute)
			return err
		},
	}
}
