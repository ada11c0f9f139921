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

var errDown = errors.New("connection refused")

// failing fails with one error, in what it is told to.
type failing struct {
	*memory.Store
	standing, has, add, resolve error
}

func (f failing) Standing(ctx context.Context, q source.Inquiry) (source.Standing, error) {
	s, err := f.Directory.Standing(ctx, q)
	return s, errors.Join(err, f.standing)
}

func (f failing) HasFinding(ctx context.Context, uuid string) (bool, error) {
	has, err := f.Findings.HasFinding(ctx, uuid)
	return has, errors.Join(err, f.has)
}

func (f failing) AddFinding(ctx context.Context, one security.Finding) error {
	return errors.Join(f.Findings.AddFinding(ctx, one), f.add)
}

func (f failing) ResolveFindings(ctx context.Context, of findings.Scan, but []string) error {
	return errors.Join(f.Findings.ResolveFindings(ctx, of, but), f.resolve)
}

func TestService_storeFails(t *testing.T) {
	t.Parallel()
	gone := fmt.Errorf("agent: %w", domain.NotFound)
	for name, c := range map[string]struct {
		store          failing
		taken, settled error
	}{
		"nothing fails":               {failing{}, nil, nil},
		"nobody can tell who it is":   {failing{standing: errDown}, domain.Unavailable, domain.Unavailable},
		"nobody can tell what is new": {failing{has: errDown}, domain.Unavailable, nil},
		"nothing can be kept":         {failing{add: errDown}, domain.Unavailable, nil},
		"nothing can be resolved":     {failing{resolve: errDown}, nil, domain.Unavailable},
		"the agent went away":         {failing{add: gone, resolve: gone}, domain.NotFound, domain.NotFound},
	} {
		c.store.Store = memory.New()
		world.Apply(t, c.store.WorldImport, `
users: [{id: 3, username: dev}]
groups: [{path: acme}]
projects: [{id: 7, path: acme/infra}]
members: [{user: dev, group: acme, role: developer}]
agents: [{id: 5, name: prod, project: acme/infra, created_by: dev}]
`)
		intake := findings.New(c.store, c.store, findings.Rules{UUIDNamespace: uuid.Nil, SecurityDashboard: true}, world.Clock)
		agent := agents.Agent{ID: 5, Project: 7, CreatedBy: 3}
		_, taken := intake.Report(t.Context(), agent, security.Finding{Identifiers: []security.Identifier{{Name: "CVE-1"}}}, security.Resource{})
		for what, err := range map[string][2]error{"Take": {taken, c.taken}, "Resolve": {intake.Resolve(t.Context(), agent, nil), c.settled}} {
			_, refused := errors.AsType[*domain.Refusal](err[0])
			if !errors.Is(err[0], err[1]) || refused != (err[1] != nil) {
				t.Errorf("%s: %s: got %v, want a refusal of kind %v", name, what, err[0], err[1])
			}
		}
	}
}
