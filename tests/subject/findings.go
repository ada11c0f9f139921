package subject

import (
	"fmt"

	"gatehouse/domain/security"
	"gatehouse/tests/world"
)

// FindingUUID returns a UUID that sorts by its number.
func FindingUUID(n int) string { return fmt.Sprintf("%08d-a000-5000-8000-000000000000", n) }

// AddFinding adds a changed finding of agent 5 in world.Agents.
func (s Subject) AddFinding(n int, change func(*security.Finding)) {
	s.Helper()
	f := security.Finding{
		UUID: FindingUUID(n), Project: 7, Agent: 5, Author: 3, ReportType: security.ClusterImageScanning, State: security.Detected,
		Title: "t", Severity: "high", Location: "{}", Identifiers: []security.Identifier{{Type: "cve", Name: "CVE-1"}}, DetectedAt: world.Now,
	}
	change(&f)
	s.Fine("AddFinding", s.Findings.Add(s.Context(), f))
}

// AddScanFindings adds findings 1 to 8: a scan of agent 5 may resolve the first
// three, and none of the others.
func (s Subject) AddScanFindings() {
	s.Helper()
	for n, change := range []func(*security.Finding){
		func(*security.Finding) {},
		func(f *security.Finding) { f.State = security.Confirmed },
		func(*security.Finding) {},
		func(f *security.Finding) { f.State = security.Dismissed },
		func(f *security.Finding) { f.State = security.Resolved },
		func(f *security.Finding) { f.Agent = 6 },
		func(f *security.Finding) { f.Project = 8 },
		func(f *security.Finding) { f.ReportType = "container_scanning" },
	} {
		s.AddFinding(n+1, change)
	}
}
