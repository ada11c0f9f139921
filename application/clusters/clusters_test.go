package clusters_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gatehouse/adapters/memory"
	"gatehouse/application/clusters"
	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

var errStore = errors.New("connection refused")

// failingStore fails each call.
type failingStore struct{}

func (failingStore) Bearer(context.Context, identity.TokenDigest) (clusters.Bearer, error) {
	return clusters.Bearer{}, errStore
}
func (failingStore) TokenUsed(int64, time.Time) {}
func (failingStore) Authorize(context.Context, agents.AgentID, []agents.Authorization) error {
	return errStore
}
func (failingStore) Standing(context.Context, source.Inquiry) (source.Standing, error) {
	return source.Standing{}, errStore
}
func (failingStore) Add(context.Context, agents.UsageReport) error { return errStore }

func TestService_storeDown(t *testing.T) {
	t.Parallel()
	s := clusters.New(failingStore{}, failingStore{}, failingStore{}, clusters.Rules{Gitops: true}, world.Clock)
	for name, ask := range map[string]func(context.Context) error{
		"Agent":   func(ctx context.Context) error { _, err := s.Agent(ctx, "x"); return err },
		"Project": func(ctx context.Context) error { _, err := s.Project(ctx, agents.Agent{}, "7"); return err },
		"Count": func(ctx context.Context) error {
			return s.Count(ctx, agents.UsageReport{Increments: []agents.Increment{{By: 1}}})
		},
		"Authorize": func(ctx context.Context) error { return s.Authorize(ctx, 5, nil) },
	} {
		err := ask(t.Context())
		refusal, ok := errors.AsType[*domain.Refusal](err)
		if !ok || refusal.Kind != domain.Unavailable || !errors.Is(err, errStore) || strings.Contains(refusal.Message, "refused") {
			t.Errorf("%s: got %v, want words of kind %q with their cause", name, err, domain.Unavailable)
		}
	}
}

// TestService_withoutTheStore asks what needs no store, of a store that fails.
func TestService_withoutTheStore(t *testing.T) {
	t.Parallel()
	s := clusters.New(failingStore{}, failingStore{}, failingStore{}, clusters.Rules{Gitops: true}, world.Clock)
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"no token":         {func() error { _, err := s.Agent(t.Context(), ""); return err }(), domain.Unauthenticated},
		"no project":       {func() error { _, err := s.Project(t.Context(), agents.Agent{}, ""); return err }(), domain.NotFound},
		"an empty report":  {s.Count(t.Context(), agents.UsageReport{Increments: []agents.Increment{{By: 0}}, UniqueCounts: []agents.UniqueCount{{}}}), nil},
		"a negative count": {s.Count(t.Context(), agents.UsageReport{Increments: []agents.Increment{{By: 1}, {By: -1}}}), domain.Unprocessable},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want %v", name, c.err, c.want)
		}
	}
}

func TestMint(t *testing.T) {
	t.Parallel()
	store := memory.New()
	world.Apply(t, store.WorldImport, "groups: [{path: acme}]\nprojects: [{id: 7, path: acme/infra}]\nagents: [{id: 5, name: prod, project: acme/infra}]")
	tokenService := clusters.NewTokenService(store.AgentTokens, bytes.NewReader(bytes.Repeat([]byte{0xff}, 60)), world.Clock)
	text, err := tokenService.Create(t.Context(), audit.Cause{}, 5, " mine ")
	if want := "glagent-" + strings.Repeat("_", 50); err != nil || text != want {
		t.Fatalf("got %q, %v, want %q", text, err, want)
	}
	service := clusters.New(store.Agents, store.Directory, store.UsageCounters, clusters.Rules{}, world.Clock)
	if b, err := service.Agent(t.Context(), text); err != nil || b.Agent.ID != 5 {
		t.Errorf("got %+v, %v", b, err)
	}
	if _, err := tokenService.Create(t.Context(), audit.Cause{}, 5, "second"); err == nil {
		t.Error("a token of no chance was made")
	}
	if err := tokenService.Revoke(t.Context(), audit.Cause{}, 5, "mine"); err != nil {
		t.Errorf("Revoke: %v", err)
	}
	if _, err := service.Agent(t.Context(), text); !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("after that: got %v", err)
	}
}
