package security_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/identity"
	"gatehouse/domain/security"
	"gatehouse/domain/source"
)

func TestFinding_CutTexts(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("ö", n) }
	full := security.Finding{Title: long(255), Message: long(3000), Description: long(15000), Solution: long(7000)}
	got := full
	if got.CutTexts(); !cmp.Equal(got, full) {
		t.Error("texts as long as they may be are cut")
	}
	got = security.Finding{Title: long(256), Message: long(3001), Description: long(150000), Solution: long(7001)}
	got.CutTexts()
	want := security.Finding{Title: long(254) + "…", Message: long(2999) + "…", Description: long(14999) + "…", Solution: long(6999) + "…"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("texts that are too long (-want +got):\n%s", diff)
	}
	var none security.Finding
	if none.CutTexts(); none.Message != "" {
		t.Errorf("no text: got %q", none.Message)
	}
}

func TestMayAdminister(t *testing.T) {
	t.Parallel()
	person := identity.User{ID: 1, State: identity.Active, Type: identity.Human}
	with := func(change func(*identity.User)) identity.User { u := person; change(&u); return u }
	for name, c := range map[string]struct {
		user identity.User
		role source.Role
		want bool
	}{
		"developer":                          {person, source.Developer, true},
		"owner":                              {person, source.Owner, true},
		"reporter":                           {person, source.Reporter, false},
		"security manager":                   {person, source.SecurityManager, false},
		"anonymous":                          {identity.User{}, source.Owner, false},
		"an administrator":                   {with(func(u *identity.User) { u.Admin = true }), source.NoRole, true},
		"a blocked administrator":            {with(func(u *identity.User) { u.Admin, u.State = true, identity.Blocked }), source.Owner, false},
		"a deactivated developer":            {with(func(u *identity.User) { u.State = identity.Deactivated }), source.Developer, false},
		"the ghost":                          {with(func(u *identity.User) { u.Type = identity.Ghost }), source.Owner, false},
		"a service account of the project's": {with(func(u *identity.User) { u.Type = identity.ServiceAccount }), source.Developer, true},
	} {
		got := security.MayAdminister(source.Standing{Actor: identity.Actor{User: c.user}, Role: c.role})
		if got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
