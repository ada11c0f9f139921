package memory

import (
	"context"
	"slices"

	"gatehouse/application/findings"
	"gatehouse/domain/security"
)

// finding is a finding as an agent reported it.
type finding struct {
	security.Finding
	// resolved says whether a later scan did not report the finding.
	resolved bool
}

// Findings implements findings.Findings.
type Findings struct{ *state }

// Has implements findings.Findings.
func (f Findings) Has(ctx context.Context, uuid string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_, exists := f.findings[uuid]
	return exists, nil
}

// Add implements findings.Findings.
func (f Findings) Add(ctx context.Context, added security.Finding) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := f.world.Load()
	if err := w.agents.require(int64(added.Agent), "agent"); err != nil {
		return err
	}
	if err := w.projects.require(added.Project, "project"); err != nil {
		return err
	}
	added.Identifiers, added.DetectedAt = slices.Clone(added.Identifiers), toInstant(added.DetectedAt)
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, exists := f.findings[added.UUID]; !exists {
		f.findings[added.UUID], f.reporters[added.Agent] = finding{Finding: added}, true
	}
	return nil
}

// Resolve implements findings.Findings.
func (f Findings) Resolve(ctx context.Context, scan findings.Scan, keep []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	kept := make(map[string]bool, len(keep))
	for _, uuid := range keep {
		kept[uuid] = true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for uuid, row := range f.findings {
		scanned := findings.Scan{Agent: row.Agent, Project: row.Project, ReportType: row.ReportType} == scan
		if scanned && !kept[uuid] && (row.State == security.Detected || row.State == security.Confirmed) {
			row.State, row.resolved = security.Resolved, true
			f.findings[uuid] = row
		}
	}
	return nil
}

func (s *state) listFindings(w *world) (rows [][]any) {
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
