package findings_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"gatehouse/adapters/memory"
	"gatehouse/application/findings"
	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/security"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

var errStore = errors.New("connection refused")

// failingStore fails the calls for which it has an error.
type failingStore struct {
	*memory.Store
	standing, has, add, resolve error
}

func (f failingStore) Standing(ctx context.Context, q source.Inquiry) (source.Standing, error) {
	s, err := f.Directory.Standing(ctx, q)
	return s, errors.Join(err, f.standing)
}

func (f failingStore) Has(ctx context.Context, uuid string) (bool, error) {
	has, err := f.Findings.Has(ctx, uuid)
	return has, errors.Join(err, f.has)
}

func (f failingStore) Add(ctx context.Context, finding security.Finding) error {
	return errors.Join(f.Findings.Add(ctx, finding), f.add)
}

func (f failingStore) Resolve(ctx context.Context, of findings.Scan, keep []string) error {
	return errors.Join(f.Findings.Resolve(ctx, of, keep), f.resolve)
}

func TestService_storeFails(t *testing.T) {
	t.Parallel()
	errNoAgent := fmt.Errorf("agent: %w", domain.NotFound)
	for name, c := range map[string]struct {
		store           failingStore
		report, resolve error
	}{
		"nothing fails":           {failingStore{}, nil, nil},
		"standing fails":          {failingStore{standing: errStore}, domain.Unavailable, domain.Unavailable},
		"has fails":               {failingStore{has: errStore}, domain.Unavailable, nil},
		"add fails":               {failingStore{add: errStore}, domain.Unavailable, nil},
		"resolve fails":           {failingStore{resolve: errStore}, nil, domain.Unavailable},
		"agent deleted meanwhile": {failingStore{add: errNoAgent, resolve: errNoAgent}, domain.NotFound, domain.NotFound},
	} {
		c.store.Store = memory.New()
		world.Apply(t, c.store.WorldImport, `
users: [{id: 3, username: dev}]
groups: [{path: acme}]
projects: [{id: 7, path: acme/infra}]
members: [{user: dev, group: acme, role: developer}]
agents: [{id: 5, name: prod, project: acme/infra, created_by: dev}]
`)
		service := findings.New(c.store, c.store, findings.Rules{UUIDNamespace: uuid.Nil, SecurityDashboard: true}, world.Clock)
		agent := agents.Agent{ID: 5, Project: 7, CreatedBy: 3}
		_, reportErr := service.Report(t.Context(), agent, security.Finding{Identifiers: []security.Identifier{{Name: "CVE-1"}}}, security.Resource{})
		for what, err := range map[string][2]error{"Report": {reportErr, c.report}, "Resolve": {service.Resolve(t.Context(), agent, nil), c.resolve}} {
			_, refused := errors.AsType[*domain.Refusal](err[0])
			if !errors.Is(err[0], err[1]) || refused != (err[1] != nil) {
				t.Errorf("%s: %s: got %v, want a refusal of kind %v", name, what, err[0], err[1])
			}
		}
	}
}
