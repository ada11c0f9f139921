package identity_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// nora is an account without a mistake.
func nora() identity.Account {
	return identity.Account{
		User:    identity.User{ID: 7, Username: "nora", Name: "Nora N.", Email: "nora@example.com", State: identity.Active, Type: identity.Human},
		Profile: identity.Profile{CanCreateGroup: true, ProjectsLimit: identity.DefaultProjectsLimit},
	}
}

func TestAccount_Check(t *testing.T) {
	t.Parallel()
	const form = `is invalid: a username is made of letters, digits, "_", "-" and "."; it begins with a letter, a digit or "_" and does not end in ".", ".git" or ".atom"`
	long := strings.Repeat("ä", 256)
	tests := map[string]struct {
		change func(*identity.Account)
		want   domain.FieldErrors
	}{
		"right":                     {func(*identity.Account) {}, nil},
		"a username with a blank":   {func(a *identity.Account) { a.Username = "no ra" }, domain.WrongField("username", form)},
		"a username like a file":    {func(a *identity.Account) { a.Username = "nora.GIT" }, domain.WrongField("username", form)},
		"no username":               {func(a *identity.Account) { a.Username = "" }, domain.WrongField("username", form)},
		"a username of 255":         {func(a *identity.Account) { a.Username = strings.Repeat("a", 255) }, nil},
		"a username of 256":         {func(a *identity.Account) { a.Username = strings.Repeat("a", 256) }, domain.WrongField("username", form)},
		"a reserved username":       {func(a *identity.Account) { a.Username = "Admin" }, domain.WrongField("username", "is a reserved name")},
		"a blank name":              {func(a *identity.Account) { a.Name = " \t" }, domain.WrongField("name", "can't be blank")},
		"a long name":               {func(a *identity.Account) { a.Name = long }, domain.WrongField("name", "is too long (maximum is 255 characters)")},
		"a name of 255":             {func(a *identity.Account) { a.Name = long[:510] }, nil},
		"an e-mail without a host":  {func(a *identity.Account) { a.Email = "nora@" }, domain.WrongField("email", "is invalid")},
		"an e-mail with two @":      {func(a *identity.Account) { a.Email = "a@b@c" }, domain.WrongField("email", "is invalid")},
		"an e-mail with a blank":    {func(a *identity.Account) { a.Email = "a b@c" }, domain.WrongField("email", "is invalid")},
		"a public e-mail":           {func(a *identity.Account) { a.PublicEmail = "NORA@example.com" }, nil},
		"another's public e-mail":   {func(a *identity.Account) { a.PublicEmail = "gus@example.com" }, domain.WrongField("public_email", "is not an email you own")},
		"fewer projects than none":  {func(a *identity.Account) { a.ProjectsLimit = -1 }, domain.WrongField("projects_limit", "must be greater than or equal to 0")},
		"no projects":               {func(a *identity.Account) { a.ProjectsLimit = 0 }, nil},
		"two mistakes, in an order": {func(a *identity.Account) { a.Name, a.Email = "", "" }, domain.FieldErrors{{Field: "name", Message: "can't be blank"}, {Field: "email", Message: "is invalid"}}},
	}
	for name, tt := range tests {
		a := nora()
		tt.change(&a)
		if diff := cmp.Diff(tt.want, a.Check()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What was there before a rule stays.
func TestAccount_CheckChange(t *testing.T) {
	t.Parallel()
	old := nora()
	old.Username, old.Email = "admin", ""
	changed := old
	changed.Note = "n"
	if wrong := changed.CheckChange(old); wrong != nil {
		t.Errorf("the rest changed: got %v", wrong)
	}
	changed.Username = "api"
	if diff := cmp.Diff(domain.WrongField("username", "is a reserved name"), changed.CheckChange(old)); diff != "" {
		t.Errorf("the username changed (-want +got):\n%s", diff)
	}
	if wrong := old.CheckChange(identity.Account{}); len(wrong) != 2 {
		t.Errorf("a new account: got %v", wrong)
	}
}

func TestAccount_MayCreateGroup(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*identity.Account)
		want   bool
	}{
		"may":           {func(*identity.Account) {}, true},
		"may not":       {func(a *identity.Account) { a.CanCreateGroup = false }, false},
		"external":      {func(a *identity.Account) { a.External = true }, false},
		"administrator": {func(a *identity.Account) { a.CanCreateGroup, a.External, a.Admin = false, true, true }, true},
	} {
		a := nora()
		tt.change(&a)
		if got := a.MayCreateGroup(); got != tt.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]int{"": 0, "1234567": 1, "12345678": 0, "ääääääää": 0, "äääääää": 1} {
		if wrong := identity.CheckPassword(password); len(wrong) != want {
			t.Errorf("%q: got %v", password, wrong)
		}
	}
}

func TestUser_Change(t *testing.T) {
	t.Parallel()
	const (
		same    = "stays"
		ldap    = "LDAP blocked users cannot be modified by the API"
		dormant = "Deactivated users cannot be unblocked by the API"
		blocked = "A blocked user cannot be deactivated by the API"
		awake   = "A blocked user must be unblocked to be activated"
		ban     = "You cannot ban users who are not active."
		unban   = "You cannot unban users who are not banned."
		approve = "The user you are trying to approve is not pending approval"
	)
	to := func(s identity.State) string { return "becomes " + string(s) }
	states := []identity.State{identity.Active, identity.Blocked, identity.LDAPBlocked, identity.Banned, identity.Deactivated, identity.PendingApproval}
	for change, wants := range map[identity.StateChange][]string{
		identity.Block:      {to("blocked"), same, ldap, same, to("blocked"), to("blocked")},
		identity.Unblock:    {same, to("active"), ldap, same, dormant, same},
		identity.Deactivate: {to("deactivated"), blocked, blocked, blocked, same, blocked},
		identity.Activate:   {same, awake, awake, awake, to("active"), awake},
		identity.Ban:        {to("banned"), ban, ban, ban, ban, ban},
		identity.Unban:      {unban, unban, unban, to("active"), unban, unban},
		identity.Approve:    {approve, approve, approve, approve, approve, to("active")},
	} {
		for i, want := range wants {
			got := same
			u, differs, err := identity.User{ID: 7, State: states[i]}.Change(change)
			switch {
			case err != nil:
				got = err.Error()
			case differs:
				got = to(u.State)
			case u.State != states[i]:
				got = "changed in secret"
			}
			if got != want {
				t.Errorf("%s of %s: got %s, want %s", change, states[i], got, want)
			}
		}
		if _, _, err := (identity.User{ID: 7, State: states[0], Type: identity.Ghost}).Change(change); err == nil {
			t.Errorf("%s of a ghost: got no refusal", change)
		}
	}
}
