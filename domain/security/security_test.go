package security_test

import (
	"strings"
	"testing"

	"gatehouse/domain/identity"
	"gatehouse/domain/security"
	"gatehouse/domain/source"
)

func TestFinding_texts(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("ö", n) }
	for name, c := range map[string]struct {
		finding security.Finding
		want    string
	}{
		"as long as they may be": {security.Finding{Message: long(3000), Description: long(15000), Solution: long(7000)}, ""},
		"all too long": {security.Finding{Message: long(3001), Description: long(15001), Solution: long(7001)},
			"Validation failed: Message is too long (maximum is 3000 characters), Description is too long (maximum is 15000 characters), Solution is too long (maximum is 7000 characters)"},
	} {
		refusal, got := c.finding.Check(), ""
		if refusal != nil {
			got = refusal.Message
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	for n, want := range map[int]int{255: 255, 256: 255} {
		var f security.Finding
		if f.SetTitle(long(n)); f.Title != long(want) {
			t.Errorf("a name of %d characters: got a title of %d bytes", n, len(f.Title))
		}
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
