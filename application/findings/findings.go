// Package findings records the vulnerabilities that agents report, and resolves
// those that a scan no longer finds.
package findings

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/identity"
	"gatehouse/domain/security"
	"gatehouse/domain/source"
)

// Findings keeps findings.
type Findings interface {
	// Has says whether there is a finding of that uuid.
	Has(ctx context.Context, uuid string) (bool, error)
	// Add keeps a finding, and that its agent has some. If the finding
	// exists it changes nothing. It fails with domain.NotFound if the agent or
	// the project does not exist; an author who does not exist is left out.
	Add(ctx context.Context, f security.Finding) error
	// Resolve resolves every active finding of that kind, project and
	// of the agent, except those whose uuid is in keep, in lower case. It
	// resolves all of them or, with an error, none.
	Resolve(ctx context.Context, of Scan, keep []string) error
}

// Scan is what one run of an agent's scanner looked at.
type Scan struct {
	Agent      agents.AgentID
	Project    source.ProjectID
	ReportType security.ReportType
}

// Directory knows people, projects and the roles of the ones in the others.
type Directory interface {
	// Standing returns all facts about the actor and the target. One that does
	// not exist, or a project that is going to be deleted, is unknown in the
	// answer, never an error.
	Standing(ctx context.Context, q source.Inquiry) (source.Standing, error)
}

// Rules are what the instance says about findings.
type Rules struct {
	// UUIDNamespace is the namespace of the findings' uuids.
	UUIDNamespace uuid.UUID
	// SecurityDashboard is the licence to report findings. For the groups and
	// projects of Except the opposite holds.
	SecurityDashboard bool
	Except            source.Paths
}

// licensed says whether a project has the licence to report findings.
func (r Rules) licensed(p source.Project) bool { return r.SecurityDashboard != r.Except.Cover(p.Path) }

// Service records findings. It is safe for concurrent use.
type Service struct {
	findings  Findings
	directory Directory
	rules     Rules
	now       application.Clock
}

// New makes a Service.
func New(findings Findings, directory Directory, rules Rules, now application.Clock) *Service {
	return &Service{findings, directory, rules, now}
}

// timeout is how long a report may take: kas waits 20 seconds.
const timeout = 15 * time.Second

var (
	errHidden      = &domain.Refusal{Kind: domain.NotFound}
	errForbidden   = &domain.Refusal{Kind: domain.Forbidden}
	errUnavailable = domain.Refuse(domain.Unavailable, "Findings cannot be taken at the moment. Try again later.")
)

// Report keeps what an agent found at a place, in the name of the agent's
// creator, and returns the uuid. A finding that exists stays as it is; texts that
// are too long are cut. A Refusal is one of those of Resolve.
func (s *Service) Report(ctx context.Context, a agents.Agent, f security.Finding, at security.Resource) (uuid string, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.checkAgent(ctx, a); err != nil {
		return "", err
	}
	f.Project, f.Agent, f.Author = a.Project, a.ID, a.CreatedBy
	f.ReportType, f.State, f.DetectedAt = security.ClusterImageScanning, security.Detected, s.now()
	f.UUID = security.FindingUUID(s.rules.UUIDNamespace, f.Project, f.Agent, f.Identifiers[0], at)
	f.CutTexts()
	known, err := s.findings.Has(ctx, f.UUID)
	if err == nil && !known {
		err = s.findings.Add(ctx, f)
	}
	return f.UUID, refusal(err)
}

// Resolve resolves the agent's active findings except those in seen. A Refusal
// is of kind domain.NotFound if the agent's project is going to be deleted,
// domain.Forbidden if its creator may not do this, or domain.Unavailable.
func (s *Service) Resolve(ctx context.Context, a agents.Agent, seen []string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.checkAgent(ctx, a); err != nil {
		return err
	}
	scan := Scan{Agent: a.ID, Project: a.Project, ReportType: security.ClusterImageScanning}
	return refusal(s.findings.Resolve(ctx, scan, security.UUIDs(seen)))
}

// checkAgent refuses an agent whose creator may not take care of findings.
func (s *Service) checkAgent(ctx context.Context, a agents.Agent) error {
	standing, err := s.directory.Standing(ctx, source.Inquiry{
		Claim:  identity.Claim{Kind: identity.ByUser, ID: int64(a.CreatedBy)},
		Target: source.Target{Repository: source.RepositoryID{Kind: source.Code, ID: int64(a.Project)}},
		Now:    s.now(),
	})
	switch {
	case err != nil:
		return refusal(err)
	case !standing.Project.Known():
		return errHidden
	case !s.rules.licensed(standing.Project) || !security.MayAdminister(standing):
		return errForbidden
	}
	return nil
}

// refusal turns a store's error into a Refusal.
func refusal(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, domain.NotFound):
		return errHidden // it was deleted meanwhile
	default:
		return errUnavailable.Because(err)
	}
}
