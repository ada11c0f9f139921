package rights_test

import (
	"errors"
	"testing"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// callers are those who ask for rights on the instance and on users; user 7 is dede.
var callers = map[string]rights.Caller{
	"stranger": {},
	"dede":     {Account: identity.Account{User: identity.User{ID: 7}, Profile: identity.Profile{CanCreateGroup: true}}},
	"external": {Account: identity.Account{User: identity.User{ID: 8, External: true}, Profile: identity.Profile{CanCreateGroup: true}}},
	"admin":    {Account: identity.Account{User: identity.User{ID: 1, Admin: true}}},
}

func TestCase_Decide_users(t *testing.T) {
	t.Parallel()
	const (
		in       domain.Kind = "allowed"
		signIn               = domain.Unauthenticated
		mayNot               = domain.Forbidden
		onNoUser             = identity.UserID(0)
	)
	for _, tt := range []struct {
		right rights.Right
		want  map[string]domain.Kind
	}{
		{rights.ReadUsers, map[string]domain.Kind{"stranger": signIn, "dede": in, "external": in, "admin": in}},
		{rights.AdminAllResources, map[string]domain.Kind{"stranger": signIn, "dede": mayNot, "external": mayNot, "admin": in}},
		{rights.CreateGroup, map[string]domain.Kind{"stranger": signIn, "dede": in, "external": mayNot, "admin": in}},
		{rights.UpdateUser, map[string]domain.Kind{"stranger": signIn, "dede": in, "external": mayNot, "admin": in}},
	} {
		for name, want := range tt.want {
			asked := callers[name].OnInstance(tt.right)
			if tt.right == rights.UpdateUser {
				asked = callers[name].OnUser(tt.right, 7)
			}
			err := asked.Decide()
			if want == in && err != nil || want != in && !errors.Is(err, want) {
				t.Errorf("%s of %s: got %v, want %s", tt.right, name, err, want)
			}
			refused := 0
			for _, finding := range asked.Explain() {
				if finding.Outcome == rights.Refused {
					refused++
				}
			}
			if (refused == 0) != (err == nil) {
				t.Errorf("%s of %s: explained with %d refusals, decided with %v", tt.right, name, refused, err)
			}
		}
	}
	if err := callers["stranger"].OnUser(rights.UpdateUser, onNoUser).Decide(); !errors.Is(err, signIn) {
		t.Errorf("a stranger on no user: got %v", err)
	}
	if err := callers["admin"].OnInstance(rights.UpdateUser).Decide(); !errors.Is(err, mayNot) {
		t.Errorf("a right on another kind of thing: got %v", err)
	}
}
