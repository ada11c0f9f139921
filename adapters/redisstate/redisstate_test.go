package redisstate_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"gatehouse/adapters/redisstate"
	"gatehouse/domain"
	"gatehouse/domain/source"
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
	state, err := redisstate.Open("redis://" + server.Addr())
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

func TestState_down(t *testing.T) {
	t.Parallel()
	state, server := open(t)
	server.Close()
	for name, err := range map[string]error{
		"ping": state.Ping(t.Context()), "increase": state.Increase(t.Context(), "project-1", now, time.Minute),
		"decrease": state.Decrease(t.Context(), "project-1", now), "leave": state.Add(t.Context(), source.Notice{}),
	} {
		if !errors.Is(err, domain.Unavailable) {
			t.Errorf("%s: got %v, want %v", name, err, domain.Unavailable)
		}
	}
	if _, err := state.Take(t.Context(), 7, source.RepositoryID{}, now); !errors.Is(err, domain.Unavailable) {
		t.Errorf("take: got %v, want %v", err, domain.Unavailable)
	}
}

func TestOpen_keepsThePassword(t *testing.T) {
	t.Parallel()
	if _, err := redisstate.Open("http://:hunter2@localhost"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error without the password", err)
	}
}
