package config

import (
	"cmp"

	"github.com/google/uuid"
)

// LicensedFeatures says which features of a paid GitLab are on.
type LicensedFeatures struct {
	SecurityDashboard bool `koanf:"security_dashboard"`
	// SecurityDashboardExcept are full paths of groups and projects for which
	// the opposite holds.
	SecurityDashboardExcept []string `koanf:"security_dashboard_except"`
	ClusterAgentsGitops     bool     `koanf:"cluster_agents_gitops"`
}

func defaultLicensedFeatures() LicensedFeatures {
	return LicensedFeatures{SecurityDashboard: true, ClusterAgentsGitops: true}
}

func (l *LicensedFeatures) check(m *mistakes) {
	m.paths(l.SecurityDashboardExcept, "licensed_features.security_dashboard_except")
}

// Findings is about vulnerabilities.
type Findings struct {
	// UUIDNamespace is the namespace of the UUIDs of findings.
	UUIDNamespace string `koanf:"uuid_namespace"`
}

func defaultFindings() Findings {
	return Findings{UUIDNamespace: "58dc0f06-936c-43b3-93bb-71693f1b6570"} // GitLab's in production
}

func (f *Findings) tidy() { f.UUIDNamespace = cmp.Or(f.UUIDNamespace, defaultFindings().UUIDNamespace) }

func (f *Findings) check(m *mistakes) {
	m.unless(uuid.Validate(f.UUIDNamespace) == nil, "findings.uuid_namespace", "must be a UUID")
}
