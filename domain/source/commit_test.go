package source_test

import (
	"testing"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// TestNewCommit_Check commits to branches over the web.
func TestNewCommit_Check(t *testing.T) {
	t.Parallel()
	const old source.ObjectID = "1111111111111111111111111111111111111111"
	settings := source.Settings{Protocols: source.AllProtocols, Connected: true}
	project := source.Project{ID: 42, Visibility: source.Private, Repository: source.FeatureEnabled, Protections: []source.Protection{
		{Kind: source.Branch, Pattern: "main", Push: []source.Access{{Role: source.Maintainer}}},
		{Kind: source.Branch, Pattern: "dev", Push: []source.Access{{Role: source.Developer}}},
		{Kind: source.Branch, Pattern: "free", Push: []source.Access{{Role: source.Maintainer}}, AllowForcePush: true},
	}}
	empty, archived := project, project
	empty.Empty, empty.Protections, archived.Archived = true, nil, true
	fully := settings
	fully.DefaultBranchProtection = source.FullyProtected
	for name, tt := range map[string]struct {
		project  source.Project
		settings source.Settings
		branch   string
		old      source.ObjectID
		filled   bool
		// who may: a reporter, a developer and a maintainer
		want string
	}{
		"unprotected branch":           {project, settings, "topic", old, true, "nyy"},
		"new branch":                   {project, settings, "topic", "", true, "nyy"},
		"protected branch":             {project, settings, "main", old, true, "nny"},
		"new protected branch":         {project, settings, "main", "", true, "nny"},
		"protected, for developers":    {project, settings, "dev", old, true, "nyy"},
		"protected, with force pushes": {project, settings, "free", old, true, "nny"},
		"first branch":                 {empty, settings, "main", "", false, "nyy"},
		"first branch, protected":      {empty, fully, "main", "", false, "nny"},
		"second branch":                {empty, fully, "main", "", true, "nyy"},
		"archived project":             {archived, settings, "topic", old, true, "nnn"},
		"branch named like a commit":   {project, settings, string(old), "", true, "nnn"},
		"read-only instance":           {project, source.Settings{Protocols: source.AllProtocols, ReadOnly: true}, "topic", old, true, "nnn"},
	} {
		for i, role := range []source.Role{source.Reporter, source.Developer, source.Maintainer} {
			by := identity.User{ID: 7, State: identity.Active, EmailConfirmed: true}
			s := source.Standing{
				Actor: identity.Actor{User: by}, Project: tt.project, Role: role, Repository: source.RepositoryID{Kind: source.Code, ID: 42},
			}
			err := source.NewCommit{By: by, Branch: tt.branch}.Check(s, tt.settings, identity.Policy{}, tt.old, tt.filled)
			if refusal, _ := err.(*domain.Refusal); (err == nil) != (tt.want[i] == 'y') || err != nil && refusal == nil {
				t.Errorf("%s as %v: got %v", name, role, err)
			}
		}
	}
}
