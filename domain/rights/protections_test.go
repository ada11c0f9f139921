package rights_test

import (
	"testing"

	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

func TestProtectionChange_Decide(t *testing.T) {
	t.Parallel()
	dev, admin := identity.Account{User: identity.User{ID: 7}}, identity.Account{User: identity.User{ID: 1, Admin: true}}
	for name, c := range map[string]struct {
		actor   identity.Account
		role    source.Role
		entries []source.Access
		want    bool
	}{
		"maintainer, for maintainers":       {dev, source.Maintainer, []source.Access{{Role: source.Maintainer}}, true},
		"owner, for maintainers":            {dev, source.Owner, []source.Access{{Role: source.Maintainer}}, true},
		"developer, for developers":         {dev, source.Developer, []source.Access{{Role: source.Developer}}, false}, // takes admin_project
		"maintainer, for administrators":    {dev, source.Owner, []source.Access{{Role: source.AdminsOnly}}, false},
		"maintainer, for no user":           {dev, source.Maintainer, []source.Access{{Role: source.NoRole}}, false},
		"maintainer, for the user":          {dev, source.Maintainer, []source.Access{{Role: source.AdminsOnly}, {User: 7}}, true},
		"maintainer, for another user":      {dev, source.Maintainer, []source.Access{{User: 8}}, false},
		"maintainer, for a group of theirs": {dev, source.Maintainer, []source.Access{{Group: 5, Member: true}}, true},
		"maintainer, for another group":     {dev, source.Maintainer, []source.Access{{Group: 5}}, false},
		"administrator, for another user":   {admin, source.NoRole, []source.Access{{User: 8}}, true},
	} {
		p := rights.ProtectionChange{
			Case:         rights.Case{Right: rights.AdminProject, Actor: c.actor, Role: c.role, Subject: rights.Subject{Kind: rights.Project, Known: true, Visibility: source.Private}},
			Unprotecting: c.entries,
		}
		if err := p.Decide(); (err == nil) != c.want {
			t.Errorf("%s: got %v", name, err)
		}
		refusals := 0
		for _, f := range p.Explain() {
			if f.Outcome == rights.Refused {
				refusals++
				if f.Message == "" {
					t.Errorf("%s: %s refuses without a reason", name, f.Rule)
				}
			}
		}
		if (refusals == 0) != c.want {
			t.Errorf("%s: explained with %d refusals", name, refusals)
		}
	}
}
