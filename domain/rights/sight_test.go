package rights_test

import (
	"testing"

	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

func TestCaller_Sight(t *testing.T) {
	t.Parallel()
	for name, who := range map[string]identity.Account{
		"stranger": {}, "user": {User: identity.User{ID: 7}}, "external user": {User: identity.User{ID: 7, External: true}},
		"administrator": {User: identity.User{ID: 7, Admin: true}},
	} {
		caller := rights.Caller{Account: who}
		sight := caller.Sight()
		for _, visibility := range source.Visibilities {
			for _, role := range source.Roles() {
				if !who.Known() && role != source.NoRole {
					continue
				}
				subject := rights.Subject{Kind: rights.Group, Known: true, Visibility: visibility}
				want := rights.Sees(rights.Case{Actor: who, Subject: subject, Role: role})
				if got := sight.Sees(visibility, role); got != want {
					t.Errorf("%s, %s, %s: got %t, want %t", name, visibility, role, got, want)
				}
			}
		}
		if sight.User != who.ID {
			t.Errorf("%s: got user %d, want %d", name, sight.User, who.ID)
		}
	}
}
