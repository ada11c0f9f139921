package memory

import (
	"context"
	"slices"

	"gatehouse/application/findings"
	"gatehouse/domain/security"
)

type finding struct {
	security.Finding
	// resolved says whether a scan did not find it any more.
	resolved bool
}

// HasFinding implements findings.Findings.
func (s *Store) HasFinding(ctx context.Context, uuid string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, has := s.findings[uuid]
	return has, nil
}

// AddFinding implements findings.Findings.
func (s *Store) AddFinding(ctx context.Context, f security.Finding) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := s.world.Load()
	if err := w.agents.require(int64(f.Agent), "agent"); err != nil {
		return err
	}
	if err := w.projects.require(f.Project, "project"); err != nil {
		return err
	}
	f.Identifiers, f.DetectedAt = slices.Clone(f.Identifiers), toInstant(f.DetectedAt)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, has := s.findings[f.UUID]; !has {
		s.findings[f.UUID], s.vulnerable[f.Agent] = finding{Finding: f}, true
	}
	return nil
}

// ResolveFindings implements findings.Findings.
func (s *Store) ResolveFindings(ctx context.Context, of findings.Scan, but []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	spared := make(map[string]bool, len(but))
	for _, uuid := range but {
		spared[uuid] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for uuid, f := range s.findings {
		scanned := findings.Scan{Agent: f.Agent, Project: f.Project, ReportType: f.ReportType} == of
		if scanned && !spared[uuid] && (f.State == security.Detected || f.State == security.Confirmed) {
			f.State, f.resolved = security.Resolved, true
			s.findings[uuid] = f
		}
	}
	return nil
}

func (s *Store) listFindings(w *world) (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.findings {
		names := make([]string, len(f.Identifiers))
		for i, one := range f.Identifiers {
			names[i] = one.Name
		}
		rows = append(rows, []any{
			f.UUID, int64(f.Project), int64(f.Agent), w.usernameOrNil(f.Author), string(f.State), string(f.Severity),
			textOrNil(string(f.Confidence)), f.Title, string(f.ReportType), f.resolved, f.Scanner.ID, names, f.Location,
		})
	}
	return rows
}
