package clusters_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"gatehouse/adapters/memory"
	"gatehouse/application"
	"gatehouse/application/clusters"
	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/tests/world"
)

const agentWorld = `
users:
  - {id: 1, username: root, admin: true}
  - {id: 3, username: main}
  - {id: 4, username: dev}
  - {id: 5, username: guest}
  - {id: 6, username: plain}
groups: [{id: 11, path: acme}]
projects: [{id: 60, path: acme/cli}]
members:
  - {user: main, group: acme, role: maintainer}
  - {user: dev, group: acme, role: developer}
  - {user: guest, group: acme, role: guest}
agents: [{id: 7, name: prod, project: acme/cli, created_at: 2026-01-01}]
`

var cli = rights.Ref{Path: "acme/cli"}

func as(id identity.UserID) rights.Caller {
	return rights.Caller{Account: identity.Account{User: identity.User{ID: id, Admin: id == 1}}, Cause: audit.Cause{Actor: audit.Actor{Kind: audit.Person, User: id}}}
}

func newAgentService(t *testing.T) (*clusters.AgentService, *memory.Store) {
	t.Helper()
	store := memory.New()
	world.Apply(t, store.WorldImport, agentWorld)
	return clusters.NewAgentService(store.AgentUnitOfWork, store.AgentRecords, store.Standings, rand.Reader, world.Clock), store
}

func second[T any](_ T, err error) error { return err }

// outcome is the kind of an error, with the words of one that GitLab words.
func outcome(err error) string {
	refusal, ok := errors.AsType[*domain.Refusal](err)
	switch {
	case err == nil:
		return ""
	case !ok:
		return err.Error()
	case refusal.Kind == domain.NotFound:
		return refusal.Message
	}
	return string(refusal.Kind)
}

func TestAgentService_rights(t *testing.T) {
	t.Parallel()
	r, _ := newAgentService(t)
	const unknown, hidden = "unauthenticated", "Project Not Found"
	for user, want := range map[identity.UserID]struct{ read, write string }{
		0: {unknown, unknown}, 1: {}, 3: {}, 4: {"", "forbidden"}, 5: {"ClusterAgents Not Found", "forbidden"}, 6: {hidden, hidden},
	} {
		by, name := as(user), "edge-"+string(rune('0'+user))
		added, addErr := r.Register(t.Context(), by, cli, name)
		id := max(added.ID, 7)
		_, _, tokenErr := r.AddToken(t.Context(), by, cli, id, agents.Token{Name: "x"})
		page := application.Page{Order: "id", Size: 1}
		for call, err := range map[string]error{
			"List": second(r.List(t.Context(), by, cli, page)), "Show": second(r.Show(t.Context(), by, cli, 7)),
			"ListTokens": second(r.ListTokens(t.Context(), by, cli, 7, page)),
		} {
			if got := outcome(err); got != want.read {
				t.Errorf("user %d: %s: got %q, want %q", user, call, got, want.read)
			}
		}
		for call, err := range map[string]error{"Register": addErr, "AddToken": tokenErr, "Remove": r.Remove(t.Context(), by, cli, id, time.Time{})} {
			if got := outcome(err); got != want.write {
				t.Errorf("user %d: %s: got %q, want %q", user, call, got, want.write)
			}
		}
	}
}

func TestAgentService_refusals(t *testing.T) {
	t.Parallel()
	r, _ := newAgentService(t)
	made, text, err := r.AddToken(t.Context(), as(3), cli, 7, agents.Token{Name: "first", Description: "d"})
	if err != nil || !strings.HasPrefix(text, "glagent-") || len(text) != len("glagent-")+50 || made.CreatedBy != 3 || made.Agent != 7 {
		t.Fatalf("first token: got %+v, %q, %v", made, text, err)
	}
	if _, _, err := r.AddToken(t.Context(), as(3), cli, 7, agents.Token{Name: "second"}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		err  error
		want domain.Kind
	}{
		"malformed name": {second(r.Register(t.Context(), as(3), cli, "Prod")), domain.Invalid},
		"taken name":     {second(r.Register(t.Context(), as(3), cli, "prod")), domain.Invalid},
		"third token": {func() error {
			_, _, err := r.AddToken(t.Context(), as(3), cli, 7, agents.Token{Name: "third"})
			return err
		}(), domain.Invalid},
		"no agent":         {second(r.Show(t.Context(), as(3), cli, 404)), domain.NotFound},
		"no token":         {second(r.ShowToken(t.Context(), as(3), cli, 7, 404)), domain.NotFound},
		"token too young":  {r.RevokeToken(t.Context(), as(3), cli, 7, made.ID, world.Now.Add(-time.Hour)), domain.Conflict},
		"agent too young":  {r.Remove(t.Context(), as(3), cli, 7, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)), domain.Conflict},
		"of another agent": {r.RevokeToken(t.Context(), as(3), cli, 8, made.ID, time.Time{}), domain.NotFound},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want %q", name, c.err, c.want)
		}
	}
	if err := r.RevokeToken(t.Context(), as(3), cli, 7, made.ID, time.Time{}); err != nil {
		t.Errorf("revoked: got %v", err)
	}
	if err := r.RevokeToken(t.Context(), as(3), cli, 7, made.ID, time.Time{}); !errors.Is(err, domain.NotFound) {
		t.Errorf("revoked again: got %v", err)
	}
}
